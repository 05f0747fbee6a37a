"""``predictions.csv``: the one table that every number is computed from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from seimbang.errors import IntegrityError
from seimbang.evaluation import threshold

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
KEYS = ("case_id", "group", "fold", "set", "label")


@dataclass(frozen=True)
class Scored:
    """The cases of one set.

    Attributes:
        y: True classes as positions, shape ``(n,)``.
        p: Probabilities, shape ``(n, classes)``; the mean over folds where a case was predicted in several.
        group: Number of the patient of each case, shape ``(n,)``; a case without a patient is its own.
        tuned: Classes called by the thresholds chosen on validation, shape ``(n,)``: where a case was predicted in
            several folds, by most of them, ties for the positive class. None where there are no thresholds.
    """

    y: Ints
    p: Floats
    group: Ints
    tuned: Ints | None = None

    @property
    def groups(self) -> int:
        """Number of patients."""
        return int(self.group.max()) + 1


def read(arm: Path) -> pd.DataFrame:
    """Return ``predictions.csv`` of an arm's folder; fold 1.10 is not 1.1 and a class None is one: keys stay text."""
    return pd.read_csv(arm / "predictions.csv", dtype=dict.fromkeys(KEYS, str), keep_default_na=False)


def scored(predictions: pd.DataFrame, classes: Sequence[str]) -> dict[str, Scored]:
    """Check the table and return its sets by name.

    Args:
        predictions: Columns ``case_id, group, fold, set, label`` and ``p_<class>`` for each class.
        classes: Class names; the positive one of two is the last.

    Raises:
        IntegrityError: PREDICTIONS_COLUMNS, PREDICTIONS_VALUES or PREDICTIONS_DUPLICATE.
    """
    columns = [f"p_{name}" for name in classes]
    missing = [name for name in (*KEYS, *columns) if name not in predictions]
    if missing:
        raise _damaged("COLUMNS", f"no column {', '.join(missing)}", f"the columns {', '.join((*KEYS, *columns))}")
    if predictions.empty:
        raise _damaged("VALUES", "no rows", "one row a case, fold and set")
    p = predictions[columns].apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    wrong = ~(np.isfinite(p).all(1) & (p >= 0).all(1) & (np.abs(p.sum(1) - 1) < 1e-3))
    wrong |= ~predictions.label.isin(list(classes)).to_numpy()
    if wrong.any():
        case = predictions.case_id.iloc[int(wrong.argmax())]
        raise _damaged(
            "VALUES", f"{wrong.sum()} bad row(s), such as {case!r}", "known labels, probabilities that sum to 1"
        )
    twice = predictions.duplicated(["case_id", "fold", "set"])
    if twice.any():
        case = predictions.case_id.iloc[int(twice.to_numpy().argmax())]
        raise _damaged("DUPLICATE", f"{case!r} twice in one fold and set", "one row a case, fold and set")
    cuts = threshold.by_fold(predictions, classes)
    called = predictions[columns[-1]] >= predictions.fold.map(cuts) if cuts else np.nan
    voted = predictions.assign(group=predictions.group.fillna("").astype(str), tuned=called)
    return {str(name): _set(rows, columns, classes) for name, rows in voted.groupby("set", sort=False)}


def _set(rows: pd.DataFrame, columns: list[str], classes: Sequence[str]) -> Scored:
    facts = rows.groupby("case_id", sort=True)
    first = facts[["label", "group"]].first()
    p = facts[columns].mean().to_numpy(np.float64)
    patient = np.where(first.group != "", first.group, "case:" + first.index.astype(str))
    y = pd.Categorical(first.label, categories=list(classes)).codes.astype(np.int64)
    votes = facts["tuned"].mean().to_numpy(np.float64)
    tuned = None if np.isnan(votes).any() else (votes >= 0.5).astype(np.int64)
    p = np.round(p / p.sum(1, keepdims=True), 12)  # what is equal but for the last bit is a tie
    return Scored(y, p, np.unique(patient, return_inverse=True)[1].astype(np.int64), tuned)


def _damaged(kind: str, found: str, expected: str) -> IntegrityError:
    return IntegrityError(f"PREDICTIONS_{kind}", found, expected, "run the study again; do not edit predictions.csv")
