"""Identical cases with different labels."""

import pandas as pd

from seimbang.checks.base import CheckResult, plural_verb
from seimbang.checks.evidence import Evidence


def conflicting(evidence: Evidence) -> CheckResult | None:
    """Identical cases with different labels: at most one of the labels is right."""
    frame = pd.DataFrame({"digest": evidence.digests, "label": evidence.cases.frame.label})
    rows = frame[frame.groupby("digest").label.transform("nunique") > 1].sort_values("digest", kind="stable")
    if rows.empty:
        return None
    count = rows.digest.nunique()
    labels = ", ".join(sorted(set(rows.label)))
    start = plural_verb(count, evidence.noun, ("has", "have"))
    sentence = f"{start} copies with different labels ({labels}); at most one label can be right."
    return CheckResult(sentence, evidence.ids(rows.index.to_numpy()), count)
