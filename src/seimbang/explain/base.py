"""The interface of heat map methods, their scale, and evaluation mode that restores the network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch import Tensor, nn

Maps = npt.NDArray[np.float32]
WARNING = "The map shows which regions influenced the prediction, not the outline of a lesion."

MAX_SIMILARITY = 0.5
"""With a mean correlation at or above this to the maps of random weights, a method fails the check of ``sanity``."""
LIMIT = (
    "That is all this checks. It does not say that what a map lights up has to do with the disease: a map of text "
    "burnt into the image, of a marker or of the border passes it as well, where the network learned from these."
)
"""What that check leaves open; under every check that is passed."""


class HeatMap(Protocol):
    """A method: the evidence for a class at each place of an image, as the network uses it."""

    def __call__(self, module: nn.Module, images: Tensor, targets: Tensor) -> Maps:
        """Return maps ``float32[b, h, w]``, each from 0 to 1, or all 0 where no region has evidence.

        Args:
            module: A network on the device of the images; it is not changed.
            images: ``float32[b, c, h, w]`` in [0, 1].
            targets: ``int64[b]``, the class to explain in each image: usually the predicted one.
        """


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Set evaluation mode within the block; afterwards each submodule is in its former mode."""
    modes = [(layer, layer.training) for layer in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for layer, training in modes:
            layer.training = training


def normalise(maps: Tensor) -> Maps:
    """Scale each map ``[b, h, w]`` to 0 ... 1: ``(m - min m) / (max m - min m)``; a constant one becomes 0."""
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    span = high - low
    scaled: Maps = ((maps - low) / span.where(span > 0, 1)).float().cpu().numpy()
    return scaled
