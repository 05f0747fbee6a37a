"""What every heat map has in common: its form, its scale, and the network left as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch import Tensor, nn

Maps = npt.NDArray[np.float32]
WARNING = "The map shows what moved the answer, not the outline of a lesion."


class HeatMap(Protocol):
    """A method: what in each image spoke for a class, as far as the network goes by it."""

    def __call__(self, module: nn.Module, images: Tensor, targets: Tensor) -> Maps:
        """Return maps ``float32[b, h, w]``, each from 0 to 1, or all 0 where nothing stands out.

        Args:
            module: A network on the device of the images; it is left as it was.
            images: ``float32[b, c, h, w]`` in [0, 1].
            targets: ``int64[b]``, the class to explain in each image: mostly the answer given.
        """


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Put a network in evaluation mode; afterwards each of its parts is in the mode it was in."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


def normalise(maps: Tensor) -> Maps:
    """Scale each map ``[b, h, w]`` to 0 ... 1: ``(m - min m) / (max m - min m)``; a constant one becomes 0."""
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    span = high - low
    scaled: Maps = ((maps - low) / span.where(span > 0, 1)).float().cpu().numpy()
    return scaled
