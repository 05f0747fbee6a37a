"""Features that a pretrained network computes of images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from seimbang.networks.backbone import Fetch
from seimbang.networks.backbones import check_size, named
from seimbang.networks.weights import initialise, named_file
from seimbang.training.base import Features, Layer, Shape, to_tensor

if TYPE_CHECKING:
    from seimbang.networks.pretrained_net import PretrainedNet

BLOCK = 16
"""Images a block: so many are worked on at a time."""


class NetworkFeatures(Features):
    """What a pretrained network without its last layer makes of each image.

    Attributes:
        backbone: Name of the network.
        weights: File of weights; empty for the published ones, ``"random"`` for none.
        fetch: Whether published weights may be downloaded, see ``Pretrained``.
    """

    backbone: str
    weights: str = ""
    fetch: Fetch = "when needed"

    def extract(self, X: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return the features ``float32[n, f]`` of images ``uint8[n, h, w, c]``, a block of images at a time.

        Raises:
            StudyError: MODEL_SIZE; further ones where the weights cannot be had, see ``weights.initialise``.
        """
        import torch

        check_size(self.backbone, X.shape[1:])
        module, features = self.network(), np.empty((len(X), named(self.backbone).features), np.float32)
        with torch.inference_mode():
            for start in range(0, len(X), BLOCK):
                features[start : start + BLOCK] = module.features(to_tensor(X[start : start + BLOCK])).numpy()
        return features

    def network(self) -> PretrainedNet:
        """Return the network, in evaluation mode; random weights are always the same ones.

        Raises:
            StudyError, IntegrityError, ResourceError: The weights cannot be had, see ``weights.initialise``.
        """
        import torch

        from seimbang.networks.pretrained_net import PretrainedNet

        backbone = named(self.backbone)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            module = PretrainedNet(backbone, 0.0, 1)
        module.out = torch.nn.Identity()
        initialise(module, backbone, self.weights, self.fetch)
        return module.eval()

    def layer(self, shape: Shape) -> Layer:
        """Describe the features."""
        purpose = "Takes what a network trained on other images makes of this one."
        return Layer("Pretrained network", (named(self.backbone).features,), 0, purpose)

    def reads(self) -> tuple[Path, ...]:
        """Return the file of weights, where one is named."""
        return named_file(self.weights)
