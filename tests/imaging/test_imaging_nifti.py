"""NIfTI through the decoder: slices as nibabel has them, from the header on within limits; volumes in folders."""

import gzip
import itertools
import struct
import zlib

import nibabel
import numpy as np
import pytest

from seimbang.datasets import load, make
from seimbang.errors import ImageError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.decode import open_noted
from seimbang.imaging.worker import decode_apart

SHAPE = (5, 7, 9)
VALUES = np.random.default_rng(0).integers(0, 256, SHAPE, dtype=np.uint8)
AXES = {"sagittal": 0, "coronal": 1, "axial": 2}


def affine(order, signs):
    """Return the affine of a file whose axes run in this order of the patient's, forwards or backwards."""
    made = np.diag([0.0, 0, 0, 1])
    made[order, range(3)] = 2 * np.array(signs)
    return made


ORDERS, SIGNS = itertools.permutations(range(3)), itertools.product((1, -1), repeat=3)
AFFINES = [affine(order, signs) for order, signs in zip(ORDERS, SIGNS, strict=False)]
AFFINES.append(AFFINES[0] @ nibabel.affines.from_matvec(nibabel.eulerangles.euler2mat(0.2, 0.1, 0.3)))


def nifti(values=VALUES, way=None, kind=nibabel.Nifti1Image, **header):
    image = kind(values, np.eye(4) if way is None else way)
    for key, value in header.items():
        image.header[key] = value
    return image.to_bytes()


def shown(data, **settings):
    return open_noted(data, ImageSettings(**settings), "a.nii")[0][..., 0]


def refused(data, **settings):
    with pytest.raises(ImageError) as caught:
        open_noted(data, ImageSettings(**{"frame": 1} | settings), "a.nii")
    return caught.value.code


@pytest.mark.parametrize("way", AFFINES, ids=range(len(AFFINES)))
@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
def test_slices_are_those_of_nibabel_whichever_way_the_file_has_them(way, kind):
    data = nifti(way=way, kind=kind)
    turned = nibabel.as_closest_canonical(kind.from_bytes(data)).get_fdata()
    for axis, direction in AXES.items():
        for number in range(1, turned.shape[direction] + 1):
            expected = np.take(turned, number - 1, direction).T[::-1, ::-1]  # right on the left, head or front above
            assert np.array_equal(shown(data, axis=axis, frame=number), expected)
    assert refused(data, frame=turned.shape[2] + 1) == "IMG_FRAME"
    assert refused(data, frame=0) == "IMG_MULTIFRAME"


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.int32, np.float32, np.float64, ">i2", ">f4"])
def test_numbers_of_every_kind(dtype):
    values = (VALUES.astype(np.float64) * 100 - 5000).clip(0 if np.dtype(dtype).kind == "u" else None)
    header = nibabel.Nifti1Header(endianness=">" if dtype in (">i2", ">f4") else "<")
    data = nibabel.Nifti1Image(values.astype(dtype), np.eye(4), header).to_bytes()
    plane = values[..., 3].T[::-1, ::-1]
    grey = np.rint(255 * (plane - plane.min()) / np.ptp(plane))
    assert np.array_equal(shown(data, frame=4), grey)
    assert open_noted(data, ImageSettings(frame=4), "a")[1].code == "IMG_STRETCHED"


def test_windows_are_of_scaled_values():
    data = nifti((VALUES.astype(np.int16) - 100), scl_slope=2, scl_inter=-10)
    plane = 2.0 * (VALUES[..., 0].T[::-1, ::-1].astype(float) - 100) - 10
    assert np.array_equal(
        shown(data, frame=1, window=(40, 401)), np.rint(255 * ((plane - 39.5) / 400 + 0.5).clip(0, 1))
    )
    low, high = np.percentile(plane, (1, 99))
    grey = np.rint(255 * ((plane - low) / (high - low)).clip(0, 1))
    assert np.array_equal(shown(data, frame=1, window="percentile"), grey)
    assert np.array_equal(shown(nifti(cal_min=50, cal_max=100), frame=1), np.rint(
        255 * ((VALUES[..., 0].T[::-1, ::-1].astype(float) - 50) / 50).clip(0, 1)))  # fmt: skip
    holes = VALUES.astype(np.float32)
    holes[0, 0, 0] = np.nan
    assert shown(nifti(holes), frame=1)[-1, -1] == 0


