"""Mixup: convex combinations of pairs of images and of their labels."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from seimbang.balance.base import Balance, Floats, Ints


class Mixup(Balance):
    """Mix each row with another of its batch; the share of the other is drawn from Beta(``alpha``, ``alpha``).

    The share is drawn for each row, as in the paper's formula; its code draws one for the whole batch.

    Attributes:
        alpha: The larger, the closer the shares are to one half.
    """

    title: ClassVar[str] = "mixup"
    source: ClassVar[str] = "Zhang et al. 2018, ICLR"
    alpha: float = Field(0.2, gt=0, le=10)

    def mix(self, which: Ints, y: Ints, rng: np.random.Generator) -> tuple[Ints, Floats]:
        """Return the batch in random order, and the shares."""
        return rng.permutation(which), rng.beta(self.alpha, self.alpha, len(which))


class BalancedMixup(Balance):
    """Mix each row with one of a class-balanced sample, whose share is drawn from Beta(``alpha``, 1).

    The rows of an epoch are thus sampled as they occur, their partners with all classes equally probable. The mean
    share of the partner is ``alpha / (alpha + 1)``: most rows stay close to the original, and rare classes are not
    overfitted. The share is drawn for each row; the paper's code draws one for the whole batch.

    Attributes:
        alpha: The larger, the larger the share of the balanced sample.
    """

    title: ClassVar[str] = "balanced mixup"
    source: ClassVar[str] = "Galdran et al. 2021, MICCAI, 323-333"
    alpha: float = Field(0.2, gt=0, le=10)

    def mix(self, which: Ints, y: Ints, rng: np.random.Generator) -> tuple[Ints, Floats]:
        """Return rows of the recipe, all classes equally probable, and the shares."""
        counts = np.bincount(y)
        probability = 1 / counts[y] / np.count_nonzero(counts)
        return rng.choice(len(y), size=len(which), p=probability), rng.beta(self.alpha, 1, len(which))
