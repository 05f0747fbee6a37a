"""The decoder, for every image from anywhere: it returns a validated array, or raises an ``ImageError``."""

import re
import zlib
from io import BytesIO
from math import ceil

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, JpegImagePlugin, PngImagePlugin

from seimbang.errors import ImageError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.prepare import prepare, recolour

Pixels = npt.NDArray[np.uint8]

VERSION = "1"
"""Part of the cache's key: to be raised whenever the same bytes would give different pixels."""

_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_OTHERS = {b"GIF8": "GIF", b"II*\0": "TIFF", b"MM\0*": "TIFF", b"RIFF": "WebP", b"%PDF": "PDF", b"\0\0\1\0": "icon"}
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")  # in a JPEG: neither stuffing, nor a marker without a length
_EXIF_ORIENTATION = 0x0112
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
    """Decode a PNG or JPEG file into the input of the models.

    The format is detected from the content, never from the name. EXIF orientation is applied, transparency is
    composited on black, palettes, 1-bit and CMYK images are converted. **16-bit greyscale is scaled by the image's own
    range**, its darkest pixel to 0 and its brightest to 255 (a constant image becomes 0), because 10- and 12-bit
    detectors use a small part of the 16 bits; 16-bit colour keeps its upper 8 bits.

    Args:
        data: The whole file.
        settings: Size, channels and the pixel limit.
        name: Name of the image in errors.

    Returns:
        ``uint8[h, w, c]`` of the size and channels asked for.

    Raises:
        ImageError: ``IMG_EMPTY``, ``IMG_NOT_IMAGE``, ``IMG_FORMAT``, ``IMG_TOO_LARGE``, ``IMG_TRUNCATED``,
            ``IMG_MULTIFRAME`` or ``IMG_CORRUPT``; nothing else.
    """
    enough = ceil(2 * max(settings.size) / (1 - 2 * settings.border))
    # a JPEG much larger than needed is decoded at a half, a quarter or an eighth
    return to_pixels(_decode(data, settings, name, (enough, enough)), settings)


def open_native(data: bytes, settings: ImageSettings, name: str) -> Pixels:
    """Return the image without preparation, in its own size, ``uint8[h, w, 1 or 3]``, for display."""
    return _to_array(recolour(_decode(data, settings, name, None), settings))


def to_pixels(image: Image.Image, settings: ImageSettings) -> Pixels:
    """Prepare an image in mode L or RGB, resizing included: ``uint8[h, w, c]``."""
    return _to_array(prepare(image, settings))


def _to_array(image: Image.Image) -> Pixels:
    pixels = np.asarray(image)
    return pixels.reshape(*pixels.shape[:2], -1)


def _decode(data: bytes, settings: ImageSettings, name: str, enough: tuple[int, int] | None) -> Image.Image:
    """Return the validated image, upright, in mode L or RGB; a JPEG may come smaller, but not below ``enough``."""
    kind = _format(data, name)
    try:
        image = _open(data, kind)
        _check_size(image, settings, name)
        if kind == "PNG":
            _check_png(data, name)
        else:
            _check_jpeg(data, name)
        if getattr(image, "n_frames", 1) > 1:
            raise _error("IMG_MULTIFRAME", name, "several frames", "one image", "save the frame you mean")
        if enough is not None:
            image.draft(image.mode, enough)
        image.load()
        return _to_grey_or_rgb(_upright(image))
    except ImageError:
        raise
    except MemoryError as error:
        fix = "use a smaller image, or lower image.max_pixels"
        raise _error("IMG_TOO_LARGE", name, "more pixels than fit in memory", "a smaller image", fix) from error
    except Exception as error:  # on damaged files Pillow's decoders raise nearly every exception type
        code = "IMG_TRUNCATED" if "truncated" in str(error).lower() else "IMG_CORRUPT"
        raise _error(
            code, name, f"damaged {kind} data ({error})", "an intact file", "export or copy it again"
        ) from error


def _open(data: bytes, kind: str) -> ImageFile.ImageFile:
    # not Image.open: its own pixel limit is a global of the process, and it only prints a warning
    if kind == "PNG":
        return PngImagePlugin.PngImageFile(BytesIO(data))
    return JpegImagePlugin.jpeg_factory(BytesIO(data))


def _format(data: bytes, name: str) -> str:
    if not data:
        raise _error("IMG_EMPTY", name, "a file of 0 bytes", "a PNG or JPEG file", "copy or export it again")
    for kind, signature in (("PNG", _PNG), ("JPEG", _JPEG)):
        if data.startswith(signature):
            return kind
        if signature.startswith(data):
            raise _truncated(name, kind)
    other = next((kind for start, kind in _OTHERS.items() if data.startswith(start)), None)
    if data[128:132] == b"DICM":
        other = "DICOM"
    if other:
        raise _error("IMG_FORMAT", name, f"a {other} file", "PNG or JPEG", "convert it to PNG")
    raise _error("IMG_NOT_IMAGE", name, "no image content", "a PNG or JPEG file", "remove or replace it")


def _check_size(image: Image.Image, settings: ImageSettings, name: str) -> None:
    width, height = image.size
    if width * height > settings.max_pixels:
        found, limit = f"{width} x {height} pixels", f"at most {settings.max_pixels:,} pixels"
        raise _error("IMG_TOO_LARGE", name, found, limit, "make it smaller, or raise image.max_pixels")


def _check_png(data: bytes, name: str) -> None:
    """Verify every chunk's checksum up to IEND: Pillow ignores those of the pixel data, and a missing end."""
    view, at = memoryview(data), len(_PNG)
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4])
        if end > len(data):
            break
        if zlib.crc32(view[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end]):
            raise _error("IMG_CORRUPT", name, "a wrong checksum", "an intact PNG file", "export or copy it again")
        if data[at + 4 : at + 8] == b"IEND":
            return
        at = end
    raise _truncated(name, "PNG")


def _check_jpeg(data: bytes, name: str) -> None:
    """Walk the segments up to the end marker: a file that lacks its last bytes decodes without an error."""
    at = 2
    while marker := _MARKER.search(data, at):
        if marker.group() == b"\xff\xd9":
            return
        at = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2])
    raise _truncated(name, "JPEG")


def _upright(image: Image.Image) -> Image.Image:
    transposition = _UPRIGHT.get(image.getexif().get(_EXIF_ORIENTATION, 1))
    return image if transposition is None else image.transpose(transposition)


def _to_grey_or_rgb(image: Image.Image) -> Image.Image:
    """Return the image in mode L or RGB, without transparency."""
    if image.mode.startswith(("I", "F")):
        values = np.asarray(image).astype(np.float32)
        low, high = values.min(), values.max()
        return Image.fromarray(np.rint((values - low) * (255 / max(high - low, 1))).astype(np.uint8))
    if image.has_transparency_data:
        colour = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, (0, 0, 0, 255)), colour).convert("RGB")
    return image.convert("L" if image.mode in {"1", "L"} else "RGB")


def _truncated(name: str, kind: str) -> ImageError:
    return _error("IMG_TRUNCATED", name, f"a truncated {kind} file", "a complete file", "copy or export it again")


def _error(code: str, name: str, found: str, expected: str, fix: str) -> ImageError:
    return ImageError(code, f"{found} in {name}", expected, fix)
