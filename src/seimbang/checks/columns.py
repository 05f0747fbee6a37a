"""Columns of a table: values that are missing, and values far from the others."""

import numpy as np
import numpy.typing as npt

from seimbang.checks.base import Found, plural
from seimbang.checks.evidence import Evidence, be

FENCE = 1.5
"""Interquartile ranges beyond the quartiles from which on a value is an outlier (Tukey 1977)."""

FAR = 3.5
"""Robust z from which on a value is an outlier (Iglewicz and Hoaglin 1993)."""

SHOWN = 10
"""Columns that a sentence names."""

_NORMAL = 1.4826  # standard deviation of a normal distribution in median absolute deviations

Mask = npt.NDArray[np.bool_]


def gaps(evidence: Evidence) -> Found | None:
    """Missing values by column; they are filled from training cases."""
    if evidence.data.kind != "table":
        return None
    gap = np.isnan(evidence.data.X)
    rows = np.flatnonzero(gap.any(axis=1))
    if not len(rows):
        return None
    counts = {column.name: int(n) for column, n in zip(evidence.data.columns, gap.sum(axis=0), strict=True)}
    listing = _listing({f"{name} {n:,} ({n / len(gap):.1%})": n for name, n in counts.items()})
    start = f"{plural(len(rows), 'case')} {'lacks' if len(rows) == 1 else 'lack'} a value"
    return Found(f"{start}: {listing}. Gaps are filled from training cases.", evidence.ids(rows), len(rows))


def standing_out(evidence: Evidence) -> Found | None:
    """Numbers beyond Tukey's fences or far by the robust z, by column; none is removed."""
    if evidence.data.kind != "table":
        return None
    X = evidence.data.X.astype(np.float64)
    numeric = np.array([column.kind == "number" for column in evidence.data.columns])
    outside, far = beyond_fences(X) & numeric, beyond_z(X) & numeric
    rows = np.flatnonzero((outside | far).any(axis=1))
    if not len(rows):
        return None
    each = zip(evidence.data.columns, outside.sum(axis=0), far.sum(axis=0), strict=True)
    listing = _listing({f"{column.name} {a:,} and {b:,}": a + b for column, a, b in each})
    start = f"{be(len(rows), 'case')} far from the others, by the interquartile range and by the robust z"
    return Found(f"{start}: {listing}. They stay in.", evidence.ids(rows), len(rows))


def beyond_fences(X: npt.NDArray[np.float64]) -> Mask:
    """Return which values of each column of ``X[n, f]`` lie more than ``FENCE`` ranges beyond its quartiles."""
    low, high = np.nanquantile(X, (0.25, 0.75), axis=0)
    reach = FENCE * (high - low)
    return np.asarray((low - reach > X) | (high + reach < X))


def beyond_z(X: npt.NDArray[np.float64]) -> Mask:
    """Return which values are more than ``FAR`` robust standard deviations from the median of their column.

    A column with more than half of its values equal has no such spread: nothing in it is said to be far.
    """
    off = np.abs(X - np.nanmedian(X, axis=0))
    spread = _NORMAL * np.nanmedian(off, axis=0)
    return np.asarray((off > FAR * spread) & (spread > 0))


def _listing(counts: dict[str, int]) -> str:
    """Return the texts with the largest counts first, those of 0 left out."""
    ordered = sorted((text for text, count in counts.items() if count), key=lambda text: -counts[text])
    more = len(ordered) - SHOWN
    return ", ".join(ordered[:SHOWN]) + (f" and {plural(more, 'more column')}" if more > 0 else "")
