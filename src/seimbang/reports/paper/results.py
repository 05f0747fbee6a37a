"""The results section, the limits, and what is available; every number is the run's."""

from __future__ import annotations

from collections.abc import Iterator

from seimbang.evaluation.figures import main
from seimbang.evaluation.figures import title as figure_title
from seimbang.evaluation.table import PRIMARY
from seimbang.record.read import Arm
from seimbang.reports.paper.draft import Draft, Part, sentences
from seimbang.reports.paper.numbers import COUNT
from seimbang.reports.tables import ranked
from seimbang.reports.words import listed, quoted

FEW = 50
"""Test cases of a class below which its figures are called uncertain."""


def flow(draft: Draft) -> str:
    """Say how many cases each part has."""
    run = draft.run
    parts = [f"{part} {draft.numbers('data.json', 'counts', part)}" for part in run.data.counts]
    folds = " in the first fold" if run.data.protocols[0].folds > 1 else ""
    external = [f"the external set “{name}” {draft.numbers('data.json', 'external', name)}" for name in run.external]
    return (
        f"The parts hold these numbers of cases{folds}: {listed([*parts, *external])} (flow diagram and table of "
        "cases)."
    )


def performance(draft: Draft) -> str:
    """Say what each arm reached on the test part, protocol by protocol."""
    return sentences(*(_reached(draft, name) for name in draft.run.protocols))


def _reached(draft: Draft, protocol: str) -> str:
    part = draft.run.shown
    arms = [arm for arm in draft.run.protocols[protocol] if part in arm.metrics.sets]
    if not arms:
        return ""
    where = "the internal test part" if part == "test" else "the validation part (the test part stayed closed)"
    under = f" under “{protocol}”" if protocol else ""
    size = draft.numbers(f"arms/{arms[0].facts.slug}/metrics.json", "sets", part, "n")
    reached = [
        f"{draft.metrics(arm, part, 'default', 'metrics', PRIMARY)} for “{arm.facts.arm}”{' (leaks)' * arm.facts.leaky}"
        for arm in arms
    ]
    best = ranked(draft.run, protocol, part)
    first = [row.label for row in best if row.values[PRIMARY].value == best[0].values[PRIMARY].value]
    leader = f"The highest point estimate without a known leak is that of {quoted(first)}." if len(best) > 1 else ""
    return sentences(f"On {where}{under} ({size} {draft.run.units}) balanced accuracy was {listed(reached)}.", leader)


def comparisons(draft: Draft) -> str:
    """Say which arms differ by more than chance."""
    return sentences(*(text for protocol in draft.run.comparisons for text in _compared(draft, protocol)))


def _compared(draft: Draft, protocol: str) -> Iterator[str]:
    for part, compared in draft.run.comparisons[protocol].sets.items():
        path = ("comparisons.json", protocol, "sets", part, "pairs")
        test = f"folds_{PRIMARY}" if compared.by_folds else PRIMARY
        tests = [compared.leading(pair, PRIMARY) for pair in compared.pairs]
        shown = [k for k, outcome in enumerate(tests) if outcome.significant]
        where = f"On {part.removeprefix('external:')}{f' under “{protocol}”' if protocol else ''}"
        differ = [
            f"“{compared.pairs[k].first}” minus “{compared.pairs[k].second}” {draft.numbers(*path, k, test)}"
            for k in shown
        ]
        count = f"{draft.numbers(*path, COUNT)} {'pair' if len(tests) == 1 else 'pairs'} of arms"
        if differ:
            yield f"{where}, of {count} these differed in balanced accuracy: {'; '.join(differ)}."
        elif tests:
            yield f"{where}, of {count} none was shown to differ in balanced accuracy, nor to be equal."


def outside(draft: Draft) -> str:
    """Say how figures changed on external data."""
    return sentences(*(_changed(draft, name) for name in draft.run.external)) or "No external testing was done."


def _changed(draft: Draft, name: str) -> str:
    part = f"external:{name}"
    arms = [arm for arm in draft.run.arms if part in arm.metrics.sets]
    reached = [
        f"{draft.metrics(arm, part, 'default', 'metrics', PRIMARY)} for “{arm.name}”{_gap(draft, arm, part)}"
        for arm in arms
    ]
    return f"On the external set “{name}” balanced accuracy was {'; '.join(reached)}."


def _gap(draft: Draft, arm: Arm, part: str) -> str:
    if PRIMARY not in arm.metrics.gaps.get(part, {}):
        return ""
    return f", a change of {draft.numbers(f'arms/{arm.facts.slug}/metrics.json', 'gaps', part, PRIMARY)}"


def ranking(draft: Draft) -> str:
    """Say how well each arm ranks cases and how well its probabilities are calibrated."""
    part = draft.run.shown
    keys = [metric.key for metric in main(len(draft.run.classes)) if metric.key not in (PRIMARY, "accuracy")]
    texts = []
    for key in (*keys, "calibration_error"):
        arms = [
            arm for arm in draft.run.arms if part in arm.metrics.sets and key in arm.metrics.sets[part].default.metrics
        ]
        reached = [f"{draft.metrics(arm, part, 'default', 'metrics', key)} for “{arm.name}”" for arm in arms]
        title = figure_title(key)
        texts.append(f"{title[:1].upper()}{title[1:]} was {listed(reached)}." if reached else "")
    return sentences(*texts)


