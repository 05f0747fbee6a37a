"""Focal loss: down-weights cases that are already well classified."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from seimbang.balance.base import Balance, Floats, Ints
from seimbang.balance.class_weights import ClassWeights
from seimbang.balance.losses import module, shares

if TYPE_CHECKING:
    from torch import Tensor, nn


class Focal(Balance):
    """The loss of a case of class ``c`` is ``-alpha_c * (1 - p_c) ** gamma * log(p_c)``, averaged over the batch.

    Attributes:
        gamma: 0 is cross-entropy; the larger, the lower the weight of easy cases.
        weighted: Whether ``alpha`` are the weights of ``class_weights`` instead of 1.
    """

    title: ClassVar[str] = "focal loss"
    source: ClassVar[str] = "Lin et al. 2017, ICCV, 2980-2988"
    gamma: float = Field(2.0, ge=0, le=10)
    weighted: bool = False

    def loss(self, counts: Ints) -> nn.Module:
        """Return the loss of ``(logits, labels)``; labels may be mixed."""
        alpha = ClassWeights().class_weights(counts) if self.weighted else None
        return module(partial(focal_loss, gamma=self.gamma, alpha=alpha))


def focal_loss(logits: Tensor, labels: Tensor, gamma: float, alpha: Floats | None = None) -> Tensor:
    """Return the mean focal loss; with mixed labels each class counts by its share.

    Args:
        logits: ``float[b, classes]``.
        labels: ``int64[b]`` or shares ``float[b, classes]``.
        gamma: Exponent.
        alpha: Weight of each class, shape ``(classes,)``.
    """
    log_p = logits.log_softmax(1)
    one_minus_p = (-log_p.expm1()).clamp_min(1e-12)  # the derivative of 0 ** gamma is infinite for gamma < 1
    losses = -shares(labels, logits) * one_minus_p**gamma * log_p
    if alpha is not None:
        losses = losses * losses.new_tensor(alpha)
    return losses.sum(1).mean()
