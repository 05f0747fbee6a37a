"""Random runs through the table of the answer: no sentence contradicts a number, a test or another sentence."""

import re
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from run_folder import fake_run
from seimbang.record.comparison import TUNED, Compared, Comparison, Pair, PairedTest
from seimbang.record.metrics import Local, Measures, PerClass, SetMetrics, Value
from seimbang.record.openings import Openings, PartCount
from seimbang.record.read import read
from seimbang.reports.answer import answer
from seimbang.reports.answer.rules import Topic
from seimbang.reports.answer.table import TOPICS
from seimbang.study.schema import Published

CLASSES = {2: ["NORMAL", "PNEUMONIA"], 3: ["a", "b", "c"]}
METHODS = ("none", "none", "smote", "class_weights", "threshold")
LEVEL = 0.05
NO_INTERVAL = "no interval: fewer than 5 cases of a class"
HERE = " in these trainings"
NUMBER = r"[−\d.]+\d"


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return read(fake_run(tmp_path_factory.mktemp("rules") / "run", arms=2))


class World:
    """A run whose figures are random, but fit together: differences are those of the values, p and intervals agree."""

    def __init__(self, base, seed):
        self.rng, self.base = np.random.default_rng(seed), base
        self.classes = CLASSES[int(self.rng.choice([2, 2, 3]))]
        protocols = [""] if self.odds(0.7) else ["first", "second"]
        self.external = ["NIH"] if self.odds(0.7) else []
        self.parts = ["test"] * self.odds(0.95) + [f"external:{name}" for name in self.external]
        self.validated = len(self.classes) == 2 and self.odds(0.8)
        self.supports = {part: {name: int(self.rng.integers(1, 60)) for name in self.classes} for part in self.parts}
        for supports in self.supports.values():
            supports[self.classes[0]] *= not self.odds(0.1)
        settings_of = [self.settings() for _ in range(self.rng.integers(1, 4))]
        arms = [self.arm(name, n, one) for name in protocols for n, one in enumerate(settings_of)]
        for number in range(1, len(arms)):
            if self.odds(0.1):  # two arms that decide alike
                arms[number] = replace(arms[number], metrics=arms[number - 1].metrics)
        self.repeated = self.odds(0.5)
        if self.repeated:  # with two seeds, or in two folds
            jobs = {"jobs": ["jobs/0/0", "jobs/0/1"], "served": ["jobs/0/0", "jobs/0/1"][: 1 + self.odds(0.5)]}
            arms = [replace(one, facts=one.facts.model_copy(update=jobs)) for one in arms]
        data = base.data.model_copy(
            update={
                "classes": self.classes,
                "positive": self.classes[-1],
                "kind": "image" if self.odds(0.5) else "table",
                "protocols": [base.data.protocols[0].model_copy(update={"name": name}) for name in protocols],
            }
        )
        said = [Published(arm=arms[0].facts.arm, protocol=protocols[0], set="test", accuracy=self.share(), f1=0.5)]
        study = base.study.model_copy(update={"published": said if self.odds(0.5) else []})
        tests = {name: self.comparison([arm for arm in arms if arm.facts.protocol == name]) for name in protocols}
        openings = self.openings(protocols)
        self.run = replace(base, data=data, study=study, arms=arms, comparisons=tests, openings=openings)

    def openings(self, protocols):
        """Return how often each part was opened; sometimes never, where no arm has been tested."""
        closed = "test" not in self.parts and not self.external
        times = 0 if closed else int(self.rng.integers(1, 4))
        counts = {"times": times, "studies": min(times, 2), "here": bool(times)}
        parts = [PartCount(set="test", protocol=name, cases=30, **counts) for name in protocols]
        return Openings(closed=closed, parts=parts)

    def odds(self, p):
        return bool(self.rng.random() < p)

    def share(self):
        """Return a share, now and then one that all others may equal."""
        return float(self.rng.choice([0.0, 0.5, 1.0])) if self.odds(0.15) else round(float(self.rng.random()), 4)

    def around(self, value, lowest=0.0, highest=1.0):
        """Return a value with an interval of any width, one in ten without width."""
        if value is None:
            return Value(value=None, why="the set has no case of NORMAL")
        wide = 0.0 if self.odds(0.1) else float(self.rng.choice([0.003, 0.05, 0.4]))
        low, high = (round(value + sign * wide * float(self.rng.random()), 5) for sign in (-1, 1))
        return Value(value=value, low=max(lowest, low), high=min(highest, high))

    def settings(self):
        return {
            "method": str(self.rng.choice(METHODS)),
            "kind": str(self.rng.choice(["network", "classical"])),
            "model": {"name": str(self.rng.choice(["rnn", "svm"]))},
            "leaky": self.odds(0.2),
            "seeds": int(self.rng.integers(1, 3)),
        }

    def arm(self, protocol, number, made):
        name = f"arm {number}"
        facts = self.base.arms[0].facts.model_copy(
            update={
                "name": f"{name} ({protocol})" if protocol else name,
                "arm": name,
                "protocol": protocol,
                "slug": f"arm-{number}-{protocol}",
                "balance": {"method": made["method"]},
                "model": made["model"],
                "model_kind": made["kind"],
                "leaky": made["leaky"] or (protocol == "first" and self.odds(0.7)),
                "leaks": ["It saw test cases."] if self.odds(0.5) else [],
                "served": ["jobs/0/0"] * made["seeds"],
            }
        )
        sets = {part: self.with_gain(self.set(part)) for part in self.parts}
        gaps = {rule: self.gaps(sets, rule) for rule in ("default", "tuned")}
        metrics = self.base.arms[0].metrics.model_copy(
            update={"sets": sets, "gaps": gaps["default"], "tuned_gaps": gaps["tuned"], "folds": {}}
        )
        return replace(self.base.arms[0], facts=facts, metrics=metrics)

    def set(self, part):
        n, two = sum(self.supports[part].values()), len(self.classes) == 2
        outside = part.startswith("external:")
        enough = two and outside and min(self.supports[part].values()) > 3
        local = Local(measures=self.measures(part), gain={}) if enough else None
        tuned = self.measures(part) if self.validated else None
        return SetMetrics(n=n, groups=n, default=self.measures(part), tuned=tuned, local=local)

    def measures(self, part):
        supports = self.supports[part]
        recall = {name: self.share() if n else None for name, n in supports.items()}
        known = None not in recall.values()
        total = sum(supports.values())
        numbers = {
            "accuracy": round(sum((recall[name] or 0) * n for name, n in supports.items()) / total, 6),
            "balanced_accuracy": round(float(np.mean(list(recall.values()))), 6) if known else None,
            "auc": self.share() if known else None,
            "calibration_error": self.share(),
            "average_precision": self.share(),
        }
        metrics = {key: self.around(value) for key, value in numbers.items()}
        if known and min(supports.values()) < 5:
            metrics |= {key: Value(value=numbers[key], why=NO_INTERVAL) for key in ("balanced_accuracy", "auc")}
        of_class = {
            name: PerClass(
                support=supports[name], **{key: self.around(value) for key in ("recall", "specificity", "f1")}
            )
            for name, value in recall.items()
        }
        empty = {"calibration": [], "roc": [], "precision_recall": [], "one_vs_rest": {}, "macro": {}, "weighted": {}}
        return Measures(confusion=[], metrics=metrics, per_class=of_class, **empty)

    def with_gain(self, one):
        if one.local is None:
            return one
        rules = {"default": one.default, "tuned": one.tuned}
        gain = {rule: self.minus(one.local.measures, other) for rule, other in rules.items() if other}
        return one.model_copy(update={"local": one.local.model_copy(update={"gain": gain})})

    def minus(self, first, second):
        a, b = (one.metrics["balanced_accuracy"].value for one in (first, second))
        if any(one.metrics["balanced_accuracy"].withheld for one in (first, second)) and None not in (a, b):
            return Value(value=a - b, why=NO_INTERVAL)
        return self.around(None if None in (a, b) else a - b, -1.0)

    def gaps(self, sets, rule):
        read = {part: getattr(one, rule) for part, one in sets.items()}
        known = {part: one for part, one in read.items() if one is not None and part != "test" and read.get("test")}
        return {part: {"balanced_accuracy": self.minus(one, read["test"])} for part, one in known.items()}

    def comparison(self, arms):
        names = {arm.name: (arm, "default") for arm in arms}
        names |= {arm.name + TUNED: (arm, "tuned") for arm in arms if arm.method == "none" and self.has_tuned(arm)}
        sets = {}
        for part in self.parts:
            there = {
                name: getattr(arm.metrics.sets[part], rule)
                for name, (arm, rule) in names.items()
                if part in arm.metrics.sets
            }
            there = {name: one for name, one in there.items() if one is not None}
            if there:
                pairs = [self.pair(first, second, there) for first, second in combinations(there, 2)]
                sets[part] = Compared(n=9, groups=9, by_folds=False, pairs=pairs)
        return Comparison(arms=list(names), sets=sets)

    def has_tuned(self, arm):
        return any(one.tuned for one in arm.metrics.sets.values())

    def pair(self, first, second, there):
        tests = {
            metric: self.test(*(there[name].metrics[metric].value for name in (first, second)))
            for metric in ("balanced_accuracy", "accuracy")
        }
        return Pair(first=first, second=second, only_first=1, only_second=1, **tests)

    def test(self, first, second):
        if first is None or second is None:
            return PairedTest(difference=None, low=None, high=None, p=None, corrected=None, method="m", why="no case")
        difference = first - second
        if abs(difference) < 1e-9:
            why = "the two arms decide alike on every case"
            return PairedTest(difference=0.0, low=None, high=None, p=None, corrected=None, method="m", why=why)
        near = LEVEL + float(self.rng.choice([-1, 1])) * float(self.rng.choice([1e-5, 4e-4, 0.02]))
        corrected = round(float(self.rng.choice([near, near, self.rng.random(), 0.0004, LEVEL])), 7)
        inner = abs(difference) * float(self.rng.choice([1e-4, 0.01, 0.6]))
        nearest = inner if corrected < LEVEL else -inner
        edges = sorted((nearest, abs(difference) + inner))
        low, high = edges if difference > 0 else (-edges[1], -edges[0])
        return PairedTest(
            difference=difference, low=low, high=high, p=corrected / 3, corrected=corrected, method="m", why=""
        )


