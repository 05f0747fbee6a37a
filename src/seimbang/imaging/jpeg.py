"""JPEG: where data are missing libjpeg makes pixels up and warns; here each warning is an error."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import simplejpeg
from PIL import Image, ImageFile, JpegImagePlugin

from seimbang.errors import ImageError
from seimbang.imaging.formats import refusal, truncated

_PADDING = b"\0\r\n \x1a"
_SHORT = 4  # bytes that look like padding, and may all be of the picture
_START, _END = b"\xff\xd8\xff", b"\xff\xd9"
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")  # neither stuffing, nor a marker without a length
_FRAMES, _SCAN, _TABLES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}, 0xDA, 0xC4
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
_SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}
_ZEROS = bytes(64)
_ALL = bytes((0, 63, 0))  # coefficients 0 to 63, to their last bit
_MANY_ZEROS = 0xF0  # the symbol for 16 coefficients of 0, not for the end of a block


@dataclass(frozen=True)
class Segment:
    """A marker of a JPEG and what belongs to it.

    Attributes:
        code: Second byte of the marker.
        at: Where its header begins, after its length.
        header: The header.
        stop: Where the next marker is; in between, after the header, lie the picture data of a scan.
    """

    code: int
    at: int
    header: bytes
    stop: int


def load_jpeg(
    data: bytes, image: ImageFile.ImageFile, enough: tuple[int, int] | None, name: str
) -> tuple[Image.Image, bool]:
    """Return the pixels of a JPEG, and whether its end marker had to be added, as some exporters leave it out.

    Args:
        data: The whole file.
        image: The same, opened by Pillow, not loaded.
        enough: Width and height that are enough: a larger picture is decoded at a half, a quarter or an eighth.
        name: Name of the image in errors.

    Raises:
        ImageError: ``IMG_TRUNCATED``, ``IMG_CORRUPT`` or ``IMG_FORMAT``.
    """
    segments = list(_segments(data))
    if not _complete(segments):
        raise truncated(name, "JPEG")
    if enough:
        image.draft(image.mode, enough)
    data = _repaired(data, segments)
    if (end := _end(data, segments)) is not None:
        _refuse_lost_sectors(data, segments, name)
        return _pixels(data[: end + 2], image, name), False
    for picture in _without_padding(data):
        with suppress(ImageError):
            _refuse_lost_sectors(picture, segments, name)
            return _pixels(picture + _END, image, name), True
    raise truncated(name, "JPEG")


def require_whole_jpeg(data: bytes, name: str) -> None:
    """Refuse a JPEG of which anything is missing; it is decoded at an eighth of its size.

    Raises:
        ImageError: ``IMG_TRUNCATED``, ``IMG_CORRUPT`` or ``IMG_FORMAT``.
    """
    load_jpeg(data, JpegImagePlugin.JpegImageFile(BytesIO(data)), (1, 1), name)


def more_pictures(data: bytes) -> bool:
    """Tell whether a JPEG is followed by another one, as some phones write them without an index (MPO)."""
    end = _end(data, list(_segments(data)))
    return end is not None and data[end + 2 :].lstrip(_PADDING).startswith(_START)


def _end(data: bytes, segments: list[Segment]) -> int | None:
    """Return where the end marker of a JPEG is; not that of a preview inside it."""
    stop = segments[-1].stop
    return stop if data[stop : stop + 2] == _END else None


def _segments(data: bytes) -> Iterator[Segment]:
    """Yield the segments up to the end marker."""
    marker = _MARKER.search(data, 2)
    while marker and marker.group() != _END:
        at = marker.end() + 2
        end = marker.end() + int.from_bytes(data[marker.end() : at])
        following = _MARKER.search(data, end)
        yield Segment(marker.group()[1], at, data[at:end], following.start() if following else len(data))
        marker = following


def _complete(segments: list[Segment]) -> bool:
    """Tell whether the scans of a JPEG together hold every coefficient of every component to its last bit."""
    left = np.full((256, 64), 99)  # of each coefficient, by component: the low bits that no scan has had yet
    components: list[int] = []
    progressive = False
    for segment in segments:
        body = segment.header
        if segment.code in _FRAMES and len(body) > 5:
            components, progressive = [*body[6 : 6 + 3 * body[5] : 3]], segment.code in _PROGRESSIVE
        elif segment.code == _SCAN and body and len(body) >= 4 + 2 * body[0]:
            low, high, precision = body[1 + 2 * body[0] : 4 + 2 * body[0]] if progressive else (0, 63, 0)
            for component in body[1 : 1 + 2 * body[0] : 2]:
                left[component, low : high + 1] = precision & 15
    return bool(components) and not left[components].any()


def _refuse_lost_sectors(data: bytes, segments: list[Segment], name: str) -> None:
    """Refuse long runs of zero bytes among picture data, unless they mean an even area.

    The decoder takes any bits for codes, and by chance ends where it should. Where the code of zeros alone is that of
    the end of a block they are many even blocks; any other code would be coefficients all alike, of no picture.
    """
    shortest: dict[int, int] = {}  # the symbol of the code of zeros alone, by table
    for segment in segments:
        if segment.code == _TABLES:
            shortest.update(_shortest(segment.header))
        elif segment.code == _SCAN and _ZEROS in data[segment.at + len(segment.header) : segment.stop]:
            symbols = {shortest.get(16 + (selector & 15), 1) for selector in segment.header[2:-3:2]}
            of_dc_alone = segment.header[-2] == 0
            if not of_dc_alone and any(symbol & 15 or symbol == _MANY_ZEROS for symbol in symbols):
                found, fix = "picture data overwritten with zeros", "export or copy it again"
                raise refusal("IMG_CORRUPT", name, found, "an intact file", fix)


def _shortest(header: bytes) -> Iterator[tuple[int, int]]:
    """Yield the class and number of each Huffman table, as one byte, and its first symbol."""
    at = 0
    while at + 17 < len(header):
        yield header[at], header[at + 17]
        at += 17 + sum(header[at + 1 : at + 17])


def _repaired(data: bytes, segments: list[Segment]) -> bytes:
    """Set which coefficients a sequential scan says it has to what it must say: some cameras write 0."""
    if any(segment.code in _PROGRESSIVE for segment in segments):
        return data
    for segment in segments:
        end = segment.at + len(segment.header)
        if segment.code == _SCAN and data[end - 3 : end] != _ALL:
            data = data[: end - 3] + _ALL + data[end:]
    return data


def _without_padding(data: bytes) -> Iterator[bytes]:
    """Yield what may be the picture in a file without end marker, perhaps padded, the shortest first.

    Its last bytes may look like padding. They are no zeros but in a stuffed 255: the last byte is filled up with ones.
    """
    body = data.rstrip(_PADDING)
    tail = data[len(body) :]
    if body.endswith(b"\xff"):
        body, tail = body + tail[:1], tail[1:]
    for more in sorted({0, min(len(tail), 1), min(len(tail), 2), len(tail) if len(tail) <= _SHORT else 0}):
        if not tail[:more].endswith(b"\0"):
            yield body + tail[:more]


def _pixels(data: bytes, image: ImageFile.ImageFile, name: str) -> Image.Image:
    """Decode a JPEG that ends with its marker, in the size that ``image`` was drafted to.

    Raises:
        ImageError: ``IMG_TRUNCATED``, ``IMG_CORRUPT`` or ``IMG_FORMAT``.
    """
    width, height = image.size
    try:
        pixels = simplejpeg.decode_jpeg(data, _SPACES[image.mode], min_height=height, min_width=width, strict=True)
    except ValueError as error:
        raise _damage(str(error), name) from error
    if image.mode == "CMYK":  # Pillow knows which of them are inverted
        image.load()
        return image
    return Image.fromarray(pixels[..., 0] if image.mode == "L" else pixels)


def _damage(message: str, name: str) -> ImageError:
    if "remature end" in message:
        return truncated(name, "JPEG")
    if "subsampling" in message:
        expected = "one of 4:4:4, 4:4:0, 4:2:2, 4:2:0 or 4:1:1"
        return refusal("IMG_FORMAT", name, "a JPEG with uncommon subsampling", expected, "convert it to PNG")
    found = f"damaged JPEG data ({message})"
    return refusal("IMG_CORRUPT", name, found, "an intact file", "export or copy it again")
