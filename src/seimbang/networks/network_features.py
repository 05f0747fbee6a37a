"""Features that a pretrained network computes of images."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from seimbang.networks.backbone import Fetch
from seimbang.networks.backbones import check_size, named
from seimbang.networks.weights import initialise
from seimbang.training.base import Features, Shape

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

        from seimbang.networks.pretrained_net import PretrainedNet

        check_size(self.backbone, X.shape[1:])
        backbone = named(self.backbone)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            module = PretrainedNet(backbone, 0.0, 1).eval()
        initialise(module, backbone, self.weights, self.fetch)
        found = np.empty((len(X), backbone.features), np.float32)
        with torch.inference_mode():
            for start in range(0, len(X), BLOCK):
                images = torch.from_numpy(X[start : start + BLOCK].astype(np.float32)).div_(255)
                found[start : start + BLOCK] = module.features(images.permute(0, 3, 1, 2)).numpy()
        return found

    def width(self, shape: Shape) -> int:
        """Return how many features an image of any ``shape`` has."""
        return named(self.backbone).features
