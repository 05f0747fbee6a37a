"""95 % confidence intervals: Wilson for proportions, logit-DeLong for the AUC, BCa bootstrap for the rest."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from seimbang.evaluation.predictions import Floats, Ints, Scored

Z = 1.959963984540054
Statistics = Callable[[Floats], dict[str, Floats]]
Interval = tuple[float, float, str]
BLOCKS = 400
CELLS = 250_000
"""At most this many weights, a case and a draw, are held at a time: 2 MB, and a few times that on the way."""


def wilson(hits: float, n: float) -> tuple[float, float]:
    """Return the score interval of ``hits`` out of ``n`` (Wilson 1927)."""
    p, z2 = hits / n, Z * Z
    middle, half = p + z2 / (2 * n), Z * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return max(0.0, (middle - half) / (1 + z2 / n)), min(1.0, (middle + half) / (1 + z2 / n))


def proportion(hit: npt.NDArray[np.bool_], group: Ints) -> Interval:
    """Return the Wilson interval of a share; where patients have several cases, with the effective sample size.

    The effective size is the one at which independent cases would vary as much as the patients' totals do
    (Kish's design effect); it is never above the number of cases.

    Args:
        hit: Success of each case, shape ``(n,)``.
        group: Patient of each case, shape ``(n,)``.
    """
    n, p = len(hit), float(hit.mean())
    patients = np.unique(group, return_inverse=True)[1]
    count = int(patients.max()) + 1
    if count == n:
        return (*wilson(p * n, n), "Wilson")
    deviation = np.bincount(patients, hit - p)
    variance = count / max(count - 1, 1) * float((deviation**2).sum()) / n**2
    size = min(n, p * (1 - p) / variance) if variance > 0 else count
    return (*wilson(p * size, size), "Wilson (patients)")


def delong(positive: npt.NDArray[np.bool_], score: Floats, group: Ints, seeds: int = 1) -> Interval:
    """Return the interval of the AUC on the logit scale, with DeLong's variance (1988), clustered (Obuchowski 1997).

    At perfect separation that variance is 0; then the interval is that of ``smallest_class``.
    """
    v10, v01 = placements(positive, score, seeds)
    area = float(v10.mean())
    if area in (0.0, 1.0) or min(len(v10), len(v01)) < 2 * seeds:
        return smallest_class(area, positive.astype(np.int64), group)
    variance = area_variance(v10, v01, positive, group)
    half = Z * math.sqrt(max(variance, 1e-12)) / (area * (1 - area))
    middle = math.log(area / (1 - area))
    return _expit(middle - half), _expit(middle + half), "logit-DeLong"


def placements(positive: npt.NDArray[np.bool_], score: Floats, seeds: int = 1) -> tuple[Floats, Floats]:
    """Return the share of negatives below each positive, and of positives above each negative; ties count half.

    Of several seeds, whose cases come one after the other, each is ranked by itself.
    """
    if seeds > 1:
        parts = zip(np.split(positive, seeds), np.split(score, seeds), strict=True)
        v10, v01 = zip(*(placements(*part) for part in parts), strict=True)
        return np.concatenate(v10), np.concatenate(v01)
    higher, lower = np.sort(score[positive]), np.sort(score[~positive])
    below = np.searchsorted(lower, score[positive]) + np.searchsorted(lower, score[positive], "right")
    above = np.searchsorted(higher, score[~positive]) + np.searchsorted(higher, score[~positive], "right")
    return below / (2 * len(lower)), 1 - above / (2 * len(higher))


def area_variance(v10: Floats, v01: Floats, positive: npt.NDArray[np.bool_], group: Ints) -> float:
    """Return the variance of an AUC, or of a difference of AUCs, from (differences of) its placements.

    DeLong et al. 1988 with sums over patients (Obuchowski 1997): ``I/(I-1) sum a_i^2`` for the patients with positive
    cases, the same of ``b_i`` for those with negative ones, and ``2 I/(I-1) sum a_i b_i`` for all.
    """
    total = int(group.max()) + 1
    a = np.bincount(group[positive], v10 - v10.mean(), total) / len(v10)
    b = np.bincount(group[~positive], v01 - v01.mean(), total) / len(v01)
    return _between(a, a, group[positive]) + _between(b, b, group[~positive]) + 2 * _between(a, b, group)


def _between(a: Floats, b: Floats, group: Ints) -> float:
    count = len(np.unique(group))
    return float((a * b).sum()) * count / max(count - 1, 1)


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def smallest_class(value: float, y: Ints, group: Ints) -> Interval:
    """Return Wilson's interval of a share ``value`` of the patients of the class that has the fewest.

    Where a model makes no error at all, resampling cannot tell how many it might have made among other patients.
    """
    patients = min(len(np.unique(group[y == label])) for label in np.unique(y))
    return (*wilson(value * patients, patients), "Wilson (smallest class)")


def resample(cases: Scored, statistics: Statistics, resamples: int, seed: int) -> dict[str, Floats]:
    """Draw patients with replacement, within strata of their rarest class, and compute the statistics of each draw."""
    rng = np.random.default_rng(seed)
    strata = _strata(cases)

    def weights(draws: Ints) -> Floats:
        drawn = np.zeros((len(draws), cases.groups))
        for members in strata:
            drawn[:, members] = rng.multinomial(len(members), np.full(len(members), 1 / len(members)), len(draws))
        each: Floats = drawn[:, cases.group]
        return each

    return _in_parts(np.arange(resamples), weights, cases, statistics)


def _strata(cases: Scored) -> list[Ints]:
    """Return the patients of each stratum: a patient belongs to the rarest class it has a case of."""
    counts = np.bincount(cases.y)
    rank = np.argsort(np.argsort(counts, kind="stable"), kind="stable")
    first = np.full(cases.groups, len(counts))
    np.minimum.at(first, cases.group, rank[cases.y])
    return [np.flatnonzero(first == k) for k in np.unique(first)]


def jackknife(cases: Scored, statistics: Statistics) -> dict[str, Floats]:
    """Compute the statistics with each patient left out; with very many patients, each block of them."""
    blocks = np.arange(cases.groups) * min(BLOCKS, cases.groups) // cases.groups
    member = blocks[cases.group]

    def weights(left_out: Ints) -> Floats:
        return np.asarray(member[None, :] != left_out[:, None], np.float64)

    return _in_parts(np.unique(blocks), weights, cases, statistics)


def _in_parts(
    numbers: Ints, weights: Callable[[Ints], Floats], cases: Scored, statistics: Statistics
) -> dict[str, Floats]:
    """Compute the statistics of the weightings that ``weights`` makes of ``numbers``, a few at a time."""
    size = max(1, CELLS // len(cases.y))
    parts = [statistics(weights(numbers[start : start + size])) for start in range(0, len(numbers), size)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def bca(value: float, draws: Floats, left_out: Floats) -> tuple[float, float]:
    """Return the bias-corrected and accelerated bootstrap interval (Efron 1987).

    Args:
        value: The estimate.
        draws: Its resamples; undefined ones (NaN) are left out.
        left_out: Its jackknife values.
    """
    from scipy.special import ndtr, ndtri

    draws = np.sort(draws[np.isfinite(draws)])
    if len(draws) == 0 or draws[0] == draws[-1]:
        return value, value
    below = ((draws < value).mean() + (draws <= value).mean()) / 2
    bias = float(ndtri(np.clip(below, 1 / (2 * len(draws)), 1 - 1 / (2 * len(draws)))))
    deviation = np.nanmean(left_out) - left_out[np.isfinite(left_out)]
    spread = float((deviation**2).sum()) ** 1.5
    acceleration = float((deviation**3).sum()) / (6 * spread) if spread > 0 else 0.0
    levels = [ndtr(bias + (bias + z) / (1 - acceleration * (bias + z))) for z in (-Z, Z)]
    low, high = np.quantile(draws, levels)
    return float(low), float(high)
