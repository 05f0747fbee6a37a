"""Pseudo-patients: what can be told about patients where nobody names them."""

import numpy as np

from seimbang.checks.base import Found
from seimbang.checks.evidence import Evidence
from seimbang.imaging.pseudo_patients import FACT, PREFIX, find


def pseudo(evidence: Evidence) -> Found | None:
    """How many images form how many groups that may be one patient each, and how that depends on the radius."""
    if evidence.data.kind != "image":
        return None
    group = evidence.cases.frame.group.to_numpy(copy=True)
    sentence = evidence.data.facts.get(FACT, "")
    if (group == "").any():
        found = find(evidence.data.X, evidence.cases.frame)
        group[found.rows], sentence = found.names, found.sentence
    rows = np.flatnonzero(np.char.startswith(group.astype(str), PREFIX))
    names, size = np.unique(group[rows].astype(str), return_counts=True)
    if not len(rows) or size.max() == 1:
        return None
    return Found(sentence, evidence.ids(rows[group[rows] == names[size.argmax()]]), len(names))
