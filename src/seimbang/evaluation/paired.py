"""Tests of the difference between two arms on the same cases, and what is said of several pairs at once.

A test that cannot be made says why.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from seimbang.evaluation import intervals
from seimbang.evaluation.intervals import Spread, Z
from seimbang.evaluation.predictions import Floats, Ints
from seimbang.evaluation.seeds import p_value, quantile

FEW = 25
ENUMERATED = 14
LEVEL = 0.05
LEAST_Z = 0.6745
"""That of p = 0.5: nearer to 0 it does not tell a standard error."""
Flags = npt.NDArray[np.bool_]
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


def mcnemar(first: Flags, second: Flags, group: Ints, seeds: int = 1) -> PairTest:
    """Test whether two arms are right equally often (McNemar 1947).

    With ``d_i`` the cases of patient ``i`` that only the first arm has right less those that only the second has, over
    all seeds: below 25 patients with ``d_i != 0``, the mid-p ``P(|S| > |s|) + P(|S| = |s|) / 2`` of ``s = sum d_i``
    among all ways to turn the signs, which with one case a patient is the binomial mid-p (Fagerland et al. 2013); from
    25 on, ``(|s| - 1)^2 / sum d_i^2`` against chi-square with one degree of freedom (Edwards 1948; by patient
    Obuchowski 1998).

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


def delong(positive: Flags, first: Floats, second: Floats, group: Ints, seeds: int = 1) -> PairTest:
    """Test the difference of two AUCs on the same cases (DeLong et al. 1988), by patient (Obuchowski 1997).

    ``t = (A_1 - A_2) / sqrt(Var(A_1 - A_2))`` against Student's distribution, its degrees of freedom Satterthwaite's of
    the two classes' parts, which matters where a class has few patients; the variance is that of the differences of the
    two arms' placements, which holds their covariance. Of a rare class it is near 0 by chance, so it is mixed with
    Hanley and McNeil's as that of one AUC is.

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
    placed = [intervals.placements(positive, score, seeds) for score in (first, second)]
    v10, v01 = (of_first - of_second for of_first, of_second in zip(*placed, strict=True))
    difference, variance = float(v10.mean()), intervals.area_variance(v10, v01, positive, group)
    if variance < 1e-12:
        return undefined("the difference does not vary between patients", method, difference)
    steady = intervals.steadied(variance, _expected(placed, variance, positive, group), positive, group)
    return _student(difference, math.sqrt(steady), intervals.area_freedom(v10, v01, positive, group), method)


def _expected(placed: list[tuple[Floats, Floats]], variance: float, positive: Flags, group: Ints) -> float:
    """Return the variance of a difference of two AUCs from Hanley and McNeil's of each and their correlation."""
    sizes = intervals.of_sides(positive, group)
    areas = [(min(sizes) * float(v10.mean()) + 0.5) / (min(sizes) + 1) for v10, _ in placed]
    own = [intervals.area_variance(*values, positive, group) for values in placed]
    scale = 2 * math.sqrt(own[0] * own[1])
    correlation = (own[0] + own[1] - variance) / scale if scale > 0 else 0.0
    first, second = (intervals.hanley_mcneil(area, *sizes) for area in areas)
    return first + second - 2 * correlation * math.sqrt(first * second)


def _student(difference: float, error: float, freedom: float, method: str) -> PairTest:
    from scipy.special import stdtr, stdtrit

    def edges(pairs: int) -> tuple[float, float]:
        half = float(stdtrit(freedom, 1 - LEVEL / (2 * pairs))) * error
        return difference - half, difference + half

    return PairTest(difference, 2 * float(stdtr(freedom, -abs(difference) / error)), method, edges=edges)


def _two_sided(z: float) -> float:
    return math.erfc(abs(z) / math.sqrt(2))


