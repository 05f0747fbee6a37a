"""The round trip through a real archive (Orthanc): studies in by DIMSE, reports and heat maps back by DICOMweb."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from run_folder import CLASSES, fake_run
from seimbang.cli import app
from seimbang.errors import ResourceError, StudyError

pydicom = pytest.importorskip("pydicom", reason="the extra for DICOM is not installed")
pytest.importorskip("highdicom", reason="the extra for archives is not installed")
pytest.importorskip("dicomweb_client", reason="the extra for archives is not installed")

from seimbang.serving import archive as archives  # noqa: E402
from seimbang.serving.archive import DicomWeb  # noqa: E402
from seimbang.serving.dicom_out import ModelFacts, report_uid, structured_report  # noqa: E402
from seimbang.serving.watch import Reader, Watch  # noqa: E402

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
TOOLS = [name for name in ("Orthanc", "storescu", "dciodvfy") if shutil.which(name) is None]
STUDIES = 50
REPORT, CAPTURE = "1.2.840.10008.5.1.4.1.1.88.33", "1.2.840.10008.5.1.4.1.1.7"
needs_orthanc = pytest.mark.skipif(
    bool(TOOLS) or not PLUGIN.exists(), reason=f"needs Orthanc with DICOMweb, dcmtk and dicom3tools; lacks {TOOLS}"
)


def film(number, patient="Ibu^Sri", **changes):
    """Return a computed radiograph of noise, a study of its own."""
    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    data.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1"
    data.SOPInstanceUID, data.StudyInstanceUID, data.SeriesInstanceUID = (f"1.2.3.{k}.{number}" for k in (1, 2, 3))
    data.PatientName, data.PatientID, data.PatientBirthDate, data.PatientSex = patient, f"P{number}", "20190203", "F"
    data.AccessionNumber, data.StudyID, data.StudyDate, data.StudyTime = f"A{number}", "7", "20260102", "101112"
    data.ReferringPhysicianName, data.Modality, data.SeriesNumber, data.InstanceNumber = "Dr^Budi", "CR", 1, 1
    data.PatientOrientation, data.BodyPartExamined, data.ViewPosition = ["L", "F"], "CHEST", "PA"
    data.Manufacturer, data.Laterality = "Maker", ""
    data.Rows = data.Columns = 48
    data.BitsAllocated = data.BitsStored = 8
    data.HighBit, data.PixelRepresentation, data.SamplesPerPixel = 7, 0, 1
    data.PhotometricInterpretation = "MONOCHROME2"
    data.PixelData = np.random.default_rng(number).integers(0, 256, (48, 48), np.uint8).tobytes()
    for name, value in changes.items():
        setattr(data, name, value)
    return data


def free_port():
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


class Orthanc:
    """A real archive on loopback, in a folder that outlives it."""

    def __init__(self, folder):
        self.folder, self.http, self.dicom = folder, free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.http}/dicom-web"
        settings = {
            "StorageDirectory": str(folder / "storage"),
            "IndexDirectory": str(folder / "storage"),
            "HttpPort": self.http,
            "DicomPort": self.dicom,
            "AuthenticationEnabled": False,
            "RemoteAccessAllowed": False,
            "Plugins": [str(PLUGIN)],
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }
        (folder / "orthanc.json").write_text(json.dumps(settings))

    def start(self):
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(["Orthanc", str(self.folder / "orthanc.json")], stdout=log, stderr=log)
        client, end = DicomWeb(self.url), time.monotonic() + 30
        while time.monotonic() < end:
            try:
                client.studies("")
                return self
            except ResourceError:
                time.sleep(0.2)
        raise AssertionError((self.folder / "log").read_text()[-2000:])

    def kill(self):
        self.process.kill()
        self.process.wait()

    def send(self, films, folder):
        folder.mkdir(exist_ok=True)
        for film in films:
            film.save_as(folder / film.SOPInstanceUID, enforce_file_format=True)
        subprocess.run(["storescu", "+sd", "127.0.0.1", str(self.dicom), str(folder)], check=True, timeout=60)

    def objects(self, kind):
        """Return every object of a SOP class, read back."""
        client = DicomWeb(self.url)
        kept = [one for study in client.studies("") for one in client.instances(study) if one.sop_class == kind]
        return [pydicom.dcmread(BytesIO(client.file(one))) for one in kept]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return fake_run(tmp_path_factory.mktemp("fake"), arms=1, external=False)


@pytest.fixture
def orthanc(tmp_path):
    archive = Orthanc(tmp_path).start()
    yield archive
    archive.kill()


def start_watch(run, url):
    command = [
        sys.executable,
        "-m",
        "seimbang.cli",
        "watch",
        str(run),
        "--dicomweb",
        url,
        "--since",
        "all",
        "--every",
        "0.3",
    ]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )


def until(number, orthanc, watcher, kind=REPORT, seconds=120):
    end = time.monotonic() + seconds
    while time.monotonic() < end and watcher.poll() is None:
        try:
            if len(orthanc.objects(kind)) >= number:
                return
        except ResourceError:
            pass
        time.sleep(0.5)
    watcher.kill()
    raise AssertionError(watcher.communicate()[0][-3000:])


@needs_orthanc
def test_fifty_studies_with_both_sides_killed_bring_fifty_reports(orthanc, run, tmp_path):
    films = [film(number) for number in range(STUDIES)]
    orthanc.send(films, tmp_path / "out")
    watcher = start_watch(run, orthanc.url)
    until(5, orthanc, watcher)
    orthanc.kill()
    time.sleep(1.5)
    orthanc.start()
    until(20, orthanc, watcher)
    watcher.send_signal(signal.SIGKILL)
    said = watcher.communicate()[0]
    watcher = start_watch(run, orthanc.url)
    until(STUDIES, orthanc, watcher)
    time.sleep(1.5)  # long enough for two more looks, which must add nothing
    watcher.terminate()
    assert "ARCHIVE_UNREACHABLE" in said
    assert "Trying again" in said
    assert "File" not in said, said  # the library would print where it failed
    reports, captures = orthanc.objects(REPORT), orthanc.objects(CAPTURE)
    sources = {film.StudyInstanceUID: film for film in films}
    assert Counter(report.StudyInstanceUID for report in reports) == Counter(list(sources))
    assert Counter(capture.StudyInstanceUID for capture in captures) == Counter(list(sources))
    for made in [*reports, *captures]:
        source = sources[made.StudyInstanceUID]
        for name in ("AccessionNumber", "PatientID", "PatientName", "PatientBirthDate", "StudyDate", "StudyID"):
            assert made[name].value == source[name].value
        assert "Research use only" in made.SeriesDescription
    for made in (reports[0], captures[0]):
        path = tmp_path / "made.dcm"
        made.save_as(path, enforce_file_format=True)
        checked = subprocess.run(["dciodvfy", str(path)], capture_output=True, encoding="latin-1", timeout=60)
        assert "Error" not in checked.stdout + checked.stderr, checked.stdout + checked.stderr


class Shelf:
    """An archive in memory, which can be told to fail."""

    def __init__(self, *films):
        self.kept, self.fails, self.stores = {film.SOPInstanceUID: film for film in films}, None, 0

    def studies(self, since):
        counts = Counter(film.StudyInstanceUID for film in self.kept.values())
        return dict(counts)

    def instances(self, study):
        return [
            archives.Instance(study, film.SeriesInstanceUID, film.SOPInstanceUID, film.SOPClassUID)
            for film in self.kept.values()
            if film.StudyInstanceUID == study
        ]

    def header(self, instance):
        return self.kept[instance.uid]

    def file(self, instance):
        file = BytesIO()
        self.kept[instance.uid].save_as(file, enforce_file_format=True)
        return file.getvalue()

    def store(self, made):
        if self.fails:
            raise self.fails
        self.stores += bool(made)
        self.kept |= {each.SOPInstanceUID: each for each in made}

    def classes(self):
        return Counter(each.SOPClassUID for each in self.kept.values())


@pytest.fixture(scope="module")
def predictor(run):
    from seimbang.serving.predictor import Predictor

    return Predictor.load(run / "arms" / "as-published")


def watcher(shelf, predictor):
    return Watch(Reader(shelf, predictor, ModelFacts("d", "Chest", "none")), "")


def test_a_study_is_reported_once_and_again_when_it_gets_another_image(predictor):
    shelf = Shelf(film(0))
    watch = watcher(shelf, predictor)
    assert len(list(watch.look(wait=False))) == 1
    assert list(watch.look(wait=False)) == []
    assert list(watcher(shelf, predictor).look(wait=False)) == []  # one that remembers nothing
    late = film(1, StudyInstanceUID=film(0).StudyInstanceUID)
    shelf.kept[late.SOPInstanceUID] = late
    assert "report of 2 image(s)" in next(watch.look(wait=False))
    assert shelf.classes()[REPORT] == 2


def test_a_study_that_still_arrives_waits(predictor):
    shelf = Shelf(film(0))
    watch = watcher(shelf, predictor)
    assert list(watch.look(wait=True)) == []
    assert len(list(watch.look(wait=True))) == 1


def test_a_refused_report_is_told_and_put_off_and_the_next_study_goes_on(predictor):
    shelf = Shelf(film(0), film(1))
    shelf.fails = ResourceError("ARCHIVE_REFUSED", "status 403", "x", "y")
    watch = watcher(shelf, predictor)
    assert ["ARCHIVE_REFUSED" in sentence for sentence in watch.look(wait=False)] == [True, True]
    assert list(watch.look(wait=False)) == []
    watch.put_off.clear()
    shelf.fails = None
    assert len(list(watch.look(wait=False))) == 2


def test_an_archive_that_stops_while_it_stores_gets_the_same_objects_later(predictor):
    shelf = Shelf(film(0))
    shelf.fails = ResourceError("ARCHIVE_UNREACHABLE", "no answer", "x", "y")
    watch = watcher(shelf, predictor)
    with pytest.raises(ResourceError):
        list(watch.look(wait=False))
    shelf.fails = None
    assert len(list(watch.look(wait=False))) == 1
    assert report_uid(watch.reader.model, [film(0).SOPInstanceUID]) in shelf.kept


def test_a_damaged_image_gets_a_report_that_says_so(predictor):
    shelf = Shelf(film(0, PixelData=b"12"))
    assert "no answer for 1" in next(watcher(shelf, predictor).look(wait=False))
    report = next(each for each in shelf.kept.values() if each.SOPClassUID == REPORT)
    remarks = [item.TextValue for item in _items(report) if "TextValue" in item]
    assert any(remark.startswith("IMG_") for remark in remarks)
    findings = [item.ConceptCodeSequence[0].CodeMeaning for item in _items(report) if item.ValueType == "CODE"]
    assert "No answer" in findings


def test_other_models_and_other_images_make_other_reports():
    uids = [film(k).SOPInstanceUID for k in range(3)]
    first, second = ModelFacts("a", "", ""), ModelFacts("b", "", "")
    assert report_uid(first, uids) == report_uid(first, uids[::-1])
    assert len({report_uid(first, uids), report_uid(second, uids), report_uid(first, uids[:2])}) == 3
    assert all(len(report_uid(first, [uid])) <= 64 for uid in uids)


def test_a_report_holds_the_probabilities():
    from seimbang.serving.dicom_out import Finding

    finding = Finding(film(0), CLASSES[1], {CLASSES[0]: 0.25, CLASSES[1]: 0.75})
    report = structured_report([finding], ModelFacts("d", "Chest", "none"))
    values = {}
    for item in _items(report):
        if item.ValueType == "NUM":
            values[item.ConceptNameCodeSequence[0].CodeMeaning] = float(item.MeasuredValueSequence[0].NumericValue)
    assert values == {"Probability of NORMAL": 0.25, "Probability of PNEUMONIA": 0.75}


def _items(node):
    for item in node.get("ContentSequence", []):
        yield item
        yield from _items(item)


@pytest.mark.parametrize("url", ["ftp://x", "127.0.0.1:8042", "http://user:secret@127.0.0.1/dicom-web"])
def test_an_address_that_is_none_is_refused_and_its_password_not_repeated(url):
    with pytest.raises(StudyError, match="ARCHIVE_URL") as error:
        DicomWeb(url)
    assert "secret" not in str(error.value)


def test_nobody_there_ends_with_exit_code_6_and_no_password(run, monkeypatch):
    monkeypatch.setenv(archives.USER, "doctor")
    monkeypatch.setenv(archives.PASSWORD, "secret")
    address = f"http://127.0.0.1:{free_port()}/dicom-web"
    ended = CliRunner().invoke(app, ["watch", str(run), "--dicomweb", address, "--once"])
    assert (type(ended.exception), ended.exception.code) == (ResourceError, "ARCHIVE_UNREACHABLE")
    assert "secret" not in ended.output + str(ended.exception)


def test_a_date_that_is_none_is_refused(run):
    ended = CliRunner().invoke(app, ["watch", str(run), "--dicomweb", "http://x/y", "--since", "yesterday"])
    assert ended.exception.code == "WATCH_SINCE"
