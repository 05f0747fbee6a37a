"""LDAM: a larger margin for rare classes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from seimbang.balance.base import Balance, Floats, Ints
from seimbang.balance.losses import module, shares

if TYPE_CHECKING:
    from torch import Tensor, nn


class Ldam(Balance):
    """Cross-entropy of logits from which ``scale * m_c`` is taken at the true class ``c``.

    The margin ``m_c`` is in proportion to ``n_c ** -1/4``. The paper's network gives cosines, multiplied by
    ``scale`` = 30; here the logits count as already multiplied, so that the probabilities are their softmax both in
    training and in use. As the last layer does not give cosines, its logits are unbounded, and ``scale`` is 1 by
    default: with 30 a network may always predict one class. The paper's deferred re-weighting is left out.

    Attributes:
        max_margin: ``m_c`` of the rarest class; 0 is cross-entropy.
        scale: Unit of the logits in which margins are given; only its product with ``max_margin`` counts.
    """

    title: ClassVar[str] = "LDAM loss"
    source: ClassVar[str] = "Cao et al. 2019, NeurIPS 32"
    max_margin: float = Field(0.5, ge=0, le=10)
    scale: float = Field(1.0, gt=0, le=100)

    def loss(self, counts: Ints) -> nn.Module:
        """Return the loss of ``(logits, labels)``; labels may be mixed."""
        return module(partial(ldam_loss, margins=self.scale * margins(counts, self.max_margin)))


def margins(counts: Ints, largest: float) -> Floats:
    """Return ``largest * (n_min / n_c) ** 1/4`` of each class, shape ``(classes,)``; 0 for a class without rows."""
    margin = np.zeros(len(counts))
    present = counts > 0
    margin[present] = largest * (counts[present].min() / counts[present]) ** 0.25
    return margin


def ldam_loss(logits: Tensor, labels: Tensor, margins: Floats) -> Tensor:
    """Return the mean loss; with mixed labels each class loses its share of the margin.

    Args:
        logits: ``float[b, classes]``.
        labels: ``int64[b]`` or shares ``float[b, classes]``.
        margins: Margin of each class, shape ``(classes,)``.
    """
    from torch.nn.functional import cross_entropy

    return cross_entropy(logits - logits.new_tensor(margins) * shares(labels, logits), labels)
