"""Class weights by the effective number of cases, which grows more slowly than their number."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from seimbang.balance.base import Balance, Floats, Ints


class ClassBalanced(Balance):
    """Each class weighs ``(1 - beta) / (1 - beta ** n_c)`` in the loss, scaled so that the mean weight is 1.

    Attributes:
        beta: 0 gives equal weights; the closer to 1, the closer the weights are to ``1 / n_c``.
    """

    title: ClassVar[str] = "class-balanced weights"
    source: ClassVar[str] = "Cui et al. 2019, CVPR, 9268-9277"
    beta: float = Field(0.999, ge=0, lt=1)

    def class_weights(self, counts: Ints) -> Floats:
        """Return the weights, shape ``(classes,)``; 0 for a class without rows."""
        present = counts > 0
        weights = np.zeros(len(counts))
        weights[present] = (1 - self.beta) / (1 - self.beta ** counts[present])
        weights *= present.sum() / weights.sum()
        return weights