def of(kind, said):
    """Return what is said, without what limits claims of single trainings; that is a test of its own."""
    return [one.text.replace(HERE, "") for one in said if one.kind == kind]


def names_in(text):
    return re.findall("“(arm [^”]*)”", text)


def number(text):
    return float(text.replace("−", "-").rstrip("."))


def interval(text):
    """Return the ends of the first interval printed in a text; a number without one is both."""
    found = re.search(rf"({NUMBER}) \(({NUMBER})(?:–| to )({NUMBER})", text)
    return (number(found[2]), number(found[3])) if found else (number(re.search(NUMBER, text)[0]),) * 2


def p_of(text):
    found = re.search(r"corrected p (= ([\d.]+\d)|< \.001)", text)
    return None if found is None else 0.0 if found[2] is None else float(found[2])


def truth(run, first, second, part="test"):
    protocol = next(arm.facts.protocol for arm in run.arms if arm.name == first.removesuffix(TUNED))
    return run.comparisons[protocol].sets[part].between(first, second).sign


def claims(said):
    """Yield every pair of rows that a sentence about the test set compares, and which is said to be higher."""
    for text in of("best", said):
        name = next(iter(re.findall("“(arm [^”]*)” is (?:better|not shown)", text)), None)
        for part, sign in (
            ("is better than (.*?)[;.]", 1),
            ("(?:difference from|not shown to be better than) (.*?)\\.", 0),
        ):
            for other in names_in(" ".join(re.findall(part, text))):
                yield name, other, sign
    for text in of("apart", said):
        if "on the test set" in text and "cannot be" not in text:
            names = names_in(text)
            if "higher" in text:
                yield from ((names[0], other, 1) for other in names[1:])
            else:
                yield from ((a, b, 0) for a, b in combinations(names, 2))
    for text in of("kinds", said):
        network = names_in(text)[0]
        for part, sign in (
            ("it is better than (.*)", 1),
            ("no significant difference from (.*)", 0),
            ("it is worse than (.*)", -1),
        ):
            for block in re.findall(part, text):
                block = re.split(r"\)\. (?=Tested)", block)[0]
                yield from ((network, other, sign) for other in names_in(block))
    for text in of("balancing", said):
        first, second = names_in(text)[:2]
        yield first, second, 1 if "raised it" in text else -1 if "lowered it" in text else 0
    for text in of("threshold", said):
        arm = names_in(text)[0]
        yield arm + TUNED, arm, 1 if "raised it" in text else -1 if "lowered it" in text else 0
        if "best balancing" in text:
            sign = 1 if "more than the threshold alone, by" in text else -1 if "less than" in text else 0
            yield names_in(text)[1], arm + TUNED, sign


