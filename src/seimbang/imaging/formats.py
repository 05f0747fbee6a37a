"""What the bytes of an image say before it is decoded: their format, and whether all of them are there."""

import re
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Any

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from seimbang.errors import ImageError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.other_formats import ADVICE, HEAD, is_nifti, jpeg_kind, other_format

FORMATS = "a PNG, JPEG, TIFF, BMP, WebP, GIF, DICOM or NIfTI file"

FIRST_VRS = {b"UL", b"OB", b"CS", b"UI", b"DA", b"SH", b"LO", b"TM"}
"""Kinds of values that the first element of a DICOM file may have, as it writes them."""

_PNG = b"\x89PNG\r\n\x1a\n"
_BITMAP_HEADERS = {12, 16, 40, 52, 56, 64, 108, 124}
_READERS: dict[str, Callable[[BytesIO], ImageFile.ImageFile]] = {
    "PNG": PngImagePlugin.PngImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "WebP": WebPImagePlugin.WebPImageFile,
    "GIF": GifImagePlugin.GifImageFile,
}
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of a pixel, by the colour type of a PNG
_OFFSETS, _LENGTHS, _SAMPLE_FORMAT, _BITS = (273, 324), (279, 325), 339, 258

_DEEP = re.compile(r"(;(?:16|32|64))B")  # in Pillow's names of raw samples

# 64-bit floats, and whole numbers of 32 bits in the other order: Pillow unpacks both, but does not know them in a TIFF
for _order, _float, _whole in ((TiffImagePlugin.II, "F;64F", "I;32N"), (TiffImagePlugin.MM, "F;64BF", "I;32B")):
    for _photometric in (0, 1):
        TiffImagePlugin.OPEN_INFO[_order, _photometric, (3,), 1, (64,), ()] = ("F", _float)
    TiffImagePlugin.OPEN_INFO[_order, 1, (1,), 1, (32,), ()] = ("I", _whole)


def image_format(head: bytes) -> str:
    """Return the name of the format that the first bytes of a file are of, ``""`` where it is none that is read."""
    if head[128:132] == b"DICM":  # what is before it may look like a TIFF
        return "DICOM"
    if head.startswith(_PNG):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b"MM\0+\0\x08\0\0")):
        return "TIFF"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WebP"
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BITMAP_HEADERS:
        return "BMP"
    if is_nifti(head):
        return "NIfTI"
    return "DICOM" if _is_bare_dicom(head) else ""


def _is_bare_dicom(head: bytes) -> bool:
    """Tell whether a file begins with the first element of DICOM, without the preamble, as older programs write it."""
    if head[4:6] in FIRST_VRS:
        return head[:2] in (b"\2\0", b"\x08\0", b"\0\x08")
    length = int.from_bytes(head[4:8], "little")  # that of the first element, where its kind is not written
    return head[:2] == b"\x08\0" and head[3:4] == b"\0" and len(head) > 64 > length and length % 2 == 0


def require_format(data: bytes, name: str) -> str:
    """Return the format of a whole file.

    Raises:
        ImageError: ``IMG_EMPTY``, ``IMG_FORMAT``, ``IMG_NOT_IMAGE``, or ``IMG_TRUNCATED`` for a part of a signature.
    """
    if not data:
        raise refusal("IMG_EMPTY", name, "a file of 0 bytes", FORMATS, "copy or export it again")
    kind = image_format(data[:HEAD])
    if kind == "JPEG" and (other := jpeg_kind(data)):
        raise _other(other, name)
    if kind:
        return kind
    for kind, signature in (("PNG", _PNG), ("JPEG", b"\xff\xd8\xff"), ("GIF", b"GIF89a"), ("TIFF", b"II*\0")):
        if signature.startswith(data):
            raise truncated(name, kind)
    if other := other_format(data[:HEAD]):
        raise _other(other, name)
    raise refusal("IMG_NOT_IMAGE", name, "no image content", FORMATS, "remove or replace it")


def _other(kind: str, name: str) -> ImageError:
    return refusal("IMG_FORMAT", name, f"{kind} content", FORMATS, ADVICE.get(kind, "convert it to PNG"))


def open_image(data: bytes, kind: str, name: str) -> ImageFile.ImageFile:
    """Open a file of a known format, nothing decoded; a JPEG may be the first of several pictures (MPO)."""
    # not Image.open: its own pixel limit is a global of the process, and it only prints a warning
    file = BytesIO(data)
    if kind == "TIFF":
        _check_directory(data, name)
        return _open_tiff(file, name)
    if kind == "JPEG":
        return JpegImagePlugin.jpeg_factory(file)
    return _READERS[kind](file)


def check_intact(data: bytes, kind: str, image: Image.Image, name: str) -> None:
    """Refuse what a decoder would take although bytes are missing or changed; of a JPEG see `load_jpeg`.

    Raises:
        ImageError: ``IMG_TRUNCATED``, ``IMG_CORRUPT`` or ``IMG_FORMAT``.
    """
    if kind == "PNG":
        _check_png(data, name)
    elif kind == "TIFF":
        _check_tiff(data, image, name)
    short = kind == "BMP" and len(data) < int.from_bytes(data[2:6], "little")
    if short or (kind == "GIF" and not data.rstrip(b"\0").endswith(b";")):
        raise truncated(name, kind)


def webp_size(head: bytes) -> tuple[int, int] | None:
    """Return width and height from the start of a WebP file: to open one already takes the memory of its pixels."""
    if head[12:16] == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if head[12:16] == b"VP8 ":
        return int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF
    return None


