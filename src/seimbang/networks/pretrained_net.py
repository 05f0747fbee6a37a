"""A pretrained network as a torch module: normalised images, a backbone in part frozen, dropout, a new last layer."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch
from torch import Tensor, nn

from seimbang.networks.backbone import Backbone


class PretrainedNet(nn.Module):
    """Images -> logits, through ``body``; greyscale is repeated to three channels.

    Args:
        backbone: What the body is, with random weights.
        dropout: Fraction of the features set to 0 while training.
        classes: Number of logits.
    """

    out: nn.Module
    mean: Tensor
    deviation: Tensor

    def __init__(self, backbone: Backbone, dropout: float, classes: int) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(backbone.features, classes)
        self.body = backbone.build()
        self.body.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a third faster on a CPU
        for name, values in zip(("mean", "deviation"), backbone.normal, strict=True):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1), persistent=False)
        self.stages: list[list[nn.Parameter]] = []
        self.decay, self.unfreeze_every = 1.0, 0

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits ``float[b, classes]`` of images ``float[b, 1 or 3, h, w]`` in [0, 1]."""
        logits: Tensor = self.out(self.dropout(self.features(images)))
        return logits

    def features(self, images: Tensor) -> Tensor:
        """Return what reaches the last layer, without dropout, ``float[b, width]``."""
        features: Tensor = self.body((images - self.mean) / self.deviation)
        return features

    def train(self, mode: bool = True) -> PretrainedNet:
        """Set the mode; what is frozen stays in evaluation mode, so that batch normalisation keeps its statistics."""
        super().train(mode)
        for part in self.body.modules():
            weights = list(part.parameters())
            if weights and not any(weight.requires_grad for weight in weights):
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
        weights = [[w for name in names for w in parts[name].parameters(recurse=False)] for names in stages]
        self.stages = [[weight for weight in stage if weight.requires_grad] for stage in weights]
        self.train(self.training)

    def groups(self) -> list[tuple[float, list[nn.Parameter]]]:
        """Return the trained parameters from the last layer down, ``decay`` times slower from stage to stage."""
        from_above = [list(self.out.parameters()), *reversed(self.stages)]
        return [(self.decay**depth, weights) for depth, weights in enumerate(from_above) if weights]

    def begin_epoch(self, epoch: int) -> None:
        """Open one more stage after every ``unfreeze_every`` epochs, from the last down; 0 opens all at once."""
        closed = len(self.stages) - (epoch - 1) // self.unfreeze_every if self.unfreeze_every else 0
        for number, stage in enumerate(self.stages):
            for weight in stage:
                weight.requires_grad_(number >= closed)
        self.train(self.training)
