"""95 % confidence intervals. Patients are what is sampled, and with them how frequent the classes are.

Shares of cases: Wilson. AUC: logit-DeLong. Other functions of predicted classes: Bayesian bootstrap with Jeffreys'
prior. Other functions of probabilities: Student's t from the jackknife. Which covers how often:
``benchmarks/coverage.py``.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seimbang.evaluation.predictions import Floats, Ints, Scored

Z = 1.959963984540054
Statistics = Callable[[Floats], dict[str, Floats]]
Interval = tuple[float, float, str]
BLOCKS = 200
"""The jackknife leaves out at most so many parts of a stratum."""
CELLS = 250_000
"""At most this many weights, a case and a draw, are held at a time: 2 MB, and a few times that on the way."""
FEWEST = 5
"""Patients of a class below which nothing but shares of cases has an interval: no method was found that covers."""


def wilson(hits: float, n: float) -> tuple[float, float]:
    """Return the score interval of ``hits`` out of ``n`` (Wilson 1927).

    Of one to three hits, or misses, the end beside 0, or 1, is Poisson's (Brown, Cai & DasGupta 2001, modified Wilson).
    """
    p, z2 = hits / n, Z * Z
    middle, half = p + z2 / (2 * n), Z * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    low, high = max(0.0, (middle - half) / (1 + z2 / n)), min(1.0, (middle + half) / (1 + z2 / n))
    return min(low, _poisson(hits, n)), max(high, 1 - _poisson(n - hits, n))


def _poisson(hits: float, n: float) -> float:
    """Return the share of which so few hits, or more, are seen in 5 % of samples; 1 of none and of more than three."""
    from scipy.special import gammaincinv

    return float(gammaincinv(hits, 0.05)) / n if 1e-9 < hits <= (3 if n > 50 else 2) else 1.0


def proportion(hit: npt.NDArray[np.bool_], group: Ints, seeds: int = 1) -> Interval:
    """Return the Wilson interval of a share; where patients have several cases, with the effective sample size.

    The effective size is the one at which independent cases would vary as much as the patients' totals do
    (Kish's design effect), smaller still where patients are few: times ``(t_{n-1} / t_{G-1})^2`` of ``n`` cases of
    ``G`` patients (Korn & Graubard 1998). It is never above the number of cases.

    Args:
        hit: Success of each case, shape ``(n,)``.
        group: Patient of each case, shape ``(n,)``.
        seeds: Of how many seeds the cases are predictions; those of one patient vary together.
    """
    p = float(hit.mean())
    patients = np.unique(group, return_inverse=True)[1]
    count = int(patients.max()) + 1
    n = max(round(len(hit) / seeds), count)
    if count == len(hit):
        return (*wilson(p * n, n), "Wilson")
    deviation = np.bincount(patients, hit - p)
    variance = count / max(count - 1, 1) * float((deviation**2).sum()) / len(hit) ** 2
    size = min(n, p * (1 - p) / variance * few_patients(n, count)) if variance > 0 else count
    return (*wilson(p * size, size), "Wilson (patients)" if count < n else "Wilson")


def few_patients(cases: int, patients: int) -> float:
    """Return ``(t_{n-1} / t_{G-1})^2``: what a sample of ``G`` patients is worth less than its spread says."""
    return (student(cases - 1) / student(max(patients - 1, 1))) ** 2


def student(freedom: float) -> float:
    """Return the 97.5 % quantile of Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.975))


def delong(positive: npt.NDArray[np.bool_], score: Floats, group: Ints, seeds: int = 1) -> Interval:
    """Return the interval of the AUC on the logit scale, with DeLong's variance (1988), clustered (Obuchowski 1997).

    The quantile is that of Student's t with the degrees of freedom of both classes' parts (Satterthwaite 1946). Where
    nearly all cases of a rare class rank alike, that variance is near 0 by chance: with ``g`` patients of the rarer
    class it is mixed as ``(g DeLong + 2 Hanley-McNeil) / (g + 2)``, the second with Newcombe's (2006) equal sizes. At
    perfect separation that variance is 0; then the interval is that of ``smallest_class``.
    """
    v10, v01 = placements(positive, score, seeds)
    area = float(v10.mean())
    if area in (0.0, 1.0) or min(len(v10), len(v01)) < 2 * seeds:
        return smallest_class(area, positive.astype(np.int64), group)
    variance = area_variance(v10, v01, positive, group)
    steady = steadied(variance, hanley_mcneil(area, *of_sides(positive, group)), positive, group)
    return (*_logit(area, steady, area_freedom(v10, v01, positive, group)), "logit-DeLong")


def of_sides(positive: npt.NDArray[np.bool_], group: Ints) -> tuple[int, int]:
    """Return the number of patients with positive and with negative cases."""
    return len(np.unique(group[positive])), len(np.unique(group[~positive]))


