"""The split that comes with the data."""

import numpy as np

from seimbang.datasets.base import CaseTable
from seimbang.errors import DataError
from seimbang.splits.base import Fold, SplitSettings
from seimbang.splits.split_validation import provided_rows, split_validation


def split(cases: CaseTable, settings: SplitSettings) -> list[Fold]:
    """Test on the source's test set; validation is held out from all other cases.

    Raises:
        DataError: SPLIT_NOT_PROVIDED: the source has no such set, or assigns some cases to none.
    """
    test = provided_rows(cases, "test")
    unassigned = cases.frame.case_id[cases.frame.split == ""]
    if len(unassigned):
        found = f"{len(unassigned)} of {len(cases)} cases in no set, such as {unassigned.iloc[0]!r}"
        fix = "name the set of every case, or give split.test as a fraction such as 0.2"
        raise DataError("SPLIT_NOT_PROVIDED", found, "train, validation or test for every case", fix)
    rest = np.setdiff1d(np.arange(len(cases)), test)
    train, validation = split_validation(cases, rest, settings, np.random.RandomState(settings.seed))
    return [Fold("", train, validation, test)]
