"""NIfTI: one slice of a volume as 8 bits of grey, the way round that radiologists look at it.

Only the header, of a fixed size, is read before the size of everything else is known and within limits; a packed file
is unpacked up to that size, whatever it holds.
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from seimbang.errors import ImageError, ResourceError
from seimbang.imaging.base import Axis, ImageSettings
from seimbang.imaging.dicom import frame_index
from seimbang.imaging.formats import check_size, refusal, truncated
from seimbang.imaging.notes import STRETCHED, Note
from seimbang.imaging.windows import Bytes, Ramp, Values, between, spread

DIRECTIONS: dict[Axis, int] = {"sagittal": 0, "coronal": 1, "axial": 2}
"""Across which direction of the patient (left to right, back to front, foot to head) the slices are counted."""

MAX_VOLUME = 1 << 29
"""Bytes of a volume; a larger one is not unpacked."""
MAX_SLICES = 100_000
PACKED = 1 << 14
"""Bytes at the start of a file that hold its header, packed or not."""
_KEPT = 1 << 26  # bytes of a volume that stays unpacked while its slices are asked for one after the other
_DIMENSIONS = 7
_HEADER = 540  # of NIfTI-2; that of NIfTI-1 is shorter


class Volume(NamedTuple):
    """What a header says of a volume.

    Attributes:
        shape: Voxels along the three axes of the file, the first varies fastest.
        dtype: Of a voxel as it is stored.
        offset: Where the first voxel is.
        slope: By which values are multiplied; 1 where the header has none.
        inter: Added after that.
        shown: The values that the file wants to be black and white; equal where it has none.
        axes: Which axis of the file runs left to right, which back to front, which foot to head.
        turned: Which of the file's axes run the other way.
    """

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    offset: int
    slope: float
    inter: float
    shown: tuple[float, float]
    axes: tuple[int, int, int]
    turned: tuple[bool, bool, bool]

    def slices(self, axis: Axis) -> int:
        """Return how many slices there are."""
        return self.shape[self.axes[DIRECTIONS[axis]]]

    @property
    def end(self) -> int:
        """Where the last voxel ends."""
        return self.offset + int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize


def open_nifti(data: bytes, settings: ImageSettings, name: str) -> tuple[Image.Image, Note | None]:
    """Return a slice in mode L, and what there is to say of the file.

    Args:
        data: The whole file, packed by gzip or not.
        settings: Axis and number of the slice, the window, and the pixel limit.
        name: Name of the image in errors.

    Raises:
        ImageError: ``IMG_FORMAT``, ``IMG_TOO_LARGE``, ``IMG_MULTIFRAME``, ``IMG_FRAME``, ``IMG_TRUNCATED`` or
            ``IMG_CORRUPT``.
        ResourceError: ``EXTRA_MISSING``.
    """
    volume = read_volume(data[:PACKED], name)
    index = frame_index(volume.slices(settings.axis), settings.frame, name)
    sides = [side for k, side in enumerate(volume.shape) if k != volume.axes[DIRECTIONS[settings.axis]]]
    check_size((sides[0], sides[1]), settings, name)
    if data.startswith(b"\x1f\x8b"):
        if volume.end > MAX_VOLUME:
            found, limit = f"{volume.end:,} bytes when unpacked", f"at most {MAX_VOLUME:,} bytes"
            raise refusal("IMG_TOO_LARGE", name, found, limit, "unpack it, or crop the volume")
        data = (_kept if volume.end <= _KEPT else _unpacked)(data, volume.end)
    if len(data) < volume.end:
        raise truncated(name, "NIfTI")
    values = _slice(data, volume, settings.axis, index)
    pixels, stretched = _grey(values, volume, settings)
    return Image.fromarray(np.ascontiguousarray(pixels)), STRETCHED if stretched else None


def read_volume(start: bytes, name: str) -> Volume:
    """Return what the first bytes of a file say of its volume.

    Raises:
        ImageError: ``IMG_FORMAT``, ``IMG_TOO_LARGE``, ``IMG_TRUNCATED`` or ``IMG_CORRUPT``.
        ResourceError: ``EXTRA_MISSING``.
    """
    head = zlib.decompressobj(31).decompress(start, _HEADER) if start.startswith(b"\x1f\x8b") else start[:_HEADER]
    header = _header(head, name)
    try:
        sides, dtype = _sides(header), header.get_data_dtype()
    except Exception as error:  # on damaged headers nibabel raises nearly every exception type
        raise _damaged(name, error) from None
    if len(sides) > 3:
        found, fix = f"NIfTI of {len(sides)} dimensions", "save one volume of it, as with: fslroi IN OUT 0 1"
        raise refusal("IMG_FORMAT", name, found, "one volume of 2 or 3 dimensions", fix)
    shape = (*sides, 1, 1, 1)[:3]
    if dtype.kind not in "uif" or dtype.itemsize > 8:
        fix = "save it as whole numbers or floats of up to 64 bits"
        raise refusal("IMG_FORMAT", name, f"NIfTI of {dtype} voxels", "numbers", fix)
    if min(shape) < 1 or max(shape) > MAX_SLICES:
        found = "NIfTI of {} x {} x {} voxels".format(*shape)
        raise refusal("IMG_TOO_LARGE", name, found, f"1 to {MAX_SLICES:,} along each axis", "crop the volume")
    try:
        return _volume(header, (shape[0], shape[1], shape[2]), dtype)
    except Exception as error:  # numbers that are none
        raise _damaged(name, error) from None


def _header(head: bytes, name: str) -> Any:
    try:
        from nibabel.nifti1 import Nifti1Header
        from nibabel.nifti2 import Nifti2Header
    except ImportError as error:
        fix = "pip install 'seimbang[nifti]'"
        raise ResourceError("EXTRA_MISSING", "no package nibabel", "the package that reads NIfTI", fix) from error
    kind: Any = Nifti2Header if head[4:7] == b"n+2" else Nifti1Header
    if len(head) < kind.sizeof_hdr:
        raise truncated(name, "NIfTI")
    try:
        # unchecked: what nibabel checks, it also mends, and says so in the log
        return kind(head[: kind.sizeof_hdr], check=False)
    except Exception as error:  # on damaged headers nibabel raises nearly every exception type
        raise _damaged(name, error) from None


def _sides(header: Any) -> list[int]:
    """Return the voxels along each axis, without axes of one voxel after the third."""
    if not 1 <= int(header["dim"][0]) <= _DIMENSIONS:
        raise ValueError
    sides = [int(side) for side in header.get_data_shape()]
    while len(sides) > 3 and sides[-1] == 1:
        sides.pop()
    return sides


def _damaged(name: str, error: Exception) -> ImageError:
    found, fix = f"a damaged NIfTI header ({type(error).__name__})", "export or copy it again"
    return refusal("IMG_CORRUPT", name, found, "an intact NIfTI file", fix)


def _volume(header: Any, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> Volume:
    from nibabel import orientations

    slope, inter = header.get_slope_inter()
    ways = np.asarray(orientations.io_orientation(header.get_best_affine()))  # type: ignore[no-untyped-call]
    axes = [int(np.flatnonzero(ways[:, 0] == direction)[0]) for direction in range(3)]
    low, high = float(header["cal_min"]), float(header["cal_max"])
    offset = int(header["vox_offset"]) or header.single_vox_offset
    if offset < header.single_vox_offset or not np.isfinite([slope or 1.0, inter or 0.0]).all():
        raise ValueError
    return Volume(
        shape,
        dtype,
        offset,
        float(1.0 if slope is None else slope),
        float(inter or 0.0),
        (low, high) if np.isfinite([low, high]).all() else (0.0, 0.0),
        (axes[0], axes[1], axes[2]),
        (bool(ways[0, 1] < 0), bool(ways[1, 1] < 0), bool(ways[2, 1] < 0)),
    )


def _unpacked(data: bytes, size: int) -> bytes:
    """Return so many bytes of what is packed, fewer where it ends early; the rest is checked and not kept."""
    stream = zlib.decompressobj(31)
    kept, rest = stream.decompress(data, size), 0
    while not stream.eof and stream.unconsumed_tail and rest < size:
        rest += len(stream.decompress(stream.unconsumed_tail, 1 << 20))
    return kept if stream.eof or rest >= size else b""


@lru_cache(1)
def _kept(data: bytes, size: int) -> bytes:
    return _unpacked(data, size)


def _slice(data: bytes, volume: Volume, axis: Axis, index: int) -> Values:
    """Return a slice: front or head at the top, and the patient's right, or front, on the left."""
    count = int(np.prod(volume.shape, dtype=np.int64))
    stored = np.frombuffer(data, volume.dtype, count, volume.offset).reshape(volume.shape, order="F")
    turned = stored[tuple(slice(None, None, -1 if way else 1) for way in volume.turned)]
    plane = np.take(turned.transpose(volume.axes), index, DIRECTIONS[axis]).T[::-1, ::-1]
    return np.asarray(plane.astype(np.float64) * volume.slope + volume.inter)


def _grey(values: Values, volume: Volume, settings: ImageSettings) -> tuple[Bytes, bool]:
    """Return grey values, and whether they were stretched over the slice's own range; what is no number is darkest."""
    finite = np.isfinite(values)
    if not finite.any():
        raise ValueError("no voxel holds a number")
    values = np.where(finite, values, values[finite].min())
    if isinstance(settings.window, tuple):
        return Ramp(*settings.window).apply(values), False
    if settings.window == "percentile":
        return between(values, *spread(values, finite, settings.window)), False
    if volume.shown[1] > volume.shown[0]:
        return between(values, *volume.shown), False
    if volume.dtype == np.uint8 and (volume.slope, volume.inter) == (1, 0):
        return values.astype(np.uint8), False
    return between(values, *spread(values, finite, settings.window)), True
