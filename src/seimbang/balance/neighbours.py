"""Exact nearest neighbours among thousands of images, in memory independent of the size of the images."""

from contextlib import nullcontext
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from seimbang.balance.base import Floats, Ints

COLUMNS = 1024
"""Features processed at a time. A sum of 1024 products of bytes centred on 0 is at most 128 * 128 * 1024 = 2**24, so
float32, which is twice as fast as float64, represents it exactly."""

MEMORY = 64 * 2**20
"""Bytes of the distances held at a time."""


def neighbours(X: npt.NDArray[Any], rows: Ints, k: int, memory: int = MEMORY) -> Ints:
    """Return the ``k`` nearest other rows of each row by Euclidean distance, nearest first.

    Equal distances are ordered by position. On ``uint8`` the distances, and so the neighbours, are exact; anything else
    is summed by one thread, since the number of threads decides the last bit, and that decides between equal distances.

    Args:
        X: ``(n, ...)``, C-contiguous, possibly memory-mapped: nothing of it is copied but ``COLUMNS`` features.
        rows: Rows of ``X`` to search among, shape ``(m,)``, more than ``k``.
        k: Number of neighbours.
        memory: Bytes for distances; with less, ``X`` is read more often.

    Returns:
        Positions in ``rows``, shape ``(m, k)``.
    """
    flat = X.reshape(len(X), -1)
    block = max(1, memory // (24 * len(rows)))  # a distance, its index, and the product it is computed from
    blocks = [slice(start, min(start + block, len(rows))) for start in range(0, len(rows), block)]
    with nullcontext() if X.dtype == np.uint8 else threadpool_limits(1):
        return np.concatenate([_nearest(_squared_distances(flat, rows, part), part.start, k) for part in blocks])


def _squared_distances(flat: npt.NDArray[Any], rows: Ints, part: slice) -> Floats:
    """Return the squared distances of the rows in ``part`` to all ``rows``, shape ``(part, m)``."""
    products = np.zeros((part.stop - part.start, len(rows)))
    squares = np.zeros(len(rows))
    for start in range(0, flat.shape[1], COLUMNS):
        values = _centred(flat[rows, start : start + COLUMNS])
        products += values[part] @ values.T
        squares += np.einsum("ij,ij->i", values, values)
    products *= -2
    products += squares
    products += squares[part, None]
    return products


def _centred(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return bytes as float32 in [-128, 127], anything else as float64; distances do not change."""
    if values.dtype == np.uint8:
        values = values.astype(np.float32)
        values -= 128
        return values
    return values.astype(np.float64)


def _nearest(distances: Floats, start: int, k: int) -> Ints:
    """Return the ``k`` smallest of each row, except the row itself, in column ``start + row``."""
    own = np.arange(len(distances))
    distances[own, start + own] = np.inf
    return np.argsort(distances, axis=1, kind="stable")[:, :k].copy()  # a view would keep the whole array alive
