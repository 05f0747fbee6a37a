"""Sanity check of heat maps by randomisation of the model parameters: whether maps depend on the weights, no more."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from seimbang.explain.base import HeatMap, Maps

if TYPE_CHECKING:
    from torch import Tensor, nn


class SanityMaps(NamedTuple):
    """The maps of a network, those of the same network with random weights, and their similarity.

    Attributes:
        maps: Maps of the network, ``float32[b, h, w]``.
        random: Maps of the network with random weights, likewise.
        similarity: Spearman's rank correlation of the two maps of each image, ``float64[b]`` in [-1, 1]; where a map is
            constant, 1 if the other equals it, else 0.
    """

    maps: Maps
    random: Maps
    similarity: npt.NDArray[np.float64]


def sanity(method: HeatMap, module: nn.Module, images: Tensor, targets: Tensor, seed: int = 0) -> SanityMaps:
    """Compare the maps of the network with those of one with random weights.

    Where they are similar, a map shows the image rather than what was learned (Adebayo et al. 2018, NeurIPS,
    9505-9515). Where they are not, nothing is said of what was learned: a map of burnt-in text depends on the weights
    too. All layers are reinitialised as torch does.

    Args:
        method: A heat map.
        module: The trained network; it is not changed.
        images: ``float32[b, c, h, w]`` in [0, 1].
        targets: ``int64[b]``, the class to explain in each image.
        seed: Seed of the random weights.
    """
    maps, random = method(module, images, targets), method(_randomised(module, seed), images, targets)
    return SanityMaps(maps, random, np.array([_correlation(*pair) for pair in zip(maps, random, strict=True)]))


def _randomised(module: nn.Module, seed: int) -> nn.Module:
    """Return a copy of the network with every layer reinitialised."""
    import torch

    randomised = copy.deepcopy(module)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for layer in randomised.modules():
            reset = getattr(layer, "reset_parameters", None)
            if reset is not None:
                reset()
    return randomised


def _correlation(first: Maps, second: Maps) -> float:
    from scipy.stats import rankdata

    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return float(np.array_equal(first, second))
    return float(np.corrcoef(rankdata(first), rankdata(second))[0, 1])
