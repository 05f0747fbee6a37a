"""Every class must be in every part: without it a part can neither teach nor judge the class."""

from collections.abc import Sequence

import numpy as np

from seimbang.datasets.base import CaseTable
from seimbang.errors import DataError
from seimbang.splits.base import Fold, SplitSettings


def check(cases: CaseTable, folds: Sequence[Fold], settings: SplitSettings) -> None:
    """Raise ``SPLIT_CLASS_MISSING`` unless every part of every fold has every class.

    In cross-validation a test part may lack one, as the test parts are judged together; a validation part may be empty.
    """
    for fold in folds:
        of = f" of fold {fold.name}" if fold.name else ""
        for part, rows in fold.parts().items():
            if not len(rows) or (part == "test" and settings.folds):
                continue
            for position in np.setdiff1d(np.arange(len(cases.classes)), cases.y[rows]):
                raise _missing(cases, int(position), f"the {part} part{of}", settings)


def _missing(cases: CaseTable, position: int, where: str, settings: SplitSettings) -> DataError:
    rows = np.flatnonzero(cases.y == position)
    found = f"no case of class {cases.classes[position]!r} in {where}; it has {len(rows)} case{'s' * (len(rows) != 1)}"
    if settings.group != "none" and cases.has_groups:
        patients = len(np.unique(cases.groups[rows]))
        found += f" of {patients} patient{'s' * (patients != 1)}"
    fix = f"add cases of {cases.classes[position]!r}, or leave the class out or merge it with another in [data]"
    if settings.folds:
        fix += ", or use fewer folds"
    elif settings.test == "provided":
        fix += ", or give split.test as a fraction instead of the source's parts"
    return DataError("SPLIT_CLASS_MISSING", found, "every class in every part", fix)
