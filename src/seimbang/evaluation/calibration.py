"""Predicted probabilities beside observed shares, in bins of equal width."""

import numpy as np

from seimbang.evaluation.predictions import Floats, Ints

BINS = 10


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
