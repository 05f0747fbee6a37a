"""Random oversampling: cases of the minority classes are repeated."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from seimbang.balance.base import Balance, Ints, Recipe


class Oversample(Balance):
    """Repeat cases, drawn with replacement, until each class has ``ratio`` times the cases of the largest.

    The rows are those of imbalanced-learn's ``RandomOverSampler`` with the same seed.

    Attributes:
        ratio: Wanted size of each smaller class, relative to the largest; a class above it is left alone.
    """

    title: ClassVar[str] = "random oversampling"
    source: ClassVar[str] = "Buda et al. 2018, Neural Networks 106"
    ratio: float = Field(1.0, gt=0, le=1)

    def rows(self, X: npt.NDArray[Any], among: Ints, y: Ints, rng: np.random.RandomState) -> Recipe:
        """Return every row once, then the repeated ones, class by class."""
        chosen = [np.arange(len(y))]
        for label, count in shortfall(y, self.ratio).items():
            chosen.append(rng.choice(np.flatnonzero(y == label), size=count, replace=True))
        rows = np.concatenate(chosen)
        return Recipe.of_real(rows, y[rows])


def shortfall(y: Ints, ratio: float | Mapping[int, int]) -> dict[int, int]:
    """Return the number of rows that each class lacks, in the order of the classes; complete ones are left out.

    For two classes and a float ``sampling_strategy`` this is imbalanced-learn's rule, rounding included.

    Args:
        y: Labels, shape ``(n,)``.
        ratio: Wanted size relative to the largest class, in (0, 1]; or how many rows each class lacks.
    """
    if isinstance(ratio, Mapping):
        return {label: count for label, count in sorted(ratio.items()) if count > 0}
    classes, counts = np.unique(y, return_counts=True)
    wanted = {int(label): int(counts.max() * ratio - count) for label, count in zip(classes, counts, strict=True)}
    return {label: count for label, count in wanted.items() if count > 0}
