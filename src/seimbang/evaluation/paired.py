"""Tests of the difference between two arms on the same cases, and what is said of several pairs at once.

A test that cannot be made says why.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from seimbang.evaluation import intervals
from seimbang.evaluation.intervals import Z
from seimbang.evaluation.predictions import Floats, Ints
from seimbang.evaluation.seeds import Spread, p_value, quantile

FEW = 25
LEVEL = 0.05
Edges = Callable[[int], tuple[float, float]]
"""Of a number of pairs the ends of the interval of level ``1 - LEVEL / pairs``: 0 is outside where p says so."""


@dataclass(frozen=True)
class PairTest:
    """What one test says of one pair, first minus second, whatever other pairs there are.

    Attributes:
        difference: None where there is none.
        p: None where the test cannot be made.
        method: Name of the test.
        why: Why it cannot be made.
        edges: None where the test gives no interval.
    """

    difference: float | None
    p: float | None
    method: str
    why: str = ""
    edges: Edges | None = None


class Corrected(TypedDict):
    """What a test among others says: the difference, its simultaneous 95 % interval, p, and p corrected for all."""

    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    corrected: float | None
    why: str


class Outcome(Corrected):
    """The same of a pair of arms, with the name of the test."""

    method: str


def simultaneous(tests: Sequence[PairTest]) -> list[Outcome]:
    """Return the outcomes of one test of several pairs, which hold for all pairs at once (Bonferroni).

    With ``m`` the pairs that could be tested, the corrected p is ``m p``, at most 1, and the interval that of level
    ``1 - 0.05 / m``. So an interval is without 0 exactly where the corrected p is below .05, and with a probability
    of 95 % all intervals hold what they are of; Holm's stepwise p has no such intervals.
    """
    pairs = sum(test.p is not None for test in tests)
    return [_outcome(test, pairs) for test in tests]


def _outcome(test: PairTest, pairs: int) -> Outcome:
    low, high = (None, None) if test.edges is None else test.edges(pairs)
    corrected = None if test.p is None else round(min(1.0, pairs * test.p), 12)
    return Outcome(
        difference=test.difference,
        low=low,
        high=high,
        p=test.p,
        corrected=corrected,
        method=test.method,
        why=test.why,
    )


def undefined(why: str, method: str = "", difference: float | None = None) -> PairTest:
    """Return the outcome of a test that cannot be made."""
    return PairTest(difference, None, method, why)


def mcnemar(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_], group: Ints, seeds: int = 1) -> PairTest:
    """Test whether two arms are right equally often (McNemar 1947).

    With ``d_i`` the cases of patient ``i`` that only the first arm has right less those that only the second has, over
    all seeds:
    below 25 patients with ``d_i != 0``, the mid-p ``P(|S| > |s|) + P(|S| = |s|) / 2`` of ``s = sum d_i`` among all ways
    to turn the signs, which with one case a patient is the binomial mid-p (Fagerland et al. 2013); from 25 on,
    ``(|s| - 1)^2 / sum d_i^2`` against chi-square with one degree of freedom (Edwards 1948; by patient Obuchowski
    1998).

    Args:
        first: Whether the first arm is right, shape ``(n,)``.
        second: The same of the second.
        group: Patient of each case, shape ``(n,)``.
        seeds: Of how many seeds the cases are predictions.
    """
    d = np.rint(np.bincount(group, first.astype(float) - second)).astype(np.int64)
    d, s = d[d != 0], abs(int(d.sum()))
    by = ", by patient" if len(np.unique(group)) < len(group) // seeds else ""
    difference = float(first.mean() - second.mean())
    if not len(d):
        return undefined("for no patient is one arm right more often than the other", "McNemar", difference)
    if len(d) < FEW:
        return PairTest(difference, _mid_p(d, s), f"McNemar, exact mid-p{by}")
    p = _two_sided(max(s - seeds, 0) / math.sqrt(float((d**2).sum())))
    return PairTest(difference, p, f"McNemar, chi-square with continuity correction{by}")


def _mid_p(d: Ints, s: int) -> float:
    chance = np.ones(1)
    for size in abs(d):
        chance = np.convolve(chance, np.r_[0.5, np.zeros(2 * size - 1), 0.5])
    distance = abs(np.arange(len(chance)) - len(chance) // 2)
    return float(chance[distance > s].sum() + chance[distance == s].sum() / 2)


def delong(positive: npt.NDArray[np.bool_], first: Floats, second: Floats, group: Ints, seeds: int = 1) -> PairTest:
    """Test the difference of two AUCs on the same cases (DeLong et al. 1988), by patient (Obuchowski 1997).

    ``z = (A_1 - A_2) / sqrt(Var(A_1 - A_2))`` against the normal distribution; the variance is that of the differences
    of the two arms' placements, which holds their covariance.

    Args:
        positive: Whether a case is of the positive class, shape ``(n,)``.
        first: Score of the first arm, shape ``(n,)``.
        second: Score of the second.
        group: Patient of each case, shape ``(n,)``.
        seeds: Of how many seeds the cases are predictions.
    """
    method = "DeLong, by patient" if len(np.unique(group)) < len(group) // seeds else "DeLong"
    if min(len(np.unique(group[side])) for side in (positive, ~positive)) < 2:
        return undefined("a class has fewer than two patients", method)
    placed = zip(*(intervals.placements(positive, score, seeds) for score in (first, second)), strict=True)
    v10, v01 = (of_first - of_second for of_first, of_second in placed)
    difference, variance = float(v10.mean()), intervals.area_variance(v10, v01, positive, group)
    if variance < 1e-12:
        return undefined("the difference does not vary between patients", method, difference)
    error = math.sqrt(variance)

    def edges(pairs: int) -> tuple[float, float]:
        half = NormalDist().inv_cdf(1 - LEVEL / (2 * pairs)) * error
        return difference - half, difference + half

    return PairTest(difference, _two_sided(difference / error), method, edges=edges)


def _two_sided(z: float) -> float:
    return math.erfc(abs(z) / math.sqrt(2))


def bootstrap(difference: float, draws: Floats) -> PairTest:
    """Test a difference by its paired bootstrap (Davison & Hinkley 1997, section 4.4).

    ``p = 2 min(1 + #{d* <= 0}, 1 + #{d* >= 0}) / (B + 1)``, at most 1. The interval ends at the draws where ``m p``
    comes to .05: percentiles of the draws, by their order.

    Args:
        difference: The difference itself.
        draws: Its resamples, both arms on the same draw, shape ``(B,)``; undefined ones (NaN) are left out.
    """
    method, draws = "paired bootstrap", np.sort(np.round(draws[np.isfinite(draws)], 12))
    if not len(draws) or draws[0] == draws[-1]:
        return undefined("the difference is the same in every draw", method, difference)

    def edges(pairs: int) -> tuple[float, float]:
        # The most draws beyond 0 with which m p stays below .05; where even none would be too many, 0 is never outside.
        beyond = math.ceil(LEVEL * (len(draws) + 1) / (2 * pairs) - 1e-9) - 2
        if beyond < 0:
            return min(0.0, float(draws[0])), max(0.0, float(draws[-1]))
        return float(draws[beyond]), float(draws[-1 - beyond])

    tail = 1 + min((draws <= 0).sum(), (draws >= 0).sum())
    return PairTest(difference, float(min(1.0, 2 * tail / (len(draws) + 1))), method, edges=edges)


def with_seeds(test: PairTest, between: Spread) -> PairTest:
    """Return a test over patients as one over patients and seeds.

    What the test says of patients is read as a standard error, ``|d| / z(p)`` towards 0 and that of its interval away
    from it; the variance between seeds is added, and Student's t takes the place of the normal distribution.

    Args:
        test: A test over patients of the mean difference over the seeds.
        between: Variance of that difference between seeds.
    """
    difference, p = test.difference, test.p
    if not between.variance or difference is None or p is None:
        return test
    toward = _error(difference, p, test.edges)
    away = max(toward, _half(test.edges, difference) / Z) if test.edges else toward

    def edges(pairs: int) -> tuple[float, float]:
        near, far = (
            quantile(error**2, between, LEVEL / pairs) * math.sqrt(error**2 + between.variance)
            for error in (toward, away)
        )
        return (difference - near, difference + far) if difference > 0 else (difference - far, difference + near)

    method = f"{test.method}, and seeds"
    return PairTest(difference, p_value(difference, toward**2, between), method, edges=edges)


def _error(difference: float, p: float, edges: Edges | None) -> float:
    """Return the standard error at which a difference has this p; at p = 1 that of its interval."""
    z = -NormalDist().inv_cdf(max(p, 1e-300) / 2)
    if z > 1e-6 and difference:
        return abs(difference) / z
    return _half(edges, difference) / Z if edges else 0.0


def _half(edges: Edges, difference: float) -> float:
    return max(abs(edge - difference) for edge in edges(1))


def corrected_t(differences: Floats, ratio: float) -> PairTest:
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

    def edges(pairs: int) -> tuple[float, float]:
        half = float(stdtrit(folds - 1, 1 - LEVEL / (2 * pairs))) * error
        return mean - half, mean + half

    return PairTest(mean, 2 * float(stdtr(folds - 1, -abs(mean) / error)), method, edges=edges)


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
