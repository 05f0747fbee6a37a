"""``splits.csv``: who was in which part."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from seimbang.datasets.base import CaseTable
from seimbang.errors import IntegrityError
from seimbang.imaging.files import write_atomic
from seimbang.splits.base import Fold, Rows

COLUMNS = ("case_id", "label", "group", "fold", "part")


def to_frame(cases: CaseTable, folds: Sequence[Fold]) -> pd.DataFrame:
    """Return one row a case and fold, columns ``COLUMNS``, all strings; ``group`` is empty where unknown."""
    frames = []
    for fold in folds:
        part = np.full(len(cases), "", object)
        for name, rows in fold.parts().items():
            part[rows] = name
        one = cases.frame[["case_id", "label", "group"]].assign(fold=fold.name, part=part)
        frames.append(one[one.part != ""])
    return pd.concat(frames, ignore_index=True).astype(str)


def from_frame(cases: CaseTable, frame: pd.DataFrame) -> list[Fold]:
    """Return the folds that ``to_frame`` wrote.

    Raises:
        IntegrityError: SPLIT_CHANGED: the frame speaks of other cases, labels or patients than ``cases``.
    """
    ids = pd.Index(cases.frame.case_id)
    row = ids.get_indexer(pd.Index(frame.case_id))
    same = (row >= 0).all() and all(
        (cases.frame[name].to_numpy()[row] == frame[name].to_numpy()).all() for name in ("label", "group")
    )
    if not same:
        mend = "use a new run folder, or put the data back as they were"
        raise IntegrityError("SPLIT_CHANGED", "splits.csv of other cases", "the cases of the data set", mend)
    return [_fold(str(name), row[of], frame.part[of]) for name, of in frame.groupby("fold", sort=False).groups.items()]


def _fold(name: str, rows: Rows, part: "pd.Series[str]") -> Fold:
    return Fold(name, *(np.sort(rows[(part == word).to_numpy()]) for word in ("train", "validation", "test")))


def write(path: Path, cases: CaseTable, folds: Sequence[Fold]) -> None:
    """Write ``splits.csv`` whole or not at all.

    Raises:
        ResourceError: DISK_FULL or NOT_WRITABLE.
    """
    write_atomic(path, to_frame(cases, folds).to_csv(index=False))


def read(path: Path, cases: CaseTable) -> list[Fold]:
    """Return the folds in ``splits.csv``; fold 1.10 is not 1.1, so everything is read as text.

    Raises:
        IntegrityError: SPLIT_CHANGED: the file speaks of other cases than ``cases``.
    """
    return from_frame(cases, pd.read_csv(path, dtype=str, keep_default_na=False))
