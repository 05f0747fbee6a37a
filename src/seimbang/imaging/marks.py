"""Contrast at the border of images, where burnt-in labels, markers and frames are and anatomy of interest seldom is."""

from typing import Any

import numpy as np
import numpy.typing as npt

from seimbang.imaging.similarity import Floats

GRID = 10
"""The image is divided into so many cells each way; the outermost are its border."""

_BLOCK = 256


def border_contrast(X: npt.NDArray[Any]) -> Floats:
    """Return how far the brightest and the darkest pixel of each border cell are from its mean, ``float32[n, 2 * 36]``.

    Writing is brighter or darker than what it covers, whatever that is; a frame without structure has no contrast.

    Args:
        X: Images of at least 10 x 10 pixels, ``uint8[n, h, w, c]``, possibly memory-mapped.
    """
    blocks = [_contrast(X[start : start + _BLOCK]) for start in range(0, len(X), _BLOCK)]
    return np.concatenate(blocks)


def places() -> list[str]:
    """Return where each of the 36 border cells is, such as ``top left``."""
    names = {0: ("top", "left"), 1: ("middle", "middle"), 2: ("bottom", "right")}
    third = np.minimum(np.arange(GRID) * 3 // GRID, 2)
    words = [(names[third[y]][0], names[third[x]][1]) for y, x in np.argwhere(_border())]
    return [" ".join(word for word in pair if word != "middle") for pair in words]


def _contrast(X: npt.NDArray[Any]) -> Floats:
    n, height, width = X.shape[:3]
    grey = X.mean(axis=3, dtype=np.float32)
    lines, columns = (np.linspace(0, side, GRID + 1).astype(np.int64) for side in (height, width))
    cells = [
        grey[:, lines[y] : lines[y + 1], columns[x] : columns[x + 1]].reshape(n, -1) for y, x in np.argwhere(_border())
    ]
    bright = [cell.max(axis=1) - cell.mean(axis=1) for cell in cells]
    dark = [cell.mean(axis=1) - cell.min(axis=1) for cell in cells]
    return np.stack(bright + dark, axis=1)


def _border() -> npt.NDArray[np.bool_]:
    """Return which cells of the grid are at the border."""
    inside = np.zeros((GRID, GRID), np.bool_)
    inside[1:-1, 1:-1] = True
    return ~inside
