"""``splits.csv``: the set of each case in each fold."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from seimbang.datasets.base import CaseTable
from seimbang.splits.base import Fold

UNUSED = "unused"


def to_frame(cases: CaseTable, folds: Sequence[Fold]) -> pd.DataFrame:
    """Return one row per case and fold, all strings; ``group`` is empty where unknown.

    The columns are case_id, label, group, fold and part, which is ``unused`` where a case is in none.
    """
    frames = []
    for fold in folds:
        part = np.full(len(cases), UNUSED, object)
        for name, rows in fold.parts().items():
            part[rows] = name
        frames.append(cases.frame[["case_id", "label", "group"]].assign(fold=fold.name, part=part))
    return pd.concat(frames, ignore_index=True).astype(str)


def from_frame(frame: pd.DataFrame, cases: CaseTable) -> tuple[CaseTable, list[Fold]]:
    """Return the cases with the groups, and the folds, that ``to_frame`` wrote.

    Args:
        frame: Of one way of dividing them, all strings.
        cases: The same cases, whatever their groups.
    """
    folds = []
    for name, rows in frame.groupby("fold", sort=False):
        part = rows.set_index("case_id").part.reindex(cases.frame.case_id)
        parts = (np.flatnonzero(part == kind) for kind in ("train", "validation", "test"))
        folds.append(Fold(str(name), *parts))
    group = frame.drop_duplicates("case_id").set_index("case_id").group.reindex(cases.frame.case_id).to_numpy()
    return replace(cases, frame=cases.frame.assign(group=group)), folds