def threshold(draft: Draft) -> str:
    """Say what the threshold chosen on validation changes."""
    part = draft.run.shown
    arms = [arm for arm in draft.run.arms if part in arm.metrics.sets and arm.metrics.sets[part].tuned]
    reached = [f"{draft.metrics(arm, part, 'tuned', 'metrics', PRIMARY)} for “{arm.name}”" for arm in arms]
    return f"With the threshold chosen on validation balanced accuracy was {listed(reached)}." if reached else ""


def failures(draft: Draft) -> str:
    """Say how each class fares, with the best arm."""
    texts = []
    for protocol in draft.run.protocols:
        best = ranked(draft.run, protocol, draft.run.shown)[:1]
        for row in best:
            rule = "tuned" if row.tuned else "default"
            measures = row.on(draft.run.shown)
            recalls = [
                f"{name} {draft.metrics(row.arm, draft.run.shown, rule, 'per_class', name, 'recall')}"
                for name in (measures.per_class if measures else ())
            ]
            texts.append(f"“{row.label}” finds of the cases of each class this share: {', '.join(recalls)}.")
    return sentences(*texts)


def subgroups(draft: Draft) -> str:
    """Say whether an arm fares worse in a subgroup."""
    texts = []
    for arm in draft.run.arms:
        for part, measured in arm.metrics.sets.items():
            for k, column in enumerate(measured.subgroups):
                gap = draft.metrics(arm, part, "subgroups", k, "gap")
                texts.append(f"“{arm.name}” by {column.column} ({part.removeprefix('external:')}): {gap}.")
    return sentences(*texts)


def labels(draft: Draft) -> str:
    """Say how many labels look wrong."""
    if draft.run.labels is None or not draft.run.labels.arms:
        return ""
    number = draft.numbers
    return (
        f"Labels that look wrong: {number('labels.json', 'count')}, of these in the test part: "
        f"{number('labels.json', 'of_test')}. None was changed."
    )


def limits(draft: Draft) -> str:
    """Say what the run itself knows to be its limits."""
    run = draft.run
    few = _few(draft)
    leaky = [arm.name for arm in run.arms if arm.facts.leaky]
    said = {
        run.seal.sentence: run.seal.sentence,
        "The data are synthetic.": run.data.synthetic,
        "This was a quick run, with shortened training or fewer cases.": run.quick,
        "Which patient a case is of is not known, so cases of one patient may be on both sides.": not run.data.groups,
        "Each arm was trained once: single trainings, not methods, are compared.": not any(
            arm.repeated for arm in run.arms
        ),
        f"The test part has few cases of {listed(few)}." if few else "": few,
        "No external data were tested: how the models do elsewhere is not known.": not run.external,
        f"Test information leaks into {quoted(leaky)}, whose figures are no evidence." if leaky else "": leaky,
        f"Without figures so far: {', '.join(run.unfinished)}.": run.unfinished,
    }
    return sentences(*(text for text, holds in said.items() if holds), _opened(draft))


def _few(draft: Draft) -> list[str]:
    """Return the classes with few test cases, and how many, under the first protocol."""
    part = draft.run.shown
    arm = next((arm for arm in draft.run.arms if part in arm.metrics.sets and not arm.facts.leaky), None)
    if arm is None:
        return []
    classes = arm.metrics.sets[part].default.per_class
    small = [name for name, of_class in classes.items() if of_class.support < FEW]
    return [f"{name} ({draft.metrics(arm, part, 'default', 'per_class', name, 'support')})" for name in small]


def _opened(draft: Draft) -> str:
    parts = draft.run.openings.parts
    often = [k for k, part in enumerate(parts) if part.studies > 1]
    opened = [
        f"{parts[k].set.removeprefix('external:')} {draft.numbers('openings.json', 'parts', k, 'times')} times"
        for k in often
    ]
    return (
        f"Held-out parts were opened more than once on this computer, which flatters: {listed(opened)}."
        if opened
        else ""
    )


def availability(draft: Draft) -> str:
    """Say what of code and data can be had."""
    number = draft.numbers
    licence = draft.run.data.facts.get("licence", "")
    return sentences(
        f"Code: seimbang {number('provenance.json', 'seimbang')}; the command was "
        f"“{number('provenance.json', 'command')}”, "
        "and the study file, with every default written out, is study.toml in the supplement.",
        f"Licence of the data: {licence}." if licence else "",
        f"The cases are identified by the digest {number('provenance.json', 'data_digest')}; "
        "predictions of every case, the division into parts and every figure are in the run folder.",
        "[Authors: where the data, the run folder and the trained models can be had, and under which conditions.]",
    )


RESULTS = (
    Part("Cases", (flow,)),
    Part("Performance", (performance, failures, ranking, threshold)),
    Part("Comparisons", (comparisons,)),
    Part("External testing", (outside,)),
    Part("Subgroups and labels", (subgroups, labels)),
)
LIMITS = (Part("", (limits,)),)
AVAILABILITY = (Part("", (availability,)),)
