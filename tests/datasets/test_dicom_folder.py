"""The source ``dicom``: folders as they come from a PACS, and nothing that names a person comes out."""

import json

import numpy as np
import pytest

from dicom_files import dataset, dicom, saved
from seimbang.checks import audit
from seimbang.datasets import load, make
from seimbang.datasets.intake import understand
from seimbang.errors import DataError, StudyError
from seimbang.imaging.base import ImageSettings

IMAGE = ImageSettings(size=(8, 8))
RNG = np.random.default_rng(0)


def film(patient, **elements):
    said = {"PatientID": patient, "PatientName": f"SMITH^{patient}", "StudyInstanceUID": f"1.2.{patient[1:]}"}
    return dicom(RNG.integers(0, 256, (8, 8), dtype=np.uint8), **said | elements)


def pacs(root):
    """Write two films each of 6 patients: no endings, folders of patients, and what else is in such a folder."""
    for k in range(12):
        folder = root / "pacs" / f"Smith_P{k // 2}" / "ST000001"
        folder.mkdir(parents=True, exist_ok=True)
        elements = {"AccessionNumber": f"A{k}", "Modality": "CR" if k % 2 else "DX", "Manufacturer": f"M{k % 2}"}
        (folder / f"IM{k:06d}").write_bytes(film(f"P{k // 2}", **elements))
    report = dataset(np.zeros((2, 2), np.uint8))
    del report.PixelData, report.Rows
    (root / "pacs" / "DICOMDIR").write_bytes(saved(report))
    (root / "pacs" / "readme.txt").write_text("from the archive")
    lines = [f"A{k},{'sick' if k < 4 else 'well'}" for k in range(12)]
    (root / "pacs" / "labels.csv").write_text("\n".join(["Accession Number,label", *lines]))
    return root


def read(root, **values):
    return load(make({"source": "dicom", "path": "pacs", **values}), IMAGE, root)


def test_a_pacs_folder_with_a_list(tmp_path):
    data = read(pacs(tmp_path), labels="labels.csv", positive="sick")
    frame = data.cases.frame
    assert frame.label.value_counts().to_dict() == {"well": 8, "sick": 4}
    assert (frame.group.nunique(), set(frame.group.value_counts())) == (6, {2})
    assert set(frame.path) == {""}
    assert data.X.shape == (12, 8, 8, 1)
    assert sorted(note.code for note in data.left_out) == ["FILE_OTHER"] * 3
    assert data.acquisition.modality.value_counts().to_dict() == {"CR": 6, "DX": 6}
    told = json.dumps([frame.to_dict("list"), list(map(str, data.left_out))])
    assert not any(word in told for word in ("Smith", "P0", "SMITH", "IM0000", "1.2."))


def test_names_are_the_same_again_with_the_salt_and_others_without(tmp_path):
    first = read(pacs(tmp_path), labels="labels.csv").cases.frame
    assert read(tmp_path, labels="labels.csv").cases.frame.equals(first)
    salt = tmp_path / ".seimbang-salt"
    assert salt.stat().st_mode & 0o077 == 0
    salt.unlink()
    again = read(tmp_path, labels="labels.csv").cases.frame
    assert not set(again.case_id) & set(first.case_id)
    salt.write_text("short")
    with pytest.raises(DataError, match="DATA_SALT"):
        read(tmp_path, labels="labels.csv")


@pytest.mark.parametrize("key", ["PatientID", "StudyInstanceUID", "SOPInstanceUID", "path"])
def test_lists_name_cases_in_several_ways(key, tmp_path):
    settings = make({"source": "dicom", "path": "pacs", "labels": "list.csv"})
    files = settings.files(pacs(tmp_path)).rows
    names = files.drop_duplicates(key)[key]
    (tmp_path / "list.csv").write_text(
        "\n".join([f"{key},label", *(f"{n},{'ab'[k % 2]}" for k, n in enumerate(names))])
    )
    assert len(load(settings, IMAGE, tmp_path).cases) == 12


def test_class_folders_and_parts(tmp_path):
    for k in range(12):
        folder = tmp_path / "pacs" / ("train" if k < 8 else "test") / ("sick" if k % 2 else "well") / "x" / "y"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{k}").write_bytes(film(f"P{k}"))
    frame = read(tmp_path).cases.frame
    assert frame.groupby(["split", "label"]).size().to_dict() == {
        ("test", "sick"): 2,
        ("test", "well"): 2,
        ("train", "sick"): 4,
        ("train", "well"): 4,
    }


