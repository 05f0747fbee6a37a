"""What moved a network's answer about one image, for the page."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from seimbang.errors import StudyError

if TYPE_CHECKING:
    from torch import nn

    from seimbang.explain.base import Maps


def methods(network: nn.Module, pixels: npt.NDArray[np.uint8]) -> list[str]:
    """Return the names of the heat maps that work for a network, the quick ones first.

    Args:
        network: In evaluation mode; left as it was.
        pixels: Any image as the network sees it, ``uint8[h, w, c]``.
    """
    try:
        heat_map(network, pixels, 0, "grad_cam")
    except StudyError:  # no convolution, as in recurrent networks
        return ["occlusion"]
    return ["grad_cam", "occlusion"]


def heat_map(network: nn.Module, pixels: npt.NDArray[np.uint8], target: int, method: str) -> Maps:
    """Return the map ``float32[h, w]`` in [0, 1] of one image.

    Args:
        network: Left as it was; other visitors may be using it, so a copy is explained.
        pixels: The image as the network sees it, ``uint8[h, w, c]``.
        target: Position of the class to explain.
        method: One of ``explain.METHODS``.

    Raises:
        StudyError: EXPLAIN_LAYER: Grad-CAM of a network without convolutions.
    """
    import torch

    from seimbang.explain import METHODS

    images = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255
    maps: Maps = METHODS[method](copy.deepcopy(network), images, torch.tensor([target]))[0]
    return maps