@dataclass(frozen=True)
class Gains:
    """What each patient adds to a difference that is the mean over parts of the mean gain of their cases.

    Attributes:
        gain: Part by part, shape ``(patients, parts)``; the sum of all is the difference.
        share: Share of the cases of each part that the patient has.
    """

    gain: Floats
    share: Floats

    @property
    def one_more(self) -> float:
        """By how much, at random, one patient of each part more would move the difference."""
        return float(np.sqrt(((1 / (self.share.shape[1] * (self.share > 0).sum(0))) ** 2).sum()))


def gains(gain: Floats, part: Ints, group: Ints) -> Gains:
    """Return the gains of the patients.

    Args:
        gain: Of each case 1 where only the first arm is right, -1 where only the second is, else 0; shape ``(n,)``.
        part: Number of the part that the case counts in, from 0: its class, or 0 for all.
        group: Number of its patient, from 0.
    """
    known, part = np.unique(part, return_inverse=True)
    shape = (int(group.max()) + 1, len(known))
    of_case, share = np.bincount(part)[part], np.zeros(shape)
    total = np.zeros(shape)
    np.add.at(share, (group, part), 1 / of_case)
    np.add.at(total, (group, part), gain / (of_case * len(known)))
    return Gains(total, share)


def exchange(patients: Gains, fewest: int, resamples: int, seed: int) -> PairTest:
    """Test a difference by exchanging the two arms' answers, all of a patient together (Good 2005, section 3.2).

    Of arms that are equally good each exchange is as likely. What is compared is ``t = d / s``, the difference by its
    standard error (Janssen 1997), so that p and interval hold too where the arms are alike on the whole but not in each
    class, as of two thresholds: ``s^2`` is ``l sum (g_i - m_i)^2 + (1 - l) sum g_i^2``, with ``g_i`` the gain of
    patient ``i``, ``m_i`` that of the mean of its cases' parts and ``l = G / (G + 2)`` of the ``G`` patients of the
    smallest class. With at most 14 patients that differ all exchanges are made and p is the mid-p,
    ``P(|t*| > |t|) + P(|t*| = |t|) / 2``; else ``resamples`` at random and ``p = (1 + #{|t*| >= |t|}) / (B + 1)``. The
    interval is ``d`` and as many ``s`` to either side as the largest ``|t|`` that would not be significant. Since few
    patients that differ make few different exchanges, it is at least the normal quantile of ``s`` with one more patient
    of each part that differs, but on the side of 0 where that would bring 0 into it against p.

    Args:
        patients: What ``gains`` returns.
        fewest: Patients of the smallest class.
        resamples: Number of exchanges at random.
        seed: Their seed.
    """
    differ: Flags = np.abs(patients.gain.sum(1)) > 1e-12
    count, own = int(differ.sum()), np.ones((1, int(differ.sum())))
    if not count:
        return undefined("for no patient is one arm right more often than the other", "exchange of arms", 0.0)
    exact, mixed = count <= ENUMERATED, fewest / (fewest + 2)
    difference, error = (float(value[0]) for value in _with_error(patients, differ, own, mixed))
    signs = _every(count) if exact else _drawn(count, resamples, np.random.default_rng(seed))
    drawn = [np.abs(np.divide(*_with_error(patients, differ, some, mixed))) for some in signs]
    null, tails = np.sort(np.round(np.concatenate(drawn), 9)), _mid_tails if exact else _drawn_tails
    p = float(tails(null, np.array([round(abs(difference) / error, 9)]))[0])

    def edges(pairs: int) -> tuple[float, float]:
        possible = null[tails(null, null) * pairs >= LEVEL - 1e-12]
        half = error * float(possible.max(initial=0.0))
        wide = NormalDist().inv_cdf(1 - LEVEL / (2 * pairs)) * math.hypot(error, patients.one_more)
        far = max(half, wide)
        near = max(far, abs(difference)) if pairs * p >= LEVEL - 1e-12 else far if wide < abs(difference) else half
        below, above = (near, far) if difference > 0 else (far, near)
        return difference - below, difference + above

    return PairTest(difference, p, "exchange of arms, exact mid-p" if exact else "exchange of arms", edges=edges)


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
        low, high = (near, far) if difference > 0 else (far, near)
        return max(-1.0, difference - low), min(1.0, difference + high)

    method = f"{test.method}, and seeds"
    return PairTest(difference, p_value(difference, toward**2, between), method, edges=edges)


