"""Manifests as people have them are understood: classes, counts, patients, parts; hostile ones are refused by code."""

import shutil
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from make_manifests import CORPUS, HOSTILE, ham, image, nih, table

from seimbang.datasets import load, make
from seimbang.datasets.base import tally
from seimbang.datasets.intake import understand
from seimbang.datasets.intake.base import Hints
from seimbang.datasets.intake.manifests import lists_images
from seimbang.errors import DataError
from seimbang.imaging.base import ImageSettings
from seimbang.study.draft import draft
from seimbang.study.schema import parse

SMALL = ImageSettings(size=(8, 8))


def read(path, hints):
    understood = understand(path, hints)
    return understood, load(make(understood.data), SMALL, path.parent)


@pytest.mark.parametrize("name", CORPUS)
def test_a_manifest_is_understood(tmp_path, name):
    case = CORPUS[name]
    path = case.make(tmp_path / "set")
    understood, data = read(path, case.hints)
    frame = data.cases.frame
    assert Counter(frame.label) == case.classes
    assert (len(np.unique(data.cases.groups)) if data.cases.has_groups else 0) == case.patients
    assert Counter(part for part in frame.split if part) == case.parts
    assert Counter(file.code for file in data.left_out) == case.left_out
    assert understood.image.get("channels", 1) == case.channels
    assert len(understood.sample) == 3
    assert case.hints.path or lists_images(path)
    assert all(len(guess.others) == len(guess.lines) for guess in understood.guesses)


@pytest.mark.parametrize("name", CORPUS)
def test_a_first_study_of_it_is_in_order(tmp_path, name):
    case = CORPUS[name]
    made = draft(case.make(tmp_path / "set"), case.hints)
    study = parse(tomllib.loads(made.text))
    assert made.fault is None
    assert set(made.data.cases.classes) == set(case.classes)
    assert study.image.channels == case.channels
    assert bool(getattr(study.data, "group", None)) == bool(case.patients)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_manifest_is_refused(tmp_path, name):
    write, hints, code = HOSTILE[name]
    path = write(tmp_path / "set")
    with pytest.raises(DataError) as caught:
        read(path, hints)
    assert caught.value.code == code
    assert "seimbang init" in caught.value.fix or code not in ("DATA_FILE_MISSING", "DATA_FILE_SEVERAL")


def test_every_alternative_is_a_study_file(tmp_path):
    for name, case in CORPUS.items():
        path = case.make(tmp_path / name / "set")
        understood = understand(path, case.hints)
        for guess in understood.guesses:
            for line in guess.lines:
                keys = tomllib.loads(line)
                replaced = {"label", "label_column"} if {"label", "label_column"} & set(keys) else set()
                kept = {key: value for key, value in understood.data.items() if key not in replaced}
                settings = make(kept | keys)
                assert settings.cases(path.parent).rows.label.nunique() >= 2, (name, line)


def test_files_of_other_data_beside_are_not_taken(tmp_path):
    image(tmp_path / "cats" / "x.png")
    image(tmp_path / "cats" / "y.png")
    path = table(tmp_path / "dogs" / "list.csv", ["path", "label"], [["x.png", "a"], ["y.png", "b"]])
    assert "images" not in understand(path, Hints()).data


def test_rows_without_a_file_are_said_by_class(tmp_path):
    understood, data = read(CORPUS["files missing"].make(tmp_path), Hints())
    assert tally(data.left_out) == [("sick", "FILE_MISSING", 3), ("well", "FILE_MISSING", 1)]
    assert "Left out of sick: 3 (in the list of images, but not there)." in understood.understood
    assert [file.path for file in data.left_out] == ["0.png", "5.png", "10.png", "13.png"]


def test_the_folder_that_was_searched_is_named(tmp_path):
    path = table(tmp_path / "list.csv", ["path", "label"], [["x.png", "a"], ["y.png", "b"]])
    with pytest.raises(DataError, match=f"none of the 2 files.*x.png.*{tmp_path}"):
        make(understand(path, Hints()).data).cases(tmp_path)


