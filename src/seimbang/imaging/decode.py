"""The decoder, for every image from anywhere: it returns a validated array, or raises an ``ImageError``."""

import warnings
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from seimbang.errors import ImageError, SeimbangError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.dicom import open_dicom
from seimbang.imaging.formats import (
    check_intact,
    check_size,
    open_image,
    require_format,
    truncated,
    webp_size,
)
from seimbang.imaging.jpeg import load_jpeg, more_pictures
from seimbang.imaging.nifti import open_nifti
from seimbang.imaging.notes import FIRST_FRAME, NO_END, STRETCHED, Note
from seimbang.imaging.prepare import prepare, recolour

# Pillow warns of every damaged tag; what matters of them is checked here, and is an error
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.TiffImagePlugin")

Pixels = npt.NDArray[np.uint8]

VERSION = "7"
"""Part of the cache's key: to be raised whenever the same bytes would give different pixels."""

_EXIF_ORIENTATION = 0x0112
_PHOTOMETRIC, _BITS, _SAMPLE_FORMAT = 262, 258, 339  # tags of a TIFF
_WHITE_IS_ZERO = 0
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode(data: bytes, settings: ImageSettings, name: str) -> Pixels:
    """Decode a PNG, JPEG, TIFF, BMP, WebP, GIF, DICOM or NIfTI file into the input of the models.

    The format is detected from the content, never from the name. EXIF orientation is applied, transparency is
    composited on black, palettes, 1-bit and CMYK images are converted. **Greyscale of more than 8 bits is scaled by the
    image's own range**, its darkest pixel to 0 and its brightest to 255 (a constant image becomes 0), because 10- and
    12-bit detectors use a small part of the 16 bits; 16-bit colour keeps its upper 8 bits. DICOM is shown as its header
    or ``settings.window`` says; see `open_dicom`. Of NIfTI it is one slice; see `open_nifti`.

    Args:
        data: The whole file.
        settings: Size, channels and the pixel limit.
        name: Name of the image in errors.

    Returns:
        ``uint8[h, w, c]`` of the size and channels asked for.

    Raises:
        ImageError: ``IMG_EMPTY``, ``IMG_NOT_IMAGE``, ``IMG_FORMAT``, ``IMG_TOO_LARGE``, ``IMG_TRUNCATED``,
            ``IMG_MULTIFRAME`` or ``IMG_CORRUPT``, and what `open_dicom` and `open_nifti` raise.
        ResourceError: ``EXTRA_MISSING``: the packages that read DICOM or NIfTI; nothing else.
    """
    return decode_noted(data, settings, name)[0]


def decode_noted(data: bytes, settings: ImageSettings, name: str) -> tuple[Pixels, Note | None]:
    """Return what `decode` does, and what there is to say of the file."""
    enough = ceil(2 * max(settings.size) / (1 - 2 * settings.border))
    # a JPEG much larger than needed is decoded at a half, a quarter or an eighth
    image, note = _decode(data, settings, name, (enough, enough))
    return to_pixels(image, settings), note


def open_native(data: bytes, settings: ImageSettings, name: str) -> Pixels:
    """Return the image without preparation, in its own size, ``uint8[h, w, 1 or 3]``, for display."""
    return open_noted(data, settings, name)[0]


def open_noted(data: bytes, settings: ImageSettings, name: str) -> tuple[Pixels, Note | None]:
    """Return what `open_native` does, and what there is to say of the file."""
    image, note = _decode(data, settings, name, None)
    return _to_array(recolour(image, settings)), note


def to_pixels(image: Image.Image, settings: ImageSettings) -> Pixels:
    """Prepare an image in mode L or RGB, resizing included: ``uint8[h, w, c]``."""
    return _to_array(prepare(image, settings))


def _to_array(image: Image.Image) -> Pixels:
    pixels = np.asarray(image)
    return pixels.reshape(*pixels.shape[:2], -1)


