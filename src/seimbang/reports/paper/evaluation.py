"""The part of the methods section on evaluation, and on software and hardware."""

from __future__ import annotations

from collections.abc import Iterator

from seimbang.record.metrics import Value
from seimbang.record.read import Arm
from seimbang.reports.paper.bibliography import begins, source
from seimbang.reports.paper.draft import Draft, cite, sentences
from seimbang.reports.words import listed

MAPS = {"grad_cam": "Grad-CAM", "occlusion": "occlusion"}


def decision(draft: Draft) -> str:
    """Say how probabilities became answers."""
    tuned = any(arm.metrics.threshold.value is not None for arm in draft.run.arms)
    return sentences(
        "A case was predicted as the class of highest probability.",
        "A second reading used the threshold with the highest balanced accuracy on the validation part; nothing was "
        "chosen on the test part."
        if tuned
        else "",
    )


def statistics(draft: Draft) -> str:
    """Say how figures, intervals and comparisons were made."""
    run = draft.run
    unit = (
        "Figures are of patients, whose cases' probabilities were combined."
        if run.study.evaluation.unit == "patient"
        else ""
    )
    pairs = [pair for of in run.comparisons.values() for part in of.sets.values() for pair in part.pairs]
    intervals = cite(*begins("interval", _intervals(draft)))
    tests = {test.method for pair in pairs for test in pair.tests.values()}
    folds = any(part.by_folds for of in run.comparisons.values() for part in of.sets.values())
    return sentences(
        "The primary figure is balanced accuracy, the mean recall of all classes.",
        unit,
        f"Intervals are 95 % confidence intervals; patients are the unit of sampling{intervals}.",
        f"The AUC of more than two classes is that of Hand and Till{cite('hand2001')}." if len(run.classes) > 2 else "",
        _compared(tests),
        f"Under folds the corrected t-test over folds decides{cite('nadeau2003')}." if folds else "",
        "p-values and intervals of differences are corrected for the number of pairs (Bonferroni)." if tests else "",
        f"Calibration is the error in ten bins{cite('guo2017')}, with slope and intercept; usefulness at a "
        "threshold is "
        f"net benefit{cite('vickers2006')}."
        if any(arm.clinical.sets for arm in run.arms)
        else "",
    )


def _compared(tests: set[str]) -> str:
    """Say how arms were compared, by the names of the tests that were made."""
    kinds = {
        "exchange": "accuracy and balanced accuracy by exchanging the answers of two arms",
        "DeLong": "AUC by DeLong’s test",
        "McNemar": "correct answers by McNemar’s test",
    }
    made = [text for start, text in kinds.items() if any(test.startswith(start) for test in tests)]
    if not made:
        return ""
    return f"Arms were compared pair by pair on the same cases: {listed(made)}{cite(*begins('test', tests))}."


def _intervals(draft: Draft) -> set[str]:
    found = {value.interval for arm in draft.run.arms for value in _values(arm)}
    return found | {
        value.interval for arm in draft.run.arms for gaps in arm.metrics.gaps.values() for value in gaps.values()
    }


def _values(arm: Arm) -> Iterator[Value]:
    for measured in arm.metrics.sets.values():
        yield from measured.default.metrics.values()
        for of_class in measured.default.per_class.values():
            yield from of_class.metrics.values()


def subgroups(draft: Draft) -> str:
    """Say by which columns figures were compared."""
    columns = draft.run.study.evaluation.subgroups
    if not columns:
        return "No figures by subgroup were computed: the study names no column for it."
    return (
        f"Figures were computed by {listed(list(columns))}, and the largest gap between values tested by permutation."
    )


def external(draft: Draft) -> str:
    """Say on what other data the models were tested."""
    if not draft.run.external:
        return "No external testing was done."
    sets = [f"“{name}” ({draft.numbers('data.json', 'external', name)} cases)" for name in draft.run.external]
    return f"All arms were tested, without any change, on external data: {listed(sets)}."


def explanations(draft: Draft) -> str:
    """Say how predictions were explained, and labels looked at."""
    kinds = {kind for arm in draft.run.arms for case in arm.heat.cases for kind in case.maps}
    maps = [f"{title}{cite(*source('heat', kind))}" for kind, title in MAPS.items() if kind in kinds]
    labels = draft.run.labels is not None and bool(draft.run.labels.arms)
    return sentences(
        f"Heat maps were made by {listed(maps)} and compared with those of random weights{cite('adebayo2018')}."
        if maps
        else "",
        f"Labels that the models agree to doubt were listed by confident learning{cite('northcutt2021')}."
        if labels
        else "",
        "The importance of a column is the balanced accuracy lost when it is permuted."
        if any(arm.importance for arm in draft.run.arms)
        else "",
    )


def software(draft: Draft) -> str:
    """Say with what and on what everything was computed."""
    made, number = draft.run.provenance, draft.numbers
    libraries = [
        f"{name} {number('provenance.json', 'libraries', name)}{cite(*source('library', name))}"
        for name in made.libraries
    ]
    memory = f"; peak memory was {number('provenance.json', 'peak_memory_mb')} MB" if made.peak_memory_mb else ""
    return (
        f"Everything was computed with seimbang {number('provenance.json', 'seimbang')} on Python "
        f"{number('provenance.json', 'python')} with {listed(libraries)}, on {number('provenance.json', 'platform')} "
        f"({number('provenance.json', 'cpu')}; device {number('provenance.json', 'device')}, "
        f"{number('provenance.json', 'threads')} thread(s) a job) in {number('provenance.json', 'seconds')} s{memory}."
    )
