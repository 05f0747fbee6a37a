"""What the page and the report say of a table's model: the training rows to compare with, and which columns matter."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from seimbang.datasets.base import Dataset
from seimbang.datasets.prepare import TablePreparer
from seimbang.evaluation.threshold import decide
from seimbang.imaging.base import ImageSettings
from seimbang.record.arm import Importance, Package
from seimbang.record.arrays import pack
from seimbang.record.base import dump
from seimbang.record.folder import Files
from seimbang.runs.model_input import ModelInput
from seimbang.runs.stages import Result
from seimbang.splits.base import Fold, Rows
from seimbang.training.base import Classifier, Shape

NEIGHBOURS, IMPORTANCE = "neighbours.npz", "importance.json"
REPEATS = 10
MOST = 20_000
"""Rows used of a long table, evenly spread over it."""


def table_files(
    cases: Dataset,
    model_input: ModelInput,
    image: ImageSettings,
    shape: Shape,
    package: Package,
    closed: bool,
    results: Sequence[Result],
) -> Files:
    """Return the training rows to compare a new one with, and how much each column matters; images have neither.

    Both are of the first fold, whose model the page predicts with: its training rows as the model sees them, with their
    labels and ids, and the permutation importance of each column on its test rows.
    """
    preparer = model_input.preparer
    if preparer is None:
        return {}
    job, classifier = results[0].job, results[0].classifier(shape, len(package.classes), image)
    threshold = package.threshold if package.decides == "tuned" else None
    test, rng = _spread(job.fold.test), np.random.default_rng(job.plan.training.seed)
    shown = len(test) and not closed
    rows = importance(classifier, preparer, cases.X[test], cases.cases.y[test], threshold, rng) if shown else []
    return {NEIGHBOURS: _neighbours(cases, job.fold, preparer), IMPORTANCE: dump(rows)}


def _neighbours(cases: Dataset, fold: Fold, preparer: TablePreparer) -> bytes:
    train = _spread(fold.train)
    labels, ids = (cases.cases.frame[name].to_numpy(str)[train] for name in ("label", "case_id"))
    return pack({"rows": preparer.transform(cases.X[train]), "labels": labels, "ids": ids})


def _spread(rows: Rows) -> Rows:
    return rows if len(rows) <= MOST else rows[np.linspace(0, len(rows) - 1, MOST).astype(int)]


def importance(
    model: Classifier,
    preparer: TablePreparer,
    X: npt.NDArray[np.float32],
    y: Rows,
    threshold: float | None,
    rng: np.random.Generator,
) -> list[Importance]:
    """Return how much balanced accuracy is lost when the values of one column are permuted among the rows.

    Source: Breiman, Random Forests, Machine Learning 45 (2001).

    Args:
        model: Of prepared rows.
        preparer: What prepares them; a category is permuted as a whole.
        X: Rows that the model was not trained on, ``(n, f)``.
        y: Their labels.
        threshold: Probability from which on a row is of the second class; None takes the most probable class.
        rng: Source of the orders.

    Returns:
        For each column the mean and the standard deviation over ten orders.
    """

    def reached(rows: npt.NDArray[np.float32]) -> float:
        predicted = decide(model.probabilities(preparer.transform(rows)), threshold)
        return float(np.mean([(predicted[y == label] == label).mean() for label in np.unique(y)]))

    def without(k: int) -> float:
        shuffled = X.copy()
        shuffled[:, k] = rng.permutation(X[:, k])
        return reached(shuffled)

    before = reached(X)
    drops = np.array([[before - without(k) for _ in range(REPEATS)] for k in range(X.shape[1])])
    return [
        Importance(column=column.name, drop=float(own.mean()), sd=float(own.std(ddof=1)))
        for column, own in zip(preparer.columns, drops, strict=True)
    ]
