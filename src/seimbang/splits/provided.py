"""The split that came with the data."""

import numpy as np

from seimbang.datasets.base import CaseTable
from seimbang.errors import DataError
from seimbang.splits.base import Fold, SplitSettings
from seimbang.splits.split_validation import rows_of, split_validation


def split(cases: CaseTable, settings: SplitSettings) -> list[Fold]:
    """Test on the source's test part; every other case is for training, and validation is carved from those.

    Raises:
        DataError: SPLIT_NOT_PROVIDED: the source has no such part, or names none for some cases.
    """
    test = rows_of(cases, "test")
    unnamed = cases.frame.case_id[cases.frame.split == ""]
    if len(unnamed):
        found = f"{len(unnamed)} of {len(cases)} cases in no part, such as {unnamed.iloc[0]!r}"
        fix = "name the part of every case, or give split.test as a fraction such as 0.2"
        raise DataError("SPLIT_NOT_PROVIDED", found, "train, validation or test for every case", fix)
    rest = np.setdiff1d(np.arange(len(cases)), test)
    train, validation = split_validation(cases, rest, settings, np.random.RandomState(settings.seed))
    return [Fold("", train, validation, test)]
