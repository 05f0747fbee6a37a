"""Class weights in the loss, inversely proportional to class frequency."""

from typing import ClassVar

import numpy as np

from seimbang.balance.base import Balance, Floats, Ints


class ClassWeights(Balance):
    """Each class weighs ``n / (k * n_c)`` in the loss, so that all classes have the same total weight."""

    title: ClassVar[str] = "class weights"
    source: ClassVar[str] = "King & Zeng 2001, Political Analysis 9(2)"

    def class_weights(self, counts: Ints) -> Floats:
        """Return the "balanced" weights of scikit-learn, shape ``(classes,)``; 0 for a class without rows."""
        present = counts > 0
        weights = np.zeros(len(counts))
        weights[present] = counts.sum() / (present.sum() * counts[present])
        return weights