def _check_png(data: bytes, name: str) -> None:
    """Verify every chunk's checksum up to IEND, and that there are pixels for every row.

    Pillow ignores the checksums of the pixel data and a missing end, and leaves rows without pixels black.
    """
    view, at, pixels = memoryview(data), len(_PNG), []
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4])
        if end > len(data):
            break
        if zlib.crc32(view[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end]):
            raise refusal("IMG_CORRUPT", name, "a wrong checksum", "an intact PNG file", "export or copy it again")
        kind = data[at + 4 : at + 8]
        if kind == b"IDAT":
            pixels.append(view[at + 8 : end - 4])
        if kind == b"IEND":
            if not _inflates_to(pixels, _png_bytes(data)):
                raise truncated(name, "PNG")
            return
        at = end
    raise truncated(name, "PNG")


def _inflates_to(pieces: list[memoryview], wanted: int) -> bool:
    """Tell whether zlib data hold so many bytes, without keeping them, or reading on where they do."""
    stream, size = zlib.decompressobj(), 0
    for piece in pieces:
        waiting: bytes | memoryview = piece
        while len(waiting) and not stream.eof and size < wanted:
            size += len(stream.decompress(waiting, 1 << 16))
            waiting = stream.unconsumed_tail
    return size >= wanted or size + (0 if stream.eof else len(stream.flush())) >= wanted


def _png_bytes(data: bytes) -> int:
    """Return how many bytes the pixel data of a PNG are before compression, by its header."""
    width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    bits, colour, interlaced = data[24], data[25], data[28]
    each = bits * _SAMPLES.get(colour, 1)

    def size(columns: int, rows: int) -> int:
        return rows * (1 + (columns * each + 7) // 8) if columns else 0

    if not interlaced:
        return size(width, height)
    return sum(
        size(-((x - width) // dx), -((y - height) // dy)) for x, y, dx, dy in _PASSES if x < width and y < height
    )


def _check_directory(data: bytes, name: str) -> None:
    """Refuse a TIFF that ends before the list of its tags does: Pillow only warns."""
    order = "little" if data[:2] == b"II" else "big"
    big = data[2 if order == "little" else 3] == 43
    if big and order == "big":
        expected, fix = "a little-endian one, or a plain TIFF", "convert it to PNG"
        raise refusal("IMG_FORMAT", name, "a big-endian BigTIFF", expected, fix)
    at = int.from_bytes(data[8:16] if big else data[4:8], order)  # type: ignore[arg-type]
    width, entry, pointer = (8, 20, 8) if big else (2, 12, 4)
    tags = int.from_bytes(data[at : at + width], order)  # type: ignore[arg-type]
    if at + width > len(data) or at + width + entry * tags + pointer > len(data):
        raise truncated(name, "TIFF")


def _open_tiff(file: BytesIO, name: str) -> ImageFile.ImageFile:
    try:
        image = TiffImagePlugin.TiffImageFile(file)
    except SyntaxError as error:
        expected = "8 or 16 bits a sample, 32-bit whole numbers, or floats of 32 or 64 bits"
        if "unknown pixel mode" not in str(error):
            raise
        raise refusal(
            "IMG_FORMAT", name, "a TIFF with samples of another kind", expected, "convert it to PNG"
        ) from error
    # what libtiff unpacks is in the order of this machine; Pillow reads deep samples in that of the file
    image.tile = [_native(tile) if tile[0] == "libtiff" else tile for tile in image.tile]
    return image


def _native(tile: Any) -> Any:
    codec, extents, offset, (mode, *rest) = tile
    args = (_DEEP.sub(r"\1N", mode), *rest)
    # a tile of Pillow 10 is a plain tuple
    return tile._replace(args=args) if hasattr(tile, "_replace") else (codec, extents, offset, args)


def _check_tiff(data: bytes, image: Image.Image, name: str) -> None:
    tags = getattr(image, "tag_v2", {})
    if 2 in tags.get(_SAMPLE_FORMAT, ()) and 8 in tags.get(_BITS, ()):
        expected = "unsigned bytes, or more bits"
        raise refusal("IMG_FORMAT", name, "a TIFF of signed bytes", expected, "convert it to PNG")
    for offsets, lengths in zip(_OFFSETS, _LENGTHS, strict=True):
        pairs = zip(tags.get(offsets, ()), tags.get(lengths, ()), strict=False)
        if any(start + length > len(data) for start, length in pairs):
            raise truncated(name, "TIFF")


def check_size(size: tuple[int, int], settings: ImageSettings, name: str) -> None:
    """Raise ``IMG_TOO_LARGE`` for an image of more pixels than the study allows; ``size`` is its width and height."""
    width, height = size
    if width * height > settings.max_pixels:
        found, limit = f"{width} x {height} pixels", f"at most {settings.max_pixels:,} pixels"
        raise refusal("IMG_TOO_LARGE", name, found, limit, "make it smaller, or raise image.max_pixels")


def truncated(name: str, kind: str) -> ImageError:
    """Return the error for a file that ends early."""
    return refusal("IMG_TRUNCATED", name, f"a truncated {kind} file", "a complete file", "copy or export it again")


def refusal(code: str, name: str, found: str, expected: str, fix: str) -> ImageError:
    """Return the error for what was found in the file ``name``."""
    return ImageError(code, f"{found} in {name}", expected, fix)
