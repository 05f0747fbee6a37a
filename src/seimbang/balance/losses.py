"""What the losses share: labels as shares of classes, and a module around a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn


def shares(labels: Tensor, logits: Tensor) -> Tensor:
    """Return labels as ``float[b, classes]``: ``int64[b]`` becomes one-hot, mixed labels stay as they are."""
    from torch.nn.functional import one_hot

    return labels if labels.is_floating_point() else one_hot(labels, logits.shape[1]).to(logits.dtype)


def weighted_smooth(logits: Tensor, labels: Tensor, weights: Tensor, smoothing: float) -> Tensor:
    """Return the cross-entropy with smoothed labels, each row weighted by its class.

    Not torch's own, which weights what is smoothed by the class that receives it: at 0.1 and 3 to 1 that puts
    the common class's cases a logit nearer to the border than the rare one's.

    Args:
        logits: ``float[b, classes]``.
        labels: ``int64[b]``, or mixed ``float[b, classes]``.
        weights: Of each class, ``float[classes]``.
        smoothing: Share of each label that is given to all classes alike.
    """
    from torch.nn.functional import cross_entropy

    of_rows = shares(labels, logits) @ weights
    return of_rows @ cross_entropy(logits, labels, label_smoothing=smoothing, reduction="none") / of_rows.sum()


def module(function: Callable[[Tensor, Tensor], Tensor]) -> nn.Module:
    """Return a module that computes ``function(logits, labels)``."""
    from torch import nn

    class Loss(nn.Module):
        def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
            return function(logits, labels)

    return Loss()
