"""Pseudo-patients: groups of similar images where patients are not identified."""

from collections.abc import Sequence

import numpy as np

from seimbang.checks.base import CheckResult, merge, plural_verb
from seimbang.checks.evidence import ADJECTIVE, Evidence
from seimbang.imaging.pseudo_patients import FACT, PREFIX
from seimbang.imaging.similarity import Mask
from seimbang.splits.base import Rows

AUTO = 'group = "auto" in [split]'


def pseudo_patients(evidence: Evidence) -> CheckResult | None:
    """How many images form how many groups that may be one patient each, and how that depends on the radius."""
    if evidence.data.kind != "image":
        return None
    group = _groups(evidence)
    sentence = evidence.pseudo.sentence if evidence.pseudo else evidence.data.facts.get(FACT, "")
    rows = np.flatnonzero(np.char.startswith(group, PREFIX))
    names, size = np.unique(group[rows], return_counts=True)
    if not len(rows) or size.max() == 1:
        return None
    return CheckResult(sentence, evidence.ids(rows[group[rows] == names[size.argmax()]]), len(names))


def divided(evidence: Evidence, pairs: Sequence[tuple[str, str]]) -> CheckResult | None:
    """Very similar images, as neighbouring slices are, on both sides of a division that knows no patients."""
    if evidence.pseudo is None:
        return None
    return merge(_divided(evidence, first, second) for first, second in pairs)


def _divided(evidence: Evidence, first: str, second: str) -> CheckResult | None:
    group = _groups(evidence)
    unknown = (evidence.cases.frame.group == "").to_numpy()

    def match(a: Rows, b: Rows) -> tuple[Mask, Mask]:
        both = np.intersect1d(group[a[unknown[a]]], group[b[unknown[b]]])
        return np.isin(group[a], both), np.isin(group[b], both)

    _, rows, folds = evidence.matches(first, second, match)
    if not len(rows):
        return None
    start = plural_verb(len(rows), f"{second} image", ("has a very similar neighbour", "have very similar neighbours"))
    where = f"in the {ADJECTIVE[first]} set{evidence.in_folds(folds)}"
    sentence = (
        f"{start} {where}, as slices of one patient are: keep them together, with a patient identifier or {AUTO}."
    )
    return CheckResult(sentence, evidence.ids(rows), len(rows))


def _groups(evidence: Evidence) -> np.ndarray:
    """Return the patient or pseudo-patient of each case."""
    group = evidence.cases.frame.group.to_numpy(copy=True)
    if evidence.pseudo:
        group[evidence.pseudo.rows] = evidence.pseudo.names
    return group.astype(str)
