"""Tests of the difference between two arms on the same cases; a test that cannot be made says why."""

import math
from collections.abc import Sequence
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from seimbang.evaluation import intervals
from seimbang.evaluation.predictions import Floats, Ints

FEW = 25


class Outcome(TypedDict):
    """What one test says of a pair: first minus second, its 95 % interval, and p before and after Holm."""

    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    holm: float | None
    method: str
    why: str


def undefined(why: str, method: str = "", difference: float | None = None) -> Outcome:
    """Return the outcome of a test that cannot be made."""
    return Outcome(difference=difference, low=None, high=None, p=None, holm=None, method=method, why=why)


def _outcome(difference: float, edges: tuple[float | None, float | None], p: float, method: str) -> Outcome:
    return Outcome(difference=difference, low=edges[0], high=edges[1], p=p, holm=None, method=method, why="")


def mcnemar(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_], group: Ints) -> Outcome:
    """Test whether two arms are right equally often (McNemar 1947).

    With ``d_i`` the cases of patient ``i`` that only the first arm has right less those that only the second has:
    below 25 patients with ``d_i != 0``, the mid-p ``P(|S| > |s|) + P(|S| = |s|) / 2`` of ``s = sum d_i`` among all ways
    to turn the signs, which with one case a patient is the binomial mid-p (Fagerland et al. 2013); from 25 on,
    ``(|s| - 1)^2 / sum d_i^2`` against chi-square with one degree of freedom (Edwards 1948; by patient Obuchowski
    1998).

    Args:
        first: Whether the first arm is right, shape ``(n,)``.
        second: The same of the second.
        group: Patient of each case, shape ``(n,)``.
    """
    d = np.rint(np.bincount(group, first.astype(float) - second)).astype(np.int64)
    d, s = d[d != 0], abs(int(d.sum()))
    by = ", by patient" if len(np.unique(group)) < len(group) else ""
    difference = float(first.mean() - second.mean())
    if not len(d):
        return undefined("for no patient is one arm right more often than the other", "McNemar", difference)
    if len(d) < FEW:
        return _outcome(difference, (None, None), _mid_p(d, s), f"McNemar, exact mid-p{by}")
    p = _two_sided(max(s - 1, 0) / math.sqrt(float((d**2).sum())))
    return _outcome(difference, (None, None), p, f"McNemar, chi-square with continuity correction{by}")


def _mid_p(d: Ints, s: int) -> float:
    chance = np.ones(1)
    for size in abs(d):
        chance = np.convolve(chance, np.r_[0.5, np.zeros(2 * size - 1), 0.5])
    distance = abs(np.arange(len(chance)) - len(chance) // 2)
    return float(chance[distance > s].sum() + chance[distance == s].sum() / 2)


def delong(positive: npt.NDArray[np.bool_], first: Floats, second: Floats, group: Ints) -> Outcome:
    """Test the difference of two AUCs on the same cases (DeLong et al. 1988), by patient (Obuchowski 1997).

    ``z = (A_1 - A_2) / sqrt(Var(A_1 - A_2))`` against the normal distribution; the variance is that of the differences
    of the two arms' placements, which holds their covariance.

    Args:
        positive: Whether a case is of the positive class, shape ``(n,)``.
        first: Score of the first arm, shape ``(n,)``.
        second: Score of the second.
        group: Patient of each case, shape ``(n,)``.
    """
    method = "DeLong, by patient" if len(np.unique(group)) < len(group) else "DeLong"
    if min(len(np.unique(group[side])) for side in (positive, ~positive)) < 2:
        return undefined("a class has fewer than two patients", method)
    placed = zip(intervals.placements(positive, first), intervals.placements(positive, second), strict=True)
    v10, v01 = (of_first - of_second for of_first, of_second in placed)
    difference, variance = float(v10.mean()), intervals.area_variance(v10, v01, positive, group)
    if variance < 1e-12:
        return undefined("the difference does not vary between patients", method, difference)
    error = math.sqrt(variance)
    edges = difference - intervals.Z * error, difference + intervals.Z * error
    return _outcome(difference, edges, _two_sided(difference / error), method)


def _two_sided(z: float) -> float:
    return math.erfc(abs(z) / math.sqrt(2))


def bootstrap(difference: float, draws: Floats) -> Outcome:
    """Test a difference by its paired bootstrap (Davison & Hinkley 1997, section 4.4).

    ``p = 2 min(1 + #{d* <= 0}, 1 + #{d* >= 0}) / (B + 1)``, at most 1: the level at which the percentile interval
    begins to hold 0.

    Args:
        difference: The difference itself.
        draws: Its resamples, both arms on the same draw, shape ``(B,)``; undefined ones (NaN) are left out.
    """
    method, draws = "paired bootstrap", np.round(draws[np.isfinite(draws)], 12)
    if not len(draws) or draws.min() == draws.max():
        return undefined("the difference is the same in every draw", method, difference)
    low, high = np.quantile(draws, [0.025, 0.975])
    tail = 1 + min((draws <= 0).sum(), (draws >= 0).sum())
    return _outcome(difference, (float(low), float(high)), float(min(1.0, 2 * tail / (len(draws) + 1))), method)


def corrected_t(differences: Floats, ratio: float) -> Outcome:
    """Test the mean difference over (repeated) folds, whose training parts overlap (Nadeau & Bengio 2003).

    ``t = mean / sqrt((1/J + n_test/n_train) s^2)`` with ``J - 1`` degrees of freedom, ``s^2`` the variance over the J
    folds of all repeats (Bouckaert & Frank 2004).

    Args:
        differences: First arm minus second in each fold, shape ``(J,)``.
        ratio: ``n_test / n_train``.
    """
    from scipy.special import stdtr, stdtrit

    folds, mean = len(differences), float(differences.mean())
    if folds < 2:
        return undefined("there is only one split", difference=mean)
    method = f"t over {folds} folds, corrected for a test part of {ratio:.2f} of the training part"
    error = math.sqrt((1 / folds + ratio) * float(differences.var(ddof=1)))
    if error < 1e-12:
        return undefined("the difference is the same in every fold", method, mean)
    half = float(stdtrit(folds - 1, 0.975)) * error
    return _outcome(mean, (mean - half, mean + half), 2 * float(stdtr(folds - 1, -abs(mean) / error)), method)


def holm(p: Sequence[float | None]) -> list[float | None]:
    """Return p-values corrected for their number (Holm 1979); tests that could not be made (None) do not count.

    The k-th smallest of m is ``max_{j <= k} min(1, (m - j + 1) p_j)``.
    """
    made = sorted((value, place) for place, value in enumerate(p) if value is not None)
    corrected, highest = list(p), 0.0
    for rank, (value, place) in enumerate(made):
        highest = max(highest, min(1.0, (len(made) - rank) * value))
        corrected[place] = highest
    return corrected
