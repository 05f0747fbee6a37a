"""Parts named by the source, and validation carved out of the training part."""

import numpy as np

from seimbang.datasets.base import CaseTable
from seimbang.errors import DataError
from seimbang.splits.assign_groups import assign_groups, units
from seimbang.splits.base import Rows, SplitSettings


def rows_of(cases: CaseTable, part: str) -> Rows:
    """Return the cases that the source puts in ``part``.

    Raises:
        DataError: SPLIT_NOT_PROVIDED: there are none.
    """
    rows = np.flatnonzero(cases.frame.split == part)
    if not len(rows):
        named = sorted(set(cases.frame.split) - {""})
        found = f"no {part} cases; the source names {', '.join(named) if named else 'no parts'}"
        fix = f"give split.{part} as a fraction such as 0.2"
        raise DataError("SPLIT_NOT_PROVIDED", found, f"cases that the source calls {part}", fix)
    return rows


def split_validation(
    cases: CaseTable, rows: Rows, settings: SplitSettings, rng: np.random.RandomState
) -> tuple[Rows, Rows]:
    """Divide the training part ``rows`` into what trains and what validates.

    With ``validation = "provided"`` those of ``rows`` that the source calls validation validate.

    Raises:
        DataError: SPLIT_NOT_PROVIDED: validation is to be the source's, and it has none.
    """
    if settings.validation == "provided":
        chosen = np.isin(rows, rows_of(cases, "validation"))
        return rows[~chosen], rows[chosen]
    share = float(settings.validation)
    if not share:
        return rows, rows[:0]
    part = assign_groups(units(cases, settings)[rows], cases.y[rows], (1 - share, share), rng)
    return rows[part == 0], rows[part == 1]
