"""Columns of a table that give the class away: copies of it, what tells it alone, and running numbers."""

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from seimbang.checks.base import CheckResult, merge
from seimbang.checks.evidence import Evidence
from seimbang.datasets.base import Column
from seimbang.datasets.roles import CASES, PATIENTS, known_as

TELLS = 0.98
"""Balanced accuracy of one column from which on it is named. The best column of scikit-learn's iris has 0.96."""

ORDERED = 0.9
"""Balanced accuracy of the names of the cases from which on they are named."""

MIN_CASES = 8
"""With fewer cases in a class, one column may tell it by chance."""

SCREENED = 2_000
"""Cases on which a column is tried first."""

_FOLDS, _LEAVES = 5, 32
Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


def copies(evidence: Evidence) -> CheckResult | None:
    """Columns each of whose levels stands for one class, and each class for one level; a gap is a level too."""
    return merge(_copy(evidence, k) for k in _columns(evidence))


def proxies(evidence: Evidence) -> CheckResult | None:
    """Columns that tell the classes apart by themselves, tested by patient, and are no copies."""
    return merge(_proxy(evidence, k) for k in _columns(evidence) if not _numbers_cases(evidence, k))


def running_numbers(evidence: Evidence) -> CheckResult | None:
    """Columns among the features that number the cases or name the patients."""
    return merge(_running_number(evidence, k) for k in _columns(evidence))


def case_names(evidence: Evidence) -> CheckResult | None:
    """Names of cases, or the order of their rows, that tell the classes apart, tested by patient."""
    if evidence.data.kind != "table" or not _enough(evidence):
        return None
    rows, ids = evidence.development, evidence.cases.frame.case_id.to_numpy()
    values = _of_names([str(ids[row]) for row in rows])
    score = _score(values, evidence.cases.y[rows], evidence.cases.groups[rows])
    if score < ORDERED:
        return None
    what = "The order of the rows" if all(str(ids[row]).startswith("row ") for row in rows) else "The name of a case"
    sentence = (
        f"{what} tells its class with a balanced accuracy of {score:.2f}. The models do not see it, but whatever "
        "follows it, such as a date or a batch, tells the class too."
    )
    return CheckResult(sentence, (), len(rows))


def _columns(evidence: Evidence) -> range:
    return range(len(evidence.data.columns)) if evidence.data.kind == "table" and _enough(evidence) else range(0)


def _enough(evidence: Evidence) -> bool:
    counts = np.bincount(evidence.cases.y[evidence.development], minlength=len(evidence.cases.classes))
    return bool((counts > 0).sum() > 1 and counts[counts > 0].min() >= MIN_CASES)


def _seen(evidence: Evidence, k: int) -> tuple[Column, Floats, Labels]:
    """Return a column, its values and the classes of the cases that are not for testing."""
    rows = evidence.development
    return evidence.data.columns[k], evidence.data.X[rows, k].astype(np.float64), evidence.cases.y[rows]


def _copy(evidence: Evidence, k: int) -> CheckResult | None:
    column, values, y = _seen(evidence, k)
    levels, codes = np.unique(values, return_inverse=True, equal_nan=True)
    if len(levels) != len(np.unique(y)) or len(set(zip(codes.tolist(), y.tolist(), strict=True))) != len(levels):
        return None
    names = [evidence.cases.classes[y[codes == code][0]] for code in range(len(levels))]
    pairs = [f"{_level(column, level)} is {name}" for level, name in zip(levels, names, strict=True)]
    sentence = f"The column {column.name} is the class under another name ({', '.join(pairs)}): leave it out."
    return CheckResult(sentence, (), 1)


def _level(column: Column, value: float) -> str:
    if np.isnan(value):
        return "(missing)"
    return column.categories[int(value)] if column.kind == "category" else f"{value:g}"


def _proxy(evidence: Evidence, k: int) -> CheckResult | None:
    column, values, y = _seen(evidence, k)
    if _copy(evidence, k) or _fit(values[:, None], y) < TELLS:
        return None
    score = _score(values[:, None], y, evidence.cases.groups[evidence.development])
    if score < TELLS:
        return None
    gap = _fit(np.isnan(values)[:, None].astype(np.float64), y) >= TELLS
    how = "by whether it has a value" if gap else "by its values"
    sentence = (
        f"The column {column.name} alone tells the classes apart, {how} (balanced accuracy {score:.2f} by patient): "
        "was it made from the class, or known only after it? Leave it out then."
    )
    return CheckResult(sentence, (), 1)


def _running_number(evidence: Evidence, k: int) -> CheckResult | None:
    if not _numbers_cases(evidence, k):
        return None
    column, values, y = _seen(evidence, k)
    score, chance = _score(values[:, None], y, evidence.cases.groups[evidence.development]), 1 / len(np.unique(y))
    sentence = (
        f"The column {column.name} numbers the cases or patients, and tells the class with a balanced accuracy of "
        f"{score:.2f} ({chance:.2f} is chance): it does not describe a case, leave it out."
    )
    return CheckResult(sentence, (), 1)


def _numbers_cases(evidence: Evidence, k: int) -> bool:
    """Tell whether a column is called as a number of cases or patients and has many, or counts on with the rows."""
    column, values, _ = _seen(evidence, k)
    if column.kind != "number" or np.isnan(values).any() or (values != np.round(values)).any():
        return False
    named = bool(known_as([column.name], (*CASES, *PATIENTS)))
    return _in_order(values) or (named and len(np.unique(values)) > len(values) / 3)


def _in_order(values: Floats) -> bool:
    """Tell whether numbers rise, or fall, with the rows, by one mostly."""
    steps = np.diff(values)
    return bool(((steps > 0).all() or (steps < 0).all()) and np.ptp(values) < 2 * len(values))


def _of_names(ids: list[str]) -> Floats:
    """Return what names of cases say: the text before their last number, as a code, and that number; ``(n, 2)``."""
    parts = [re.fullmatch(r"(.*?)(\d*)\D*", name, re.S) for name in ids]
    texts = pd.factorize(np.array([part[1] if part else "" for part in parts], object), sort=True)[0]
    numbers = [float(part[2] or -1) if part else -1.0 for part in parts]
    return np.stack([texts.astype(np.float64), np.array(numbers)], axis=1)


def _fit(values: Floats, y: Labels) -> float:
    """Return the balanced accuracy of a tree on the cases that it is grown on, some of them where there are many."""
    from sklearn.metrics import balanced_accuracy_score

    chosen = np.random.RandomState(0).permutation(len(y))[:SCREENED]
    return float(balanced_accuracy_score(y[chosen], _tree().fit(values[chosen], y[chosen]).predict(values[chosen])))


def _score(values: Floats, y: Labels, patients: npt.NDArray[np.str_]) -> float:
    """Return the balanced accuracy of a tree on patients that it is not grown on."""
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

    fewest = min(len(np.unique(patients[y == label])) for label in np.unique(y))
    if fewest < 2:
        return 0.0
    folds = StratifiedGroupKFold(min(_FOLDS, fewest), shuffle=True, random_state=0)
    predicted = cross_val_predict(_tree(), values, y, groups=patients, cv=folds)
    return float(balanced_accuracy_score(y, predicted))


def _tree() -> Any:
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(max_leaf_nodes=_LEAVES, class_weight="balanced", random_state=0)
