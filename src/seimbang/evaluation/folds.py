"""The figures of each fold by itself, as publications report them: their mean and their spread."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from seimbang.evaluation import figures, threshold
from seimbang.evaluation.metrics import Weighted
from seimbang.evaluation.predictions import Floats, Ints


@dataclass(frozen=True)
class Folds:
    """The test parts of all folds of all repeats.

    Attributes:
        names: Names of the folds, sorted.
        n: Test cases of each, shape ``(J,)``.
        values: Each of ``figures.over_folds``, shape ``(J,)``, over the seeds; NaN where the fold lacks a class that
            the metric needs.
        share: The same of the metrics by which arms are tested, but as the fold's part of the pooled figure, times the
            number of folds: their mean is the mean of the repeats' pooled figures, and no fold lacks it.
        ratio: Test cases a training case; NaN where the predictions hold no training part.
        repeats: How often each case was tested.
    """

    names: list[str]
    n: Ints
    values: dict[str, Floats]
    share: dict[str, Floats]
    ratio: float
    repeats: int

    def table(self) -> dict[str, Any]:
        """Return the folds as ``metrics.json`` holds them; mean and sd are of the folds that have the figure."""
        rows = [
            {"fold": name, "n": int(n)} | {metric: _plain(values[k]) for metric, values in self.values.items()}
            for k, (name, n) in enumerate(zip(self.names, self.n, strict=True))
        ]
        known = {metric: values[np.isfinite(values)] for metric, values in self.values.items()}
        return {
            "each": rows,
            "measured": {metric: len(values) for metric, values in known.items()},
            "mean": {metric: float(values.mean()) if len(values) else None for metric, values in known.items()},
            "sd": {metric: float(values.std(ddof=1)) if len(values) > 1 else None for metric, values in known.items()},
        }


def measure(table: pd.DataFrame, classes: Sequence[str], tuned: bool) -> Folds:
    """Measure the test part of each fold.

    Args:
        table: What ``predictions.checked`` returns.
        classes: Class names; the positive one of two is the last.
        tuned: Whether the arm answers by the threshold of each fold.
    """
    test = table[table.set == "test"]
    if test.empty:
        return Folds([], np.zeros(0, np.int64), {}, {}, np.nan, 1)
    test = test.sort_values("seed", kind="stable")
    names, fold = np.unique(test.fold.fillna("").astype(str), return_inverse=True)
    y = pd.Categorical(test.label, categories=list(classes)).codes.astype(np.int64)
    p = test[[f"p_{name}" for name in classes]].to_numpy(np.float64)
    decided = threshold.decide_by_training(table, classes) if tuned else None
    predicted = threshold.decide(p) if decided is None else decided[test.index]
    seeds = test.seed.nunique()
    numbers = figures.values(Weighted(np.eye(len(names))[:, fold], y, p, predicted, seeds))
    values = {key: numbers[name] for key, name in figures.over_folds(len(classes)).items()}
    right = (predicted == y).astype(np.float64)
    train, repeats = int((table.set == "train").sum()), len(test) / test.case_id.nunique() / seeds
    return Folds(
        names.tolist(),
        np.bincount(fold, minlength=len(names)) // seeds,
        values,
        {metric.key: metric.sign * _share(right, metric.part(y), fold) for metric in figures.exchanged(len(classes))},
        len(test) / train if train else np.nan,
        int(repeats) if repeats.is_integer() and len(names) % repeats == 0 else 1,
    )


def _share(right: Floats, part: Ints, fold: Ints) -> Floats:
    """Return each fold's part of the mean over the parts of the share that is right, times the number of folds."""
    counts, folds = np.bincount(part), int(fold.max()) + 1
    return np.asarray(np.bincount(fold, right / (counts[part] * (counts > 0).sum())) * folds, np.float64)


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
