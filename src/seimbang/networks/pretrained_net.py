"""A pretrained network as a torch module: normalised images, a backbone in part frozen, dropout, a new last layer."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch
from torch import Tensor, nn

from seimbang.networks.backbone import Backbone


class Head(nn.Module):
    """Features ``float[b, width]`` -> logits: dropout and the last layer.

    Args:
        width: Length of the features.
        dropout: Fraction of them set to 0 while training.
        classes: Number of logits.
    """

    def __init__(self, width: int, dropout: float, classes: int) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(width, classes)

    def forward(self, features: Tensor) -> Tensor:
        """Return the logits ``float[b, classes]``."""
        logits: Tensor = self.out(self.dropout(features))
        return logits


class PretrainedNet(Head):
    """Images -> logits, through ``body``; greyscale is repeated to three channels.

    Args:
        backbone: What the body is, with random weights.
        dropout: Fraction of the features set to 0 while training.
        classes: Number of logits.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, backbone: Backbone, dropout: float, classes: int) -> None:
        super().__init__(backbone.features, dropout, classes)
        self.body = backbone.build()
        self.body.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a third faster on a CPU
        for name, values in zip(("mean", "deviation"), backbone.normal, strict=True):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1), persistent=False)
        self.stages: list[list[nn.Parameter]] = []
        self.decay, self.unfreeze_every = 1.0, 0

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits ``float[b, classes]`` of images ``float[b, 1 or 3, h, w]`` in [0, 1]."""
        return super().forward(self.features(images))

    def features(self, images: Tensor) -> Tensor:
        """Return what reaches the last layer, without dropout, ``float[b, width]``."""
        found: Tensor = self.body(((images - self.mean) / self.deviation).contiguous(memory_format=torch.channels_last))
        return found

    def train(self, mode: bool = True) -> PretrainedNet:
        """Set the mode; what is frozen stays in evaluation mode, so that batch normalisation keeps its statistics."""
        super().train(mode)
        for part in self.body.modules():
            weights = list(part.parameters())
            if weights and not any(one.requires_grad for one in weights):
                part.eval()
        return self

    def freeze(self, frozen: Collection[str], stages: Sequence[Collection[str]]) -> None:
        """Freeze modules for good.

        Args:
            frozen: Names of modules in the body.
            stages: Names of the modules of the stem and of each stage, each that has weights in one of them.
        """
        parts = dict(self.body.named_modules())
        for name in frozen:
            parts[name].requires_grad_(False)
        of_stages = [[one for name in names for one in parts[name].parameters(recurse=False)] for names in stages]
        self.stages = [[one for one in stage if one.requires_grad] for stage in of_stages]
        self.train(self.training)

    def groups(self) -> list[tuple[float, list[nn.Parameter]]]:
        """Return the trained parameters from the last layer down, ``decay`` times slower from stage to stage."""
        found: list[tuple[float, list[nn.Parameter]]] = [(1.0, list(self.out.parameters()))]
        found += [(self.decay**depth, stage) for depth, stage in enumerate(reversed(self.stages), start=1)]
        return [(factor, weights) for factor, weights in found if weights]

    def begin_epoch(self, epoch: int) -> None:
        """Open one more stage after every ``unfreeze_every`` epochs, from the last down; 0 opens all at once."""
        closed = len(self.stages) - (epoch - 1) // self.unfreeze_every if self.unfreeze_every else 0
        for number, stage in enumerate(self.stages):
            for one in stage:
                one.requires_grad_(number >= closed)
        self.train(self.training)
