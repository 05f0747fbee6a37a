"""A folder of DICOM from audit to `predict`: the same figures as from PNG, and nothing that names a person."""

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.datadict import DicomDictionary, keyword_for_tag

from dicom_files import dataset, saved
from seimbang.cli import app
from seimbang.datasets import load, make
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.decode import open_native

FILMS = Path(__file__).parents[3] / "shared" / "data" / "chest_xray" / "train"
CANARY = "QXCANARYZ"
TEXTS = {"LO", "SH", "PN", "LT", "ST", "UT", "CS", "AE", "UC"}
KEPT = {"PhotometricInterpretation", "SpecificCharacterSet", "VOILUTFunction", "BurnedInAnnotation"}
STUDY = """
title = "{source}"
[data]
source = "{source}"
path = "{source}"
positive = "sick"
{group}
[image]
size = [24, 24]
[split]
validation = "provided"
test = "provided"
[model]
name = "knn"
[[arm]]
name = "none"
"""


def marked(pixels, patient):
    """Return a file with a marker in every element of text that may stand beside pixels."""
    made = dataset(pixels)
    for tag, (vr, multiplicity, _, retired, _) in DicomDictionary.items():
        keyword, group = keyword_for_tag(tag), tag >> 16
        if (
            vr in TEXTS
            and group in range(0x0008, 0x5000)
            and not retired
            and keyword not in KEPT
            and "-" not in multiplicity
        ):
            setattr(made, keyword, f"{CANARY}^{patient}" if vr == "PN" else CANARY)
    made.PatientID, made.PatientComments = f"{CANARY}{patient}", CANARY
    return saved(made)


def films(root):
    """Write 48 pictures of 24 patients as PNG and as DICOM, both in class folders."""
    rng = np.random.default_rng(0)
    for k in range(48):
        label, patient = ("sick", "well")[k % 4 > 1], k // 2
        pixels = rng.integers(0, 160, (24, 24), dtype=np.uint8)
        pixels[8:16, 8:16] += 20 * (label == "sick")
        part = ("train", "val", "test")[patient % 3]
        for kind in ("folder", "dicom"):
            (root / kind / part / label).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(root / "folder" / part / label / f"person{patient:02d}_{k % 2}.png")
        (root / "dicom" / part / label / f"{CANARY}_{k}").write_bytes(marked(pixels, patient))
    (root / "dicom" / "val" / "well" / f"{CANARY}.txt").write_text(CANARY)
    (root / "dicom" / "train" / "sick" / f"{CANARY}_damaged").write_bytes(marked(pixels, 1)[:-300])


def said_in(folder):
    """Yield every file below a folder that holds the marker in its name or content."""
    for path in (path for path in folder.rglob("*") if path.is_file()):
        if CANARY in path.name or CANARY.encode() in path.read_bytes():
            yield path


def figures(run):
    """Return the value of each metric of each set; intervals are drawn in the order of the cases, which differs."""
    sets = json.loads((run / "arms" / "none" / "metrics.json").read_text())["sets"]
    return {
        name: {
            metric: said["value"] for metric, said in of_set["default"]["metrics"].items() if said["value"] is not None
        }
        for name, of_set in sets.items()
    }


def seimbang(*arguments):
    app([str(argument) for argument in arguments], standalone_mode=False)


def test_nothing_that_names_a_person_is_written(tmp_path, monkeypatch, capfd):
    films(data := tmp_path / "data")
    temporary, cache = tmp_path / "temporary", tmp_path / "cache"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("SEIMBANG_CACHE", str(cache))
    runs = {}
    for source, group in (("folder", "group = { from = 'name', pattern = '(person\\d+)' }"), ("dicom", "")):
        study = tmp_path / f"{source}.toml"
        study.write_text(STUDY.format(source=source, group=group))
        seimbang("run", study, "--quick", "--data", data, "--out", tmp_path / "runs" / source)
        runs[source] = tmp_path / "runs" / source
    seimbang("audit", tmp_path / "dicom.toml", "--data", data)
    film = next((data / "dicom" / "test" / "sick").iterdir())
    (tmp_path / "film.dcm").write_bytes(film.read_bytes())
    seimbang("predict", runs["dicom"], tmp_path / "film.dcm")
    by_png, by_dicom = (figures(run) for run in runs.values())
    for name, of_png in by_png.items():
        assert of_png == pytest.approx(by_dicom[name], nan_ok=True)
    assert 0.5 < by_png["test"]["accuracy"] < 1
    said = capfd.readouterr()
    assert CANARY not in said.out + said.err
    for folder in (tmp_path / "runs", temporary, cache):
        assert not list(said_in(folder))
    assert CANARY.encode() not in (tmp_path / "dicom.toml").read_bytes()


@pytest.mark.skipif(not FILMS.is_dir(), reason="no chest films")
def test_chest_films_give_the_same_pixels_as_their_jpegs(tmp_path):
    for label in ("NORMAL", "PNEUMONIA"):
        for kind in ("jpeg", "dicom"):
            (tmp_path / kind / label).mkdir(parents=True)
        for k, film in enumerate(sorted((FILMS / label).glob("*.jp*g"))[:20]):
            data = film.read_bytes()
            pixels = open_native(data, ImageSettings(), film.name)[..., 0]
            (tmp_path / "jpeg" / label / f"{k:02d}.jpg").write_bytes(data)
            (tmp_path / "dicom" / label / f"{k:02d}").write_bytes(saved(dataset(pixels, PatientID=f"{label}{k}")))
    settings = make({"source": "dicom", "path": "dicom"})
    dicoms, jpegs = (load(each, ImageSettings(), tmp_path) for each in (settings, make({"path": "jpeg"})))
    names = settings.files(tmp_path).rows.set_index("case_id").path
    order = dicoms.cases.rows(names.sort_values().index)
    assert np.abs(dicoms.X[order].astype(int) - jpegs.X).max() <= 1