def _error(difference: float, p: float, edges: Edges | None) -> float:
    """Return the standard error at which a difference has this p; of a large p that of its interval.

    A difference near 0 over a z near 0 is any number: such a p says nothing of the error.
    """
    from scipy.special import ndtri

    z = -float(ndtri(max(p, 1e-300) / 2))
    if difference and z > (LEAST_Z if edges else 1e-6):
        return abs(difference) / z
    return _half(edges, difference) / Z if edges else 0.0


def _half(edges: Edges, difference: float) -> float:
    return max(abs(edge - difference) for edge in edges(1))


def _every(count: int) -> list[Floats]:
    """Return all signs of so many patients, but for those that only turn every sign of others."""
    return [np.asarray(1.0 - 2 * (np.arange(2 ** (count - 1))[:, None] >> np.arange(count) & 1), np.float64)]


def _drawn(count: int, resamples: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Yield random signs, shape ``(r, count)``, a few rows at a time."""
    size = max(1, intervals.CELLS // count)
    for start in range(0, resamples, size):
        yield np.asarray(2.0 * rng.integers(0, 2, (min(size, resamples - start), count)) - 1, np.float64)


def _with_error(patients: Gains, differ: Flags, signs: Floats, mixed: float) -> tuple[Floats, Floats]:
    """Return the difference and its standard error for each row of signs of the patients that differ."""
    gain, share, every = patients.gain[differ], patients.share[differ], patients.share
    total = gain.sum(1)
    of_part = signs @ gain
    moved = 2 * ((signs @ (total[:, None] * share)) * of_part).sum(1) - ((of_part @ (every.T @ every)) * of_part).sum(1)
    variance = float((total**2).sum()) - mixed * moved
    return of_part.sum(1), np.sqrt(variance * len(every) / max(len(every) - 1, 1))


def _mid_tails(null: Floats, at: Floats) -> Floats:
    """Return the mid-p of each value among all exchanges, sorted."""
    above = len(null) - np.searchsorted(null, at, "right")
    least = len(null) - np.searchsorted(null, at, "left")
    return np.asarray((above + least) / (2 * len(null)))


def _drawn_tails(null: Floats, at: Floats) -> Floats:
    """Return p of each value among exchanges at random, sorted."""
    return np.asarray((1 + len(null) - np.searchsorted(null, at, "left")) / (len(null) + 1))


def corrected_t(differences: Floats, ratio: float, repeats: int = 1) -> PairTest:
    """Test the mean difference over (repeated) folds, whose training parts overlap (Nadeau & Bengio 2003).

    ``t = mean / sqrt((1/k + n_test/n_train) s^2)`` with ``J - 1`` degrees of freedom; ``J`` are the folds of all
    repeats, ``k`` those of one and ``s^2`` the mean over the repeats of the variance of its folds. Repeats make mean
    and variance steadier, but add no cases: with ``1/J`` instead of ``1/k`` (Bouckaert & Frank 2004) equal methods were
    called different in up to 17 % of studies of 10 x 10 folds (those of ``benchmarks/type_one.py``).

    Args:
        differences: First arm minus second in each fold, repeat after repeat, shape ``(J,)``.
        ratio: ``n_test / n_train``.
        repeats: How often each case was tested.
    """
    folds, mean = len(differences), float(differences.mean())
    if folds < 2:
        return undefined("there is only one split", difference=mean)
    times = f"{repeats} × " if repeats > 1 else ""
    method = f"t over {times}{folds // repeats} folds, corrected for a test part of {ratio:.2f} of the training part"
    of_repeat = differences.reshape(repeats, -1)
    error = math.sqrt((1 / of_repeat.shape[1] + ratio) * float(of_repeat.var(1, ddof=1).mean()))
    if error < 1e-12:
        return undefined("the difference is the same in every fold", method, mean)
    return _student(mean, error, folds - 1, method)


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
