"""Formats that are known by name and not decoded: what a file is, by its first bytes or its ending, and what to do."""

import zlib
from pathlib import PurePosixPath

HEAD = 512
"""Bytes at the start of a file that are enough to tell its format."""

_VOLUME = "write its slices as PNG, those of one patient in a folder of that name, as with nibabel or SimpleITK"
_PHONE = 'export it as JPEG or PNG; an iPhone takes JPEG with Settings, Camera, Formats, "Most Compatible"'
_PACKED = "unpack it beside the other files, or give it alone: seimbang init ARCHIVE.zip"
_PLAIN = "convert it to PNG, as with: magick FILE out.png"
ADVICE = {
    "NIfTI of two files": "save it as one file, NAME.nii or NAME.nii.gz",
    "NRRD": _VOLUME,
    "MetaImage": _VOLUME,
    "Analyze": _VOLUME,
    "JPEG 2000": _PLAIN,
    "JPEG XL": _PLAIN,
    "JPEG-LS": _PLAIN,
    "lossless JPEG": _PLAIN,
    "arithmetic-coded JPEG": _PLAIN,
    "HEIC": _PHONE,
    "AVIF": _PHONE,
    "BMP": "save it as an ordinary BMP or as PNG",
    "Photoshop": "export it as PNG",
    "SVG": "export it as PNG",
    "whole slide": "export tiles of it as PNG, as with OpenSlide",
    "PDF": "export its pictures as PNG, as with: pdfimages -png FILE out",
    "video": "save the frames you mean as PNG",
    "zip": _PACKED,
    "gzip": _PACKED,
    "tar": _PACKED,
    "RAR": _PACKED,
    "7z": _PACKED,
}
"""What to do with a file, by its format."""

PICTURES = (*ADVICE,)[: [*ADVICE].index("PDF")]
"""Formats of pictures: where such a file lies among images, it should be a case."""

ENDINGS = {
    ".nrrd": "NRRD",
    ".mha": "MetaImage",
    ".mhd": "MetaImage",
    ".jp2": "JPEG 2000",
    ".j2k": "JPEG 2000",
    ".jxl": "JPEG XL",
    ".jls": "JPEG-LS",
    ".heic": "HEIC",
    ".heif": "HEIC",
    ".avif": "AVIF",
    ".svs": "whole slide",
    ".ndpi": "whole slide",
    ".svg": "SVG",
}
"""Formats of pictures by the ending of the name."""

_STARTS = {
    b"\0\0\0\x0cjP": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"\xff\x0a": "JPEG XL",
    b"8BPS": "Photoshop",
    b"NRRD": "NRRD",
    b"ObjectType = Image": "MetaImage",
    b"<svg": "SVG",
    b"%PDF": "PDF",
    b"PK\3\4": "zip",
    b"\x1f\x8b": "gzip",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7z",
    b"\0\0\1\0": "icon",
    b"\x89HDF": "HDF5",
    b"\x93NUMPY": "NumPy",
}
_HEIC, _AVIF = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"}, {b"avif", b"avis"}
_LOSSLESS, _ARITHMETIC = "lossless JPEG", "arithmetic-coded JPEG"  # of the latter nothing tells that data are missing
_FRAMES = {
    **dict.fromkeys((0xC3, 0xC7, 0xCB, 0xCF), _LOSSLESS),
    **dict.fromkeys((0xC9, 0xCA, 0xCD, 0xCE), _ARITHMETIC),
    0xF7: "JPEG-LS",
}


def other_format(head: bytes) -> str:
    """Return the name of a format that holds pictures or data and is not decoded, or ``""``.

    Args:
        head: The first bytes of a file, at least ``HEAD`` where it has as many.
    """
    if head[4:8] == b"ftyp":
        return _boxed(head)
    if head.startswith(b"\x1f\x8b"):
        return _volume(_unpacked(head)) or "gzip"
    if head[257:262] == b"ustar":
        return "tar"
    if head.startswith(b"BM") and head[6:10] == bytes(4) and len(head) > 25:  # a bitmap of a kind that is not read
        return "BMP"
    return _volume(head) or next((kind for start, kind in _STARTS.items() if head.startswith(start)), "")


def is_nifti(head: bytes) -> bool:
    """Tell whether a file begins as one of NIfTI does, packed or not, with header and voxels together."""
    start = _unpacked(head) if head.startswith(b"\x1f\x8b") else head
    return start[344:347] == b"n+1" or start[4:7] == b"n+2"


def by_ending(name: str) -> str:
    """Return the format of pictures that a file's name is of, or ``""``; the longest ending counts."""
    return next((kind for ending, kind in ENDINGS.items() if name.lower().endswith(ending)), "")


def without_ending(name: str) -> str:
    """Return a file's name without its ending, of which ``.nii.gz`` is one."""
    packed = name.lower().endswith(".nii.gz")
    return PurePosixPath(name[: -len(".gz")] if packed else name).stem


def jpeg_kind(data: bytes) -> str:
    """Return which kind of JPEG is not decoded, by the header of its first frame; ``""`` for those that are."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        code = data[at + 1]
        if code in _FRAMES or (0xC0 <= code <= 0xCF and code not in (0xC4, 0xC8, 0xCC)):
            return _FRAMES.get(code, "")
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return ""


def _boxed(head: bytes) -> str:
    """Return what a file of boxes, as of phones, is: by its brand, or those that it is compatible with."""
    brands = {head[at : at + 4] for at in (8, *range(16, min(int.from_bytes(head[:4]), len(head)), 4))}
    if brands & _AVIF:
        return "AVIF"
    return "HEIC" if brands & _HEIC else "video"


def _volume(head: bytes) -> str:
    if head[344:347] == b"ni1" or head[4:7] == b"ni2":
        return "NIfTI of two files"
    return "Analyze" if len(head) > 347 and head[:4] in (b"\x5c\1\0\0", b"\0\0\1\x5c") else ""


def _unpacked(head: bytes) -> bytes:
    try:
        return zlib.decompressobj(31).decompress(head, HEAD)
    except zlib.error:
        return b""
