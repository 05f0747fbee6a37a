"""``splits.csv``: who was in which part."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seimbang.datasets.base import CaseTable
from seimbang.splits.base import Fold


def to_frame(cases: CaseTable, folds: Sequence[Fold]) -> pd.DataFrame:
    """Return one row a case and fold, all strings; ``group`` is empty where unknown.

    The columns are case_id, label, group, fold and part.
    """
    frames = []
    for fold in folds:
        part = np.full(len(cases), "", object)
        for name, rows in fold.parts().items():
            part[rows] = name
        one = cases.frame[["case_id", "label", "group"]].assign(fold=fold.name, part=part)
        frames.append(one[one.part != ""])
    return pd.concat(frames, ignore_index=True).astype(str)
