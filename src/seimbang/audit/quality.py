"""Images unlike the others in brightness, contrast, sharpness, noise, entropy or clipping."""

import numpy as np

from seimbang.audit.base import Found
from seimbang.audit.evidence import Evidence, be
from seimbang.imaging.quality import measure, outliers

SIDES = {"low": -1, "high": 1}


def standing_out(evidence: Evidence) -> Found | None:
    """Images with a measure far from the set's median, and how many by each."""
    if evidence.data.kind != "image":
        return None
    off = outliers(measure(evidence.data.X))
    rows = np.flatnonzero(off.any(axis=1))
    if not len(rows):
        return None
    counts = {f"{word} {name}": int((off[name] == sign).sum()) for name in off for word, sign in SIDES.items()}
    listing = ", ".join(f"{what} {count:,}" for what, count in counts.items() if count)
    return Found(f"{be(len(rows), 'image')} far from the others in quality: {listing}.", evidence.ids(rows), len(rows))
