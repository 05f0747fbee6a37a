"""Helpers of the losses: labels as shares of classes, and a function as a module."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn


def shares(labels: Tensor, logits: Tensor) -> Tensor:
    """Return labels as ``float[b, classes]``: ``int64[b]`` becomes one-hot, mixed labels stay as they are."""
    from torch.nn.functional import one_hot

    return labels if labels.is_floating_point() else one_hot(labels, logits.shape[1]).to(logits.dtype)


def module(function: Callable[[Tensor, Tensor], Tensor]) -> nn.Module:
    """Return a module that computes ``function(logits, labels)``."""
    from torch import nn

    class Loss(nn.Module):
        def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
            return function(logits, labels)

    return Loss()
