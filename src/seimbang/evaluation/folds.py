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
        ratio: Test cases a training case; NaN where the predictions hold no training part.
    """

    names: list[str]
    n: Ints
    values: dict[str, Floats]
    ratio: float

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
        return Folds([], np.zeros(0, np.int64), {}, np.nan)
    test = test.sort_values("seed", kind="stable")
    names, fold = np.unique(test.fold.fillna("").astype(str), return_inverse=True)
    y = pd.Categorical(test.label, categories=list(classes)).codes.astype(np.int64)
    p = test[[f"p_{name}" for name in classes]].to_numpy(np.float64)
    tuned_rows = threshold.decide_by_training(table, classes) if tuned else None
    decided = None if tuned_rows is None else pd.Series(tuned_rows, table.index).loc[test.index].to_numpy(np.int64)
    seeds = test.seed.nunique()
    weights = np.eye(len(names))[:, fold]
    numbers = figures.values(Weighted(weights, y, p, threshold.decide(p) if decided is None else decided, seeds))
    values = {key: numbers[name] for key, name in figures.over_folds(len(classes)).items()}
    train = int((table.set == "train").sum())
    n = np.bincount(fold, minlength=len(names)) // seeds
    return Folds(names.tolist(), n, values, len(test) / train if train else np.nan)


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
