"""Columns of a table: those left out, missing values and outliers."""

import numpy as np
import numpy.typing as npt

from seimbang.checks.base import CheckResult, plural, plural_verb
from seimbang.checks.evidence import Evidence
from seimbang.datasets.uses import LEFT_OUT, USES, by_use

FENCE = 1.5
"""A value more than this many interquartile ranges beyond the quartiles is an outlier (Tukey 1977)."""

MAX_Z = 3.5
"""A value with a larger robust z-score is an outlier (Iglewicz and Hoaglin 1993)."""

MAX_COLUMNS = 10
"""At most this many columns are listed in a sentence."""

_MAD_TO_SD = 1.4826  # standard deviation of a normal distribution in median absolute deviations

Mask = npt.NDArray[np.bool_]


def left_out(evidence: Evidence) -> CheckResult | None:
    """Columns of the file that are no features although the study does not leave them out, and why."""
    kinds = {use: columns for use, columns in by_use(evidence.data.uses).items() if use in LEFT_OUT}
    if not kinds:
        return None
    listing = "; ".join(f"{', '.join(map(str, columns))}: {USES[use]}" for use, columns in kinds.items())
    count = sum(map(len, kinds.values()))
    return CheckResult(f"The models do not see {plural(count, 'column')}: {listing}.", (), count)


def missing_values(evidence: Evidence) -> CheckResult | None:
    """Missing values by column; they are imputed from training cases."""
    if evidence.data.kind != "table":
        return None
    missing = np.isnan(evidence.data.X)
    rows = np.flatnonzero(missing.any(axis=1))
    if not len(rows):
        return None
    counts = {column.name: int(n) for column, n in zip(evidence.data.columns, missing.sum(axis=0), strict=True)}
    listing = _listing({f"{name} {n:,} ({n / len(missing):.1%})": n for name, n in counts.items()})
    sentence = f"{plural_verb(len(rows), 'case', ('has', 'have'))} missing values: {listing}."
    return CheckResult(f"{sentence} They are imputed from training cases.", evidence.ids(rows), len(rows))


def outliers(evidence: Evidence) -> CheckResult | None:
    """Numbers beyond Tukey's fences or with a large robust z-score, by column; none is removed."""
    if evidence.data.kind != "table":
        return None
    X = evidence.data.X.astype(np.float64)
    numeric = np.array([column.kind == "number" for column in evidence.data.columns])
    by_fence, by_z = beyond_fences(X) & numeric, beyond_z(X) & numeric
    rows = np.flatnonzero((by_fence | by_z).any(axis=1))
    if not len(rows):
        return None
    counts = zip(evidence.data.columns, by_fence.sum(axis=0), by_z.sum(axis=0), strict=True)
    listing = _listing({f"{column.name} {a:,} and {b:,}": a + b for column, a, b in counts})
    start = f"{plural_verb(len(rows), 'case', ('has', 'have'))} outliers, by Tukey's fences and by the robust z-score"
    return CheckResult(f"{start}: {listing}. None is removed.", evidence.ids(rows), len(rows))


def beyond_fences(X: npt.NDArray[np.float64]) -> Mask:
    """Return which values of each column of ``X[n, f]`` lie more than ``FENCE`` ranges beyond its quartiles."""
    low, high = np.nanquantile(X, (0.25, 0.75), axis=0)
    reach = FENCE * (high - low)
    return np.asarray((low - reach > X) | (high + reach < X))


def beyond_z(X: npt.NDArray[np.float64]) -> Mask:
    """Return which values are more than ``MAX_Z`` robust standard deviations from the median of their column.

    A column with more than half of its values equal has a median absolute deviation of 0: it then has no outliers.
    """
    deviation = np.abs(X - np.nanmedian(X, axis=0))
    sd = _MAD_TO_SD * np.nanmedian(deviation, axis=0)
    return np.asarray((deviation > MAX_Z * sd) & (sd > 0))


def _listing(counts: dict[str, int]) -> str:
    """Return the texts with the largest counts first, those of 0 left out."""
    ordered = sorted((text for text, count in counts.items() if count), key=lambda text: -counts[text])
    more = len(ordered) - MAX_COLUMNS
    return ", ".join(ordered[:MAX_COLUMNS]) + (f" and {plural(more, 'more column')}" if more > 0 else "")