def steadied(variance: float, expected: float, positive: npt.NDArray[np.bool_], group: Ints) -> float:
    """Return a variance mixed with an expected one that counts as two patients of the rarer class."""
    rarer = min(of_sides(positive, group))
    return (rarer * variance + 2 * expected) / (rarer + 2)


def hanley_mcneil(area: float, positives: int, negatives: int) -> float:
    """Return the variance of an AUC of exponential scores (1982), with the mean size for both classes (Newcombe)."""
    middle = (positives + negatives) / 2 - 1
    return area * (1 - area) * (1 + middle * ((1 - area) / (2 - area) + area / (1 + area))) / (positives * negatives)


def satterthwaite(variance: float, parts: list[tuple[float, int]]) -> float:
    """Return the degrees of freedom of a sum of variances, each with the number of patients that it is of."""
    spread = sum(of_part**2 / max(count - 1, 1) for of_part, count in parts)
    return max(1.0, variance**2 / spread) if spread > 0 else math.inf


def _logit(value: float, variance: float, freedom: float) -> tuple[float, float]:
    half = student(freedom) * math.sqrt(variance) / (value * (1 - value))
    middle = math.log(value / (1 - value))
    return _expit(middle - half), _expit(middle + half)


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


def area_freedom(v10: Floats, v01: Floats, positive: npt.NDArray[np.bool_], group: Ints) -> float:
    """Return the degrees of freedom of ``area_variance``, by Satterthwaite's formula of the two classes' parts."""
    parts = [(_of_side(v, group[side]), len(np.unique(group[side]))) for v, side in ((v10, positive), (v01, ~positive))]
    return satterthwaite(sum(variance for variance, _ in parts), parts)


def _of_side(v: Floats, group: Ints) -> float:
    sums = np.bincount(group, v - v.mean()) / len(v)
    return _between(sums, sums, group)


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


@dataclass(frozen=True)
class Prior:
    """Pseudo-cases that a posterior of the confusion matrix begins with.

    Attributes:
        y: True classes, shape ``(m,)``.
        predicted: Predicted classes.
        shape: Shape of the gamma distribution of each one's weight.
        scale: Its scale.
    """

    y: Ints
    predicted: Ints
    shape: Floats
    scale: Floats


def jeffreys(cases: Scored, predicted: Ints) -> Prior:
    """Return Jeffreys' prior of the recall of each class: half a case right, half a case wrong in any way.

    So the recall of a class that is never, or always, predicted right does not collapse to a point. Where the cases
    of a patient are alike the half is of a patient: it weighs as much as the class's design effect.
    """
    classes = cases.p.shape[1]
    y, called = (side.ravel() for side in np.indices((classes, classes)))
    scale = np.array([_design_effect(predicted[cases.y == k] == k, cases.group[cases.y == k]) for k in range(classes)])
    shape = np.where(y == called, 0.5, 0.5 / max(classes - 1, 1))
    return Prior(y.astype(np.int64), called.astype(np.int64), shape, scale[y])


def _design_effect(hit: npt.NDArray[np.bool_], group: Ints) -> float:
    """Return by how much more a recall varies than that of as many patients with one case each; 1 to their cases."""
    if not len(hit):
        return 1.0
    patient, cases = np.unique(group, return_inverse=True, return_counts=True)[1:]
    deviation = np.bincount(patient, hit - hit.mean())
    smoothed = (hit.sum() + 0.5) / (len(hit) + 1)
    variance = len(cases) / max(len(cases) - 1, 1) * (deviation**2).sum() / len(hit)
    return float(np.clip(variance / (smoothed * (1 - smoothed)), 1, cases.mean()) if variance > 0 else cases.mean())


def resample(
    cases: Scored, statistics: Statistics, resamples: int, seed: int, prior: Prior | None = None
) -> dict[str, Floats]:
    """Weigh patients at random and compute the statistics of each draw: the Bayesian bootstrap (Rubin 1981).

    A patient's weight is exponential, so that no draw lacks a class. Where patients have several cases it is from a
    gamma distribution of mean 1 and a shape below 1, with which a mean over the ``G`` patients of a stratum varies as
    Student's t has it: ``shape G + 1 = (G - 1) (t_{n-1} / t_{G-1})^2``.

    Args:
        cases: The set.
        statistics: Function of weights, shape ``(r, n + m)``.
        resamples: Number of draws.
        seed: Their seed.
        prior: ``m`` pseudo-cases, whose weights come after those of the cases.
    """
    rng, shape = np.random.default_rng(seed), _shapes(cases)

    def weights(draws: Ints) -> Floats:
        of_case = (rng.standard_gamma(shape, (len(draws), len(shape))) / shape)[:, cases.group]
        if prior is None:
            return np.asarray(of_case)
        pseudo = rng.standard_gamma(prior.shape, (len(draws), len(prior.shape))) * prior.scale
        return np.concatenate([of_case, pseudo], axis=1)

    return _in_parts(np.arange(resamples), weights, cases, statistics)


