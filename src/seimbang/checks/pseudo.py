"""Pseudo-patients: groups of similar images where patients are not identified."""

import numpy as np

from seimbang.checks.base import CheckResult
from seimbang.checks.evidence import Evidence
from seimbang.imaging.pseudo_patients import FACT, PREFIX, find_pseudo_patients


def pseudo_patients(evidence: Evidence) -> CheckResult | None:
    """How many images form how many groups that may be one patient each, and how that depends on the radius."""
    if evidence.data.kind != "image":
        return None
    group = evidence.cases.frame.group.to_numpy(copy=True)
    sentence = evidence.data.facts.get(FACT, "")
    if (group == "").any():
        pseudo = find_pseudo_patients(evidence.compared, evidence.cases.frame)
        group[pseudo.rows], sentence = pseudo.names, pseudo.sentence
    rows = np.flatnonzero(np.char.startswith(group.astype(str), PREFIX))
    names, size = np.unique(group[rows].astype(str), return_counts=True)
    if not len(rows) or size.max() == 1:
        return None
    return CheckResult(sentence, evidence.ids(rows[group[rows] == names[size.argmax()]]), len(names))