def test_a_packed_file_is_the_same_also_through_the_worker():
    data = nifti()
    for number in (1, 9):
        asked = ImageSettings(frame=number, size=SHAPE[1::-1])
        assert np.array_equal(shown(gzip.compress(data), frame=number), shown(data, frame=number))
        packed, plain = (decode_apart(each, asked, "a")[0] for each in (gzip.compress(data), data))
        assert np.array_equal(packed, plain)
    assert shown(nifti(VALUES[..., :1])).shape == SHAPE[1::-1]  # a single slice needs no number


def packed_bomb():
    """Return 300 KB that unpack to 300 MB behind the header of a small volume."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(nifti()) + b"".join(packer.compress(bytes(1 << 20)) for _ in range(300)) + packer.flush()


def with_header(at, form, *values):
    data = bytearray(nifti())
    struct.pack_into(form, data, at, *values)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (nifti()[:-1], "IMG_TRUNCATED"),
        (nifti()[:348], "IMG_TRUNCATED"),
        (nifti()[:347], "IMG_TRUNCATED"),
        (gzip.compress(nifti())[:-1], "IMG_TRUNCATED"),
        (gzip.compress(nifti())[:-8] + bytes(8), "IMG_CORRUPT"),
        (with_header(40, "<4h", 3, 32767, 32767, 32767), "IMG_TOO_LARGE"),
        (gzip.compress(with_header(40, "<4h", 3, 2000, 2000, 2000)), "IMG_TOO_LARGE"),
        (with_header(40, "<4h", 3, -5, 7, 9), "IMG_TOO_LARGE"),
        (with_header(40, "<h", 99), "IMG_CORRUPT"),
        (with_header(70, "<h", 999), "IMG_CORRUPT"),
        (with_header(108, "<f", -4e9), "IMG_CORRUPT"),
        (with_header(108, "<f", float("nan")), "IMG_CORRUPT"),
        (with_header(280, "<4f", *[float("nan")] * 4), "IMG_CORRUPT"),
        (nifti(np.zeros((2, 2, 2, 3), np.uint8)), "IMG_FORMAT"),
        (nifti(np.zeros((2, 2, 2), np.complex64)), "IMG_FORMAT"),
        (nifti(np.full((2, 2, 2), np.nan, np.float32)), "IMG_CORRUPT"),
        (with_header(344, "4s", b"ni1\0"), "IMG_FORMAT"),
    ],
    ids=range(17),
)
def test_what_is_not_whole_or_too_large_is_refused(data, code):
    assert refused(data) == code


def test_what_is_behind_the_volume_of_a_packed_file_is_not_kept():
    assert np.array_equal(shown(packed_bomb(), frame=1), VALUES[..., 0].T[::-1, ::-1])


def folder(root, packed=True):
    for k in range(8):
        path = root / "scans" / ("sick" if k % 2 else "well") / f"P{k}.nii"
        path.parent.mkdir(parents=True, exist_ok=True)
        data = nifti(np.roll(VALUES, k))
        path.with_suffix(".nii.gz" if packed else ".nii").write_bytes(gzip.compress(data) if packed else data)
    (root / "scans/sick/P1_seg.nii.gz").write_bytes(gzip.compress(nifti()))  # a mask
    return root


def read(root, image, **values):
    return load(make({"source": "folder", "path": "scans", **values}), image, root)


@pytest.mark.parametrize("packed", [False, True])
def test_each_slice_of_a_folder_is_a_case_of_one_patient(packed, tmp_path):
    image = ImageSettings(size=(9, 7), axis="sagittal")
    data = read(folder(tmp_path, packed), image, frames=True)
    frame = data.cases.frame
    assert (len(frame), frame.group.nunique(), set(frame.group.value_counts())) == (40, 8, {5})
    row = int(np.flatnonzero(frame.case_id.str.startswith("well/P2") & frame.case_id.str.endswith("00003"))[0])
    assert np.array_equal(data.X[row, ..., 0], np.roll(VALUES, 2)[2].T[::-1, ::-1])
    assert {note.code for note in data.left_out} <= {"FILE_MASK"}


def test_or_one_slice_is_and_without_either_the_file_is_refused(tmp_path):
    data = read(folder(tmp_path), ImageSettings(size=(7, 5), frame=5))
    assert len(data.cases) == 8
    assert np.array_equal(data.X[0, ..., 0], decode_apart(
        gzip.compress(nifti(np.roll(VALUES, 1))), ImageSettings(size=(7, 5), frame=5), "a")[0][..., 0])  # fmt: skip
    with pytest.raises(Exception, match="IMG_MULTIFRAME"):
        read(tmp_path, ImageSettings())