def _shapes(cases: Scored) -> Floats:
    """Return the shape of each patient's weight."""
    shape, n = np.ones(cases.groups), cases.n
    if cases.groups < n:
        worth = few_patients(n, cases.groups)
        for members in strata(cases):
            count = len(members)
            shape[members] = max(((count - 1) * worth - 1) / count, 0.2)
    return shape


def strata(cases: Scored) -> list[Ints]:
    """Return the patients of each stratum: a patient belongs to the rarest class it has a case of."""
    counts = np.bincount(cases.y)
    rank = np.argsort(np.argsort(counts, kind="stable"), kind="stable")
    first = np.full(cases.groups, len(counts))
    np.minimum.at(first, cases.group, rank[cases.y])
    return [np.flatnonzero(first == k) for k in np.unique(first)]


@dataclass(frozen=True)
class Spread:
    """How far the choice of patients, or of seeds, moves a statistic: the variance, and its degrees of freedom."""

    variance: float
    freedom: float


def jackknife(cases: Scored, statistics: Statistics) -> dict[str, Spread]:
    """Leave out each patient, of a stratum with very many each block of them, and compute how far that moves.

    With ``d_i`` the statistic less that without patient ``i``, and ``m_k`` the mean over the ``G_k`` patients of
    stratum ``k``, the variance is ``sum_k G_k / (G_k - 1) sum_i (d_i - m_k)^2``, that of the patients of each class,
    and ``sum_k G_k m_k^2``, that of how frequent the classes are; the degrees of freedom are Satterthwaite's (1946).
    """
    parts = [np.array_split(members, min(len(members), BLOCKS)) for members in strata(cases)]
    block = np.empty(cases.groups, np.int64)
    for number, members in enumerate(part for of_stratum in parts for part in of_stratum):
        block[members] = number
    sizes, member = [np.array([len(part) for part in of_stratum]) for of_stratum in parts], block[cases.group]

    def weights(left_out: Ints) -> Floats:
        return np.asarray(member[None, :] != left_out[:, None], np.float64)

    whole = statistics(np.ones((1, len(cases.y))))
    values = _in_parts(np.unique(block), weights, cases, statistics)
    return {name: _spread(whole[name] - left_out, sizes) for name, left_out in values.items()}


def _spread(moved: Floats, sizes: list[Ints]) -> Spread:
    """Return the spread from how far each block moves the statistic, and the sizes of the blocks of each stratum."""
    inside, between = [], 0.0
    for d, size in zip(np.split(moved, np.cumsum([len(size) for size in sizes])[:-1]), sizes, strict=True):
        mean = d.sum() / size.sum()
        inside.append((len(d) / max(len(d) - 1, 1) * float(((d - mean * size) ** 2).sum()), len(d)))
        between += size.sum() * mean**2
    variance = sum(of_stratum for of_stratum, _ in inside) + float(between)
    return Spread(variance, satterthwaite(variance, inside))


def _in_parts(
    numbers: Ints, weights: Callable[[Ints], Floats], cases: Scored, statistics: Statistics
) -> dict[str, Floats]:
    """Compute the statistics of the weightings that ``weights`` makes of ``numbers``, a few at a time."""
    size = max(1, CELLS // len(cases.y))
    parts = [statistics(weights(numbers[start : start + size])) for start in range(0, len(numbers), size)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def on_logit_scale(value: float, spread: Spread) -> Interval:
    """Return the interval of what lies between 0 and 1, such as average precision (Boyd et al. 2013)."""
    return (*_logit(value, spread.variance, spread.freedom), "logit-jackknife")


def on_log_scale(value: float, spread: Spread) -> Interval:
    """Return the interval of what lies above 0, such as a mean loss."""
    factor = math.exp(student(spread.freedom) * math.sqrt(spread.variance) / value)
    return value / factor, value * factor, "log-jackknife"


def percentiles(draws: Floats) -> tuple[float, float]:
    """Return between which values 95 % of the draws lie."""
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def newcombe(value: float, ends: tuple[float, float], other: float, other_ends: tuple[float, float]) -> Interval:
    """Return the interval of the difference of two independent figures, made of that of each (Newcombe 1998)."""
    below = math.hypot(value - ends[0], other_ends[1] - other)
    above = math.hypot(ends[1] - value, other - other_ends[0])
    return value - other - below, value - other + above, "Newcombe"
