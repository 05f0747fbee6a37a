"""What is inside the frame of a picture: an exporter or a viewer adds borders of one grey value, which show nothing."""

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from seimbang.imaging.similarity import Floats

EVEN = 24
"""A line of pixels is of the frame where the grey values of nine in ten differ by no more: JPEG leaves differences, and
resizing mixes a frame with what is inside it."""

_FRAMES, _LEAST = 3, 8
_ENDS = 0.05


def contents(X: npt.NDArray[Any]) -> tuple[Floats, Floats]:
    """Return the size of what is inside the frames of each image, and its centre about the image's.

    Args:
        X: Images, ``uint8[n, h, w, c]``.

    Returns:
        Both as shares of the sides, in the order y, x, ``float32[n, 2]``.
    """
    sides = np.array(X.shape[1:3], np.float32)
    boxes = np.array([_box(image) for image in _grey(X)], np.float32).reshape(-1, 2, 2)
    return (boxes[:, 1] - boxes[:, 0]) / sides, boxes.mean(axis=1) / sides - np.float32(0.5)


def framed(X: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return which images have a frame."""
    return np.asarray((contents(X)[0] < 1).any(axis=1))


def unframed(X: npt.NDArray[Any], side: int) -> npt.NDArray[np.uint8]:
    """Return what is inside the frames of each image as a grey square, ``uint8[n, side, side, 1]``."""
    squares = np.empty((len(X), side, side, 1), np.uint8)
    for square, image in zip(squares, _grey(X), strict=True):
        (top, left), (bottom, right) = _box(image)
        resized = Image.fromarray(image).resize((side, side), Image.Resampling.BILINEAR, (left, top, right, bottom))
        square[..., 0] = np.asarray(resized)
    return squares


def _grey(X: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    return np.asarray(X[..., 0] if X.shape[3] == 1 else X.mean(axis=3).astype(np.uint8))


def _box(image: npt.NDArray[np.uint8]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the first and the last corner, y and x; of a white frame around a black one both are left out."""
    (top, left), (bottom, right) = (0, 0), image.shape
    for _ in range(_FRAMES):
        inside = image[top:bottom, left:right]
        rows, columns = (np.flatnonzero(_range(lines) > EVEN) for lines in (inside, inside.T))
        if min(len(rows), len(columns)) < _LEAST:
            break
        top, bottom = top + int(rows[0]), top + int(rows[-1]) + 1
        left, right = left + int(columns[0]), left + int(columns[-1]) + 1
    return (top, left), (bottom, right)


def _range(lines: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the range of nine in ten pixels of each line."""
    ordered = np.sort(lines, axis=1)
    ends = int(lines.shape[1] * _ENDS)
    return np.asarray(ordered[:, -1 - ends] - ordered[:, ends])
