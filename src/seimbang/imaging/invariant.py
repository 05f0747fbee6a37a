"""Descriptors that a turn, a mirror image, a shift, a crop, inverted grey values or other contrast hardly change.

The amplitude of a Fourier transform does not change with a shift or with the sign of the image; on polar coordinates, a
turn shifts it and a mirror image reverses it, so that the amplitude of a second transform along the angle changes with
neither (Reddy and Chatterji 1996, IEEE Trans Image Process 5:1266). Crops are met by describing parts of images too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from seimbang.imaging.frames import unframed
from seimbang.imaging.similarity import Floats, Rows

SIDE = 64
"""Side in pixels of the pictures that are described."""

Part = tuple[float, float, float]
PARTS: tuple[Part, ...] = (
    *((size, 0.0, 0.0) for size in (1, 0.9, 0.8, 0.7)),
    *((0.85, y, x) for y in (-0.15, 0.15) for x in (-0.15, 0.15)),
)
"""Described parts of an image: their side as a share of the image's, and their centre, -1 ... 1 over the image."""

_COMPARED = [
    *((part, 0) for part in range(len(PARTS))),
    *((0, part) for part in range(1, len(PARTS))),
    *((part, len(PARTS) + 3 - part) for part in range(4, len(PARTS))),
    (len(PARTS), len(PARTS)),
]
"""Which parts are compared: the whole with every part, for crops; opposite corners, for shifts; what frames hold."""

_ANGLES, _RADII, _ORDERS = 32, np.geomspace(2.5, 22, 12), 14
_DIMENSIONS, _FLOOR = 64, 1e-3
_BLOCK = 256
_BLOCK_BYTES = 1 << 24


