"""How far another training moves a figure: the variance between seeds, beside that between patients.

The error of a figure that is the mean over seeds has two parts: other patients, and other trainings. The first is known
from an interval or a test that treats the seeds of a patient together; the second is the variance of the mean over the
seeds, known from few values only, beyond what patients explain whom one training has right and another wrong (a crossed
design of patients and seeds). Both are added, with Student's t of Satterthwaite's (1946) degrees of freedom for
the normal quantile: with three seeds that differ widely it is 4.3 instead of 1.96.
"""

import math
from dataclasses import dataclass

import numpy as np

from seimbang.evaluation.intervals import Spread, Z
from seimbang.evaluation.predictions import Floats, Ints

NONE = Spread(0.0, 1.0)
LEAST = 1e-3
"""Share of the variance between seeds that always stays, so that its uncertainty counts where patients explain all."""


@dataclass(frozen=True)
class Trainings:
    """The figure of each training of an arm on the same cases, and how far their errors on single patients move it.

    Attributes:
        values: The figure of each seed, shape ``(s,)``.
        noise: Variance of one of them that is due to which patients just this training has right (``noise``).
    """

    values: Floats
    noise: float = 0.0


def noise(values: Floats, part: Ints, group: Ints, weight: float) -> float:
    """Return the variance of the figure of one seed that comes from the interaction of patients and seeds.

    The figure is the sum over parts of ``weight`` times the mean over their cases. A case's value less its mean over
    the seeds, and less the mean of that over its part, is what this training has in this case alone; summed by patient
    ``i`` it is ``u_is``, and the variance ``G / (G - 1) sum u_is^2 / (s - 1)`` of ``G`` patients.

    Args:
        values: What each case adds in each seed, shape ``(s, n)``.
        part: Number of the part of each case, from 0.
        group: Number of its patient, from 0.
        weight: Of each part.
    """
    if len(values) < 2:
        return 0.0
    size, patients = np.bincount(part), int(group.max()) + 1
    alone = [row - (np.bincount(part, row) / size)[part] for row in values - values.mean(0)]
    moved = np.stack([np.bincount(group, weight * row / size[part]) for row in alone])
    return float((moved**2).sum()) / (len(values) - 1) * patients / max(patients - 1, 1)


def spread(of_seeds: Floats, noise: float = 0.0) -> Spread:
    """Return the variance between seeds of the mean of their figures; 0 where it cannot be known.

    The figures differ by the trainings and by ``noise``, the interaction with the patients. The mean has that too, but
    the error over patients holds it already, so it is subtracted here. The degrees of freedom are such that in
    Satterthwaite's formula the variance is as uncertain as before the subtraction.

    Args:
        of_seeds: The figure of each seed, shape ``(s,)``.
        noise: What ``noise`` returns.
    """
    known = of_seeds[np.isfinite(of_seeds)]
    if len(known) < 2 or np.ptp(known) < 1e-12:
        return NONE
    return _beyond(noise / len(known), [(float(known.var(ddof=1)) / len(known), len(known) - 1.0)])


def difference(first: Trainings, second: Trainings) -> Spread:
    """Return the variance of the difference of the means of two arms, whose seeds are independent (Welch 1947).

    Not pooled over the arms: one that is worse often varies several times as much. Seeds of equal number share little
    but the order of the cases: pairing them would halve the degrees of freedom for no gain, and a positive correlation
    only makes this wider than needed.
    """
    parts, explained = [], 0.0
    for arm in (first, second):
        of_arm = spread(arm.values)
        if of_arm.variance:
            parts.append((of_arm.variance, of_arm.freedom))
            explained += arm.noise / (of_arm.freedom + 1)
    return _beyond(explained, parts) if parts else NONE


def _beyond(explained: float, parts: list[tuple[float, float]]) -> Spread:
    """Return a sum of variances, each with its degrees of freedom, less what patients explain."""
    total = sum(of_part for of_part, _ in parts)
    variance = max(total - explained, LEAST * total)
    return Spread(variance, variance**2 / sum(of_part**2 / freedom for of_part, freedom in parts))


def quantile(patients: float, between: Spread, level: float = 0.05) -> float:
    """Return the two-sided quantile of the sum of a variance over patients, taken as known, and one between seeds."""
    from scipy.special import stdtrit

    return float(stdtrit(_freedom(patients, between), 1 - level / 2))


def p_value(difference: float, patients: float, between: Spread) -> float:
    """Return the two-sided p of a difference with these two variances."""
    from scipy.special import stdtr

    t = abs(difference) / math.sqrt(patients + between.variance)
    return float(2 * stdtr(_freedom(patients, between), -t))


def _freedom(patients: float, between: Spread) -> float:
    return (patients + between.variance) ** 2 / (between.variance**2 / between.freedom)


def widened(
    value: float, low: float, high: float, between: Spread, limits: tuple[float, float]
) -> tuple[float, float, float]:
    """Return an interval over patients widened for other trainings, and which share of the variance these make.

    Each side is widened by itself, so that an interval near a limit stays as skewed as it is.

    Args:
        value: The figure.
        low: Lower end of its 95 % interval over patients.
        high: Upper end.
        between: Its variance between seeds.
        limits: Lowest and highest value that the figure can have.
    """
    if not between.variance:
        return low, high, 0.0
    below, above = (((edge - value) / Z) ** 2 for edge in (low, high))
    halves = [quantile(side, between) * math.sqrt(side + between.variance) for side in (below, above)]
    share = between.variance / (between.variance + ((high - low) / (2 * Z)) ** 2)
    return max(limits[0], value - halves[0]), min(limits[1], value + halves[1]), float(share)


def outperformance(first: Floats, second: Floats, seed: int, draws: int = 1000) -> tuple[float, float, float] | None:
    """Return the probability that one training of the first arm does better than one of the second, and its interval.

    ``P(A > B)`` of Bouthillier et al. 2021 (Accounting for Variance in Machine Learning Benchmarks): over all pairs of
    a seed of each arm, and over resampled patients, the share in which the first is higher, ties counting half. The
    95 % interval is of other seeds, by the bootstrap of the seeds of each arm.

    Args:
        first: The figure of each seed in each draw of patients, shape ``(r, s)``; higher is better.
        second: The same of the second arm, by the same draws.
        seed: Seed of the bootstrap.
        draws: Number of draws of seeds.

    Returns:
        Value, lower and upper end; None where an arm has a single seed.
    """
    if min(first.shape[1], second.shape[1]) < 2:
        return None
    sign = np.sign(np.round(first[:, :, None] - second[:, None, :], 12))
    wins = np.nanmean((sign + 1) / 2, 0)
    rng = np.random.default_rng(seed)
    of_first, of_second = (rng.multinomial(n, np.full(n, 1 / n), draws) / n for n in wins.shape)
    low, high = np.quantile(np.einsum("di,ij,dj->d", of_first, wins, of_second), [0.025, 0.975])
    return float(wins.mean()), float(low), float(high)
