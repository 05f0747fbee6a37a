"""Columns of a table that give the class away: copies of it, what tells it alone, and running numbers."""

import re

import numpy as np
import pandas as pd

from seimbang.checks.alone import Floats, Labels, cross_validated
from seimbang.checks.base import CheckResult, merge
from seimbang.checks.evidence import Evidence
from seimbang.datasets.base import Column
from seimbang.datasets.counters import counts_cases

TELLS = 0.99
"""AUC of one column from which on it tells the class by itself; of several classes, that of the one it tells worst. The
best column of scikit-learn's breast cancer data has 0.98."""

NEARLY = 0.95
"""The same of a column with no more values than there are classes: a copy of the class with slips in it."""

ORDERED = 0.9
"""AUC of the names of the cases from which on they are named."""

LISTED = 5
"""So many columns are listed with their AUC."""

MIN_CASES = 8
"""With fewer cases in a class, one column may tell it by chance."""


def copies(evidence: Evidence) -> CheckResult | None:
    """Columns each of whose levels stands for one class, and each class for one level; a gap is a level too."""
    return merge(_copy(evidence, k) for k in _columns(evidence) if not _meant(evidence, k))


def proxies(evidence: Evidence) -> CheckResult | None:
    """Columns that tell the classes apart by themselves, tested by patient, and are no copies."""
    return merge(_proxy(evidence, k) for k in _columns(evidence) if not _meant(evidence, k))


def meant(evidence: Evidence) -> CheckResult | None:
    """Columns that tell the classes apart by themselves and may, as the study says."""
    names = [evidence.data.columns[k].name for k in _columns(evidence) if _meant(evidence, k) and _tells(evidence, k)]
    if not names:
        return None
    sentence = f"The study says that {', '.join(names)} may tell the classes apart alone: known before the diagnosis."
    return CheckResult(sentence, (), len(names))


def alone(evidence: Evidence) -> CheckResult | None:
    """How well the best columns tell the classes apart, each by itself."""
    if not _columns(evidence) or not evidence.column_aucs:
        return None
    best = sorted(evidence.column_aucs.items(), key=lambda item: -item[1])[:LISTED]
    listing = ", ".join(f"{evidence.data.columns[k].name} {auc:.2f}" for k, auc in best)
    of = ", for the class that it tells worst" if len(evidence.cases.classes) > 2 else ""
    return CheckResult(f"The columns that tell the classes apart best by themselves (AUC by patient{of}): {listing}.")


def running_numbers(evidence: Evidence) -> CheckResult | None:
    """Columns among the features that number the cases or name the patients."""
    return merge(_running_number(evidence, k) for k in _columns(evidence))


def different(evidence: Evidence) -> CheckResult | None:
    """Columns with another whole number for each case that do not look like numbers of cases otherwise."""
    names = [
        column.name
        for k, column in ((k, evidence.data.columns[k]) for k in _columns(evidence))
        if column.kind == "number" and _all_different(_seen(evidence, k)[1]) and not _numbers_cases(evidence, k)
    ]
    if not names:
        return None
    listing = ", ".join(names)
    sentence = f"Each case has another whole number in {listing}: leave out of data.features what only names the cases."
    return CheckResult(sentence, (), len(names))


def case_names(evidence: Evidence) -> CheckResult | None:
    """Names of cases, or the order of their rows, that tell the classes apart, tested by patient."""
    if evidence.data.kind != "table" or not _enough(evidence):
        return None
    rows, ids = evidence.development, evidence.cases.frame.case_id.to_numpy()
    values = _of_names([str(ids[row]) for row in rows])
    score = cross_validated(values, evidence.cases.y[rows], evidence.cases.groups[rows])
    if score < ORDERED:
        return None
    what = "The order of the rows" if all(str(ids[row]).startswith("row ") for row in rows) else "The name of a case"
    sentence = (
        f"{what} tells its class with an AUC of {score:.2f}. The models do not see it, but whatever "
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


def _meant(evidence: Evidence, k: int) -> bool:
    return evidence.data.columns[k].name in evidence.data.meant


def _tells(evidence: Evidence, k: int) -> bool:
    """Tell whether a column tells the classes apart; one with few levels, as a copy with slips has, nearly."""
    _, values, y = _seen(evidence, k)
    few = len(np.unique(values[~np.isnan(values)])) <= len(np.unique(y))
    return evidence.column_aucs.get(k, 0.0) >= (NEARLY if few else TELLS)


def _proxy(evidence: Evidence, k: int) -> CheckResult | None:
    column, values, y = _seen(evidence, k)
    if not _tells(evidence, k) or _copy(evidence, k):
        return None
    gaps = np.isnan(values)[:, None].astype(np.float64)
    gap = cross_validated(gaps, y, evidence.cases.groups[evidence.development])
    how = "by whether it has a value" if gap >= NEARLY else "by its values"
    sentence = (
        f"The column {column.name} alone tells the classes apart, {how} (AUC {evidence.column_aucs[k]:.2f} by patient)"
        ": was it made from the class, or known only after it? Leave it out then; otherwise data.meant may name it."
    )
    return CheckResult(sentence, (), 1)


def _running_number(evidence: Evidence, k: int) -> CheckResult | None:
    if not _numbers_cases(evidence, k):
        return None
    name, auc = evidence.data.columns[k].name, evidence.column_aucs.get(k, 0.5)
    sentence = (
        f"The column {name} numbers the cases or patients, and tells the class with an AUC of {auc:.2f} (0.50 is "
        "chance): it does not describe a case, leave it out."
    )
    return CheckResult(sentence, (), 1)


def _numbers_cases(evidence: Evidence, k: int) -> bool:
    column, values, _ = _seen(evidence, k)
    return column.kind == "number" and counts_cases(column.name, values)


def _all_different(values: Floats) -> bool:
    """Tell whether each case has a whole number of its own."""
    return bool((values == np.round(values)).all()) and len(np.unique(values)) == len(values)


def _of_names(ids: list[str]) -> Floats:
    """Return what names of cases say: the text before their last number, as a code, and that number; ``(n, 2)``."""
    parts = [re.fullmatch(r"(.*?)(\d*)\D*", name, re.S) for name in ids]
    texts = pd.factorize(np.array([part[1] if part else "" for part in parts], object), sort=True)[0]
    numbers = [float(part[2] or -1) if part else -1.0 for part in parts]
    return np.stack([texts.astype(np.float64), np.array(numbers)], axis=1)
