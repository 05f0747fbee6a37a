"""Hold-out: one split by fractions."""

import numpy as np

from seimbang.datasets.base import CaseTable
from seimbang.splits.base import Fold, SplitSettings, assign_groups
from seimbang.splits.split_validation import provided_rows
from seimbang.splits.units import units


def split(cases: CaseTable, settings: SplitSettings, test: float) -> list[Fold]:
    """Hold out the fraction ``test`` of the cases, and of the rest the fraction ``settings.validation``.

    Raises:
        DataError: SPLIT_NOT_PROVIDED: ``validation = "provided"``, and the source provides none.
    """
    rng = np.random.RandomState(settings.seed)
    unit = units(cases, settings)
    if settings.validation == "provided":
        validation = provided_rows(cases, "validation")
        rest = np.setdiff1d(np.arange(len(cases)), validation)
        part = assign_groups(unit[rest], cases.y[rest], (1 - test, test), rng)
        return [Fold("", rest[part == 0], validation, rest[part == 1])]
    held = (1 - test) * float(settings.validation)
    parts = (1 - test - held, held, test) if held else (1 - test, test)
    part = assign_groups(unit, cases.y, parts, rng)
    train, *validation_rows, test_rows = (np.flatnonzero(part == number) for number in range(len(parts)))
    return [Fold("", train, validation_rows[0] if held else test_rows[:0], test_rows)]
