"""Predicted probabilities beside observed shares, in bins of equal width."""

import numpy as np

from seimbang.evaluation.intervals import Interval, Z, student
from seimbang.evaluation.predictions import Floats, Ints, Scored

BINS = 10
NOISE = 1000
MULTIPLES = np.linspace(0, 2.5, 101)


def binned(y: Ints, p: Floats) -> tuple[Floats, Floats, Floats]:
    """Return predicted probability, observed outcome and bin membership, shapes ``(n,)``, ``(n,)`` and ``(n, BINS)``.

    Two classes: the probability of the positive one, and whether a case is of it. More: the confidence, and whether
    the most probable class is the true one.

    Args:
        y: True classes as positions, shape ``(n,)``.
        p: Probabilities, shape ``(n, classes)``.
    """
    two = p.shape[1] == 2
    predicted = p[:, 1] if two else p.max(1)
    observed = (y == (1 if two else p.argmax(1))).astype(np.float64)
    return predicted, observed, np.eye(BINS)[np.minimum((predicted * BINS).astype(int), BINS - 1)]


def calibration(y: Ints, p: Floats) -> list[dict[str, float]]:
    """Return the bins that hold cases: bounds, number, mean predicted and observed share."""
    predicted, observed, of_bin = binned(y, p)
    rows = []
    for k in range(BINS):
        inside = of_bin[:, k] > 0
        if inside.any():
            means = {"predicted": float(predicted[inside].mean()), "observed": float(observed[inside].mean())}
            rows.append({"low": k / BINS, "high": (k + 1) / BINS, "n": int(inside.sum()), **means})
    return rows


def calibration_interval(cases: Scored, seed: int) -> Interval:
    """Return the interval of the calibration error, by inverting a test of its size.

    The error ``T = sum_b |g_b|`` of gaps ``g_b`` is above 0 even for perfectly calibrated probabilities, so that no
    interval around it holds. Of gaps ``c g_b`` a sample shows ``T(c) = sum_b |c g_b + e_b|``, with ``e`` normal and of
    the covariance of the patients' parts of the gaps; ``c T`` is in the interval if ``T`` is not among the 2.5 % most
    extreme of ``T(c)`` on either side (Cox & Hinkley 1974, section 7.2). 0 is in it where calibration may be perfect.

    Args:
        cases: The set.
        seed: Seed of the normal numbers.
    """
    predicted, observed, of_bin = binned(cases.y, cases.p)
    n, gap = len(cases.y), (observed - predicted)[:, None] * of_bin
    mean = gap.mean(0)
    of_patient = np.zeros((cases.groups, BINS))
    np.add.at(of_patient, cases.group, (gap - mean) / n)
    few = cases.groups / max(cases.groups - 1, 1) * (student(max(cases.groups - 1, 1)) / Z) ** 2
    root = np.linalg.cholesky(few * of_patient.T @ of_patient + 1e-15 * np.eye(BINS))
    noise = np.random.default_rng(seed).normal(size=(NOISE, BINS)) @ root.T
    error = np.abs(mean).sum()
    shown = np.abs(MULTIPLES[:, None, None] * mean + noise).sum(2)
    possible = MULTIPLES[((shown >= error).mean(1) >= 0.025) & ((shown <= error).mean(1) >= 0.025)] * error
    low, high = (possible.min(), possible.max()) if len(possible) else (0.0, error)
    return float(low), float(high), "inverted test"
