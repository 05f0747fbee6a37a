"""Every metric as a pure function of weighted cases, for many weightings at once.

A weighting of ones gives the metric itself, weights of a bootstrap draw give its resamples, ones with one patient left
out its jackknife. A function takes ``Weighted`` and returns shape ``(r,)``, or ``(r, classes)`` where it is of each
class; where it is not defined it returns NaN. Its docstring is what ``docs/statistics.md`` says of it.
``table.METRICS`` says what each is called, how its interval is made and where it is shown.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from seimbang.evaluation import ranking
from seimbang.evaluation.calibration import binned
from seimbang.evaluation.predictions import Floats, Ints


@dataclass(frozen=True, eq=False)
class Weighted:
    """Cases of one set under ``r`` weightings.

    Attributes:
        w: Weights, shape ``(r, n)``.
        y: True classes as positions, shape ``(n,)``.
        p: Probabilities, shape ``(n, classes)``.
        predicted: Predicted classes as positions, shape ``(n,)``.
        seeds: Of how many seeds the cases are predictions, seed by seed. Counts go over all; what ranks cases is the
            mean over the seeds, since probabilities of different models cannot be ranked together.
    """

    w: Floats
    y: Ints
    p: Floats
    predicted: Ints
    seeds: int = 1

    def of_each_seed(self) -> list["Weighted"]:
        """Return the cases of one seed after another."""
        blocks = np.split(np.arange(len(self.y)), self.seeds)
        return [Weighted(self.w[:, one], self.y[one], self.p[one], self.predicted[one]) for one in blocks]

    @cached_property
    def matrix(self) -> Floats:
        """Confusion matrices, shape ``(r, classes, classes)``: rows are true, columns predicted."""
        classes = self.p.shape[1]
        cell = np.eye(classes * classes)[self.y * classes + self.predicted]
        matrix: Floats = (self.w @ cell).reshape(-1, classes, classes)
        return matrix

    @cached_property
    def true(self) -> Floats:
        """Weight of the cases of each class, shape ``(r, classes)``."""
        return np.asarray(self.matrix.sum(2))

    @cached_property
    def called(self) -> Floats:
        """Weight of the cases predicted as each class, shape ``(r, classes)``."""
        return np.asarray(self.matrix.sum(1))

    @cached_property
    def hit(self) -> Floats:
        """Weight of the cases of each class that are predicted right, shape ``(r, classes)``."""
        return np.diagonal(self.matrix, axis1=1, axis2=2)

    @cached_property
    def total(self) -> Floats:
        """Weight of all cases, shape ``(r,)``; NaN where the jackknife of a lone patient leaves nobody."""
        return np.where(self.w.any(1), self.w.sum(1), np.nan)


def accuracy(cases: Weighted) -> Floats:
    """Share of the cases that are predicted right."""
    return np.asarray(cases.hit.sum(1) / cases.matrix.sum((1, 2)))


def recall(cases: Weighted) -> Floats:
    """Share of the cases of the class that are predicted as it; of the positive class of two, the sensitivity."""
    return np.asarray(cases.hit / cases.true)


def precision(cases: Weighted) -> Floats:
    """Share of the cases predicted as the class that are of it."""
    return np.asarray(cases.hit / cases.called)


def specificity(cases: Weighted) -> Floats:
    """Share of the cases of all other classes that are not predicted as the class."""
    total = cases.matrix.sum((1, 2))[:, None]
    return np.asarray((total - cases.true - cases.called + cases.hit) / (total - cases.true))


def f1(cases: Weighted) -> Floats:
    """Harmonic mean of precision and recall."""
    return np.asarray(2 * cases.hit / (cases.true + cases.called))


def balanced_accuracy(cases: Weighted) -> Floats:
    """Mean of the recall of all classes: a rare class counts as much as a frequent one."""
    return np.asarray(recall(cases).mean(1))


def g_mean(cases: Weighted) -> Floats:
    """Geometric mean of the recall of all classes."""
    return np.asarray(np.prod(recall(cases), axis=1) ** (1 / cases.p.shape[1]))


def kappa(cases: Weighted) -> Floats:
    """Agreement beyond that of independent predictions, as a share of the most there can be (Cohen 1960)."""
    expected = (cases.true * cases.called).sum(1) / cases.matrix.sum((1, 2)) ** 2
    return np.asarray((accuracy(cases) - expected) / (1 - expected))


def mcc(cases: Weighted) -> Floats:
    """Correlation of true and predicted classes (Matthews 1975; of more classes Gorodkin 2004).

    0 where all cases are predicted as the same class, as in scikit-learn.
    """
    total, true, called = cases.matrix.sum((1, 2)), cases.true, cases.called
    of_called, of_true = total**2 - (called**2).sum(1), total**2 - (true**2).sum(1)
    together = cases.hit.sum(1) * total - (true * called).sum(1)
    constant = (np.isclose(of_called / total**2, 0)) & (of_true > 0)
    return np.where(constant, 0.0, together / np.sqrt(np.where(constant, 1.0, of_called * of_true)))


def auc(cases: Weighted) -> Floats:
    """Area under the ROC curve: the chance that a positive case has the higher probability, ties counting half.

    Of more than two classes that of Hand and Till (2001): of each two classes the mean of A(i|j), the chance that a
    case of i has a higher probability of i than a case of j has, and A(j|i); then the mean over all pairs. It does not
    depend on how frequent the classes are.
    """
    if cases.p.shape[1] > 2:
        return _mean([ranking.hand_till(each.w, each.y, each.p) for each in cases.of_each_seed()])
    return _mean([ranking.area(each.w, each.y == 1, each.p[:, 1]) for each in cases.of_each_seed()])


def _mean(of_seeds: list[Floats]) -> Floats:
    return np.asarray(np.mean(of_seeds, 0))


def average_precision(cases: Weighted) -> Floats:
    """Sum of precision times the step in recall, over thresholds from high to low.

    Of more than two classes the mean of one class against the rest.
    """
    classes = cases.p.shape[1]
    ranked = [1] if classes == 2 else list(range(classes))
    return _mean(
        [ranking.average_precision(each.w, each.y == k, each.p[:, k]) for each in cases.of_each_seed() for k in ranked]
    )


def log_loss(cases: Weighted) -> Floats:
    """Mean of the negative logarithm of the true class's probability, which counts as 1e-15 at least."""
    own = np.clip(cases.p[np.arange(len(cases.y)), cases.y], 1e-15, 1)
    return np.asarray((cases.w @ -np.log(own)) / cases.total)


