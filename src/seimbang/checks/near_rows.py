"""Rows of a table that are one row, once with a little noise or rounded.

Rows are compared with what independent draws would give, so no limit depends on the units or the number of columns.
"""

from itertools import islice

import numpy as np
import numpy.typing as npt

from seimbang.splits.base import Rows

Floats = npt.NDArray[np.float64]
Pairs = tuple[Rows, Rows]

ALPHA = 0.001
"""Probability, at most, that a table of independent rows has a pair."""

LOOKED_AT, COMPARED = 2_000, 100_000
"""So many rows are looked at for noise, and compared with so many; rounding is looked for in all rows."""

DIFFERENT = 0.5
"""Columns are measurements where at least this share of their values differ: of others, rows may agree by chance."""

FEWEST_COLUMNS, FEWEST_ROWS = 3, 20
COLUMNS = 64
"""Of more measurements, so many are drawn: what is near, or on a line, is so in any of them."""

_NEIGHBOURS, _DECIMALS = 10, 6


def near_pairs(X: npt.NDArray[np.floating]) -> Pairs:
    """Return pairs of rows that are nearly, but not exactly, one row.

    Args:
        X: Columns, shape ``(n, f)``, NaN where a value is missing.
    """
    values: Floats = X.astype(np.float64)
    if len(X) < FEWEST_ROWS:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    pairs = [_with_noise(values), *(_rounded(values, decimals) for decimals in range(_DECIMALS))]
    both = np.concatenate([np.stack([np.minimum(*pair), np.maximum(*pair)], axis=1) for pair in pairs])
    both = np.unique(both, axis=0)
    return both[:, 0], both[:, 1]


def measured(X: Floats) -> list[int]:
    """Return the columns that hold measurements, at most ``COLUMNS`` of them: many of their values differ."""
    order = np.random.RandomState(0).permutation(X.shape[1])
    known = ((k, X[~np.isnan(X[:, k]), k]) for k in order)
    return sorted(islice((k for k, values in known if len(np.unique(values)) >= DIFFERENT * len(X)), COLUMNS))


def filled(X: Floats) -> Floats:
    """Return the columns with their median in the place of missing values."""
    return np.where(np.isnan(X), np.nanmedian(X, axis=0), X)


def _with_noise(X: Floats) -> Pairs:
    """Return rows that lie closer to another than the places of further neighbours allow.

    Where rows are draws from a density that is even in a neighbourhood of ``m`` dimensions, the nine nearer of ten
    neighbours lie at the tenth one's distance times ``U ** (1 / m)``, with U uniform (Facco and others 2017).
    """
    from sklearn.neighbors import NearestNeighbors

    columns = measured(X)
    different = np.sort(np.unique(X, axis=0, return_index=True)[1])[:COMPARED]
    if len(columns) < FEWEST_COLUMNS or len(different) < FEWEST_ROWS:
        return different[:0], different[:0]
    Z = _scaled(filled(X[:, columns]))[different]
    looked_at = np.random.RandomState(0).permutation(len(Z))[:LOOKED_AT]
    distance, near = NearestNeighbors(n_neighbors=_NEIGHBOURS + 1).fit(Z).kneighbors(Z[looked_at])
    distance, near = np.maximum(distance[:, 1:], 1e-12), near[:, 1:]
    middle = np.median(np.log(distance[:, -1] / distance[:, _NEIGHBOURS // 2 - 1]))
    dimensions = np.log(2) / max(float(middle), 1e-6)
    chance = 1 - (1 - (distance[:, :1] / distance[:, -1:]) ** dimensions) ** (_NEIGHBOURS - 1)
    close = chance[:, 0] * len(looked_at) < ALPHA
    return different[looked_at[close]], different[near[close, 0]]


def _scaled(X: Floats) -> Floats:
    """Return columns on one scale, the values far out drawn in."""
    low, middle, high = np.quantile(X, (0.25, 0.5, 0.75), axis=0)
    return np.asarray(np.arcsinh((X - middle) / np.where(high > low, high - low, X.std(axis=0))))


def _rounded(X: Floats, decimals: int) -> Pairs:
    """Return pairs of a row and of one that is the same rounded to ``decimals``, where there are too many for chance.

    By chance a row with few decimals and one with more agree no more often than two with few do, or two with more.
    """
    from scipy.stats import binomtest

    tens = np.clip(np.where(np.isnan(X), -1e15, X * 10.0**decimals), -(2.0**61), 2.0**61)
    whole = np.rint(tens)
    short = (np.abs(tens - whole) <= np.maximum(np.abs(whole), 1) * 1e-6).all(axis=1)
    factors = np.random.RandomState(0).randint(1, 2**62, X.shape[1], np.int64) | 1
    _, row = np.unique((whole.astype(np.int64) * factors).sum(axis=1), return_inverse=True)
    counts = np.stack([np.bincount(row[side], minlength=int(row.max()) + 1) for side in (short, ~short)])
    across = int((counts[0] * counts[1]).sum())
    n, m = int(short.sum()), int((~short).sum())
    share = 2 * n * m / ((n + m) * (n + m - 1))
    alike = across + int((counts * (counts - 1) // 2).sum())
    if not across or binomtest(across, alike, share, alternative="greater").pvalue > ALPHA / _DECIMALS:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    return _first_across(row, short)


def _first_across(row: Rows, short: npt.NDArray[np.bool_]) -> Pairs:
    """Return each row that is there in both forms, with the first of the other form."""
    firsts = [dict(zip(row[side][::-1], np.flatnonzero(side)[::-1], strict=True)) for side in (short, ~short)]
    pairs = [(k, firsts[int(short[k])][row[k]]) for k in range(len(row)) if row[k] in firsts[int(short[k])]]
    return np.array([k for k, _ in pairs], np.int64), np.array([k for _, k in pairs], np.int64)