@pytest.fixture(scope="module")
def check(base):
    def check(seed):
        world = World(base, seed)
        run, said = world.run, answer(world.run)
        honest = {name for arm in run.arms if not arm.facts.leaky for name in (arm.name, arm.name + TUNED)}
        assert [one.kind for one in said].index("trainings") == 0 if not world.repeated else not of("trainings", said)
        for text in (one.text for one in said if not world.repeated):
            claimed = re.search(
                "is better than|higher balanced accuracy than|raised it|lowered it|it is worse than “", text
            )
            assert not claimed or HERE in text, text
        assert not world.repeated or not any(HERE in one.text for one in said)
        told = {}
        for first, second, sign in claims(said):
            assert {first, second} <= honest
            assert sign == truth(run, first, second), (first, second, said)
            key, turned = (first, second), (second, first)
            assert told.setdefault(key, sign) == sign
            assert told.get(turned, -sign) == -sign
        no_one_higher(run, said)
        verdicts_follow_the_printed_interval_and_p(said)
        what_is_said_of_guessing_follows_the_printed_numbers(said)
        what_is_said_of_other_places_follows_the_printed_numbers(said)

    return check


def no_one_higher(run, said):
    ranked = [text for text in of("best", said) if "highest balanced accuracy" in text]
    protocols = [name for name, arms in run.protocols.items() if any(known(run, name))]
    assert len(ranked) == len(protocols)
    for protocol, text in zip(protocols, ranked, strict=True):
        values = dict(known(run, protocol))
        leaders = names_in(text.split(" the highest")[0])
        highest = max(values.values())
        assert set(leaders) == {label for label, value in values.items() if abs(value - highest) < 1e-9}
        assert f"{highest:.2f}" in text or any(f"{highest:.{d}f}" in text for d in range(3, 9))


