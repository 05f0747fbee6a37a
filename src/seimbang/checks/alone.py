"""How well each column of a table tells the classes by itself: the AUC of its values, or of a small tree on them."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

SCREENED = 2_000
"""Cases on which a column is tried first."""

WIDE = 200
"""Of a table with more columns only those are cross-validated that the first trial does not rule out."""

FEWEST = 5
"""Patients of a class whose values may separate from the others' by chance: with 5 of 20, one column in 8,000."""

_FOLDS, _LEAVES = 5, 32


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
    columns = list(range(X.shape[1]))
    if X.shape[1] > WIDE:
        columns = [k for k in columns if _fit(X[:, [k]], y) >= least]
    scores = {k: (cross_validated(X[:, [k]], y, patients), _ranked(X[:, k], y, patients)) for k in columns}
    return {k: max(tree, ranked) for k, (tree, ranked) in scores.items() if tree is not None}


def cross_validated(values: npt.NDArray[np.floating], y: Labels, patients: npt.NDArray[np.str_]) -> float | None:
    """Return the AUC of a tree on patients that it is not grown on, None where a class has fewer than two."""
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

    fewest = min(len(np.unique(patients[y == label])) for label in np.unique(y))
    if fewest < 2:
        return None
    folds = StratifiedGroupKFold(min(_FOLDS, fewest), shuffle=True, random_state=0)
    return _auc(y, cross_val_predict(_tree(), values, y, groups=patients, cv=folds, method="predict_proba"))


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
    """Return the AUC of a tree on the cases that it is grown on, some of them where there are many."""
    chosen = np.random.RandomState(0).permutation(len(y))[:SCREENED]
    return _auc(y[chosen], _tree().fit(values[chosen], y[chosen]).predict_proba(values[chosen]))


def _auc(y: Labels, probabilities: Floats) -> float:
    """Return the smallest AUC of a class against the others."""
    from sklearn.metrics import roc_auc_score

    return min(float(roc_auc_score(y == label, probabilities[:, k])) for k, label in enumerate(np.unique(y)))


def _tree() -> Any:
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(max_leaf_nodes=_LEAVES, class_weight="balanced", random_state=0)
