"""Cross-validation: every case is tested once in each repeat."""

import numpy as np

from seimbang.datasets.base import CaseTable
from seimbang.splits.base import Fold, SplitSettings, assign_groups
from seimbang.splits.split_validation import split_validation
from seimbang.splits.units import units


def split(cases: CaseTable, settings: SplitSettings) -> list[Fold]:
    """Split the cases into ``settings.folds`` test sets, ``settings.repeats`` times; validation comes from the rest."""
    unit = units(cases, settings)
    k = settings.folds
    folds = []
    for repeat in range(settings.repeats):
        rng = np.random.RandomState([settings.seed, repeat])
        part = assign_groups(unit, cases.y, [1 / k] * k, rng)
        for number in range(k):
            name = f"{repeat + 1}.{number + 1}" if settings.repeats > 1 else str(number + 1)
            train, validation = split_validation(cases, np.flatnonzero(part != number), settings, rng)
            folds.append(Fold(name, train, validation, np.flatnonzero(part == number)))
    return folds
