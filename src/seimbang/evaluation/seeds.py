"""How far another training moves a figure: the variance between seeds, beside that between patients.

The error of a figure that is the mean over seeds has two parts: other patients, and other trainings. The first is known
from an interval or a test that treats the seeds of a patient together; the second is the variance of the mean over the
seeds, known from few values only. Both are added, with Student's t of Satterthwaite's (1946) degrees of freedom for
the normal quantile: with three seeds that differ widely it is 4.3 instead of 1.96.
"""

import math

import numpy as np

from seimbang.evaluation.intervals import Spread, Z, satterthwaite
from seimbang.evaluation.predictions import Floats

NONE = Spread(0.0, 1.0)


def spread(of_seeds: Floats) -> Spread:
    """Return the variance of the mean of the figures of each seed, shape ``(s,)``; 0 where it cannot be known."""
    known = of_seeds[np.isfinite(of_seeds)]
    if len(known) < 2 or np.ptp(known) < 1e-12:
        return NONE
    return Spread(float(known.var(ddof=1)) / len(known), len(known) - 1.0)


def difference(first: Floats, second: Floats) -> Spread:
    """Return the variance of the difference of the means of two arms, whose seeds are independent (Welch 1947).

    Seeds of equal number share little but the order of the cases: pairing them would halve the degrees of freedom for
    no gain, and a positive correlation only makes this wider than needed.
    """
    parts = [part for part in (spread(first), spread(second)) if part.variance]
    total = sum(part.variance for part in parts)
    if not parts:
        return NONE
    return Spread(total, satterthwaite(total, [(part.variance, round(part.freedom) + 1) for part in parts]))


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
