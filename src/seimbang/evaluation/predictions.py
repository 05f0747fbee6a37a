"""``predictions.csv``: the one table that every number is computed from."""

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from seimbang.errors import IntegrityError
from seimbang.evaluation import threshold
from seimbang.imaging.files import read_whole

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
KEYS = ("case_id", "group", "fold", "seed", "set", "label")
CASE = ["case_id", "fold", "set"]
MOST = 1 << 36
"""Bytes of a table: some have millions of rows."""
ROW = "row a case, fold, seed and set"


@dataclass(frozen=True)
class Scored:
    """The cases of one set, as predicted by the models of each seed: seed by seed, the cases in the same order.

    With ``s`` seeds and ``n`` cases there are ``m = s n`` rows. All rows of a case are of one patient, so whatever
    draws or exchanges patients treats the seeds of a case together.

    Attributes:
        y: True classes as positions, shape ``(m,)``.
        p: Probabilities, shape ``(m, classes)``; the mean over folds where a case was predicted in several.
        group: Number of the patient of each row, shape ``(m,)``; a case without a patient is its own.
        tuned: Classes predicted by the thresholds chosen on validation, shape ``(m,)``: where a case was predicted in
            several folds, by most of them, ties for the positive class. None where there are no thresholds.
        seeds: Number of seeds, ``s``.
    """

    y: Ints
    p: Floats
    group: Ints
    tuned: Ints | None = None
    seeds: int = 1

    @property
    def n(self) -> int:
        """Number of cases."""
        return len(self.y) // self.seeds

    def repeated(self, times: int) -> "Scored":
        """Return the rows that many times over, as if of that many times the seeds."""
        tuned = None if self.tuned is None else np.tile(self.tuned, times)
        rows = (np.tile(self.y, times), np.tile(self.p, (times, 1)), np.tile(self.group, times))
        return Scored(*rows, tuned, self.seeds * times)

    @property
    def groups(self) -> int:
        """Number of patients."""
        return int(self.group.max()) + 1

    def decisions(self, tuned: bool) -> Ints:
        """Return the predicted classes, shape ``(n,)``: with ``tuned`` by the thresholds, where there are any."""
        return self.tuned if tuned and self.tuned is not None else threshold.decide(self.p)


def read(arm: Path) -> pd.DataFrame:
    """Return ``predictions.csv`` of an arm's folder; fold 1.10 is not 1.1 and a class None is one: keys stay text."""
    table = io.BytesIO(read_whole(arm / "predictions.csv", MOST))
    return pd.read_csv(table, dtype=dict.fromkeys(KEYS, str), keep_default_na=False)


