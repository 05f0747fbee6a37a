"""Sets provided by the source, and validation held out from the training set."""

import numpy as np

from seimbang.datasets.base import CaseTable
from seimbang.errors import DataError
from seimbang.splits.base import Rows, SplitSettings, assign_groups
from seimbang.splits.units import units


def provided_rows(cases: CaseTable, part: str) -> Rows:
    """Return the cases that the source assigns to ``part``.

    Raises:
        DataError: SPLIT_NOT_PROVIDED: there are none.
    """
    rows = np.flatnonzero(cases.frame.split == part)
    if not len(rows):
        named = sorted(set(cases.frame.split) - {""})
        found = f"no {part} cases; the source provides {', '.join(named) if named else 'no split'}"
        fix = f"give split.{part} as a fraction such as 0.2"
        raise DataError("SPLIT_NOT_PROVIDED", found, f"cases that the source assigns to {part}", fix)
    return rows


def split_validation(
    cases: CaseTable, rows: Rows, settings: SplitSettings, rng: np.random.RandomState
) -> tuple[Rows, Rows]:
    """Split ``rows`` into training and validation rows.

    With ``validation = "provided"`` the validation rows are those of ``rows`` that the source assigns to validation.

    Raises:
        DataError: SPLIT_NOT_PROVIDED: ``validation = "provided"``, and the source provides none.
    """
    if settings.validation == "provided":
        validation = np.isin(rows, provided_rows(cases, "validation"))
        return rows[~validation], rows[validation]
    share = float(settings.validation)
    if not share:
        return rows, rows[:0]
    part = assign_groups(units(cases, settings)[rows], cases.y[rows], (1 - share, share), rng)
    return rows[part == 0], rows[part == 1]