def brier(cases: Weighted) -> Floats:
    """Mean squared error of the positive class's probability; of more than two classes, summed over the classes."""
    classes = cases.p.shape[1]
    squared = (cases.p - np.eye(classes)[cases.y]) ** 2
    return np.asarray((cases.w @ (squared[:, 1] if classes == 2 else squared.sum(1))) / cases.total)


def calibration_error(cases: Weighted) -> Floats:
    """Mean gap between predicted and observed share in ten bins of equal width (Guo et al. 2017).

    Cases are put in bins by the probability of the positive class; of more than two classes, by that of the predicted
    class. Each bin weighs as its cases do.
    """
    predicted, observed, of_bin = binned(cases.y, cases.p)
    gap = np.abs(cases.w @ (of_bin * observed[:, None]) - cases.w @ (of_bin * predicted[:, None]))
    return np.asarray(gap.sum(1) / cases.total)


def macro(of_class: Floats, cases: Weighted) -> Floats:
    """Mean over the classes; one without any prediction counts as 0, as in scikit-learn, and NaN where one has no case.

    Args:
        of_class: The metric of each class, shape ``(r, classes)``.
        cases: What it was computed from.
    """
    return np.where((cases.true == 0).any(1), np.nan, np.nan_to_num(of_class).mean(1))


def weighted(of_class: Floats, cases: Weighted) -> Floats:
    """Mean over the classes, each weighing as its cases do; one without any prediction counts as 0.

    Args:
        of_class: The metric of each class, shape ``(r, classes)``.
        cases: What it was computed from.
    """
    share = cases.true / cases.matrix.sum((1, 2))[:, None]
    return np.asarray((np.nan_to_num(of_class) * share).sum(1))
