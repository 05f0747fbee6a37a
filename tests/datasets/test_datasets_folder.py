"""Image folders as people have them, and what is said when they cannot be used."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seimbang.datasets import load
from seimbang.datasets.folder import Folder
from seimbang.datasets.groups import ByFolder, ByName
from seimbang.errors import DataError
from seimbang.imaging.base import ImageSettings

SMALL = ImageSettings(size=(8, 8))
REAL = Path(__file__).parents[3] / "shared" / "data"
CHEST = r"(person\d+_(?:bacteria|virus)|(?:NORMAL2-)?IM-\d+)"


def fill(root, *paths):
    for k, path in enumerate(paths):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8), 10 * k, np.uint8)).save(root / path)


def read(root, internal=None, **settings):
    return load(Folder(path=root.name, **settings), SMALL, root.parent, internal)


def refusal(root, internal=None, **settings):
    with pytest.raises(DataError) as caught:
        read(root, internal, **settings)
    return caught.value


def test_class_folders(tmp_path):
    fill(tmp_path, "well/2.png", "well/1.PNG", "sick/1.png", ".hidden/1.png", "__MACOSX/1.png", "well/.x.png")
    (tmp_path / "well" / "notes.txt").write_text("ignored")
    data = read(tmp_path)
    assert data.cases.frame.path.tolist() == ["sick/1.png", "well/1.PNG", "well/2.png"]
    assert data.cases.frame.case_id.tolist() == data.cases.frame.path.tolist()
    assert data.X[:, 0, 0, 0].tolist() == [20, 10, 0]
    assert data.cases.classes == ("well", "sick")
    assert set(data.cases.frame.split) == {""}
    left = {note.path: (note.label, note.code) for note in data.left_out}
    assert left == {
        ".hidden/1.png": ("", "FILE_SYSTEM"),
        "__MACOSX/1.png": ("", "FILE_SYSTEM"),
        "well/.x.png": ("well", "FILE_SYSTEM"),
        "well/notes.txt": ("well", "FILE_OTHER"),
    }
    assert data.name == tmp_path.name


@pytest.mark.parametrize(
    "names", [("train", "val", "test"), ("Training", "VALID", "Testing"), ("TRAIN", "validation", "Test")]
)
def test_parts_in_every_spelling(tmp_path, names):
    fill(tmp_path, *(f"{name}/{label}/1.png" for name in names for label in ("a", "b")))
    frame = read(tmp_path).cases.frame
    expected = dict(zip(names, ("train", "validation", "test"), strict=True))
    assert all(row.split == expected[row.path.split("/")[0]] for row in frame.itertuples())


def test_a_class_may_be_called_test(tmp_path):
    fill(tmp_path, "test/1.png", "control/1.png")
    assert read(tmp_path).cases.classes == ("test", "control")


def test_a_link_that_leads_back_up_is_not_followed(tmp_path):
    fill(tmp_path / "set", "a/1.png", "b/1.png")
    (tmp_path / "set" / "a" / "up").symlink_to(tmp_path / "set")
    assert len(read(tmp_path / "set").cases) == 2


def test_leave_out_parts_and_classes(tmp_path):
    fill(tmp_path, "train/a/1.png", "train/b/1.png", "val/a/2.png", "train/c/1.png")
    frame = read(tmp_path, leave_out=("validation", "c")).cases.frame
    assert frame.path.tolist() == ["train/a/1.png", "train/b/1.png"]


@pytest.mark.parametrize("word", ["validation", "val", "Valid"])
def test_leave_out_a_part_in_any_spelling(tmp_path, word):
    fill(tmp_path, "train/a/1.png", "train/b/1.png", "valid/a/2.png")
    assert read(tmp_path, leave_out=(word,)).cases.frame.path.tolist() == ["train/a/1.png", "train/b/1.png"]


@pytest.mark.parametrize("stray", ["montage.png", "train/montage.png"])
def test_an_image_outside_of_the_classes_is_no_class_of_its_own(tmp_path, stray):
    fill(tmp_path, "train/a/1.png", "train/b/1.png", stray)
    error = refusal(tmp_path)
    assert (error.code, stray in error.found) == ("DATA_LAYOUT", True)


def test_a_patients_folder_in_two_parts_is_one_patient(tmp_path):
    fill(tmp_path, "train/a/p1/1.png", "Test/a/p1/1.png", "train/b/p1/1.png", "test/b/p2/1.png")
    assert read(tmp_path, group=ByFolder()).cases.frame.group.tolist() == ["a/p1", "b/p2", "a/p1", "b/p1"]


def test_folders_renamed_and_joined(tmp_path):
    fill(tmp_path, "Normal/1.png", "bacteria/1.png", "virus/1.png")
    data = read(tmp_path, classes={"bacteria": "PNEUMONIA", "virus": "PNEUMONIA"}, positive="PNEUMONIA")
    assert data.cases.classes == ("Normal", "PNEUMONIA")
    assert data.cases.y.tolist() == [0, 1, 1]


def test_an_external_set_uses_the_internal_classes(tmp_path):
    fill(tmp_path, "b/1.png", "b/2.png")
    cases = read(tmp_path, ("c", "b", "a")).cases
    assert cases.classes == ("c", "b", "a")
    assert cases.y.tolist() == [1, 1]
    error = refusal(tmp_path, ("a", "c"))
    assert error.code == "DATA_UNKNOWN_CLASS"
    assert "'b'" in error.found


def test_patients_from_name_and_folder(tmp_path):
    fill(tmp_path, "a/p1/x7_1.png", "a/p1/x8_1.png", "b/p2/x7_2.png")
    assert read(tmp_path, group=ByName(pattern=r"x(\d)_")).cases.frame.group.tolist() == ["7", "8", "7"]
    assert read(tmp_path, group=ByName(pattern=r"x\d")).cases.frame.group.tolist() == ["x7", "x8", "x7"]
    assert read(tmp_path, group=ByFolder()).cases.frame.group.tolist() == ["a/p1", "a/p1", "b/p2"]


@pytest.mark.parametrize(
    ("rule", "code", "says"),
    [
        (ByName(pattern="y"), "DATA_GROUP_PATTERN", "1.png"),
        (ByName(pattern=r"(\d*)$"), "DATA_GROUP_PATTERN", "2 of 2 file names"),
        (ByFolder(level=2), "DATA_GROUP_LEVEL", "a/1.png"),
    ],
)
def test_patients_that_cannot_be_told(tmp_path, rule, code, says):
    fill(tmp_path, "a/1.png", "b/1.png")
    error = refusal(tmp_path, group=rule)
    assert error.code == code
    assert says in str(error)


def test_text_renamed_to_jpg_is_unreadable_not_fatal(tmp_path):
    fill(tmp_path, "a/1.png", "b/1.png")
    (tmp_path / "a" / "0.jpg").write_text("text")
    data = read(tmp_path)
    assert [(bad.path, bad.code) for bad in data.left_out] == [("a/0.jpg", "IMG_NOT_IMAGE")]
    assert len(data.cases) == len(data.X) == 2


def test_a_flipped_byte_changes_the_digest(tmp_path):
    fill(tmp_path, "a/1.png", "b/1.png")
    before = read(tmp_path).cases.frame.digest.tolist()
    data = bytearray((tmp_path / "a" / "1.png").read_bytes())
    (tmp_path / "a" / "1.png").write_bytes(data + b"\0")
    assert [x == y for x, y in zip(before, read(tmp_path).cases.frame.digest, strict=True)] == [False, True]


def test_missing_root_names_what_is_there(tmp_path):
    fill(tmp_path, "chest/a/1.png")
    error = refusal(tmp_path / "chets")
    assert error.code == "DATA_MISSING"
    assert "chest" in error.found


def test_refusals(tmp_path):
    (tmp_path / "empty").mkdir()
    assert refusal(tmp_path / "empty").code == "DATA_EMPTY"
    fill(tmp_path, "one/a/1.png", "one/a/2.png", "flat/1.png", "both/train/a/1.png", "both/b/1.png")
    (tmp_path / "file").write_text("")
    assert refusal(tmp_path / "one").code == "DATA_ONE_CLASS"
    assert refusal(tmp_path / "flat").code == "DATA_LAYOUT"
    assert refusal(tmp_path / "both").code == "DATA_LAYOUT"
    assert refusal(tmp_path / "file").code == "DATA_NOT_FOLDER"


def test_other_formats_only(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.mha").write_text("")
    error = refusal(tmp_path)
    assert error.code == "DATA_EMPTY"
    assert "1 .mha" in error.found


def test_nothing_readable(tmp_path):
    for label in "ab":
        (tmp_path / label).mkdir()
        (tmp_path / label / "1.png").write_text("text")
    assert refusal(tmp_path).code == "DATA_UNREADABLE"


def test_a_name_that_is_no_text(tmp_path):
    fill(tmp_path, "a/1.png", "b/1.png")
    (tmp_path / "a" / "x\udcff.png").write_text("")
    assert refusal(tmp_path).code == "DATA_NAME"


def test_misspelt_classes_get_a_suggestion(tmp_path):
    fill(tmp_path, "normal/1.png", "sick/1.png")
    assert "'normal'" in refusal(tmp_path, classes={"norml": "N"}).fix
    assert "'sick'" in refusal(tmp_path, leave_out=("sik",)).fix


@pytest.mark.skipif(not REAL.is_dir(), reason="the real data of ../shared/data is not here")
def test_the_real_chest_x_rays():
    settings = Folder(path="chest_xray", positive="PNEUMONIA", leave_out=("validation",), group=ByName(pattern=CHEST))
    data = load(settings, ImageSettings(size=(32, 32)), REAL)
    counts = data.cases.frame.groupby(["split", "label"]).size().to_dict()
    assert counts == {
        ("train", "NORMAL"): 1341,
        ("train", "PNEUMONIA"): 3875,
        ("test", "NORMAL"): 234,
        ("test", "PNEUMONIA"): 390,
    }
    patients = data.cases.frame.groupby("split").group.agg(set)
    assert not patients["train"] & patients["test"]
    assert [note.code for note in data.left_out] == ["FILE_ASKED"] * 16
    outside = Folder(path="chest_xray_external", group=ByName(pattern=r"(\d+)_"))
    external = load(outside, ImageSettings(size=(32, 32)), REAL, data.cases.classes)
    assert np.bincount(external.cases.y).tolist() == [271, 252]
