"""Conformal limits over patients: what a new patient's case stays within in a chosen share of studies.

A patient counts once, however many cases: each case weighs one in the patient's cases, and a patient not seen yet, of
whom anything may be, weighs as much as one that was (Lee, Barber & Willett 2023, hierarchical conformal prediction).
With one case a patient it is split conformal prediction.
"""

import numpy as np
import numpy.typing as npt

from seimbang.evaluation.predictions import Floats, Ints

LEVEL = 0.95
"""Share of the cases of each class whose answer is to hold that class."""
Flags = npt.NDArray[np.bool_]


def upper_limit(scores: Floats, group: Ints, level: float) -> float:
    """Return the score that a new patient's case does not exceed with a probability of ``level``.

    Args:
        scores: Shape ``(n,)``.
        group: Patient of each case, shape ``(n,)``.
        level: In (0, 1).

    Returns:
        One of the scores; infinite where there are too few patients, fewer than ``level / (1 - level)``.
    """
    if not len(scores):
        return float("inf")
    patient, cases = np.unique(group, return_inverse=True, return_counts=True)[1:]
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(1 / cases[patient[order]]) / (len(cases) + 1)
    within = np.flatnonzero(reached >= level - 1e-12)
    return float(scores[order[within[0]]]) if len(within) else float("inf")


def least(p: Floats, y: Ints, group: Ints, level: float = LEVEL) -> Floats:
    """Return for each class the smallest probability with which it is among the answers (class-conditional conformal).

    Args:
        p: Probabilities of cases that no model was trained on, shape ``(n, classes)``.
        y: Their classes as positions, shape ``(n,)``.
        group: Patient of each case, shape ``(n,)``.
        level: Share of the cases of each class whose answers are to hold the class.

    Returns:
        Shape ``(classes,)``; 0 of a class with too few patients, which is then always among the answers.
    """
    limits = [-upper_limit(-p[y == k, k], group[y == k], level) for k in range(p.shape[1])]
    return np.maximum(np.array(limits, np.float64), 0.0)


def answers(p: Floats, smallest: Floats, predicted: Ints) -> Flags:
    """Return which classes are among the answers to each case, shape ``(n, classes)``; what is predicted always is.

    A case of which no class is probable enough could be any: it has all of them, not none.

    Args:
        p: Probabilities, shape ``(n, classes)``.
        smallest: What `least` returns.
        predicted: The predicted classes as positions, shape ``(n,)``.
    """
    kept: Flags = np.round(p, 9) >= smallest  # as many digits as predictions.csv has
    kept[~kept.any(1)] = True
    kept[np.arange(len(p)), predicted] = True
    return kept
