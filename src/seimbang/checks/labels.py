"""One image under two labels."""

import pandas as pd

from seimbang.checks.base import Found
from seimbang.checks.evidence import Evidence


def conflicting(evidence: Evidence) -> Found | None:
    """Identical cases with different labels: one of the labels is wrong."""
    frame = pd.DataFrame({"digest": evidence.digests, "label": evidence.cases.frame.label})
    rows = frame[frame.groupby("digest").label.transform("nunique") > 1].sort_values("digest", kind="stable")
    if rows.empty:
        return None
    count = rows.digest.nunique()
    who, verb = (f"One {evidence.noun}", "occurs") if count == 1 else (f"{count:,} {evidence.noun}s", "occur")
    names = ", ".join(sorted(set(rows.label)))
    sentence = f"{who} {verb} under more than one label ({names}); at most one label can be right."
    return Found(sentence, evidence.ids(rows.index.to_numpy()), count)
