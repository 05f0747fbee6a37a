"""Every class must be in every set: without it a set can serve neither to learn nor to evaluate the class."""

from collections.abc import Sequence

import numpy as np

from seimbang.datasets.base import CaseTable
from seimbang.errors import DataError
from seimbang.splits.base import Fold, SplitSettings


def check(cases: CaseTable, folds: Sequence[Fold], settings: SplitSettings) -> None:
    """Raise ``SPLIT_CLASS_MISSING`` unless every set of every fold has every class.

    In cross-validation a test set may lack one, as the test sets are evaluated together; a validation set may be empty.
    """
    for fold in folds:
        of = f" of fold {fold.name}" if fold.name else ""
        for part, rows in fold.parts().items():
            if not len(rows) or (part == "test" and settings.folds):
                continue
            for position in np.setdiff1d(np.arange(len(cases.classes)), cases.y[rows]):
                raise _missing(cases, int(position), f"the {part} set{of}", settings)


def _missing(cases: CaseTable, position: int, where: str, settings: SplitSettings) -> DataError:
    rows = np.flatnonzero(cases.y == position)
    name = cases.classes[position]
    found = f"no case of class {name!r} in {where}; the class has {len(rows)} case{'s' * (len(rows) != 1)}"
    if settings.group != "none" and cases.has_groups:
        patients = len(np.unique(cases.groups[rows]))
        found += f" of {patients} patient{'s' * (patients != 1)}"
    fix = f"add cases of {name!r}, or exclude the class or merge it with another in [data]"
    return DataError("SPLIT_CLASS_MISSING", found, "every class in every set", fix)