def checked(predictions: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Check the table and return it, with text as keys.

    Args:
        predictions: Columns ``case_id, group, fold, seed, set, label`` and ``p_<class>`` for each class.
        classes: Class names; the positive one of two is the last.

    Raises:
        IntegrityError: PREDICTIONS_COLUMNS, PREDICTIONS_VALUES, PREDICTIONS_DUPLICATE or PREDICTIONS_SEEDS.
    """
    columns = [f"p_{name}" for name in classes]
    missing = [name for name in (*KEYS, *columns) if name not in predictions]
    if missing:
        raise _damaged("COLUMNS", f"no column {', '.join(missing)}", f"the columns {', '.join((*KEYS, *columns))}")
    if predictions.empty:
        raise _damaged("VALUES", "no rows", f"one {ROW}")
    p = predictions[columns].apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    wrong = ~(np.isfinite(p).all(1) & (p >= 0).all(1) & (np.abs(p.sum(1) - 1) < 1e-3))
    wrong |= ~predictions.label.isin(list(classes)).to_numpy()
    if wrong.any():
        found = f"{wrong.sum()} bad row(s), such as {predictions.case_id.iloc[int(wrong.argmax())]!r}"
        raise _damaged("VALUES", found, "known labels, probabilities that sum to 1")
    table = predictions.assign(**{key: predictions[key].fillna("").astype(str) for key in ("group", "fold", "seed")})
    twice = table.duplicated([*CASE, "seed"])
    if twice.any():
        case = table.case_id.iloc[int(twice.to_numpy().argmax())]
        raise _damaged("DUPLICATE", f"{case!r} twice in one fold, seed and set", f"one {ROW}")
    seeds = table.seed.nunique()
    if (table.groupby(CASE, sort=False).size() != seeds).any():
        raise _damaged("SEEDS", "cases that only some of the seeds predicted", f"each case by all {seeds} seeds")
    return table.reset_index(drop=True)


def ensemble(table: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Return one row a case, fold and set, with the mean probabilities over the seeds: what is served.

    Args:
        table: What ``checked`` returns.
        classes: Class names.
    """
    if (table.seed == table.seed.iloc[0]).all():
        return table
    columns = [f"p_{name}" for name in classes]
    means = table.groupby(CASE, sort=False)[columns].transform("mean")
    return table.assign(**{column: means[column] for column in columns}).drop_duplicates(CASE)


def outcomes(predictions: pd.DataFrame, classes: Sequence[str], tuned: bool) -> pd.DataFrame:
    """Return each case of each set once, the most confident first, by the models of all seeds together.

    Args:
        predictions: What ``checked`` takes. Of a case that was predicted in several folds, what the first of them said
            counts.
        classes: Class names; the positive one of two is the last.
        tuned: Decide by the thresholds chosen on validation, where there are any.

    Returns:
        What ``ensemble`` returns, with the class ``predicted``, its probability as ``confidence``, and whether it is
        ``right``.
    """
    table = ensemble(checked(predictions, classes), classes)
    p = table[[f"p_{name}" for name in classes]].to_numpy(np.float64)
    by_threshold = threshold.decide_by_training(table, classes) if tuned else None
    predicted = threshold.decide(p) if by_threshold is None else by_threshold
    table = table.assign(predicted=np.array(classes)[predicted], confidence=p[np.arange(len(p)), predicted])
    table = table.assign(right=table.predicted == table.label).drop_duplicates(["set", "case_id"])
    return table.sort_values(["confidence", "case_id"], ascending=[False, True])


def scored(table: pd.DataFrame, classes: Sequence[str]) -> dict[str, Scored]:
    """Return the sets of a table by name.

    Args:
        table: What ``checked`` returns.
        classes: Class names; the positive one of two is the last.
    """
    columns = [f"p_{name}" for name in classes]
    tuned = threshold.decide_by_training(table, classes)
    decided = table.assign(tuned=np.nan if tuned is None else tuned)
    return {str(name): _set(rows, columns, classes) for name, rows in decided.groupby("set", sort=False)}


def is_tested(name: str) -> bool:
    """Whether a set is the test part or an external set, on which nothing is learned or chosen."""
    return name == "test" or name.startswith("external:")


def patients(table: pd.DataFrame) -> "pd.Series[str]":
    """Return the patient of each row; a case without one is its own."""
    return table.group.where(table.group != "", "case:" + table.case_id.astype(str))


def aligned(sets: Mapping[str, Scored]) -> dict[str, Scored]:
    """Return the same cases as predicted by several arms, those of an arm with fewer seeds repeated: equal rows."""
    seeds = math.lcm(*(cases.seeds for cases in sets.values()))
    return {arm: cases.repeated(seeds // cases.seeds) for arm, cases in sets.items()}


def _set(rows: pd.DataFrame, columns: list[str], classes: Sequence[str]) -> Scored:
    facts = rows.groupby(["seed", "case_id"], sort=True)
    first = facts[["label", "group"]].first()
    p = facts[columns].mean().to_numpy(np.float64)
    patient = patients(first.reset_index("case_id"))
    y = pd.Categorical(first.label, categories=list(classes)).codes.astype(np.int64)
    votes = facts["tuned"].mean().to_numpy(np.float64)
    tuned = None if np.isnan(votes).any() else (votes >= 0.5).astype(np.int64)
    p = np.round(p / p.sum(1, keepdims=True), 12)  # what is equal but for the last bit is a tie
    group = np.unique(patient, return_inverse=True)[1].astype(np.int64)
    return Scored(y, p, group, tuned, rows.seed.nunique())


def _damaged(kind: str, found: str, expected: str) -> IntegrityError:
    return IntegrityError(f"PREDICTIONS_{kind}", found, expected, "run the study again; do not edit predictions.csv")
