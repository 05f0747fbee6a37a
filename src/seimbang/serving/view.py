"""How an image is shown to the eye: window, level and zoom; none of it changes what a model sees."""

from __future__ import annotations

from io import BytesIO
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from seimbang.imaging.dicom_header import read_header
from seimbang.imaging.formats import image_format
from seimbang.imaging.other_formats import HEAD
from seimbang.imaging.windows import Ramp, Window

CT: dict[str, Window] = {"brain": (40, 80), "soft_tissue": (50, 400), "lung": (-600, 1500), "bone": (400, 1800)}
"""Centre and width in Hounsfield units, as radiologists use them."""
_MODALITY = 0x00080060


class Look(NamedTuple):
    """How to show an image.

    Attributes:
        centre: Grey value that is shown as middle grey.
        width: How many grey values lie between black and white.
        zoom: How many times as large; the rest is cut off.
        across: Where in the image, from 0 (left) to 100 (right).
        down: From 0 (top) to 100 (bottom).
    """

    centre: int = 128
    width: int = 255
    zoom: float = 1.0
    across: int = 50
    down: int = 50


NORMAL = Look()


def presets(data: bytes, own: Window) -> dict[str, Window]:
    """Return the windows to choose from: ``own``, the study's, and for DICOM those of its modality.

    Args:
        data: A whole file that could be decoded.
        own: As the models see it.
    """
    windows: dict[str, Window] = {"own": own}
    if image_format(data[:HEAD]) != "DICOM":
        return windows
    windows |= {"dicom": "dicom", "percentile": "percentile"}
    modality = read_header(BytesIO(data), "the image", [_MODALITY]).elements.get("Modality")
    return windows | (CT if modality == "CT" else {})


def cut(pixels: npt.NDArray[np.uint8], look: Look) -> npt.NDArray[np.uint8]:
    """Return the part of ``uint8[h, w, c]`` that a look shows, in its grey values."""
    height, width = (max(1, round(side / look.zoom)) for side in pixels.shape[:2])
    top = round((pixels.shape[0] - height) * look.down / 100)
    left = round((pixels.shape[1] - width) * look.across / 100)
    part = pixels[top : top + height, left : left + width]
    if (look.centre, look.width) == (NORMAL.centre, NORMAL.width):
        return part
    return Ramp(look.centre, look.width, "LINEAR_EXACT").apply(part.astype(np.float64))
