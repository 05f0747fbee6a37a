"""How many cases each class has, and whether that is enough for the plan."""

import numpy as np
import numpy.typing as npt

from seimbang.checks.base import Found, plural
from seimbang.checks.evidence import Evidence

FEW = 10
"""Below this many cases in a part, an interval for the class's recall is some 60 points wide or wider."""

_PARTS = 3


def classes(evidence: Evidence) -> Found | None:
    """The cases of each class, and how many times the largest class is the smallest."""
    counts = _counts(evidence)
    names = evidence.cases.classes
    order = np.argsort(-counts, kind="stable")
    listing = ", ".join(f"{names[k]} {counts[k]:,}" for k in order)
    most, least = names[order[0]], names[order[-1]]
    if counts[order[0]] == counts[order[-1]]:
        return Found(f"{listing}: the classes are equal.", (), len(evidence.cases))
    ratio = counts.max() / max(counts.min(), 1)
    return Found(f"{listing}: {ratio:.1f} times as many {most} as {least}.", (), len(evidence.cases))


def too_small(evidence: Evidence) -> Found | None:
    """Classes that are not in every part of the plan; without one, those of fewer patients, or cases, than parts."""
    missing = _absent if evidence.planned else _scarce
    sentences = [sentence for k in range(len(evidence.cases.classes)) if (sentence := missing(evidence, k))]
    return Found(" ".join(sentences), (), len(sentences)) if sentences else None


def _absent(evidence: Evidence, position: int) -> str:
    parts = _below(evidence, position, 1)
    return f"{evidence.cases.classes[position]} has no case in {_and(list(parts))}." if parts else ""


def _scarce(evidence: Evidence, position: int) -> str:
    cases, rows = evidence.cases, np.flatnonzero(evidence.cases.y == position)
    patients = len(np.unique(cases.groups[rows]))
    of = f" of {plural(patients, 'patient')}" if cases.has_groups else ""
    few = f"{cases.classes[position]} has {plural(len(rows), 'case')}{of}, too few for {_PARTS} parts."
    return few if patients < _PARTS else ""


def few(evidence: Evidence) -> Found | None:
    """Classes with fewer than ten cases in a part: figures for them will be very uncertain."""
    sentences = []
    for k, name in enumerate(evidence.cases.classes):
        parts = {part: count for part, count in _below(evidence, k, FEW).items() if count}
        if parts:
            where = _and([f"{plural(count, 'case')} in {part}" for part, count in parts.items()])
            sentences.append(f"{name} has {where}: figures for it will be very uncertain.")
    return Found(" ".join(sentences), (), len(sentences)) if sentences else None


def _counts(evidence: Evidence) -> npt.NDArray[np.int64]:
    return np.bincount(evidence.cases.y, minlength=len(evidence.cases.classes))


def _below(evidence: Evidence, position: int, limit: int) -> dict[str, int]:
    """Return the parts with fewer than ``limit`` cases of a class, and the smallest count over the folds.

    The test parts of several folds are judged together, so they are counted together.
    """
    below: dict[str, int] = {}
    tested = np.unique(np.concatenate([fold.test for fold in evidence.folds])) if evidence.folds else np.empty(0)
    for fold in evidence.folds:
        for part, rows in {**fold.parts(), "test": tested}.items():
            count = int((evidence.cases.y[rows] == position).sum())
            if len(rows) and count < limit:
                below[part] = min(count, below.get(part, limit))
    return below


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
