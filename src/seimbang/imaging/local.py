"""Agreement of two pictures place by place, as they stand.

What is drawn over a picture, softens it or changes its grey values leaves most places as they were, up to a brightness
and a contrast of their own. The limits were chosen on the sets that ``copies`` names.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from seimbang.imaging.invariant import shrink
from seimbang.imaging.registration import gaussian
from seimbang.imaging.similarity import Floats, Mask

MOST = 0.7
"""Least share of the places with structure that must agree: 0.75 to 1 where writing or a box covers a picture or its
grey values were changed. Different films reach 0.34, neighbouring slices of MRI 0.49; those of CT that reach more
have thumbnails that correlate above 0.97."""

AGREES = 0.95
"""Least correlation of a place."""

_SIDE, _PLACE = 128, 16
_STRUCTURE, _FEWEST = 4, 8
_SOFTENED = (1.0, 1.5, 2.2, 3.2)


def agree_in_places(X: npt.NDArray[Any], other: npt.NDArray[Any]) -> Mask:
    """Return which pairs of images agree in most places, the sharper one softened as the other may have been.

    Args:
        X: Images, ``uint8[n, h, w, c]``.
        other: Images, ``uint8[n, h, w, c]``.
    """
    a, b = shrink(X, _SIDE), shrink(other, _SIDE)
    sharper = (_sharpness(a) >= _sharpness(b))[:, None, None]
    sharp, soft = np.where(sharper, a, b), np.where(sharper, b, a)
    agree = _share(sharp, soft) >= MOST
    for deviation in _SOFTENED:
        rows = np.flatnonzero(~agree)
        softening = gaussian(_SIDE, deviation)
        agree[rows] = _share(softening @ sharp[rows] @ softening.T, soft[rows]) >= MOST
    return np.asarray(agree)


def _sharpness(pictures: Floats) -> Floats:
    """Return the mean squared difference of neighbouring pixels, shape ``(n,)``."""
    return np.asarray(sum((np.diff(pictures, axis=axis) ** 2).mean((1, 2)) for axis in (1, 2)), np.float32)


def _share(a: Floats, b: Floats) -> Floats:
    """Return the share of the places with structure in which pictures agree, of either sign; 0 where they are few."""
    (a, spread_a), (b, spread_b) = _places(a), _places(b)
    correlation = np.einsum("npi,npi->np", a, b) / (a.shape[2] * spread_a * spread_b + 1e-6)
    structured = np.maximum(spread_a, spread_b) > _STRUCTURE
    count = structured.sum(axis=1)
    share = (structured & (np.abs(correlation) > AGREES)).sum(axis=1) / np.maximum(count, 1)
    return np.where(count >= _FEWEST, share, 0).astype(np.float32)


def _places(pictures: Floats) -> tuple[Floats, Floats]:
    """Return the pixels of each place less their mean, ``[n, p, 256]``, and their standard deviation, ``[n, p]``."""
    across = _SIDE // _PLACE
    cells = pictures.reshape(-1, across, _PLACE, across, _PLACE).swapaxes(2, 3).reshape(-1, across**2, _PLACE**2)
    cells = cells - cells.mean(axis=2, keepdims=True)
    return cells, cells.std(axis=2)
