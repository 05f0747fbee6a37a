"""DICOM: one frame as 8 bits of grey or colour, in the order that the standard gives (PS3.3 C.7.6.3 and C.11).

Modality LUT or rescale, then VOI LUT or window, and last the inversion of MONOCHROME1. Limits on rows, columns, frames
and bits hold before anything is decoded, and so does the size that a compressed frame itself says it has.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from seimbang.errors import ImageError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.codestreams import check_frame
from seimbang.imaging.dicom_header import (
    GREY,
    PALETTE,
    SYNTAXES,
    Header,
    Shape,
    damaged,
    read_header,
    read_shape,
)
from seimbang.imaging.formats import refusal, truncated
from seimbang.imaging.notes import BURNT_IN, NO_PREAMBLE, STRETCHED, Note
from seimbang.imaging.windows import Bytes, Ramp, Values, between, spread, to_bytes

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_PIXEL_DATA, _JPEG_EXTENDED = 0x7FE00010, "1.2.840.10008.1.2.4.51"
_TAGS = [
    *(0x00080005, 0x00280002, 0x00280004, 0x00280006, 0x00280008, 0x00280010, 0x00280011, 0x00280100, 0x00280101),
    *(0x00280102, 0x00280103, 0x00280120, 0x00280121, 0x00280301, 0x00281050, 0x00281051, 0x00281052, 0x00281053),
    *(0x00281056, 0x00281101, 0x00281102, 0x00281103, 0x00281201, 0x00281202, 0x00281203, 0x00281221, 0x00281222),
    *(0x00281223, 0x00283000, 0x00283010, 0x52009229, 0x52009230, 0x7FE00001, 0x7FE00002, _PIXEL_DATA),
]


def open_dicom(data: bytes, settings: ImageSettings, name: str) -> tuple[Image.Image, Note | None]:
    """Return a frame in mode L or RGB, and what there is to say of the file.

    Args:
        data: The whole file.
        settings: The window, the number of the frame, and the pixel limit.
        name: Name of the image in errors; no element of the file is ever quoted.

    Raises:
        ImageError: ``IMG_FORMAT``, ``IMG_NO_PIXELS``, ``IMG_TOO_LARGE``, ``IMG_MULTIFRAME``, ``IMG_FRAME``,
            ``IMG_WINDOW``, ``IMG_TRUNCATED`` or ``IMG_CORRUPT``.
        ResourceError: ``EXTRA_MISSING``.
    """
    header = read_header(BytesIO(data), name, _TAGS, pixels=True)
    shape = read_shape(header, settings, name)
    index = frame_index(shape.frames, settings.frame, name)
    try:
        return _open(header, shape, index, settings, name)
    except (ImageError, MemoryError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # on damaged files pydicom and its plugins raise nearly every type; Rust's "panic"
        raise damaged(name, error) from None  # is no Exception


def frame_index(frames: int, frame: int, name: str) -> int:
    """Return the position of a frame that is asked for by its number, from 1; 0 asks for the only one.

    Raises:
        ImageError: ``IMG_MULTIFRAME`` or ``IMG_FRAME``.
    """
    if frame == 0 and frames > 1:
        fix = "name the frame you mean, as in: frame = 1 in [image]; or take all: frames = true in [data]"
        raise refusal("IMG_MULTIFRAME", name, f"{frames} frames", "one image", fix)
    if frame > frames:
        expected = f"a number up to {frames}" if frames > 1 else "several frames"
        raise ImageError("IMG_FRAME", f"no frame {frame} in {name}", expected, "correct frame in [image]")
    return max(frame - 1, 0)


def _open(
    header: Header, shape: Shape, index: int, settings: ImageSettings, name: str
) -> tuple[Image.Image, Note | None]:
    values = _decoded(header, shape, index, name)
    notes = [] if header.preamble else [NO_PREAMBLE]
    if str(header.elements.get("BurnedInAnnotation", "")).strip().upper() == "YES":
        notes.insert(0, BURNT_IN)
    if shape.photometric in GREY:
        pixels, stretched = _grey(values, _Display(header.elements, index), shape, settings, name)
        notes += [STRETCHED] * stretched
    else:
        pixels = _coloured(values, header.elements, shape)
    note = Note(notes[0].code, "; ".join(note.message for note in notes)) if notes else None
    return Image.fromarray(pixels), note


def _decoded(header: Header, shape: Shape, index: int, name: str) -> npt.NDArray[Any]:
    """Return the samples of a frame as they were before they were compressed, ``[rows, columns]`` or with 3 more."""
    from pydicom.encaps import get_frame
    from pydicom.pixels.decoders.base import get_decoder

    elements, plugin = header.elements, SYNTAXES[header.syntax]
    if _PIXEL_DATA not in elements:
        raise truncated(name, "DICOM")
    pixels = elements[_PIXEL_DATA].value
    if plugin:
        offsets = [elements.get(key) for key in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths")]
        extended = tuple(offsets) if all(offsets) else None
        frame = get_frame(pixels, index, number_of_frames=shape.frames, extended_offsets=extended)
        check_frame(frame, header.syntax, (shape.columns, shape.rows, shape.samples), name)
        if header.syntax == _JPEG_EXTENDED and shape.stored > 8:
            return _twelve_bits(frame, shape)
    elif len(pixels) * 8 < shape.frame_bits * shape.frames:
        raise truncated(name, "DICOM")
    return get_decoder(header.syntax).as_array(elements, index=index, decoding_plugin=plugin)[0]


def _twelve_bits(frame: bytes, shape: Shape) -> npt.NDArray[np.uint16]:
    """Decode JPEG of 12 bits with GDCM itself: pydicom has no plugin for it."""
    import gdcm

    fragment, fragments = gdcm.Fragment(), gdcm.SequenceOfFragments.New()
    fragment.SetByteStringValue(frame)
    fragments.AddFragment(fragment)
    element, image = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010)), gdcm.Image()
    element.SetValue(fragments.__ref__())
    image.SetNumberOfDimensions(2)
    image.SetDimensions((shape.columns, shape.rows, 1))
    image.SetDataElement(element)
    grey = gdcm.PhotometricInterpretation.GetPIType(shape.photometric)
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(grey))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(_JPEG_EXTENDED)))
    image.SetPixelFormat(gdcm.PixelFormat(1, 16, shape.stored, shape.stored - 1, 0))
    pixels = image.GetBuffer().encode("utf-8", "surrogateescape")
    return np.frombuffer(pixels, np.uint16).reshape(shape.rows, shape.columns)


def _coloured(values: npt.NDArray[Any], elements: Dataset, shape: Shape) -> Bytes:
    """Return the upper 8 bits of red, green and blue, ``uint8[rows, columns, 3]``."""
    if shape.photometric != PALETTE:
        return np.asarray(values >> max(shape.stored - 8, 0), np.uint8)
    from pydicom.pixels.processing import apply_color_lut

    coloured = apply_color_lut(values, elements)
    return np.asarray(coloured >> (8 * coloured.dtype.itemsize - 8), np.uint8)


class _Display:
    """How the values of one frame are to be shown: elements of the file, or of the frame in enhanced files."""

    def __init__(self, elements: Dataset, index: int) -> None:
        self._places = [elements]
        per_frame, shared = (
            elements.get("PerFrameFunctionalGroupsSequence"),
            elements.get("SharedFunctionalGroupsSequence"),
        )
        groups = [*(per_frame[index : index + 1] if per_frame else []), *(shared or [])]
        for keyword in ("PixelValueTransformationSequence", "FrameVOILUTSequence"):
            self._places += [item for group in groups for item in group.get(keyword) or []]

    def all(self, keyword: str) -> list[Any]:
        """Return the values of an element, none where it is missing or empty."""
        for place in self._places:
            value = place.get(keyword)
            if value not in (None, ""):
                return list(value) if isinstance(value, (list, tuple)) or hasattr(value, "append") else [value]
        return []

    def number(self, keyword: str) -> float | None:
        """Return the first value of an element."""
        values = self.all(keyword)
        return float(values[0]) if values else None

    def table(self, keyword: str) -> Dataset | None:
        """Return the place that holds a sequence of lookup tables."""
        return next((place for place in self._places if place.get(keyword)), None)


def _grey(
    stored: npt.NDArray[Any], display: _Display, shape: Shape, settings: ImageSettings, name: str
) -> tuple[Bytes, bool]:
    """Return grey values ``uint8[rows, columns]``, and whether they were stretched over the frame's own range."""
    values, full = _modality(stored, display, shape, name)
    stretched, pixels = False, None
    if isinstance(settings.window, tuple):
        pixels = Ramp(*settings.window).apply(values)
    elif settings.window == "dicom":
        pixels = _voi(values, display, name)
    if pixels is None:
        stretched = settings.window == "dicom" and shape.stored > 8
        own = stretched or settings.window == "percentile"
        pixels = between(values, *(spread(values, _used(stored, display), settings.window) if own else full))
    return (255 - pixels if shape.photometric == "MONOCHROME1" else pixels), stretched