def test_the_file_of_another_patient_is_not_taken_for_a_missing_one(tmp_path):
    rows = []
    for patient in range(6):
        for study in (1, 2):
            name = f"patient{patient}/study{study}/view.png"
            rows.append([f"/other/machine/{name}", "ab"[patient % 2], patient])
            if (patient, study) != (3, 2):
                image(tmp_path / "train" / name)
    image(tmp_path / "train" / "patient9" / "study2" / "view.png")  # fits the missing one as well, but for the patient
    data = read(table(tmp_path / "list.csv", ["Path", "label", "patient"], rows), Hints())[1]
    assert [file.path for file in data.left_out] == ["/other/machine/patient3/study2/view.png"]
    assert all(str(row.group) in row.path for row in data.cases.frame.itertuples())


def test_the_list_of_findings_is_offered_with_counts(tmp_path):
    (guess,) = (guess for guess in understand(nih(tmp_path), Hints()).guesses if guess.key == "positive")
    assert guess.chosen == "Infiltration"
    assert guess.others == ("Effusion", "Mass", "all")
    assert (
        guess.lines[0]
        == 'label = { column = "Finding Labels", contains = "Effusion" }  # 8 images\npositive = "Effusion"'
    )
    assert "Infiltration 12, No Finding 8, Effusion 8, Mass 8" in guess.question


def test_all_findings_can_be_asked_for(tmp_path):
    understood = understand(nih(tmp_path), Hints(positive="all"))
    settings = make(understood.data)
    assert settings.findings_in(tmp_path) == ("Infiltration", "Effusion", "Mass")
    assert Counter(load(settings.of_finding("Mass"), SMALL, tmp_path).cases.frame.label) == {"Mass": 8, "no Mass": 20}


def test_a_table_of_features_lists_no_images(tmp_path):
    image(tmp_path / "figure.png")
    rows = [[f"case{k}", k / 3, k, "ab"[k % 2]] for k in range(30)]
    assert not lists_images(table(tmp_path / "t.csv", ["case_id", "HLS", "class", "path"], rows))


def test_what_was_understood_is_said(tmp_path):
    said = " ".join(understand(ham(tmp_path), Hints()).understood)
    for part in (
        "'image_id'",
        "HAM10000_images_part_1",
        "HAM10000_images_part_2",
        "'dx'",
        "nv 12",
        "'lesion_id'",
        "10",
    ):
        assert part in said


def test_ten_thousand_rows_of_hard_links(tmp_path):
    image(tmp_path / "one.png")
    rows = []
    for k in range(10_000):
        folder = tmp_path / f"images_{k // 1000:03d}" / "images"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{k:08d}_000.png").hardlink_to(tmp_path / "one.png")
        rows.append([f"{k:08d}_000.png", ["A|B", "A", "No Finding", "C"][k % 4], k // 2])
    path = table(tmp_path / "list.csv", ["Image Index", "Finding Labels", "Patient ID"], rows)
    understood = understand(path, Hints())
    cases = make(understood.data).cases(tmp_path)
    assert Counter(cases.rows.label) == {"A": 5000, "no A": 5000}
    assert cases.rows.group.nunique() == 5000
    assert not cases.gone


@pytest.mark.parametrize("images", ["", "images", "data/images"])
def test_a_folder_with_a_list_in_it_is_understood_by_the_list(tmp_path, images):
    folder = tmp_path / "ds"
    for k in range(12):
        image(folder / images / f"ISIC_{k:04}.png")
    table(
        folder / "metadata.csv",
        ["image_id", "dx"],
        [[f"ISIC_{k:04}", "mel" if k % 3 == 0 else "nv"] for k in range(12)],
    )
    (folder / "notes.csv").write_text("")
    understanding = understand(folder, Hints())
    assert understanding.data["path"] == "ds/metadata.csv"
    made = draft(folder, Hints())
    assert made.data.cases.frame.label.value_counts().to_dict() == {"nv": 8, "mel": 4}
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", folder)
    with pytest.raises(DataError, match=r"To fix it: unzip packed.zip -d packed; seimbang init packed") as refused:
        understand(Path(packed), Hints())
    assert refused.value.code == "DATA_LAYOUT"
