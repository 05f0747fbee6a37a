"""The numbers of one decision rule on one set, each with its 95 % interval or the reason why there is none."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from seimbang.evaluation import figures, intervals, ranking, seeds
from seimbang.evaluation.calibration import calibration
from seimbang.evaluation.figures import AVERAGES, Average
from seimbang.evaluation.metric import Metric
from seimbang.evaluation.metrics import Weighted
from seimbang.evaluation.predictions import Floats, Ints, Scored

Value = dict[str, float | str | None]
Flags = npt.NDArray[np.bool_]
Curve = list[list[float]]


class Measured:
    """One decision rule on one set."""

    def __init__(self, cases: Scored, predicted: Ints, classes: Sequence[str], resamples: int, seed: int) -> None:
        self.cases, self.predicted, self.classes = cases, predicted, classes
        self.resamples, self.seed = resamples, seed
        whole = self._weighted(np.ones((1, len(cases.y))))
        self.matrix = whole.matrix[0] / cases.seeds
        self.value = {name: float(row[0]) for name, row in figures.values(whole).items()}
        self.draws = intervals.resample(cases, self._statistics, resamples, seed)
        self.left_out = intervals.jackknife(cases, self._statistics)
        of_seeds = [figures.values(each) for each in whole.of_each_seed()]
        self.of_seeds = {name: np.concatenate([values[name] for values in of_seeds]) for name in self.value}

    def decided(self, predicted: Ints) -> "Measured":
        """Return the same set by another decision rule, with the same draws."""
        return Measured(self.cases, predicted, self.classes, self.resamples, self.seed)

    def _weighted(self, w: Floats) -> Weighted:
        return Weighted(w, self.cases.y, self.cases.p, self.predicted, self.cases.seeds)

    def _statistics(self, w: Floats) -> dict[str, Floats]:
        return figures.values(self._weighted(w))

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
            return {"auc": _undefined(self._absent()), "curve": [], "precision_recall": []}
        seeds = self.cases.seeds
        areas = np.array([_area(*part) for part in zip(np.split(positive, seeds), np.split(score, seeds), strict=True)])
        low, high, way = intervals.delong(positive, score, self.cases.group, seeds)
        return {
            "auc": _number(float(areas.mean()), (low, high, way), areas),
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
            return _undefined(self._why(metric, of))
        low, high, way = INTERVALS["bca" if of in AVERAGES else metric.interval](self, metric, of, value)
        of_seeds = self.of_seeds[figures.name(metric, of)]
        return _number(value, (min(low, value), max(high, value), way), of_seeds, metric.limits)

    def proportion(self, metric: Metric, of: int | Average | None, value: float) -> intervals.Interval:
        """Return Wilson's interval of a share of cases."""
        if metric.share is None:
            raise TypeError(f"the interval of {metric} needs its share")
        counted, hit = metric.share(self.cases.y, self.predicted, of if isinstance(of, int) else 0)
        return intervals.proportion(hit[counted], self.cases.group[counted])

    def delong(self, metric: Metric, of: int | Average | None, value: float) -> intervals.Interval:
        """Return DeLong's interval of the AUC of two classes; of more, that of the bootstrap."""
        y, group = self.cases.y, self.cases.group
        if len(self.classes) == 2:
            return intervals.delong(y == 1, self.cases.p[:, 1], group, self.cases.seeds)
        return intervals.smallest_class(value, y, group) if value == 1 else self.bca(metric, of, value)

    def bca(self, metric: Metric, of: int | Average | None, value: float) -> intervals.Interval:
        """Return the bootstrap's interval; where no case is wrong, resampling cannot tell and Wilson's is taken."""
        if metric.better == "higher" and (self.predicted == self.cases.y).all():
            return intervals.smallest_class(value, self.cases.y, self.cases.group)
        name = figures.name(metric, of)
        return (*intervals.bca(value, self.draws[name], self.left_out[name]), "BCa bootstrap")

    def _why(self, metric: Metric, of: int | Average | None = None) -> str:
        if metric.undefined and isinstance(of, int):
            return metric.undefined.format(name=self.classes[of])
        return self._of_set()

    def _of_set(self) -> str:
        return self._absent() or "every case was predicted as the same class"

    def _absent(self) -> str:
        absent = [name for k, name in enumerate(self.classes) if not (self.cases.y == k).any()]
        return f"the set has no case of {', '.join(absent)}" if absent else ""

    def minus(self, other: "Measured", metric: str) -> Value:
        """Return a number of the whole set minus that of another set or decision rule.

        The interval is that of the differences of their draws: those of two sets are independent; two rules on one
        set have the same draws, where they were made with the same seed.
        """
        value, draws = self.value[metric] - other.value[metric], self.draws[metric] - other.draws[metric]
        draws = draws[np.isfinite(draws)]
        if not np.isfinite(value) or not len(draws):
            return _undefined((other if np.isfinite(self.value[metric]) else self)._of_set())
        low, high = np.quantile(draws, [0.025, 0.975])
        of_seeds = self.of_seeds[metric] - other.of_seeds[metric]  # the same models on both sides
        return _number(value, (float(low), float(high), "percentile bootstrap"), of_seeds, (-np.inf, np.inf))


INTERVALS: Mapping[str, Callable[[Measured, Metric, int | Average | None, float], intervals.Interval]] = {
    "proportion": Measured.proportion,
    "delong": Measured.delong,
    "bca": Measured.bca,
}


def _number(
    value: float, interval: intervals.Interval, of_seeds: Floats, limits: tuple[float, float] = (0.0, 1.0)
) -> Value:
    """Return a number with its interval over patients, widened where there are several seeds."""
    low, high, way = interval
    if len(of_seeds) == 1:
        return {"value": value, "low": low, "high": high, "interval": way}
    low, high, share = seeds.widened(value, low, high, seeds.spread(of_seeds), limits)
    return {"value": value, "low": low, "high": high, "interval": f"{way}, and seeds", "of_seeds": share}


def _area(positive: Flags, score: Floats) -> float:
    return float(ranking.area(np.ones((1, len(score))), positive, score)[0])


def _undefined(why: str) -> Value:
    return {"value": None, "low": None, "high": None, "interval": "", "why": why}