@dataclass(frozen=True)
class Whitening:
    """A change of descriptors that makes their values uncorrelated over a set, so that what all share does not count.

    Attributes:
        mean: Mean descriptor of the set, shape ``(f,)``.
        matrix: Shape ``(f, d)``.
    """

    mean: Floats
    matrix: Floats

    @classmethod
    def fit(cls, values: Floats) -> "Whitening":
        """Learn from descriptors ``[m, f]``."""
        mean = values.mean(axis=0)
        variance, axes = np.linalg.eigh(np.cov((values - mean).T))
        kept = slice(-min(_DIMENSIONS, len(values) // 4 or 1), None)
        scale = np.sqrt(variance[kept] + _FLOOR * variance[-1]) + 1e-12
        return cls(mean, (axes[:, kept] / scale).astype(np.float32))

    def __call__(self, values: Floats) -> Floats:
        """Return whitened descriptors of norm 1, ``[..., d]``."""
        white = (values - self.mean) @ self.matrix
        return np.asarray(white / (np.linalg.norm(white, axis=-1, keepdims=True) + 1e-12), np.float32)


def describe(X: npt.NDArray[Any]) -> Floats:
    """Return the descriptors of each of ``PARTS`` and of what frames hold, ``float32[p, n, f]``, 5 kB each.

    Args:
        X: Images, ``uint8[n, h, w, c]``, possibly memory-mapped.
    """
    blocks = [_described(X[start : start + _BLOCK]) for start in range(0, len(X), _BLOCK)]
    return np.concatenate(blocks, axis=1)


def _described(X: npt.NDArray[Any]) -> Floats:
    parts = [*(spectra(X, part) for part in PARTS), spectra(unframed(X, SIDE), PARTS[0])]
    return np.stack([_invariant(part) for part in parts])


def spectra(X: npt.NDArray[Any], part: Part) -> Floats:
    """Return the amplitude spectrum of a part of each image on polar coordinates, ``float32[n, angles, radii]``."""
    from scipy.fft import rfft2

    pictures = shrink(X, SIDE, part)
    pictures = (pictures - (pictures * _DISC).sum((1, 2), keepdims=True) / _DISC.sum()) * _DISC
    amplitude = np.sqrt(np.abs(rfft2(pictures, axes=(2, 1))))
    return np.asarray(sum(amplitude[:, y, x] * share for y, x, share in _POLAR), np.float32)


def shrink(X: npt.NDArray[Any], side: int, part: Part = PARTS[0]) -> Floats:
    """Return a part of each image as a grey square of ``side`` pixels, ``float32[n, side, side]``."""
    size, y, x = part
    rows, columns = _resampling(X.shape[1], side, size, y), _resampling(X.shape[2], side, size, x)
    grey = X[..., 0] if X.shape[3] == 1 else X.mean(axis=3)
    return np.asarray(rows @ grey.astype(np.float32) @ columns.T)


def candidates(first: Floats, second: Floats, least: float, most: int) -> Iterator[tuple[Rows, Rows, Rows, Rows]]:
    """Yield pairs whose descriptors are alike, a block of rows at a time.

    Args:
        first: Whitened descriptors, ``[p, n, d]``.
        second: Whitened descriptors, ``[p, m, d]``.
        least: Smallest dot product.
        most: Largest number of pairs of an image of ``first``.

    Yields:
        Row of ``first``, row of ``second``, and which of ``PARTS`` of each are most alike.
    """
    size = max(1, _BLOCK_BYTES // (8 * second.shape[1]))
    for start in range(0, first.shape[1], size):
        best = np.full((min(size, first.shape[1] - start), second.shape[1]), -1, np.float32)
        for a, b in _COMPARED:
            np.maximum(best, first[a, start : start + size] @ second[b].T, out=best)
        count = min(most, second.shape[1])
        closest = np.argpartition(best, -count, axis=1)[:, -count:]
        row, column = np.nonzero(np.take_along_axis(best, closest, axis=1) >= least)
        row, column = row + start, closest[row, column]
        values = [np.einsum("ij,ij->i", first[a, row], second[b, column]) for a, b in _COMPARED[:-1]]
        part = np.array(_COMPARED)[np.argmax(values, axis=0)]
        yield row, column, part[:, 0], part[:, 1]


def _invariant(polar: Floats) -> Floats:
    """Return what neither a turn nor a mirror image changes of polar spectra, ``float32[n, f]``."""
    polar = polar / (polar.mean((1, 2), keepdims=True) + 1e-9)
    return np.abs(np.fft.rfft(polar, axis=1))[:, :_ORDERS].reshape(len(polar), -1).astype(np.float32)


def _resampling(pixels: int, side: int, size: float, centre: float) -> Floats:
    """Return the matrix that resamples a stretch of ``pixels`` to ``side``, linearly and antialiased."""
    step = pixels * size / side
    places = pixels * (1 + centre) / 2 + step * (np.arange(side) - (side - 1) / 2) - 0.5
    weights = np.clip(1 - np.abs(np.arange(pixels) - places[:, None]) / max(step, 1), 0, None)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


def _disc() -> Floats:
    """Return the window over a picture: 1 at its centre, 0 at the inscribed circle, so that a turn keeps it."""
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    distance = np.clip(np.hypot(y, x) / (SIDE / 2), 0, 1)
    return np.asarray(np.cos(np.pi / 2 * distance) ** 2, np.float32)


def _polar() -> list[tuple[Rows, Rows, Floats]]:
    """Return, for each of the four frequencies around every place on polar coordinates, y, x, and its share."""
    angle = np.arange(_ANGLES)[:, None] * np.pi / _ANGLES
    y, x = _RADII * np.sin(angle), _RADII * np.cos(angle)
    top, left = np.floor(y).astype(np.int64), np.floor(x).astype(np.int64)
    corners = [(top + down, left + right) for down in (0, 1) for right in (0, 1)]
    return [(j, i % SIDE, np.asarray((1 - np.abs(y - j)) * (1 - np.abs(x - i)), np.float32)) for j, i in corners]


_DISC, _POLAR = _disc(), _polar()