def _decode(
    data: bytes, settings: ImageSettings, name: str, enough: tuple[int, int] | None
) -> tuple[Image.Image, Note | None]:
    """Return the validated image, upright, in mode L or RGB; a JPEG may come smaller, but not below ``enough``."""
    kind = require_format(data, name)
    try:
        return _load(data, kind, settings, name, enough)
    except SeimbangError:
        raise
    except MemoryError as error:
        found, fix = f"more pixels than fit in memory in {name}", "use a smaller image, or lower image.max_pixels"
        raise ImageError("IMG_TOO_LARGE", found, "a smaller image", fix) from error
    except Exception as error:  # on damaged files Pillow's decoders raise nearly every exception type
        if "truncated" in str(error).lower():
            raise truncated(name, kind) from error
        found, fix = f"damaged {kind} data ({error}) in {name}", "export or copy it again"
        raise ImageError("IMG_CORRUPT", found, "an intact file", fix) from error


def _load(
    data: bytes, kind: str, settings: ImageSettings, name: str, enough: tuple[int, int] | None
) -> tuple[Image.Image, Note | None]:
    if kind == "DICOM":
        return open_dicom(data, settings, name)
    if kind == "NIfTI":
        return open_nifti(data, settings, name)
    if size := webp_size(data) if kind == "WebP" else None:
        check_size(size, settings, name)
    image = open_image(data, kind, name)
    check_size(image.size, settings, name)
    check_intact(data, kind, image, name)
    note = _require_one_frame(image, name)
    exif = image.getexif()
    if kind == "JPEG":
        loaded, added = load_jpeg(data, image, enough, name)
        note = NO_END if added else FIRST_FRAME if more_pictures(data) else note
    else:
        image.load()
        loaded = image
    return _to_grey_or_rgb(_upright(loaded, exif)), STRETCHED if _is_deep(loaded) else note


def _require_one_frame(image: Image.Image, name: str) -> Note | None:
    if getattr(image, "n_frames", 1) > 1:
        if image.format != "MPO":
            found, fix = f"several frames in {name}", "save the frame you mean"
            raise ImageError("IMG_MULTIFRAME", found, "one image", fix)
        return FIRST_FRAME
    return None


def _upright(image: Image.Image, exif: Image.Exif) -> Image.Image:
    transposition = _UPRIGHT.get(exif.get(_EXIF_ORIENTATION, 1))
    return image if transposition is None else image.transpose(transposition)


def _to_grey_or_rgb(image: Image.Image) -> Image.Image:
    """Return the image in mode L or RGB, without transparency."""
    if _is_deep(image):
        return Image.fromarray(_scaled(_values(image)))
    if image.has_transparency_data:
        colour = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, (0, 0, 0, 255)), colour).convert("RGB")
    return image.convert("L" if image.mode in {"1", "L"} else "RGB")


def _is_deep(image: Image.Image) -> bool:
    """Tell whether an image is greyscale of more than 8 bits."""
    return image.mode.startswith(("I", "F"))


def _values(image: Image.Image) -> npt.NDArray[Any]:
    """Return the values of a deep greyscale image, the larger the brighter."""
    values, tags = np.asarray(image), getattr(image, "tag_v2", {})
    if image.mode == "I" and tags.get(_BITS) == (32,) and tags.get(_SAMPLE_FORMAT, (1,)) == (1,):
        values = values.view(np.uint32)  # Pillow has signed whole numbers only
    exact: npt.NDArray[Any] = values.astype(np.float32 if "16" in image.mode else np.float64)
    return -exact if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO else exact


def _scaled(values: npt.NDArray[Any]) -> Pixels:
    """Return bytes: the smallest value 0, the largest 255; what is no number is as dark as the darkest."""
    finite = np.isfinite(values)
    if not finite.any():
        raise ValueError("no pixel holds a number")
    low, high = values[finite].min(), values[finite].max()
    scale = 255 / (high - low) if high > low else 0
    scaled: Pixels = np.rint((np.where(finite, values, low) - low) * scale).astype(np.uint8)
    return scaled
