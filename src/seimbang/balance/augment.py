"""Balancing by augmentation: new cases of the minority classes are augmented copies of real ones."""

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from seimbang.balance.base import Balance, Ints, Recipe
from seimbang.balance.oversample import shortfall
from seimbang.imaging.augment import Augmentation, Degrees


class Augment(Balance, Augmentation):
    """Augment real images, drawn with replacement, until each class has ``ratio`` times the cases of the largest.

    The transforms are the settings of `Augmentation`; by default rotation and flips both ways.

    Attributes:
        ratio: Wanted size of each smaller class, relative to the largest; a class above it is left alone.
    """

    title: ClassVar[str] = "augmentation of the minority classes"
    source: ClassVar[str] = "Shorten & Khoshgoftaar 2019, Journal of Big Data 6:60"
    images_only: ClassVar[bool] = True
    ratio: float = Field(1.0, gt=0, le=1)
    rotation: Degrees = 10.0
    flip_left_right: bool = True
    flip_top_bottom: bool = True

    def rows(self, X: npt.NDArray[Any], among: Ints, y: Ints, rng: np.random.RandomState) -> Recipe:
        """Return every row once, then the augmented ones, class by class; each has one real row as both parents."""
        chosen = [np.empty(0, np.int64)]
        for label, count in shortfall(y, self.ratio).items():
            chosen.append(rng.choice(np.flatnonzero(y == label), size=count, replace=True))
        parents = np.concatenate(chosen)
        seeds = rng.randint(0, 2**62, size=len(parents), dtype=np.int64)
        augmentation = Augmentation(**self.model_dump(include=set(Augmentation.model_fields)))
        labels = np.concatenate([y, y[parents]])
        return Recipe(np.arange(len(y)), parents, parents, np.zeros(len(parents)), labels, augmentation, seeds)
