"""The header of a DICOM file: read element by element, nothing inflated, before any pixel is touched."""

from __future__ import annotations

import logging
import re
import warnings
from io import SEEK_END
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from seimbang.errors import ImageError, ResourceError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.formats import FIRST_VRS, check_size, refusal, truncated

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

EXPECTED = "a DICOM file with an image"
IMPLICIT, EXPLICIT, BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
_GDCM, _OPENJPEG, _RLE = "gdcm", "pylibjpeg", "pylibjpeg"
SYNTAXES = {
    IMPLICIT: "",
    EXPLICIT: "",
    BIG_ENDIAN: "",
    "1.2.840.10008.1.2.4.50": _GDCM,
    "1.2.840.10008.1.2.4.51": _GDCM,
    "1.2.840.10008.1.2.4.57": _GDCM,
    "1.2.840.10008.1.2.4.70": _GDCM,
    "1.2.840.10008.1.2.4.80": _GDCM,
    "1.2.840.10008.1.2.4.81": _GDCM,
    "1.2.840.10008.1.2.4.90": _OPENJPEG,
    "1.2.840.10008.1.2.4.91": _OPENJPEG,
    "1.2.840.10008.1.2.4.201": _OPENJPEG,
    "1.2.840.10008.1.2.4.202": _OPENJPEG,
    "1.2.840.10008.1.2.4.203": _OPENJPEG,
    "1.2.840.10008.1.2.5": _RLE,
}
"""Transfer syntaxes that are read, and pydicom's plugin that decodes each; none is needed where pixels are plain.

Not deflated ones: 486 KB may become a gigabyte before the first element can be read. Not MPEG: those are videos."""

PIXELS = 0x7FE00008
"""The first tag of those that hold pixels."""

_TEXT = re.compile(r"[0-9.]{1,64}")
_META, _SYNTAX = 0x0002, 0x00020010
_UNDEFINED = 0xFFFFFFFF


MAX_FRAMES = 100_000
"""More frames are no examination."""

GREY, COLOUR, PALETTE = (
    ("MONOCHROME1", "MONOCHROME2"),
    ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT"),
    "PALETTE COLOR",
)


class Header(NamedTuple):
    """The elements of a file that were asked for.

    Attributes:
        elements: The elements.
        syntax: UID of the transfer syntax.
        preamble: Whether the file begins as the standard says.
        pixels: Whether there are pixels, or more elements after the header.
    """

    elements: Dataset
    syntax: str
    preamble: bool
    pixels: bool


class Shape(NamedTuple):
    """What the header says of the pixels, within limits.

    Attributes:
        rows: Height.
        columns: Width.
        samples: 1, or 3 for colour.
        frames: How many there are.
        allocated: Bits of a sample in the file.
        stored: Bits of it that count.
        signed: Whether samples may be negative.
        photometric: How samples are to be understood, such as ``MONOCHROME1``.
    """

    rows: int
    columns: int
    samples: int
    frames: int
    allocated: int
    stored: int
    signed: bool
    photometric: str

    @property
    def frame_bits(self) -> int:
        """Bits of a frame that is not compressed."""
        samples = 2 if self.photometric == "YBR_FULL_422" else self.samples
        return self.rows * self.columns * samples * self.allocated


def read_header(file: BinaryIO, name: str, tags: list[int], pixels: bool = False) -> Header:
    """Return the elements ``tags`` of a file; those of the pixels only if asked for.

    Args:
        file: The file, at its beginning.
        name: Its name in errors.
        tags: Which elements to keep.
        pixels: Whether to read on into the pixels.

    Raises:
        ImageError: ``IMG_FORMAT`` for a transfer syntax that is not in ``SYNTAXES``, ``IMG_CORRUPT``, or
            ``IMG_TRUNCATED`` for one that ends inside an element before the pixels.
        ResourceError: ``EXTRA_MISSING``.
    """
    _require_pydicom()
    from pydicom.filereader import read_dataset

    seen: list[int] = []

    def at_pixels(tag: int, *_: object) -> bool:
        if tag >= PIXELS:
            seen.append(tag)
        return bool(seen) and not pixels

    try:
        syntax, preamble = _syntax(file)
        if syntax not in SYNTAXES:
            raise _refused(syntax, name)
        plain = (syntax == IMPLICIT, syntax != BIG_ENDIAN)
        elements = read_dataset(file, *plain, stop_when=at_pixels, specific_tags=list(tags))
        cut_off = not seen and _ends_inside(elements, file)
    except ImageError:
        raise
    except Exception as error:  # on damaged files pydicom raises nearly every exception type
        raise damaged(name, error) from None
    if cut_off:
        raise truncated(name, "DICOM")
    return Header(elements, syntax, preamble, bool(seen))


def _ends_inside(elements: Dataset, file: BinaryIO) -> bool:
    """Tell whether a file that was read to its end has fewer bytes than one of its elements says."""
    reached = file.tell()
    raw = (elements.get_item(tag) for tag in elements.keys())  # noqa: SIM118 (iterating decodes each)
    short = any(len(each.value or b"") < each.length < _UNDEFINED for each in raw if hasattr(each, "length"))
    return short or reached > file.seek(0, SEEK_END)


