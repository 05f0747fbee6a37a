"""How well scores rank cases: areas under curves for many weightings at once, and the ROC curve itself.

Functions of weights take ``w``, shape ``(r, n)``, and return shape ``(r,)``; where an area is not defined, NaN.
"""

from itertools import permutations

import numpy as np
import numpy.typing as npt

from seimbang.evaluation.predictions import Floats, Ints

Flags = npt.NDArray[np.bool_]


def area(w: Floats, positive: Flags, score: Floats) -> Floats:
    """Return the area under the ROC curve: the chance that a positive case scores higher, ties counting half."""
    pos, neg = _by_score(w, positive, score)
    below = np.cumsum(neg, 1) - neg
    with np.errstate(invalid="ignore", divide="ignore"):
        areas: Floats = (pos * (below + neg / 2)).sum(1) / (pos.sum(1) * neg.sum(1))
    return areas


def hand_till(w: Floats, y: Ints, p: Floats) -> Floats:
    """Return the AUC of any number of classes (Hand & Till 2001): the mean over pairs of ``(A(i|j) + A(j|i)) / 2``.

    ``A(i|j)`` is the chance that of a case of class ``i`` and one of class ``j`` the first has the higher probability
    of ``i``. Of two classes it is their AUC. NaN where a class has no weight.

    Args:
        w: Weights, shape ``(r, n)``.
        y: True classes as positions, shape ``(n,)``.
        p: Probabilities, shape ``(n, classes)``.
    """
    areas = []
    for i, j in permutations(range(p.shape[1]), 2):
        of_pair = np.flatnonzero((y == i) | (y == j))
        areas.append(area(w[:, of_pair], y[of_pair] == i, p[of_pair, i]) if len(of_pair) else np.full(len(w), np.nan))
    mean: Floats = np.mean(areas, 0)
    return mean


def average_precision(w: Floats, positive: Flags, score: Floats) -> Floats:
    """Return the sum of precision times the step in recall, over thresholds from high to low."""
    pos, neg = (side[:, ::-1] for side in _by_score(w, positive, score))
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.nan_to_num(np.cumsum(pos, 1) / np.cumsum(pos + neg, 1))
        areas: Floats = (precision * pos).sum(1) / pos.sum(1)
    return areas


def sensitivity_at(w: Floats, positive: Flags, score: Floats, rates: Floats) -> Floats:
    """Return the sensitivity at false positive rates, shape ``(r, k)``: ROC curves on which points are joined."""
    false, true = _rates(w, positive, score)
    return np.stack([np.interp(rates, *points) for points in zip(false, true, strict=True)])


def precision_at(w: Floats, positive: Flags, score: Floats, recall: Floats) -> Floats:
    """Return the precision at recalls above 0, shape ``(r, k)``, where the joined points of the ROC curve reach them.

    Points of recall and precision must not be joined themselves (Davis and Goadrich 2006).
    """
    false, true = _rates(w, positive, score)
    rates = np.stack([np.interp(recall, *points) for points in zip(true, false, strict=True)])
    hits, alarms = recall * w[:, positive].sum(1, keepdims=True), rates * w[:, ~positive].sum(1, keepdims=True)
    return np.asarray(hits / (hits + alarms))


def _rates(w: Floats, positive: Flags, score: Floats) -> tuple[Floats, Floats]:
    """Return the false and the true positive rates of each weighting, from no case called positive to all."""
    pos, neg = (np.cumsum(side[:, ::-1], 1) for side in _by_score(w, positive, score))
    false, true = (np.pad(side / side[:, -1:], ((0, 0), (1, 0))) for side in (neg, pos))
    return false, true


def _by_score(w: Floats, positive: Flags, score: Floats) -> tuple[Floats, Floats]:
    """Return the weight of positives and of negatives at each distinct score, ascending."""
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) > 0])
    is_positive = positive[order]
    sorted_weights = w[:, order]
    pos = np.add.reduceat(sorted_weights * is_positive, starts, axis=1)
    neg = np.add.reduceat(sorted_weights * ~is_positive, starts, axis=1)
    return pos, neg


def roc(positive: Flags, score: Floats, points: int = 200) -> list[list[float]]:
    """Return at most ``points`` of the ROC curve, as false and true positive rates; nothing without both sides."""
    pos, neg = _at_each_threshold(positive, score)
    if not (pos[-1] and neg[-1]):
        return []
    return _thinned(np.r_[[[0.0, 0.0]], np.c_[neg / neg[-1], pos / pos[-1]]], points)


def precision_recall(positive: Flags, score: Floats, points: int = 200) -> list[list[float]]:
    """Return at most ``points`` of the curve of recall and precision, from high thresholds to low.

    The area below its steps, each as high as at its right end, is the average precision. Nothing without both sides.
    """
    pos, neg = _at_each_threshold(positive, score)
    if not (pos[-1] and neg[-1]):
        return []
    return _thinned(np.c_[pos / pos[-1], pos / (pos + neg)], points)


def mean_curve(curves: list[list[list[float]]], points: int = 200) -> list[list[float]]:
    """Return the mean of several curves at equal steps along the first axis; a single one as it is.

    ROC curves are averaged over equal false positive rates (Fawcett 2006), curves of precision over equal recall.
    """
    if len(curves) == 1 or not all(curves):
        return curves[0] if len(curves) == 1 else []
    steps = np.linspace(0, 1, points)
    heights = [np.interp(steps, *np.array(curve).T) for curve in curves]
    return [[round(float(x), 6), round(float(y), 6)] for x, y in zip(steps, np.mean(heights, 0), strict=True)]


def _at_each_threshold(positive: Flags, score: Floats) -> tuple[Floats, Floats]:
    """Return how many positives and negatives lie at or above each distinct score, descending."""
    pos, neg = (side[0, ::-1] for side in _by_score(np.ones((1, len(score))), positive, score))
    return np.cumsum(pos), np.cumsum(neg)


def _thinned(curve: Floats, points: int) -> list[list[float]]:
    kept = np.unique(np.linspace(0, len(curve) - 1, min(points, len(curve))).astype(int))
    return [[round(float(value), 6) for value in row] for row in curve[kept]]
