"""Cross-entropy with smoothed labels and class weights, and where labels cannot be smoothed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seimbang.balance.base import Balance
from seimbang.errors import StudyError

if TYPE_CHECKING:
    from torch import Tensor, nn


def require_one_loss(smoothing: float, balance: Balance) -> None:
    """Check that labels are smoothed only where the loss is cross-entropy.

    Raises:
        StudyError: LOSS_SMOOTHED.
    """
    if smoothing and type(balance).loss is not Balance.loss:
        both = f"label_smoothing = {smoothing} with {balance.title}, which has a loss of its own"
        raise StudyError("LOSS_SMOOTHED", both, "label smoothing with cross-entropy only", "leave one of them out")


def weighted_smooth(weights: Tensor, smoothing: float) -> nn.Module:
    """Return the loss of logits ``float[b, classes]`` and labels ``int64[b]``, each row weighted by its class.

    Not torch's own, which weights what is smoothed by the class that receives it: at 0.1 and 3 to 1 that puts the
    common class's cases a logit nearer to the border than the rare one's.

    Args:
        weights: Of each class, ``float[classes]``.
        smoothing: Share of each label that is given to all classes alike.
    """
    from torch import nn

    rows = nn.CrossEntropyLoss(label_smoothing=smoothing, reduction="none")

    class Loss(nn.Module):
        def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
            weighted: Tensor = weights[labels] @ rows(logits, labels) / weights[labels].sum()
            return weighted

    return Loss()