def damaged(name: str, error: BaseException) -> ImageError:
    """Return the error for a file that breaks the rules; what pydicom says may quote a name, and is left out."""
    found, fix = f"damaged DICOM data ({type(error).__name__})", "export or copy it again"
    return refusal("IMG_CORRUPT", name, found, "an intact DICOM file", fix)


def read_shape(header: Header, settings: ImageSettings, name: str) -> Shape:
    """Return what the header says of the pixels, nothing decoded.

    Raises:
        ImageError: ``IMG_NO_PIXELS``, ``IMG_TRUNCATED``, ``IMG_TOO_LARGE``, ``IMG_FORMAT`` or ``IMG_CORRUPT``.
    """
    if not header.pixels or not header.elements.get("Rows"):
        if header.pixels and "Rows" in header.elements:
            raise refusal("IMG_CORRUPT", name, "DICOM of 0 rows", EXPECTED, "export it again")
        fix = "leave it out: it is a report, a plan or the like"
        raise ImageError("IMG_NO_PIXELS", f"DICOM without an image in {name}", EXPECTED, fix)
    try:
        shape = _shape(header.elements)
    except Exception as error:  # numbers that are none
        raise damaged(name, error) from None
    _check_limits(shape, settings, name)
    _check_kind(shape, name)
    return shape


def _shape(elements: Dataset) -> Shape:
    numbers = (int(elements.get(keyword) or default) for keyword, default in _NUMBERS.items())
    rows, columns, samples, frames, allocated, stored, signed = numbers
    photometric = str(elements.get("PhotometricInterpretation", "")).strip().upper()
    return Shape(rows, columns, samples, frames, allocated, stored or allocated, bool(signed), photometric)


_NUMBERS = {
    "Rows": 0,
    "Columns": 0,
    "SamplesPerPixel": 1,
    "NumberOfFrames": 1,
    "BitsAllocated": 0,
    "BitsStored": 0,
    "PixelRepresentation": 0,
}


def _check_limits(shape: Shape, settings: ImageSettings, name: str) -> None:
    check_size((shape.columns, shape.rows), settings, name)
    if not 0 < shape.frames <= MAX_FRAMES:
        found, expected = f"{shape.frames:,} frames", f"1 to {MAX_FRAMES:,} frames"
        raise refusal("IMG_TOO_LARGE", name, found, expected, "split the file")


def _check_kind(shape: Shape, name: str) -> None:
    """Refuse pixels of a kind that is not read."""
    fix = "export it again as grey values or RGB"
    if min(shape.rows, shape.columns) < 1 or not 0 < shape.stored <= shape.allocated:
        raise refusal("IMG_CORRUPT", name, "DICOM with impossible sizes or bits", EXPECTED, "export it again")
    if shape.allocated not in (1, 8, 16, 32):
        raise refusal("IMG_FORMAT", name, f"DICOM of {shape.allocated} bits", "1, 8, 16 or 32 bits", fix)
    samples = 3 if shape.photometric in COLOUR else 1
    if shape.photometric not in (*GREY, *COLOUR, PALETTE):
        raise refusal("IMG_FORMAT", name, "DICOM with another colour space", ", ".join((*GREY, *COLOUR, PALETTE)), fix)
    if shape.samples != samples:
        found = f"DICOM with {shape.samples} samples of {shape.photometric}"
        raise refusal("IMG_CORRUPT", name, found, f"{samples}", "export it again")


def _syntax(file: BinaryIO) -> tuple[str, bool]:
    """Return the transfer syntax and whether there is a preamble; the file is then at its first element."""
    from pydicom.filereader import read_dataset

    start = file.read(132)
    preamble = start[128:] == b"DICM"
    file.seek(132 if preamble else 0)
    meta = read_dataset(file, False, True, stop_when=lambda tag, *_: tag >> 16 != _META)
    if _SYNTAX in meta:
        return str(meta[_SYNTAX].value), preamble
    here = file.tell()
    first = file.read(6)
    file.seek(here)
    if first[4:6] not in FIRST_VRS:
        return IMPLICIT, preamble
    return (BIG_ENDIAN if first[:1] == b"\0" else EXPLICIT), preamble


def _refused(syntax: str, name: str) -> ImageError:
    from pydicom.uid import UID

    named = UID(syntax).name if _TEXT.fullmatch(syntax) else "no UID"
    fix = "export it as Explicit VR Little Endian, as with: dcmconv +te FILE out.dcm"
    fix = "save the frames you mean as PNG" if "MPEG" in named or "HEVC" in named else fix
    return refusal(
        "IMG_FORMAT", name, f"DICOM with the transfer syntax {named}", "one that is read (docs/dicom.md)", fix
    )


def _require_pydicom() -> None:
    try:
        import pydicom.config
    except ImportError as error:
        fix = "pip install 'seimbang[dicom]'"
        raise ResourceError("EXTRA_MISSING", "no package pydicom", "the packages that read DICOM", fix) from error
    # its warnings quote what the elements hold
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module="pydicom")
