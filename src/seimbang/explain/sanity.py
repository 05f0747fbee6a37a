"""Whether a heat map depends on what the network has learned."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from seimbang.explain.base import HeatMap, Maps

if TYPE_CHECKING:
    from torch import Tensor, nn

ALIKE = 0.5
"""Mean correlation from which on a map counts as one of the image rather than of what was learned."""


class Sanity(NamedTuple):
    """The maps of a network, those of the same network with random weights, and how alike they are.

    Attributes:
        maps: Of the network, ``float32[b, h, w]``.
        random: Of the one with random weights, likewise.
        similarity: Spearman's rank correlation of the two maps of each image, ``float64[b]`` in [-1, 1]; where a map is
            constant, 1 if the other is equal to it, else 0.
    """

    maps: Maps
    random: Maps
    similarity: npt.NDArray[np.float64]


def sanity(method: HeatMap, module: nn.Module, images: Tensor, targets: Tensor, seed: int = 0) -> Sanity:
    """Compare the maps of the network with those of one with random weights.

    Where they are alike, a map shows the image rather than what was learned (Adebayo et al. 2018, NeurIPS,
    9505-9515). All layers are drawn anew, as torch begins them.

    Args:
        method: A heat map.
        module: The trained network; it is left as it was.
        images: ``float32[b, c, h, w]`` in [0, 1].
        targets: ``int64[b]``, the class to explain in each image.
        seed: Seed of the random weights.
    """
    maps, random = method(module, images, targets), method(_randomised(module, seed), images, targets)
    return Sanity(maps, random, np.array([_correlation(*pair) for pair in zip(maps, random, strict=True)]))


def _randomised(module: nn.Module, seed: int) -> nn.Module:
    """Return a copy of the network in which every layer starts again as torch makes it."""
    import torch

    fresh = copy.deepcopy(module)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for layer in fresh.modules():
            reset = getattr(layer, "reset_parameters", None)
            if reset is not None:
                reset()
    return fresh


def _correlation(one: Maps, other: Maps) -> float:
    from scipy.stats import rankdata

    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return float(np.array_equal(one, other))
    return float(np.corrcoef(rankdata(one), rankdata(other))[0, 1])
