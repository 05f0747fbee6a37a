"""``predictions.csv`` -> ``metrics.json``: numbers with intervals, the tuned threshold, the drop outside."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from seimbang.evaluation import folds, intervals, metrics, threshold
from seimbang.evaluation.predictions import Floats, Ints, Scored, scored

Value = dict[str, float | str | None]
PLAIN = ("accuracy", "balanced_accuracy", "kappa", "mcc", "g_mean", "auc", "average_precision")
PROBABILISTIC = ("log_loss", "brier", "calibration_error")
GAPS = ("accuracy", "balanced_accuracy", "auc")


def evaluate(
    predictions: pd.DataFrame, classes: Sequence[str], seed: int = 0, resamples: int = 1000, tuned: bool = False
) -> dict[str, Any]:
    """Compute everything that is reported of one arm from its predictions alone.

    Args:
        predictions: ``case_id, group, fold, set, label, p_<class>...``; a case predicted in several folds counts once,
            with its mean probabilities.
        classes: Class names; the positive one of two is the last.
        seed: Seed of the bootstrap.
        resamples: Number of bootstrap draws.
        tuned: Whether the arm's own answer is by the threshold chosen on validation; there is then no second reading.

    Returns:
        The content of ``metrics.json``: plain values, None where a number cannot be estimated, with the reason.

    Raises:
        IntegrityError: The table is not what a run writes.
    """
    sets = scored(predictions, classes)
    cuts = threshold.by_fold(predictions, classes)
    measured, draws = {}, {}
    for number, (name, cases) in enumerate(sets.items()):
        likeliest = cases.p.argmax(1)
        own, other = (cases.tuned, None) if tuned and cases.tuned is not None else (likeliest, cases.tuned)
        draws[name] = _Measured(cases, own, classes, resamples, seed + number)
        second = None if other is None else _Measured(cases, other, classes, resamples, seed + number).table()
        measured[name] = {
            "n": len(cases.y),
            "groups": cases.groups,
            "default": draws[name].table(),
            "tuned": second,
        }
    over = folds.measure(predictions, classes, tuned)
    outside = [name for name in draws if name.startswith("external:") and "test" in draws]
    return {
        "classes": list(classes),
        "positive": classes[-1],
        "threshold": _rule(cuts, tuned),
        "sets": measured,
        "folds": {"test": over.table()} if len(over.names) > 1 else {},
        "gaps": {name: {metric: draws[name].minus(draws["test"], metric) for metric in GAPS} for name in outside},
    }


def _rule(cuts: dict[str, float], tuned: bool) -> dict[str, Any]:
    """Say which thresholds were chosen; ``value`` is that of the first fold, whose model is the one to be used."""
    value, rule = (next(iter(cuts.values())), threshold.RULE) if cuts else (None, "none: the likeliest class")
    return {"value": value, "folds": cuts, "rule": rule, "decides": tuned and bool(cuts)}


class _Measured:
    """One decision rule on one set."""

    def __init__(self, cases: Scored, predicted: Ints, classes: Sequence[str], resamples: int, seed: int) -> None:
        self.cases, self.predicted, self.classes = cases, predicted, classes
        ones = np.ones((1, len(cases.y)))
        self.matrix = metrics.confusion(ones, cases.y, predicted, len(classes))[0]
        self.value = {name: float(row[0]) for name, row in self._statistics(ones).items()}
        self.draws = intervals.resample(cases, self._statistics, resamples, seed)
        self.left_out = intervals.jackknife(cases, self._statistics)

    def _statistics(self, w: Floats) -> dict[str, Floats]:
        matrix = metrics.confusion(w, self.cases.y, self.predicted, len(self.classes))
        return metrics.from_confusion(matrix) | metrics.from_probabilities(w, self.cases)

    def table(self) -> dict[str, Any]:
        """Return the numbers as ``metrics.json`` holds them."""
        per_class = {}
        for k, name in enumerate(self.classes):
            numbers = {metric: self.number(f"{metric}.{k}") for metric in ("precision", "recall", "specificity", "f1")}
            per_class[name] = {**numbers, "support": int((self.cases.y == k).sum())}
        averages = {
            kind: {metric: self.number(f"{kind}.{metric}") for metric in ("precision", "recall", "f1")}
            for kind in ("macro", "weighted")
        }
        return {
            "confusion": self.matrix.astype(int).tolist(),
            "metrics": {name: self.number(name) for name in PLAIN + PROBABILISTIC},
            "per_class": per_class,
            **averages,
            "calibration": metrics.calibration(self.cases),
            "roc": metrics.roc(self.cases, 1) if len(self.classes) == 2 else [],
            "one_vs_rest": self._rankings() if len(self.classes) > 2 else {},
        }

    def _rankings(self) -> dict[str, Any]:
        return {name: self._ranking(k) for k, name in enumerate(self.classes)}

    def _ranking(self, k: int) -> dict[str, Any]:
        """Return the ROC curve of one class against the rest, and the area under it."""
        positive, score = self.cases.y == k, self.cases.p[:, k]
        if positive.all() or not positive.any():
            return {"auc": self._unknown("auc"), "curve": []}
        value = float(metrics.auc(np.ones((1, len(score))), positive, score)[0])
        low, high, kind = intervals.delong(positive, score, self.cases.group)
        return {
            "auc": {"value": value, "low": low, "high": high, "interval": kind},
            "curve": metrics.roc(self.cases, k),
        }

    def number(self, name: str) -> Value:
        """Return one number with its interval, or why there is none."""
        value = self.value[name]
        if not np.isfinite(value):
            return self._unknown(name)
        low, high, kind = self._interval(name, value)
        return {"value": value, "low": min(low, value), "high": max(high, value), "interval": kind}

    def _unknown(self, name: str) -> Value:
        return {"value": None, "low": None, "high": None, "interval": "", "why": self._why(name)}

    def _interval(self, name: str, value: float) -> intervals.Interval:
        y, group, metric, _, k = self.cases.y, self.cases.group, *name.partition(".")
        right = self.predicted == y
        if metric == "accuracy":
            return intervals.proportion(right, group)
        if k.isdigit() and metric in {"precision", "recall", "specificity"}:
            is_class, called = y == int(k), self.predicted == int(k)
            among, hit = {
                "precision": (called, is_class),
                "recall": (is_class, called),
                "specificity": (~is_class, ~called),
            }[metric]
            return intervals.proportion(hit[among], group[among])
        if metric == "auc" and len(self.classes) == 2:
            return intervals.delong(y == 1, self.cases.p[:, 1], group)
        if (right.all() and metric not in PROBABILISTIC) or (metric == "auc" and value == 1):
            return intervals.smallest_class(value, y, group)
        return (*intervals.bca(value, self.draws[name], self.left_out[name]), "BCa bootstrap")

    def _why(self, name: str) -> str:
        absent = [self.classes[k] for k in range(len(self.classes)) if not (self.cases.y == k).any()]
        metric, _, k = name.partition(".")
        if metric == "precision" and k.isdigit():
            return f"no case was called {self.classes[int(k)]}"
        return f"the set has no case of {', '.join(absent)}" if absent else "every case was called the same class"

    def minus(self, other: "_Measured", name: str) -> Value:
        """Return this number minus the other set's, with the interval of two independent bootstraps."""
        value = self.value[name] - other.value[name]
        draws = self.draws[name] - other.draws[name]
        draws = draws[np.isfinite(draws)]
        if not np.isfinite(value) or not len(draws):
            why = self._why(name) if not np.isfinite(self.value[name]) else other._why(name)
            return {"value": None, "low": None, "high": None, "interval": "", "why": why}
        low, high = np.quantile(draws, [0.025, 0.975])
        return {"value": value, "low": float(low), "high": float(high), "interval": "percentile bootstrap"}
