"""What kind of picture an image is, in a few numbers: where edges run in which direction, and where which colours are.

They are the same for every model, so networks, classical models and several seeds together ask the same question.
"""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from seimbang.imaging.quality import LUMA

VERSION = 1
"""Raised when the same image is to have other numbers."""
Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
SIDE, CELLS, DIRECTIONS = 64, 4, 8
BLOCK = 256
CHANGES: Mapping[str, Callable[[Bytes], Bytes]] = {
    "half_turn": lambda X: X[:, ::-1, ::-1],
    "upside_down": lambda X: X[:, ::-1],
    "quarter_turn_left": lambda X: np.rot90(X, 1, (1, 2)),
    "quarter_turn_right": lambda X: np.rot90(X, -1, (1, 2)),
    "inverted": lambda X: 255 - X,
}
"""Ways in which an image is given wrongly, each its own inverse or that of another."""


def describe(X: Bytes) -> Floats:
    """Return the descriptors of images, ``float32[n, f]``; memory does not depend on the number of images.

    Of 4 x 4 cells: the logarithm of the mean gradient in each of 8 directions, light to dark and dark to light told
    apart (Dalal & Triggs 2005, without their normalisation: how strong edges are tells kinds of pictures apart too).
    Colour images have the mean differences of red and blue to green beside them.

    Args:
        X: As the models see them, ``uint8[n, h, w, c]``, possibly memory-mapped.
    """
    blocks = [_describe(np.asarray(X[start : start + BLOCK])) for start in range(0, len(X), BLOCK)]
    return np.concatenate(blocks)


def _describe(X: Bytes) -> Floats:
    values = X.astype(np.float32)
    grey = values[..., 0] if X.shape[3] == 1 else values @ (LUMA / LUMA.sum()).astype(np.float32)
    parts = _edges(_pooled(grey, SIDE))
    if X.shape[3] == 3:
        parts += [_pooled(values[..., k] - values[..., 1], CELLS) for k in (0, 2)]
    return np.concatenate([part.reshape(len(X), -1) for part in parts], axis=1)


def _edges(grey: Floats) -> list[Floats]:
    padded = np.pad(grey, ((0, 0), (1, 1), (1, 1)), mode="edge")
    down, right = padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1], padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]
    strength = np.hypot(right, down)
    direction = np.floor(np.arctan2(down, right) / (2 * np.pi) * DIRECTIONS).astype(int) % DIRECTIONS
    return [np.log1p(_pooled(strength * (direction == k), CELLS)) for k in range(DIRECTIONS)]


def _pooled(values: Floats, most: int) -> Floats:
    """Return the means of at most ``most`` x ``most`` blocks, ``float32[n, rows, columns]``."""
    for axis in (1, 2):
        edges = np.linspace(0, values.shape[axis], min(most, values.shape[axis]) + 1).astype(int)
        sizes = np.diff(edges).reshape([-1 if k == axis else 1 for k in range(3)])
        values = (np.add.reduceat(values, edges[:-1], axis) / sizes).astype(np.float32)
    return values