def known(run, protocol):
    """Yield each leak-free row and its balanced accuracy, those without balancing with their tuned threshold too."""
    for arm in (arm for arm in run.protocols[protocol] if arm.test and not arm.facts.leaky):
        rules = {arm.name: arm.test.default, arm.name + TUNED: arm.test.tuned if arm.method == "none" else None}
        for label, measures in rules.items():
            if measures and measures.metrics["balanced_accuracy"].value is not None:
                yield label, measures.metrics["balanced_accuracy"].value


def verdicts_follow_the_printed_interval_and_p(said):
    parts = [
        re.search("a difference of (.*?\\)\\.) .*?(raised|lowered|neither)", text) for text in of("balancing", said)
    ]
    parts += [re.search("by (.*?\\)\\.) .*?(raised|lowered|neither)", text) for text in of("threshold", said)]
    for found in parts:
        text, verdict = found[1], found[2]
        low, high = interval(text)
        side = (low > 0) - (high < 0)
        assert side == {"raised": 1, "lowered": -1, "neither": 0}[verdict], found[0]
        p = p_of(text)
        assert (p is not None and p < LEVEL) == (verdict != "neither"), found[0]


def what_is_said_of_guessing_follows_the_printed_numbers(said):
    for text in of("best", said):
        if "highest" in text and ", the same one:" not in text:
            if re.match(rf"{NUMBER} \(no interval", text.split(": ", 1)[1]):
                assert "chance" not in text
                continue
            low, high = interval(text.split(": ", 1)[1])
            level = re.search(rf"({NUMBER}), which is chance", text)
            assert level is None or low <= number(level[1])
            assert ("worse than guessing" in text) == (level is not None and high < number(level[1]))
            if level is None:
                assert low >= (0.5 if "PNEUMONIA" in str(said) else 0.33)
    for kind in ("best", "balancing", "external"):
        for text in of(kind, said):
            found = re.search(rf"Its accuracy, (.*?), is (below|lower than|not shown to be above) the ({NUMBER})", text)
            if found:
                value, (low, high), share = number(found[1].split(" ")[0]), interval(found[1]), number(found[3])
                assert {"below": high < share, "lower than": value < share <= high}.get(found[2], low <= share <= value)


def what_is_said_of_other_places_follows_the_printed_numbers(said):
    for text in of("external", said):
        change = re.search("a change of (.*?): (clearly worse|clearly better|the interval includes)", text)
        if change:
            low, high = interval(change[1])
            assert {1: "clearly better", -1: "clearly worse"}.get(
                (low > 0) - (high < 0), "the interval includes"
            ) == change[2]
        auc = re.search(r"AUC (?:of |there is )?(.*?)[:,] ", text)
        if auc:
            low, high = interval(auc[1])
            assert ("still ranks" in text) <= (low > 0.5)
            assert ("wrong way round" in text) <= (high < 0.5)
            assert ("Neither its decisions" in text) <= (low <= 0.5 <= high)
        trouble = "guessing" in text or "wrong way" in text
        if trouble:
            assert interval(text.split("has balanced accuracy ")[1])[0] <= 0.5
        gain = re.search(r"\), (?:higher by|a change of) (.*?\))\.", text)
        if gain:
            low, _ = interval(gain[1])
            assert (low > 0) == ("higher by" in text), text
        if "does not transfer" in text:
            place = re.search("to (“.*?”)", text)[1]
            (there,) = (one for one in of("external", said) if one.startswith(f"On the external set {place}"))
            assert "clearly worse there" in there or "still ranks" in there
            assert "wrong way" not in there
            assert "Neither" not in there


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_no_sentence_contradicts_a_number_or_another_sentence(check, seed):
    check(seed)


def test_every_rule_of_the_table_speaks_somewhere(base, monkeypatch):
    spoken = set()

    def say(topic, facts):
        for slot in topic.slots:
            spoken.update([id(one) for one in slot if one.holds(facts)][:1])
        return original(topic, facts)

    original = Topic.say
    monkeypatch.setattr(Topic, "say", say)
    for seed in range(600):
        answer(World(base, seed).run)
    rules = [one for topic in TOPICS for slot in topic.slots for one in slot]
    assert [one.text for one in rules if id(one) not in spoken] == []
