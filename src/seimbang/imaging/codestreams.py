"""The size that a compressed frame says it has, read before it is decoded: it must be that of the DICOM header."""

from struct import unpack_from

from seimbang.imaging.formats import refusal, truncated
from seimbang.imaging.jpeg import require_whole_jpeg

_J2K = b"\xff\x4f\xff\x51"
_JPEG_BASELINE, _RLE = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.5"
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF, 0xF7}
_END = b"\xff\xd9"
_TILES = 65_535
_BOXES = 4096  # a codestream may be wrapped in the boxes of a JP2 file


def check_frame(frame: bytes, syntax: str, size: tuple[int, int, int], name: str) -> None:
    """Refuse a frame that is not whole, or of another size than the header says.

    Args:
        frame: Compressed, with what pads it.
        syntax: UID of the transfer syntax.
        size: Columns, rows and samples that the header says.
        name: Name of the image in errors.

    Raises:
        ImageError: ``IMG_CORRUPT`` or ``IMG_TRUNCATED``.
    """
    if syntax == _RLE:
        return
    own = _j2k_size(frame) if _J2K in frame[:_BOXES] else _jpeg_size(frame)
    if own != size:
        said = "{} x {} pixels of {} samples".format(*own) if own else "no size"
        found = f"a compressed frame of {said}"
        expected = "{} x {} pixels of {} samples, as the DICOM header says".format(*size)
        raise refusal("IMG_CORRUPT", name, found, expected, "export it again")
    if syntax == _JPEG_BASELINE:
        require_whole_jpeg(frame, name)
    elif not frame.rstrip(b"\0\xff").endswith(_END):
        raise truncated(name, "DICOM")


def _jpeg_size(frame: bytes) -> tuple[int, int, int] | None:
    """Return columns, rows and samples of a JPEG or JPEG-LS frame, None where it has no header."""
    at = 2
    while at + 10 <= len(frame):
        if frame[at] != 0xFF:
            return None
        if frame[at + 1] == 0xFF:  # padding before a marker
            at += 1
            continue
        if frame[at + 1] in _FRAMES:
            rows, columns, samples = unpack_from(">HHB", frame, at + 5)
            return columns, rows, samples
        at += 2 + int.from_bytes(frame[at + 2 : at + 4])
    return None


def _j2k_size(frame: bytes) -> tuple[int, int, int] | None:
    """Return columns, rows and samples of a JPEG 2000 frame; None where its tiles are impossible."""
    at = frame.index(_J2K) + 4
    if len(frame) < at + 38:
        return None
    x, y, left, top, width, height, tile_x, tile_y, samples = unpack_from(">8IH", frame, at + 4)
    if not (width and height) or tile_x > left or tile_y > top:
        return None
    tiles = -(-(x - tile_x) // width) * -(-(y - tile_y) // height)
    return (x - left, y - top, samples) if tiles <= _TILES else None
