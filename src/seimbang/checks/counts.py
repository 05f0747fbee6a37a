"""How many cases each class has, and whether that is enough for the plan."""

import numpy as np
import numpy.typing as npt

from seimbang.checks.base import CheckResult, plural
from seimbang.checks.evidence import Evidence

MIN_CASES = 10
"""Below this many cases in a set, an interval for the class's recall is some 60 points wide or wider."""

_SETS = 3


def class_balance(evidence: Evidence) -> CheckResult | None:
    """The cases of each class, and the ratio of the largest class to the smallest."""
    counts = _counts(evidence)
    names = evidence.cases.classes
    order = np.argsort(-counts, kind="stable")
    listing = ", ".join(f"{names[k]} {counts[k]:,}" for k in order)
    largest, smallest = names[order[0]], names[order[-1]]
    if counts[order[0]] == counts[order[-1]]:
        return CheckResult(f"{listing}: the classes are balanced.", (), len(evidence.cases))
    ratio = counts.max() / max(counts.min(), 1)
    sentence = f"{listing}: the imbalance ratio ({largest} to {smallest}) is {ratio:.1f}."
    return CheckResult(sentence, (), len(evidence.cases))


def too_small(evidence: Evidence) -> CheckResult | None:
    """Classes absent from a set of the plan; without a plan, those of fewer patients, or cases, than sets."""
    describe = _absent if evidence.planned else _scarce
    sentences = [sentence for k in range(len(evidence.cases.classes)) if (sentence := describe(evidence, k))]
    return CheckResult(" ".join(sentences), (), len(sentences)) if sentences else None


def few_cases(evidence: Evidence) -> CheckResult | None:
    """Classes with fewer than ``MIN_CASES`` cases in a set: estimates for them will be imprecise."""
    sentences = []
    for k, name in enumerate(evidence.cases.classes):
        counts = {part: count for part, count in _counts_below(evidence, k, MIN_CASES).items() if count}
        if counts:
            where = _enumerate([f"{plural(count, 'case')} in {part}" for part, count in counts.items()])
            sentences.append(f"{name} has {where}: estimates for it will be imprecise.")
    return CheckResult(" ".join(sentences), (), len(sentences)) if sentences else None


def _absent(evidence: Evidence, position: int) -> str:
    parts = _counts_below(evidence, position, 1)
    return f"{evidence.cases.classes[position]} has no case in {_enumerate(list(parts))}." if parts else ""


def _scarce(evidence: Evidence, position: int) -> str:
    cases, rows = evidence.cases, np.flatnonzero(evidence.cases.y == position)
    patients = len(np.unique(cases.groups[rows]))
    of = f" of {plural(patients, 'patient')}" if cases.has_groups else ""
    sentence = f"{cases.classes[position]} has {plural(len(rows), 'case')}{of}, too few for {_SETS} sets."
    return sentence if patients < _SETS else ""


def _counts(evidence: Evidence) -> npt.NDArray[np.int64]:
    return np.bincount(evidence.cases.y, minlength=len(evidence.cases.classes))


def _counts_below(evidence: Evidence, position: int, limit: int) -> dict[str, int]:
    """Return the sets with fewer than ``limit`` cases of a class, and the smallest count over the folds.

    The test sets of several folds are evaluated together, so they are counted together.
    """
    smallest: dict[str, int] = {}
    tested = np.unique(np.concatenate([fold.test for fold in evidence.folds])) if evidence.folds else np.empty(0)
    for fold in evidence.folds:
        for part, rows in {**fold.parts(), "test": tested}.items():
            count = int((evidence.cases.y[rows] == position).sum())
            if len(rows) and count < limit:
                smallest[part] = min(count, smallest.get(part, limit))
    return smallest


def _enumerate(items: list[str]) -> str:
    """Return ``"a"``, ``"a and b"`` or ``"a, b and c"``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
