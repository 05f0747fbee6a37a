"""No-reference measures of image quality: brightness, contrast, sharpness, noise, entropy, clipping.

Measured on the input of the models. Colour images are measured on their luma, except for the clipped share.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

Bytes = npt.NDArray[np.uint8]
Grey = npt.NDArray[np.int16]
Values = npt.NDArray[np.float64]

LUMA = np.array([19595, 38470, 7471])
"""Weights of red, green and blue in 65,536ths (ITU-R BT.601), as in Pillow."""

MAX_Z = 5.0
"""A measure with a larger robust z-score is an outlier; of normal values one in 1.7 million."""

_BLOCK_BYTES = 1 << 24
_MAD_TO_SD = 1.4826  # standard deviation of a normal distribution in median absolute deviations: 1 / Phi^-1(3/4)
_MAX_RESPONSE = 2040  # largest response of the noise mask to bytes


def measure(X: Bytes) -> pd.DataFrame:
    """Return one row per image and one column per measure; memory does not depend on the number of images.

    Args:
        X: Images, ``uint8[n, h, w, c]`` with one or three channels, possibly memory-mapped.
    """
    size = max(1, _BLOCK_BYTES // (8 * max(int(np.prod(X.shape[1:])), _MAX_RESPONSE)))
    blocks = [_measure(X[start : start + size]) for start in range(0, len(X), size)]
    columns = [*HISTOGRAM_MEASURES, *SPATIAL_MEASURES, "clipped"]
    return pd.DataFrame(np.concatenate(blocks) if blocks else np.empty((0, len(columns))), columns=columns)


def outlier_signs(measures: pd.DataFrame) -> pd.DataFrame:
    """Return -1 where an image's measure is far below the other images', 1 where it is far above, 0 elsewhere.

    Far is a robust z-score beyond ``MAX_Z``: the distance from the median in units of 1.4826 times the median distance
    (Iglewicz and Hoaglin 1993) on the same side of it, as most measures are skewed: with the distance on both sides,
    one chest X-ray in fifteen would be an outlier by its clipped share.
    """
    deviation = measures - measures.median()
    above, below = deviation.where(deviation > 0).median(), deviation.where(deviation < 0).median()
    high, low = deviation > MAX_Z * _MAD_TO_SD * above, deviation < MAX_Z * _MAD_TO_SD * below
    return high.astype(int) - low.astype(int)


def brightness(shares: Values) -> Values:
    """Mean grey value, 0 ... 255."""
    return np.asarray(shares @ np.arange(256.0))


def contrast(shares: Values) -> Values:
    """Standard deviation of grey values (RMS contrast; Peli 1990, J Opt Soc Am A 7:2032)."""
    variance: Values = shares @ np.arange(256.0) ** 2 - brightness(shares) ** 2
    return np.asarray(np.sqrt(variance.clip(0)))


def entropy(shares: Values) -> Values:
    """``-sum p log2 p`` over the shares ``p`` of the 256 grey values, 0 ... 8 bits (Shannon 1948)."""
    return np.asarray(-(shares * np.log2(np.where(shares > 0, shares, 1))).sum(axis=1))


def sharpness(grey: Grey) -> Values:
    """Variance of the Laplacian ``up + down + left + right - 4 centre``; 0 below 3 x 3.

    Pech-Pacheco 2000, ICPR 3:314.
    """
    middle = grey[:, 1:-1, 1:-1]
    around = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:]
    laplacian = (around - 4 * middle).reshape(len(grey), -1)
    return laplacian.var(axis=1, dtype=np.float64) if laplacian.size else np.zeros(len(grey))


def noise(grey: Grey) -> Values:
    """Standard deviation of the noise in grey values: ``1.4826 median |N| / 6``; 0 below 3 x 3.

    ``N`` is the image convolved with the mask [1 -2 1; -2 4 -2; 1 -2 1], which responds neither to a plane nor to an
    edge along an axis, and multiplies the deviation of white noise by 6 (Immerkaer 1996, Comput Vis Image Underst
    64:300); the median is robust to other edges (Donoho and Johnstone 1994, Biometrika 81:425). Black and white pixels
    are left out, as noise is clipped there. Without any noise it is 0.06, less than what rounding to bytes adds (0.29).
    """
    across = grey[:, :, :-2] - 2 * grey[:, :, 1:-1] + grey[:, :, 2:]
    response = np.abs(across[:, :-2] - 2 * across[:, 1:-1] + across[:, 2:])
    middle = grey[:, 1:-1, 1:-1]
    return _MAD_TO_SD / 6 * _median(_counts(response, _MAX_RESPONSE + 1, (middle > 0) & (middle < 255)))


HISTOGRAM_MEASURES: dict[str, Callable[[Values], Values]] = {
    "brightness": brightness,
    "contrast": contrast,
    "entropy": entropy,
}
SPATIAL_MEASURES: dict[str, Callable[[Grey], Values]] = {"sharpness": sharpness, "noise": noise}


def _measure(X: Bytes) -> Values:
    grey: Grey = (X[..., 0] if X.shape[3] == 1 else (X @ LUMA + 32768) >> 16).astype(np.int16)
    shares = _counts(grey, 256) / grey[0].size
    clipped = ((X == 0) | (X == 255)).mean(axis=(1, 2, 3))  # of all values of all channels
    histogram = [measure_of(shares) for measure_of in HISTOGRAM_MEASURES.values()]
    spatial = [measure_of(grey) for measure_of in SPATIAL_MEASURES.values()]
    return np.stack([*histogram, *spatial, clipped], axis=1)


def _counts(values: Grey, levels: int, mask: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[np.int64]:
    """Return the histogram of each image over 0 ... ``levels - 1``, of the pixels in ``mask``: ``(n, levels)``."""
    n = len(values)
    index = levels * np.arange(n)[:, None, None] + values  # one bincount serves all images
    return np.bincount(index.ravel() if mask is None else index[mask], minlength=levels * n).reshape(n, levels)


def _median(counts: npt.NDArray[np.int64]) -> Values:
    """Return the median of integers from their counts, interpolated within its bin; 0 without any."""
    below = np.cumsum(counts, axis=1)
    half = below[:, -1:] / 2
    value = (below < half).sum(axis=1)
    row = np.arange(len(counts))
    own = counts[row, value]
    share = (half[:, 0] - below[row, value] + own) / np.maximum(own, 1)
    return np.asarray(np.where(value > 0, value - 0.5 + share, share / 2), np.float64)