def test_folders_of_patients_are_no_classes(tmp_path):
    with pytest.raises(DataError, match="DATA_LAYOUT") as caught:
        read(pacs(tmp_path))
    assert "labels" in caught.value.fix
    assert "Smith" not in str(caught.value)


def test_only_some_are_taken_by_their_elements(tmp_path):
    data = read(pacs(tmp_path), labels="labels.csv", only={"modality": ["CR"]})
    assert len(data.cases) == 6
    assert sum(note.code == "FILE_ASKED" for note in data.left_out) == 6
    with pytest.raises((DataError, StudyError)):
        read(tmp_path, labels="labels.csv", only={"modalities": ["CR"]})


def test_columns_are_those_that_the_study_names(tmp_path):
    settings = make({"source": "dicom", "path": "pacs", "labels": "labels.csv"})
    data = load(settings, IMAGE, pacs(tmp_path))
    columns = settings.columns_by_case(tmp_path, ["modality", "PatientID", "study"])
    assert set(columns.index) == set(data.cases.frame.case_id)
    assert set(columns.PatientID) == {f"P{k}" for k in range(6)}
    assert not columns.study.str.contains("1.2", regex=False).any()


def test_each_frame_may_be_a_case(tmp_path):
    pixels = RNG.integers(0, 256, (8, 8), dtype=np.uint8)
    for label, patient in (("sick", "P1"), ("well", "P2")):
        made = dataset(pixels, PatientID=patient, NumberOfFrames=3)
        made.PixelData = pixels.tobytes() + (255 - pixels).tobytes() + (pixels // 2).tobytes()
        (tmp_path / "pacs" / label).mkdir(parents=True)
        (tmp_path / "pacs" / label / "a").write_bytes(saved(made))
    data = read(tmp_path, frames=True)
    assert data.cases.frame.group.value_counts().tolist() == [3, 3]
    assert np.array_equal(data.X[:3, ..., 0], [pixels, 255 - pixels, pixels // 2])
    with pytest.raises(DataError, match="IMG_MULTIFRAME"):
        read(tmp_path)
    second = load(make({"source": "dicom", "path": "pacs"}), IMAGE.model_copy(update={"frame": 2}), tmp_path)
    assert np.array_equal(second.X[0, ..., 0], 255 - pixels)


def test_a_file_twice_is_one_case(tmp_path):
    data = pacs(tmp_path)
    original = next((data / "pacs").rglob("IM*"))
    (data / "pacs" / "again").write_bytes(original.read_bytes())
    result = read(data, labels="labels.csv")
    assert len(result.cases) == 12
    assert sum(note.code == "FILE_COPY" for note in result.left_out) == 1


def test_a_list_that_fits_nothing_is_refused(tmp_path):
    pacs(tmp_path)
    (tmp_path / "other.csv").write_text("PatientID,label\nQ1,a\nQ2,b\n")
    with pytest.raises(DataError, match="DATA_DICOM_KEY") as caught:
        read(tmp_path, labels="other.csv")
    assert "P0" not in str(caught.value)
    (tmp_path / "other.csv").write_text("PatientID,label\nP1,a\nP1,b\n")
    with pytest.raises(DataError, match="several classes"):
        read(tmp_path, labels="other.csv")
    (tmp_path / "other.csv").write_text("who,label\nP1,a\nP2,b\n")
    with pytest.raises(DataError, match="DATA_DICOM_KEY"):
        read(tmp_path, labels="other.csv")


def test_init_understands_such_a_folder(tmp_path):
    understood = understand(pacs(tmp_path) / "pacs")
    assert understood.data == {"source": "dicom", "path": "pacs", "labels": "labels.csv", "positive": "sick"}
    assert understood.image["size"] == [8, 8]
    assert understood.understood[0].startswith("12 DICOM images, classes from labels.csv")
    assert "6 patients" in understood.understood[1]


def test_a_class_told_by_the_scanner_is_a_finding_that_quotes_nothing(tmp_path):
    for k in range(60):
        folder = tmp_path / "pacs" / ("sick" if k < 30 else "well")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{k}").write_bytes(film(f"P{k}", Manufacturer="SMITH" if k < 29 else "other", Modality="DX"))
    sentences = {finding.code: finding.sentence for finding in audit(read(tmp_path))}
    assert "manufacturer (one value in 97% of sick, in 0% of the others)" in sentences["SCANNER_SHORTCUT"]
    assert "SMITH" not in str(sentences)