def _modality(
    stored: npt.NDArray[Any], display: _Display, shape: Shape, name: str
) -> tuple[Values, tuple[float, float]]:
    """Return values in the units of the modality, such as Hounsfield units, and between which they could be."""
    from pydicom.pixels.processing import apply_modality_lut

    if table := display.table("ModalityLUTSequence"):
        bits = int(table.ModalityLUTSequence[0].LUTDescriptor[2])
        return apply_modality_lut(stored, table).astype(np.float64), (0, 2**bits - 1)
    slope, intercept = display.number("RescaleSlope"), display.number("RescaleIntercept") or 0.0
    slope = 1.0 if slope is None else slope
    if not (np.isfinite([slope, intercept]).all() and slope):
        fix = "export it again, or leave it out"
        raise ImageError("IMG_WINDOW", f"a rescale slope of {slope:g} in {name}", "a number other than 0", fix)
    half = 2 ** (shape.stored - 1)
    ends = [end * slope + intercept for end in ((-half, half - 1) if shape.signed else (0, 2 * half - 1))]
    return stored.astype(np.float64) * slope + intercept, (min(ends), max(ends))


def _voi(values: Values, display: _Display, name: str) -> Bytes | None:
    """Return grey values by the file's own table or window, None where it has neither."""
    from pydicom.pixels.processing import apply_voi

    if table := display.table("VOILUTSequence"):
        bits = int(table.VOILUTSequence[0].LUTDescriptor[2])
        return to_bytes(apply_voi(np.rint(values).astype(np.int64), table) / (2**bits - 1))
    centre, width = display.number("WindowCenter"), display.number("WindowWidth")
    if centre is None or width is None:
        return None
    function = str(next(iter(display.all("VOILUTFunction")), "LINEAR")).strip().upper()
    if not (np.isfinite([centre, width]).all() and width > 0):
        fix = 'set the window yourself, as in: window = "percentile" in [image]'
        raise ImageError("IMG_WINDOW", f"a window of width {width:g} in {name}", "a width above 0", fix)
    return Ramp(centre, width, function).apply(values)


def _used(stored: npt.NDArray[Any], display: _Display) -> npt.NDArray[np.bool_]:
    """Return which pixels count: not those that only fill the frame up."""
    first = display.number("PixelPaddingValue")
    if first is None:
        return np.ones(stored.shape, np.bool_)
    last = display.number("PixelPaddingRangeLimit")
    ends = first, first if last is None else last
    return (stored < min(ends)) | (stored > max(ends))
