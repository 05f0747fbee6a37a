"""Pixels against dcmtk's, for every file of pydicom's test set that dcmtk reads."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image

from seimbang.errors import ImageError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.decode import open_noted

FILES = Path(pydicom.__file__).parent / "data" / "test_files"
MORE = Path(__file__).parents[3] / "shared" / "data" / "dicom"
NAMES = [path.name for path in sorted(FILES.glob("*.dcm"))]
REFUSED = {
    "image_dfl.dcm": "IMG_FORMAT",  # deflated
    "badVR.dcm": "IMG_CORRUPT",  # "1A" frames
    "MR_truncated.dcm": "IMG_TRUNCATED",
    "JPEG2000-embedded-sequence-delimiter.dcm": "IMG_CORRUPT",  # a delimiter written over the frame's width
    "rtplan_truncated.dcm": "IMG_TRUNCATED",  # inside an element, so nobody knows whether there was an image
    "no_meta.dcm": "IMG_NOT_IMAGE",  # begins in the middle of an element
}
TWINS = {"rtdose_expb.dcm": "rtdose.dcm", "rtdose_expb_1frame.dcm": "rtdose_1frame.dcm"}
"""Big-endian files of 32 bits, whose halves dcmtk swaps: the same pixels as these."""

pytestmark = pytest.mark.skipif(not shutil.which("dcml2pnm"), reason="dcmtk is not installed (Debian package dcmtk)")


def header(path):
    return pydicom.dcmread(path, force=True, stop_before_pixels=True)


def ours(path):
    said = header(path)
    grey = str(said.get("PhotometricInterpretation", "")).startswith("MONOCHROME")
    frame = 2 if str(said.get("NumberOfFrames") or 1) not in ("1", "1A") else 0
    settings = ImageSettings(frame=frame, channels=1 if grey else 3)
    return open_noted(path.read_bytes(), settings, path.name)[0]


def dcmtk(path, output):
    """Return what dcmtk shows with the file's window, or its own range where it has more than 8 bits or 1; or None."""
    said = header(path)
    options = ["--no-overlays", "--write-raw-pnm"]
    options += ["--frame", "2"] if str(said.get("NumberOfFrames") or 1) not in ("1", "1A") else []
    if said.get("WindowCenter") not in (None, ""):
        options += ["--use-window", "1"]
    elif (said.get("BitsStored") or 8) != 8 and (said.get("SamplesPerPixel") or 1) == 1:
        options += ["--min-max-window"]
    for tool in ("dcm2pnm", "dcmj2pnm", "dcml2pnm"):
        if not subprocess.run([tool, *options, path, output], capture_output=True, check=False).returncode:
            pixels = np.asarray(Image.open(output))
            return pixels.reshape(*pixels.shape[:2], -1).astype(int)
    return None


@pytest.mark.parametrize("name", NAMES)
def test_pixels_are_those_of_dcmtk_or_the_file_is_refused_with_its_code(name, tmp_path):
    path = FILES / name
    try:
        pixels = ours(path)
    except ImageError as error:
        assert error.code == REFUSED.get(name, "IMG_NO_PIXELS")  # noqa: PT017
        assert (name in REFUSED) or dcmtk(path, tmp_path / "a.pnm") is None
        return
    assert name not in REFUSED
    if name in TWINS:
        assert np.array_equal(pixels, ours(FILES / TWINS[name]))
    elif (oracle := dcmtk(path, tmp_path / "a.pnm")) is not None:
        assert np.abs(pixels - oracle).max() <= 1


def test_enough_files_are_compared(tmp_path):
    read = [name for name in NAMES if dcmtk(FILES / name, tmp_path / name) is not None]
    assert len(read) >= 40


@pytest.mark.skipif(not MORE.is_dir(), reason="no shared data")
def test_the_shared_files(tmp_path):
    assert np.abs(ours(MORE / "693_UNCR.dcm") - dcmtk(MORE / "693_UNCR.dcm", tmp_path / "a.pnm")).max() <= 1
    film, raw = ours(MORE / "RG3_J2KR.dcm"), pydicom.dcmread(MORE / "RG3_J2KR.dcm").pixel_array
    assert film.shape == (1760, 1760, 1)
    assert np.corrcoef(film.ravel(), raw.ravel())[0, 1] < -0.9  # MONOCHROME1


def test_the_files_of_a_pacs_folder(tmp_path):
    paths = sorted((FILES / "dicomdirtests").rglob("*"))
    compared = 0
    for path in (path for path in paths if path.is_file() and path.name.isdigit()):
        assert np.abs(ours(path) - dcmtk(path, tmp_path / "a.pnm")).max() <= 1
        compared += 1
    assert compared == 31
