"""Overlay of a heat map on its image."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from seimbang.explain.base import Maps


def overlay(image: npt.NDArray[np.uint8], heat: Maps, opacity: float) -> npt.NDArray[np.uint8]:
    """Return ``(1 - opacity) * image + opacity * colour``, in the colours of viridis (dark blue 0, yellow 1).

    Args:
        image: ``uint8[h, w, c]``, greyscale or RGB.
        heat: ``float32[h, w]`` in [0, 1].
        opacity: 0 shows the image alone, 1 the map alone.

    Returns:
        ``uint8[h, w, 3]``.
    """
    from matplotlib import colormaps

    colours = 255 * colormaps["viridis"](heat)[..., :3]
    return np.rint((1 - opacity) * image + opacity * colours).astype(np.uint8)
