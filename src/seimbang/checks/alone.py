"""How well each column of a table tells the classes by itself: the AUC of its values, or of a small tree on them."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from seimbang.splits.base import grouped_folds

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

TRIED = 2_000
"""Cases of each class on which columns are tried."""

WIDE = 200
"""Of a table with more columns only those are cross-validated that the first trial does not rule out."""

FEWEST = 5
"""Patients of a class whose values may separate from the others' by chance: with 5 of 20, one column in 8,000."""

_FOLDS, _LEAVES, _FEW_LEAVES = 5, 32, 4


def aucs(X: npt.NDArray[np.floating], y: Labels, patients: npt.NDArray[np.str_], least: float) -> dict[int, float]:
    """Return the AUC of columns by themselves; of several classes that of the one told worst.

    It is the better of that of the values, one mean a patient, and that of a tree cross-validated by patient, which
    finds intervals and gaps too, but errs on cases at a border.

    Args:
        X: Columns, shape ``(n, f)``, NaN where a value is missing.
        y: Classes, shape ``(n,)``.
        patients: Shape ``(n,)``.
        least: An AUC below this does not matter in a wide table.

    Returns:
        By position of the column; nothing where a class has fewer than two patients.
    """
    rows = some(y)
    X, y, patients = X[rows], y[rows], patients[rows]
    columns, folds = list(range(X.shape[1])), _folds(y, patients)
    if X.shape[1] > WIDE:
        columns = [k for k in columns if _fit(X[:, [k]], y) >= least]
    if folds is None:
        return {}
    return {k: max(_predicted(X[:, [k]], y, folds), _ranked(X[:, k], y, patients)) for k in columns}


def some(y: Labels) -> Labels:
    """Return rows that are tried, in their order: at most ``TRIED`` of each class."""
    shuffled = np.random.RandomState(0).permutation(len(y))
    return np.sort(np.concatenate([shuffled[y[shuffled] == label][:TRIED] for label in np.unique(y)]))


def cross_validated(values: npt.NDArray[np.floating], y: Labels, patients: npt.NDArray[np.str_]) -> float:
    """Return the AUC of a tree on patients that it is not grown on; 0 where a class has fewer than two."""
    rows = some(y)
    folds = _folds(y[rows], patients[rows])
    return _predicted(values[rows], y[rows], folds) if folds else 0.0


def _folds(y: Labels, patients: npt.NDArray[np.str_]) -> list[tuple[Labels, Labels]] | None:
    """Return training and test rows of each fold, None where a class has fewer than two patients."""
    fewest = min(len(np.unique(patients[y == label])) for label in np.unique(y))
    return None if fewest < 2 else grouped_folds(y, patients, min(_FOLDS, fewest), 0)


def _predicted(values: npt.NDArray[np.floating], y: Labels, folds: list[tuple[Labels, Labels]]) -> float:
    from sklearn.model_selection import cross_val_predict

    return _auc(y, cross_val_predict(_tree(), values, y, cv=folds, method="predict_proba"))


def _ranked(values: npt.NDArray[np.floating], y: Labels, patients: npt.NDArray[np.str_]) -> float:
    """Return the AUC of the values themselves, high or low; 0 where some are missing or a class has few patients."""
    from sklearn.metrics import roc_auc_score

    means = pd.Series(values.astype(np.float64)).groupby([y, patients]).mean()
    classes = means.index.get_level_values(0).to_numpy()
    if np.isnan(values).any() or np.unique(classes, return_counts=True)[1].min() < FEWEST:
        return 0.0
    ones = [float(roc_auc_score(classes == label, means)) for label in np.unique(y)]
    return min(max(auc, 1 - auc) for auc in ones)


def _fit(values: npt.NDArray[np.floating], y: Labels) -> float:
    """Return the AUC of a tree on the cases that it is grown on, too small a one to tell them by chance."""
    return _auc(y, _tree(_FEW_LEAVES).fit(values, y).predict_proba(values))


def _auc(y: Labels, probabilities: Floats) -> float:
    """Return the smallest AUC of a class against the others."""
    from sklearn.metrics import roc_auc_score

    return min(float(roc_auc_score(y == label, probabilities[:, k])) for k, label in enumerate(np.unique(y)))


def _tree(leaves: int = _LEAVES) -> Any:
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(max_leaf_nodes=leaves, class_weight="balanced", random_state=0)
