"""Every metric as a function of case weights, for many weightings at once.

A weighting of ones gives the metric itself, counts of a bootstrap draw give its resamples, ones with one patient left
out its jackknife. All functions take weights ``w``, shape ``(r, n)``, and return shape ``(r,)``; where a metric is not
defined they return NaN.
"""

from itertools import permutations

import numpy as np
import numpy.typing as npt

from seimbang.evaluation.predictions import Floats, Ints, Scored

BINS = 10


def confusion(w: Floats, y: Ints, predicted: Ints, classes: int) -> Floats:
    """Return weighted confusion matrices ``(r, classes, classes)``: rows are true, columns predicted."""
    cell = np.eye(classes * classes)[y * classes + predicted]
    matrix: Floats = (w @ cell).reshape(-1, classes, classes)
    return matrix


def from_confusion(matrix: Floats) -> dict[str, Floats]:
    """Return what a confusion matrix tells: one number a resample, or one a class (keys with a dot: ``recall.0``).

    Averages over classes count a class that is never predicted with precision 0, as scikit-learn does.
    """
    total, true, predicted = matrix.sum((1, 2)), matrix.sum(2), matrix.sum(1)
    hit = np.diagonal(matrix, axis1=1, axis2=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        recall, precision, f1 = hit / true, hit / predicted, 2 * hit / (true + predicted)
        specificity = (total[:, None] - true - predicted + hit) / (total[:, None] - true)
        expected = (true * predicted).sum(1) / total**2
        accuracy = hit.sum(1) / total
        kappa = (accuracy - expected) / (1 - expected)
        mcc = (hit.sum(1) * total - (true * predicted).sum(1)) / np.sqrt(
            (total**2 - (predicted**2).sum(1)) * (total**2 - (true**2).sum(1))
        )
        share = true / total[:, None]
    out = {"accuracy": accuracy, "balanced_accuracy": recall.mean(1), "kappa": kappa, "mcc": mcc}
    out["g_mean"] = np.prod(recall, axis=1) ** (1 / matrix.shape[1])
    absent = (true == 0).any(1)
    for name, values in (("precision", precision), ("recall", recall), ("f1", f1)):
        filled = np.nan_to_num(values)
        out[f"macro.{name}"] = np.where(absent, np.nan, filled.mean(1))
        out[f"weighted.{name}"] = (filled * share).sum(1)
    for k in range(matrix.shape[1]):
        columns = {"precision": precision, "recall": recall, "specificity": specificity, "f1": f1}
        out |= {f"{name}.{k}": values[:, k] for name, values in columns.items()}
    return out


def auc(w: Floats, positive: npt.NDArray[np.bool_], score: Floats) -> Floats:
    """Return the area under the ROC curve: the chance that a positive case scores higher, ties counting half."""
    pos, neg = _by_score(w, positive, score)
    below = np.cumsum(neg, 1) - neg
    with np.errstate(invalid="ignore", divide="ignore"):
        area: Floats = (pos * (below + neg / 2)).sum(1) / (pos.sum(1) * neg.sum(1))
    return area


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
        areas.append(auc(w[:, of_pair], y[of_pair] == i, p[of_pair, i]) if len(of_pair) else np.full(len(w), np.nan))
    mean: Floats = np.mean(areas, 0)
    return mean


def average_precision(w: Floats, positive: npt.NDArray[np.bool_], score: Floats) -> Floats:
    """Return the sum of precision times the step in recall, over thresholds from high to low."""
    pos, neg = (side[:, ::-1] for side in _by_score(w, positive, score))
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.nan_to_num(np.cumsum(pos, 1) / np.cumsum(pos + neg, 1))
        area: Floats = (precision * pos).sum(1) / pos.sum(1)
    return area


def _by_score(w: Floats, positive: npt.NDArray[np.bool_], score: Floats) -> tuple[Floats, Floats]:
    """Return the weight of positives and of negatives at each distinct score, ascending."""
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) > 0])
    is_positive = positive[order]
    sorted_weights = w[:, order]
    pos = np.add.reduceat(sorted_weights * is_positive, starts, axis=1)
    neg = np.add.reduceat(sorted_weights * ~is_positive, starts, axis=1)
    return pos, neg


def from_probabilities(w: Floats, cases: Scored) -> dict[str, Floats]:
    """Return the metrics of the probabilities themselves.

    The AUC of more than two classes is Hand and Till's, their average precision the mean of one class against the
    rest. The Brier score is the squared error of the positive class's probability for two classes, summed over the
    classes for more. The calibration error is the weighted mean gap between predicted and observed shares in ten bins
    of equal width (Guo et al. 2017), of the positive class's probability for two classes, of the confidence for more.
    """
    classes = cases.p.shape[1]
    ranked = [1] if classes == 2 else list(range(classes))
    total = np.where(w.any(1), w.sum(1), np.nan)  # of a lone patient, the jackknife leaves nobody
    own = np.clip(cases.p[np.arange(len(cases.y)), cases.y], 1e-15, 1)
    squared = (cases.p - np.eye(classes)[cases.y]) ** 2
    brier = squared[:, 1] if classes == 2 else squared.sum(1)
    predicted, observed, of_bin = binned(cases)
    gap = np.abs(w @ (of_bin * observed[:, None]) - w @ (of_bin * predicted[:, None]))
    return {
        "auc": hand_till(w, cases.y, cases.p) if classes > 2 else auc(w, cases.y == 1, cases.p[:, 1]),
        "average_precision": np.mean([average_precision(w, cases.y == k, cases.p[:, k]) for k in ranked], 0),
        "log_loss": (w @ -np.log(own)) / total,
        "brier": (w @ brier) / total,
        "calibration_error": gap.sum(1) / total,
    }


def binned(cases: Scored) -> tuple[Floats, Floats, Floats]:
    """Return predicted probability, observed outcome and bin membership ``(n, BINS)`` for calibration."""
    two = cases.p.shape[1] == 2
    predicted = cases.p[:, 1] if two else cases.p.max(1)
    observed = (cases.y == (1 if two else cases.p.argmax(1))).astype(np.float64)
    return predicted, observed, np.eye(BINS)[np.minimum((predicted * BINS).astype(int), BINS - 1)]


def roc(cases: Scored, k: int, points: int = 200) -> list[list[float]]:
    """Return at most ``points`` of the ROC curve of class ``k`` against the rest, as false and true positive rates."""
    pos, neg = (side[0, ::-1] for side in _by_score(np.ones((1, len(cases.y))), cases.y == k, cases.p[:, k]))
    if not (pos.any() and neg.any()):
        return []
    curve = np.r_[[[0.0, 0.0]], np.c_[np.cumsum(neg) / neg.sum(), np.cumsum(pos) / pos.sum()]]
    chosen = np.unique(np.linspace(0, len(curve) - 1, min(points, len(curve))).astype(int))
    return [[round(float(value), 6) for value in row] for row in curve[chosen]]


def calibration(cases: Scored) -> list[dict[str, float]]:
    """Return the bins that hold cases: bounds, number, mean predicted and observed share."""
    predicted, observed, of_bin = binned(cases)
    rows = []
    for k in range(BINS):
        inside = of_bin[:, k] > 0
        if inside.any():
            means = {"predicted": float(predicted[inside].mean()), "observed": float(observed[inside].mean())}
            rows.append({"low": k / BINS, "high": (k + 1) / BINS, "n": int(inside.sum()), **means})
    return rows
