"""Random undersampling: cases of the majority classes are left out."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from seimbang.balance.base import Balance, Ints, Recipe


class Undersample(Balance):
    """Leave out cases at random until the smallest class has ``ratio`` times the cases of each other class.

    The rows are those of imbalanced-learn's ``RandomUnderSampler`` with the same seed.

    Attributes:
        ratio: Wanted size of the smallest class, relative to each other class; a class already below that is kept
            whole.
    """

    title: ClassVar[str] = "random undersampling"
    source: ClassVar[str] = "Drummond & Holte 2003, ICML workshop on learning from imbalanced data sets II"
    ratio: float = Field(1.0, gt=0, le=1)

    def fewest(self, y: Ints) -> int:
        """Return how many rows remain."""
        return len(self.rows(np.empty(0), y, y, np.random.RandomState(0)))

    def rows(self, X: npt.NDArray[Any], among: Ints, y: Ints, rng: np.random.RandomState) -> Recipe:
        """Return the remaining rows, class by class."""
        keep, chosen = kept(y, self.ratio), []
        for label in np.unique(y):
            rows = np.flatnonzero(y == label)
            drawn = label in keep
            chosen.append(rows[rng.choice(len(rows), size=keep[label], replace=False)] if drawn else rows)
        selected = np.concatenate(chosen)
        return Recipe.of_real(selected, y[selected])


def kept(y: Ints, ratio: float | Mapping[int, int]) -> Mapping[int, int]:
    """Return how many rows are drawn from each class; classes that are kept whole are left out.

    Args:
        y: Labels, shape ``(n,)``.
        ratio: Wanted size of the smallest class relative to each other one; or how many rows to draw from each class.
    """
    if isinstance(ratio, Mapping):
        return ratio
    classes, counts = np.unique(y, return_counts=True)
    smallest, most = classes[counts.argmin()], int(counts.min() / ratio)
    pairs = zip(classes.tolist(), counts.tolist(), strict=True)
    return {label: most for label, count in pairs if label != smallest and count >= most}
