"""A unique word in everything of a file that is text: no answer, log or temporary file of the service has it."""

import io
import tempfile

import numpy as np
import pytest
import requests
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydicom.datadict import DicomDictionary

from dicom_files import dataset, saved
from run_folder import fake_run
from seimbang.record.contents import read
from seimbang.serving import api
from seimbang.serving.api_types import card
from seimbang.serving.door import Door
from seimbang.serving.predictor import Predictor
from serving_calls import started

CANARY = "Mustermann4711"
PIXELS = np.random.default_rng(0).integers(0, 256, (40, 36), dtype=np.uint8)
TEXTS = ("PN", "LO", "SH", "ST", "LT", "UT", "UC")


def dicom():
    """Return a file whose every element of text, of the patient, the study, the device and the procedure, says it."""
    made = dataset(PIXELS)
    for tag, (kind, many, _, retired, keyword) in DicomDictionary.items():
        if kind in TEXTS and many == "1" and not retired and tag >> 16 in (0x08, 0x10, 0x18, 0x20, 0x32, 0x38, 0x40):
            setattr(made, keyword, CANARY)
    data = saved(made)
    assert data.count(CANARY.encode()) > 200
    return data


def png():
    text, exif, file = PngInfo(), Image.Exif(), io.BytesIO()
    text.add_text("PatientName", CANARY)
    text.add_itxt(CANARY, CANARY)
    exif[0x010E] = exif[0x013B] = CANARY  # description and artist
    Image.fromarray(PIXELS).save(file, "PNG", pnginfo=text, exif=exif)
    return file.getvalue()


def jpeg():
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x010E] = CANARY
    Image.fromarray(PIXELS).save(file, "JPEG", exif=exif, comment=CANARY.encode())
    return file.getvalue()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return fake_run(tmp_path_factory.mktemp("canary") / "run", arms=1, external=True)


@pytest.fixture
def service(run, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    arm = next((run / "arms").iterdir())
    predictor = Predictor.load(arm)
    with started(Door(api.create(predictor, card(read(run, arm.name), predictor, "digest")))) as address:
        yield address, predictor


@pytest.mark.parametrize("make", [dicom, png, jpeg])
def test_nothing_that_names_a_person_comes_out(make, service, run, tmp_path, caplog, capfd):
    address, predictor = service
    data = make()
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    replies = []
    for content in (data, data[: len(data) // 2], data[:-1], data[:200] + CANARY.encode() + data[214:]):
        files = {"files": (f"{CANARY}.dcm", content, f"image/{CANARY}")}
        reply = requests.post(f"{address}/v1/predict", files=files, timeout=60)
        assert reply.status_code in (200, 422)
        replies.append(reply.text + str(reply.headers))
    case = requests.post(f"{address}/v1/predict", files={"files": data}, timeout=60).json()["cases"][0]
    said = predictor.predict(data, "a file")
    assert case["answer"] == said.advice.answer
    if not said.advice.refused:
        assert case["probabilities"] == pytest.approx(said.probabilities, abs=1e-5)
    out = capfd.readouterr()
    assert CANARY not in "".join([*replies, caplog.text, out.out, out.err])
    assert [*tmp_path.rglob("*")] == []
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_dicom_gives_the_answer_of_the_same_picture(service):
    address, _ = service
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, "PNG")
    files = [("files", ("a", data)) for data in (saved(dataset(PIXELS)), file.getvalue())]
    first, second = requests.post(f"{address}/v1/predict", files=files, timeout=60).json()["cases"]
    assert first | {"number": 2} == second
