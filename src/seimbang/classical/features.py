"""What classical models see of an image besides its pixels, by name."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from seimbang.errors import StudyError
from seimbang.networks.backbones import BACKBONES
from seimbang.training.base import Features, Layer, Shape


class Hog(Features):
    """Histograms of oriented gradients, in blocks of 2 x 2 cells (Dalal & Triggs 2005, CVPR).

    Attributes:
        cell: Height and width of a cell in pixels.
        orientations: Bins of each histogram.
    """

    block: ClassVar[int] = 2
    cell: int = Field(16, ge=2, le=256)
    orientations: int = Field(9, ge=2, le=36)

    def extract(self, X: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return the histograms ``float32[n, f]``, normalised block by block (L2-Hys).

        Raises:
            StudyError: FEATURES_SIZE: the images are smaller than a block.
        """
        from skimage.feature import hog

        histograms = np.empty((len(X), self.width(X.shape[1:])), np.float32)
        cells, block = (self.cell, self.cell), (self.block, self.block)
        for row, image in enumerate(X):
            histograms[row] = hog(image, self.orientations, cells, block, channel_axis=-1)
        return histograms

    def width(self, shape: Shape) -> int:
        """Return how many features an image of ``shape`` has.

        Raises:
            StudyError: FEATURES_SIZE: it is smaller than a block.
        """
        blocks = [side // self.cell - self.block + 1 for side in shape[:2]]
        if min(blocks) < 1:
            least = self.block * self.cell
            found, expected = f"images of {shape[0]} x {shape[1]} pixels for HOG", f"at least {least} x {least}"
            raise StudyError("FEATURES_SIZE", found, expected, "set a larger image.size, or other features")
        return blocks[0] * blocks[1] * self.block**2 * self.orientations

    def layer(self, shape: Shape) -> Layer:
        """Describe the histograms."""
        purpose = "Counts in which directions the edges run, cell by cell (HOG)."
        return Layer("Gradients", (self.width(shape),), 0, purpose)


def names() -> list[str]:
    """Return the names of all features."""
    return ["pixels", "hog", *BACKBONES]
