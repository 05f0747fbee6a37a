"""The width of an SVM's Gaussian kernel, estimated from the distances between cases."""

import numpy as np
import numpy.typing as npt

ALL_PAIRS = 1000
"""Up to so many rows every pair is taken; of more, as many random pairs as half the rows."""


def sigest(rows: npt.NDArray[np.float32], seed: int) -> float:
    """Return ``gamma`` of ``exp(-gamma * |x - x'| ** 2)`` as the R packages kernlab and caret estimate it.

    The squared distances between different cases have a 0.9 and a 0.1 quantile; the mean of the inverses of both is
    taken (Caputo et al. 2002, NIPS workshop on statistical methods for computational experiments). kernlab looks at
    n / 2 random pairs; here all pairs are, unless they are very many, so that the seed hardly matters.

    Args:
        rows: Scaled features, ``float32[n, f]``.
        seed: Draws the pairs, where not all are taken.

    Returns:
        A number above 0; 1 where all rows are equal.
    """
    squares = _squares(rows, seed)
    squares = squares[squares > 0]
    return float((1 / np.quantile(squares, [0.9, 0.1])).mean()) if len(squares) else 1.0


def _squares(rows: npt.NDArray[np.float32], seed: int) -> npt.NDArray[np.float64]:
    """Return squared distances of pairs of rows."""
    from scipy.spatial.distance import pdist

    if len(rows) <= ALL_PAIRS:
        squares: npt.NDArray[np.float64] = pdist(rows, "sqeuclidean")
        return squares
    pairs = np.random.default_rng(seed).integers(len(rows), size=(len(rows) // 2, 2))
    return np.array([np.square(rows[i] - rows[j], dtype=np.float64).sum() for i, j in pairs])
