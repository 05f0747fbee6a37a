"""The numbers of one decision rule on one set, each with its 95 % interval or the reason why there is none."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from seimbang.evaluation import figures, intervals, ranking
from seimbang.evaluation.calibration import calibration, calibration_interval
from seimbang.evaluation.figures import AVERAGES, Average
from seimbang.evaluation.metric import Metric
from seimbang.evaluation.metrics import Weighted
from seimbang.evaluation.predictions import Floats, Ints, Scored
from seimbang.evaluation.value import Value, absent, number_of, too_few, undefined

Flags = npt.NDArray[np.bool_]
Curve = list[list[float]]
NO_ERROR = "no interval: no error was seen, so how large one may be is not known"


class Measured:
    """One decision rule on one set."""

    def __init__(self, cases: Scored, predicted: Ints, classes: Sequence[str], resamples: int, seed: int) -> None:
        self.cases, self.predicted, self.classes = cases, predicted, classes
        self.resamples, self.seed = resamples, seed
        whole = Weighted(np.ones((1, len(cases.y))), cases.y, cases.p, predicted, cases.seeds)
        self.matrix = whole.matrix[0] / cases.seeds
        self.value = {name: float(row[0]) for name, row in figures.values(whole).items()}
        self.draws = self._posterior()
        self.spread = intervals.jackknife(cases, self._of_probabilities)
        of_seeds = [figures.values(each) for each in whole.of_each_seed()]
        self.of_seeds = {name: np.concatenate([values[name] for values in of_seeds]) for name in self.value}

    def decided(self, predicted: Ints) -> "Measured":
        """Return the same set by another decision rule, with the same draws."""
        return Measured(self.cases, predicted, self.classes, self.resamples, self.seed)

    def _posterior(self) -> dict[str, Floats]:
        """Return draws of the posterior of the confusion matrix, as the metrics of predicted classes that it gives."""
        prior = intervals.jeffreys(self.cases, self.predicted)
        y, predicted = np.r_[self.cases.y, prior.y], np.r_[self.predicted, prior.predicted]
        p = np.zeros((len(y), len(self.classes)))

        def statistics(w: Floats) -> dict[str, Floats]:
            return figures.values(Weighted(w, y, p, predicted), ["decisions"])

        return intervals.resample(self.cases, statistics, self.resamples, self.seed, prior)

    def _of_probabilities(self, w: Floats) -> dict[str, Floats]:
        cases = self.cases
        return figures.values(Weighted(w, cases.y, cases.p, self.predicted, cases.seeds), ["probabilities"])

    def table(self) -> dict[str, Any]:
        """Return the numbers as ``metrics.json`` holds them."""
        count = len(self.classes)
        of_class = figures.of_class(count)
        per_class = {
            name: {str(metric): self.number(metric, k) for metric in of_class}
            | {"support": int((self.cases.y == k).sum()) // self.cases.seeds}
            for k, name in enumerate(self.classes)
        }
        averages: dict[str, Any] = {
            kind: {str(metric): self.number(metric, kind) for metric in of_class if metric.averaged}
            for kind in AVERAGES
        }
        return {
            "confusion": self.matrix.round(3).tolist(),
            "metrics": {str(metric): self.number(metric) for metric in figures.overall(count)},
            "per_class": per_class,
            **averages,
            "calibration": calibration(self.cases.y, self.cases.p),
            "roc": self._curve(ranking.roc, 1) if count == 2 else [],
            "precision_recall": self._curve(ranking.precision_recall, 1) if count == 2 else [],
            "one_vs_rest": {name: self._ranking(k) for k, name in enumerate(self.classes)} if count > 2 else {},
        }

    def _ranking(self, k: int) -> dict[str, Any]:
        """Return both curves of one class against the rest, and the area under the ROC curve."""
        positive, score = self.cases.y == k, self.cases.p[:, k]
        if positive.all() or not positive.any():
            return {"auc": undefined(absent(self.cases, self.classes)), "curve": [], "precision_recall": []}
        count = self.cases.seeds
        areas = np.array([_area(*part) for part in zip(np.split(positive, count), np.split(score, count), strict=True)])
        interval = intervals.delong(positive, score, self.cases.group, count)
        return {
            "auc": number_of(float(areas.mean()), interval, areas),
            "curve": self._curve(ranking.roc, k),
            "precision_recall": self._curve(ranking.precision_recall, k),
        }

    def _curve(self, of: Callable[[Flags, Floats], Curve], k: int) -> Curve:
        """Return a curve of one class: of one seed its own, of several their mean at equal steps."""
        positive, score = (np.split(side, self.cases.seeds) for side in (self.cases.y == k, self.cases.p[:, k]))
        return ranking.mean_curve([of(*part) for part in zip(positive, score, strict=True)])

    def number(self, metric: Metric, of: int | Average | None = None) -> Value:
        """Return one number with its interval, or why there is none.

        Args:
            metric: What is measured.
            of: A class by its position, or an average over the classes; None of the whole set.
        """
        value = self.value[figures.name(metric, of)]
        if not np.isfinite(value):
            return undefined(self._why(metric, of))
        way = "posterior" if of in AVERAGES else metric.interval
        why = too_few(self.cases, self.classes) if way != "proportion" else ""
        why = why or (NO_ERROR if way in ("jackknife", "bins") and value == metric.best == 0 else "")
        if why:
            return undefined(why, value)
        low, high, name = INTERVALS[way](self, metric, of, value)
        of_seeds = self.of_seeds[figures.name(metric, of)]
        return number_of(value, (min(low, value), max(high, value), name), of_seeds, metric.limits)

    def proportion(self, metric: Metric, of: int | Average | None, value: float) -> intervals.Interval:
        """Return Wilson's interval of a share of cases."""
        if metric.share is None:
            raise TypeError(f"the interval of {metric} needs its share")
        counted, hit = metric.share(self.cases.y, self.predicted, of if isinstance(of, int) else 0)
        return intervals.proportion(hit[counted], self.cases.group[counted], self.cases.seeds)

    def posterior(self, metric: Metric, of: int | Average | None, value: float) -> intervals.Interval:
        """Return between which values 95 % of the posterior lie."""
        return (*intervals.percentiles(self.draws[figures.name(metric, of)]), "Bayesian bootstrap")

    def delong(self, metric: Metric, of: int | Average | None, value: float) -> intervals.Interval:
        """Return DeLong's interval of the AUC of two classes; of more, that of the jackknife."""
        if len(self.classes) == 2:
            return intervals.delong(self.cases.y == 1, self.cases.p[:, 1], self.cases.group, self.cases.seeds)
        return self.jackknife(metric, of, value)

    def jackknife(self, metric: Metric, of: int | Average | None, value: float) -> intervals.Interval:
        """Return Student's interval; where a ranking has no error, the jackknife cannot tell and Wilson's is taken."""
        spread = self.spread[figures.name(metric, of)]
        if metric.better == "lower":
            return intervals.on_log_scale(value, spread)
        if value in (0, 1):
            return intervals.smallest_class(value, self.cases.y, self.cases.group)
        return intervals.on_logit_scale(value, spread)

    def bins(self, metric: Metric, of: int | Average | None, value: float) -> intervals.Interval:
        """Return the interval of the calibration error."""
        return calibration_interval(self.cases, self.seed)

    def _why(self, metric: Metric, of: int | Average | None = None) -> str:
        if metric.undefined and isinstance(of, int):
            return metric.undefined.format(name=self.classes[of])
        return self._of_set()

    def _of_set(self) -> str:
        return absent(self.cases, self.classes) or "every case was predicted as the same class"

    def minus(self, other: "Measured", metric: Metric) -> Value:
        """Return a number of the whole set minus that of another set or decision rule.

        The interval of two sets is made of that of each. Two rules on one set have the same draws, where they were
        made with the same seed, and a metric of predicted classes has the interval of the differences of these.
        """
        own, others = self.number(metric), other.number(metric)
        value = self.value[metric.key] - other.value[metric.key]
        for number in (own, others):
            if "why" in number:
                return undefined(str(number["why"]), value if np.isfinite(value) else None)
        if self.cases is other.cases:
            ends = intervals.percentiles(self.draws[metric.key] - other.draws[metric.key])
            of_seeds = self.of_seeds[metric.key] - other.of_seeds[metric.key]
            return number_of(value, (*ends, "Bayesian bootstrap"), of_seeds, (-1.0, 1.0))
        low, high, way = intervals.newcombe(*_parts(own), *_parts(others))
        return {"value": value, "low": low, "high": high, "interval": way}


INTERVALS: Mapping[str, Callable[[Measured, Metric, int | Average | None, float], intervals.Interval]] = {
    "proportion": Measured.proportion,
    "posterior": Measured.posterior,
    "delong": Measured.delong,
    "jackknife": Measured.jackknife,
    "bins": Measured.bins,
}


def _area(positive: Flags, score: Floats) -> float:
    return float(ranking.area(np.ones((1, len(score))), positive, score)[0])


def _parts(number: Value) -> tuple[float, tuple[float, float]]:
    value, low, high = (float(number[key] or 0) for key in ("value", "low", "high"))
    return value, (low, high)
