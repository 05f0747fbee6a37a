"""The answer in words, computed from the numbers: what was found, how certain it is, and what it does not show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seimbang.evaluation.figures import title as figure_title
from seimbang.evaluation.table import PRIMARY as BEST
from seimbang.record.comparison import PairedTest
from seimbang.record.metrics import Value
from seimbang.record.read import Arm, Run
from seimbang.reports.comparison import p_value, quoted, sentences
from seimbang.reports.leak import worth
from seimbang.reports.tables import chance, headline, published

UNKNOWN = Value(value=None)
VERDICTS = {
    1: "On this test set it helped.",
    -1: "On this test set it did harm.",
    0: "This run shows neither a benefit nor a harm.",
}


@dataclass(frozen=True)
class Sentence:
    """One statement; ``kind`` names what it is about and how the page marks it."""

    kind: str
    text: str


def answer(run: Run) -> list[Sentence]:
    """Return the answer, most important statement first; plain text, to be escaped by who shows it."""
    return [
        Sentence(kind, text)
        for kind, texts in (
            ("best", _best(run)),
            ("apart", sentences(run)),
            ("kinds", _kinds(run)),
            ("balancing", _balancing(run)),
            ("threshold", _threshold(run)),
            ("protocol", _protocols(run)),
            ("leak", [*worth(run), *_leaks(run)]),
            ("published", _published(run)),
            ("external", _external(run)),
            ("caution", _caution(run)),
        )
        for text in texts
    ]


def _best(run: Run) -> Iterator[str]:
    if not any(_ranked(run, protocol) for protocol in run.protocols):
        honest = any(not arm.facts.leaky for arm in run.arms)
        yield (
            "No leak-free arm could be measured on the test set."
            if honest
            else "Every arm of this run leaks: none of its figures says how a model works on new patients."
        )
    for protocol in run.protocols:
        ranked = _ranked(run, protocol)
        if ranked:
            yield _first(run, protocol, ranked)


def _first(run: Run, protocol: str, ranked: list[Arm]) -> str:
    first = ranked[0]
    value, cases = _value(first), first.test.n if first.test else 0
    under = f" under the protocol “{protocol}”" if protocol else ""
    lead = (
        f"“{first.name}” has the highest balanced accuracy of the leak-free arms on the test set{under}: "
        f"{value}, {cases} cases."
    )
    return f"{lead} {_better_than(run, first, ranked[1:])}{_chance(run, value)}"


def _better_than(run: Run, first: Arm, others: Sequence[Arm]) -> str:
    if not others:
        return "There is no other leak-free arm to compare it with."
    below = [arm.name for arm in others if (test := _paired(run, first, arm)) and test.sign > 0]
    level = [arm.name for arm in others if arm.name not in below]
    if not level:
        return f"Tested on the same cases, it is better than {quoted(below)}."
    if not below:
        return f"Tested on the same cases, it is not shown to be better than {quoted(level)}."
    return (
        f"Tested on the same cases, it is better than {quoted(below)}; there is no significant difference from "
        f"{quoted(level)}."
    )


def _paired(run: Run, first: Arm, second: Arm) -> PairedTest | None:
    """Return how two arms of a protocol differ in balanced accuracy on the test set, first minus second."""
    sets = run.comparisons[first.facts.protocol].sets
    return sets["test"].between(first.name, second.name) if "test" in sets else None


def _chance(run: Run, value: Value) -> str:
    """Return a warning when the interval reaches down to chance."""
    level = chance(run, BEST)
    if value.value is None or level is None or value.side_of(level) > 0:
        return ""
    return f" The interval is not above {level:.2f}, which is chance."


def _kinds(run: Run) -> Iterator[str]:
    """Say of each protocol with both whether its best network beats the classical models."""
    for protocol in run.protocols:
        ranked = _ranked(run, protocol)
        networks = [arm for arm in ranked if arm.facts.model_kind == "network"]
        classical = [arm for arm in ranked if arm.facts.model_kind != "network"]
        if networks and classical:
            under = f" under the protocol “{protocol}”" if protocol else ""
            lead = f"The best network{under}, “{networks[0].name}”, has balanced accuracy {_value(networks[0])}."
            yield f"{lead} Tested on the same cases, {_beside_classical(run, networks[0], classical)}."


def _beside_classical(run: Run, network: Arm, classical: Sequence[Arm]) -> str:
    tests = [(arm, test) for arm in classical if (test := _paired(run, network, arm)) is not None]
    parts = []
    verdicts = {1: "it is better than", 0: "there is no significant difference from", -1: "it is worse than"}
    for sign, verdict in verdicts.items():
        against = [f"“{arm.name}” (difference {test}; {p_value(test)})" for arm, test in tests if test.sign == sign]
        parts += [f"{verdict} {', '.join(against)}"] if against else []
    return "; ".join(parts)


def _balancing(run: Run) -> Iterator[str]:
    for arm in run.arms:
        base = _unbalanced(run, arm)
        if arm.facts.leaky or arm.method == "none" or base is None:
            continue
        test = _paired(run, arm, base)
        if test is None or test.difference is None:
            continue
        yield (
            f"“{arm.name}” against “{base.name}”: balanced accuracy {_value(arm)} against {_value(base)}, a difference "
            f"of {test}. {VERDICTS[test.sign]}{_changes(run, arm, base)}"
        )


def _difference(change: float) -> str:
    if abs(change) < 0.005:
        return ", the same to two decimals"
    return f", {abs(change):.2f} {'higher' if change > 0 else 'lower'}"


def _changes(run: Run, arm: Arm, base: Arm) -> str:
    """Return how the two kinds of error and the probabilities moved."""
    if arm.test is None or base.test is None:
        return ""
    now, before = headline(arm.test.default, run.positive), headline(base.test.default, run.positive)
    kept = [key for key in ("sensitivity", "specificity", "calibration_error") if key in now]
    known = [key for key in kept if now[key].value is not None and before[key].value is not None]
    parts = [f"{figure_title(key)} {before[key].number} → {now[key].number}" for key in known]
    return f" Without → with it: {', '.join(parts)} (for this error, less is better)." if parts else ""


def _threshold(run: Run) -> Iterator[str]:
    for arm in run.arms:
        if arm.method != "none" or arm.facts.leaky or arm.test is None or arm.test.tuned is None:
            continue
        value = arm.test.tuned.metrics[BEST]
        if value.value is None:
            continue
        lead = (
            f"Only moving the threshold of “{arm.name}” to {arm.metrics.threshold.text}, chosen on validation, gives "
            f"balanced accuracy {value}."
        )
        balanced = [other for other in _ranked(run, arm.facts.protocol) if other.method != "none"]
        rivals = [other for other in balanced if _unbalanced(run, other) is arm]
        yield f"{lead} {_against(value, rivals[0], _value(rivals[0]))}" if rivals else lead


def _against(tuned: Value, rival: Arm, best: Value) -> str:
    text = f"The best balancing arm of the same model, “{rival.name}”, gives {best}: "
    if best.beats(tuned):
        return text + "more than the threshold alone."
    if tuned.beats(best):
        return text + "less than the threshold alone."
    return text + "the intervals overlap, so balancing is not shown to do more than the threshold."


def _protocols(run: Run) -> Iterator[str]:
    """Say what each other split protocol makes of the arms of the first."""
    first, *others = run.protocols
    for other in others:
        pairs = [(a, b) for a in run.protocols[first] for b in run.protocols[other] if a.facts.arm == b.facts.arm]
        known = [(a, b) for a, b in pairs if _value(a).value is not None and _value(b).value is not None]
        for a, b in known:
            change = (_value(b).value or 0) - (_value(a).value or 0)
            yield (
                f"“{a.facts.arm}”: balanced accuracy {_value(a)} under “{first}”, {_value(b)} under “{other}”"
                f"{_difference(change)}."
            )
        fallen = sum(_value(a).beats(_value(b)) for a, b in known)
        if fallen and all(a.facts.leaky and not b.facts.leaky for a, b in known):
            yield (
                f"In {fallen} of {len(known)} arms the fall is larger than chance. Under “{first}” the test part leaks "
                "into training, so its figures measure memory too; "
                f"those under “{other}” are the ones to expect elsewhere at best."
            )


def _leaks(run: Run) -> Iterator[str]:
    reasons: dict[str, list[Arm]] = {}
    for arm in run.arms:
        if arm.facts.leaky:
            reason = " ".join(arm.facts.leaks) or "Test cases took part in training."
            reasons.setdefault(reason, []).append(arm)
    for reason, arms in reasons.items():
        reached = "; ".join(f"{quoted([arm.name])} reaches {_both(arm)}" for arm in arms)
        yield (
            f"{quoted([arm.name for arm in arms])} {'leaks' if len(arms) == 1 else 'leak'}. {reason} {reached}. "
            "Such figures are shown for comparison only; they are no evidence of how a model works on new cases."
        )


def _both(arm: Arm) -> str:
    accuracy = arm.test.default.metrics["accuracy"] if arm.test else UNKNOWN
    return f"accuracy {accuracy} and balanced accuracy {_value(arm)}"


def _published(run: Run) -> Iterator[str]:
    known = [(row, row.ours) for row in published(run) if row.ours is not None and row.ours.value is not None]
    sides = [ours.side_of(row.published) for row, ours in known]
    for (row, ours), side in zip(known, sides, strict=True):
        if row.metric == "accuracy" and row.set not in ("train", "validation"):
            where = {0: "contains it", 1: "lies above it", -1: "lies below it"}[side]
            yield (
                f"The publication reports {row.figure} {row.published:.2f} ({row.set}); “{row.arm}” here reaches "
                f"{ours}, an interval that {where}."
            )
    if len(known) > 1:
        inside, above, below = sides.count(0), sides.count(-1), sides.count(1)
        yield (
            f"Of the {len(known)} published figures measured here {inside} lie inside our interval, {above} above it "
            f"and {below} below it."
        )


def _external(run: Run) -> Iterator[str]:
    if not run.external:
        place = "in another hospital" if run.data.kind == "image" else "elsewhere"
        yield f"No external set was given: whether any arm works {place} is not known."
    for name in run.external:
        firsts = (_ranked(run, protocol) for protocol in run.protocols)
        arm = next((arms[0] for arms in firsts if arms and f"external:{name}" in arms[0].metrics.sets), None)
        if arm is not None:
            yield f"{_elsewhere(run, arm, name)}{_how_many_fall(run, name)}"


def _elsewhere(run: Run, arm: Arm, name: str) -> str:
    external = arm.metrics.sets[f"external:{name}"]
    value = external.default.metrics[BEST]
    gap = arm.metrics.gaps.get(f"external:{name}", {}).get(BEST, UNKNOWN)
    lead = f"On the external set “{name}” ({external.n} cases), “{arm.name}” has balanced accuracy {value}"
    if gap.value is None:
        return f"{lead}; the difference to the internal test is {gap}."
    against = f"against {_value(arm)} on the internal test"
    verdict = {
        -1: "it works clearly worse there",
        0: "the interval includes no change",
        1: "it works clearly better there",
    }
    return f"{lead} {against}: a change of {gap}; {verdict[gap.side_of(0)]}.{_chance(run, value)}"


def _how_many_fall(run: Run, name: str) -> str:
    gaps = [arm.metrics.gaps.get(f"external:{name}", {}).get(BEST, UNKNOWN) for arm in run.arms]
    known = [gap for gap in gaps if gap.value is not None]
    if len(known) < 2:
        return ""
    falling = sum(gap.side_of(0) < 0 for gap in known)
    return f" Of the {len(known)} arms measured there, {falling} fell with an interval wholly below zero."


def _caution(run: Run) -> Iterator[str]:
    who, place = ("patients", "hospital") if run.data.kind == "image" else ("cases", "place")
    seeds = max(len(arm.facts.served) for arm in run.arms)
    trained = f"one seed ({run.provenance.seed})" if seeds == 1 else f"{seeds} seeds, which predict together"
    yield (
        f"Each arm was trained with {trained}. The intervals say how far the choice of test {who} moves a figure; "
        f"{'another seed' if seeds == 1 else 'other seeds'}, another {place} or another year would move it as well."
    )


def _ranked(run: Run, protocol: str) -> list[Arm]:
    """Return the leak-free arms of a protocol with a balanced accuracy on the test set, the highest first."""
    known = [arm for arm in run.protocols[protocol] if not arm.facts.leaky and _value(arm).value is not None]
    return sorted(known, key=lambda arm: -(_value(arm).value or 0))


def _value(arm: Arm) -> Value:
    return arm.test.default.metrics[BEST] if arm.test else UNKNOWN


def _unbalanced(run: Run, arm: Arm) -> Arm | None:
    """Return the leak-free arm with the same model and protocol and no balancing."""
    arms = run.protocols[arm.facts.protocol]
    same = (other for other in arms if other.facts.model == arm.facts.model and not other.facts.leaky)
    return next((other for other in same if other.method == "none"), None)
