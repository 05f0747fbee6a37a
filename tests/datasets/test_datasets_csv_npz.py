"""Manifests and arrays: read as they are meant, or refused with the nearest name."""

import numpy as np
import pytest
from PIL import Image

from seimbang.datasets import SOURCES, load
from seimbang.datasets.groups import ByColumn
from seimbang.datasets.npz import Npz
from seimbang.errors import DataError
from seimbang.imaging.base import ImageSettings

SMALL = ImageSettings(size=(8, 8))
ROWS = ["path,label,patient,split,site", "x/1.png,well,p1,Train,A", "x/2.png,sick,p1,valid,B", "x/3.png,well,p2,,B"]


def manifest(root, rows):
    (root / "x").mkdir(exist_ok=True)
    for k in (1, 2, 3):
        Image.fromarray(np.full((8, 8), k, np.uint8)).save(root / "x" / f"{k}.png")
    (root / "m.csv").write_text("\n".join(rows), encoding="utf-8-sig")


def arrays(root, **more):
    parts = {
        "train_images": np.arange(6, dtype=np.uint8).repeat(16).reshape(6, 4, 4),
        "train_labels": np.array([[0], [1], [0], [0], [1], [0]]),
        "test_images": np.full((2, 4, 4), 9, np.uint8),
        "test_labels": np.array([0, 1]),
    } | more
    np.savez(root / "m.npz", **{name: value for name, value in parts.items() if value is not None})


def read(root, source, **settings):
    return load(SOURCES[source](path=f"m.{source}", **settings), SMALL, root)


def refusal(root, source, **settings):
    with pytest.raises(DataError) as caught:
        read(root, source, **settings)
    return caught.value


def test_manifest(tmp_path):
    manifest(tmp_path, ROWS[:1] + ROWS[:0:-1])
    data = read(tmp_path, "csv")
    assert data.cases.frame.split.tolist() == ["train", "validation", ""]
    assert data.cases.frame.site.tolist() == ["A", "B", "B"]
    assert data.cases.frame.group.tolist() == ["p1", "p1", "p2"]
    assert data.X[:, 0, 0, 0].tolist() == [1, 2, 3]
    left = read(tmp_path, "csv", leave_out=("TRAIN",)).cases.frame
    assert left.path.tolist() == ["x/2.png", "x/3.png"]
    assert read(tmp_path, "csv", leave_out=("train",), classes={"well": "ok"}, positive="sick").cases.classes == (
        "ok",
        "sick",
    )


def test_manifest_with_other_columns(tmp_path):
    manifest(tmp_path, ["Image,Finding,ID", "x/1.png,a,7", "x/2.png,b,7"])
    cases = read(tmp_path, "csv", image_column="Image", label_column="Finding", group=ByColumn(column="ID")).cases
    assert cases.groups.tolist() == ["7", "7"]


@pytest.mark.parametrize(
    ("rows", "code", "says"),
    [
        (["path,lable", "x/1.png,a"], "DATA_COLUMN", "'lable'"),
        (["path;lable", "x/1.png;a"], "DATA_COLUMN", "'lable'"),
        ([ROWS[0], "x/9.png,well,,,", "x/8.png,sick,,,"], "DATA_FILE_MISSING", "x/9.png"),
        ([*ROWS, "x/3.png,well,,,"], "DATA_DUPLICATE_ID", "x/3.png"),
        ([*ROWS, "x/1.png,,,,"], "DATA_LABEL_MISSING", "row 5"),
        ([*ROWS, "x/1.png,well,,later,"], "DATA_SPLIT_NAME", "later"),
        ([*ROWS, "x/1.png,well,,,,more"], "DATA_CSV", "m.csv"),
        ([], "DATA_EMPTY", "m.csv"),
        (ROWS[:1], "DATA_EMPTY", "m.csv"),
        (ROWS[:2], "DATA_ONE_CLASS", "well"),
    ],
)
def test_manifest_refusals(tmp_path, rows, code, says):
    manifest(tmp_path, rows)
    error = refusal(tmp_path, "csv")
    assert error.code == code
    assert says in str(error)


def test_missing_files(tmp_path):
    assert refusal(tmp_path, "csv").code == refusal(tmp_path, "npz").code == "DATA_MISSING"


def test_arrays(tmp_path):
    arrays(tmp_path)
    data = read(tmp_path, "npz", classes={"0": "well", "1": "sick"})
    assert data.cases.frame.case_id.tolist()[:3] == ["test/000000", "test/000001", "train/000000"]
    assert data.cases.frame.split.tolist() == ["test"] * 2 + ["train"] * 6
    assert data.X.shape == (8, 8, 8, 1)
    assert data.X[:, 0, 0, 0].tolist() == [9, 9, 0, 1, 2, 3, 4, 5]
    assert data.cases.classes == ("well", "sick")
    assert data.cases.y.tolist() == [0, 1, 0, 1, 0, 0, 1, 0]


def test_colour_arrays(tmp_path):
    colour = np.zeros((6, 4, 4, 3), np.uint8)
    colour[..., 1] = 100
    arrays(tmp_path, train_images=colour)
    assert read(tmp_path, "npz").X[2:].max() == 59
    assert load(Npz(path="m.npz"), ImageSettings(size=(4, 4), channels=3), tmp_path).X[2, 0, 0].tolist() == [0, 100, 0]


@pytest.mark.parametrize(
    "more",
    [
        {"train_images": np.full((6, 4, 4), np.nan)},
        {"train_images": np.zeros((6, 16), np.uint8)},
        {"train_images": np.zeros((6, 4, 4, 5), np.uint8)},
        {"train_labels": np.full((6, 14), 2)},
        {"train_labels": np.zeros(5, int)},
        {"train_labels": np.array(["a"] * 6)},
        {"train_labels": None},
        {"train_labels": np.array([object()] * 6)},
        {"train_images": None, "test_images": None},
    ],
)
def test_array_refusals(tmp_path, more):
    arrays(tmp_path, **more)
    assert refusal(tmp_path, "npz").code == "DATA_NPZ"


def test_what_is_no_npz(tmp_path):
    for content in (b"text", b"PK\3\4 cut", b""):
        (tmp_path / "m.npz").write_bytes(content)
        assert refusal(tmp_path, "npz").code == "DATA_NPZ"


def test_the_same_bytes_in_another_shape_are_other_images(tmp_path):
    pixels = np.arange(96, dtype=np.uint8).reshape(6, 2, 8)
    digests, means = [], []
    for shape in ((6, 2, 8), (6, 4, 4)):
        arrays(tmp_path, train_images=pixels.reshape(shape))
        data = read(tmp_path, "npz")
        digests.append(data.cases.frame.digest.tolist()[2:])
        means.append(data.X[2:, 0, -1, 0].tolist())
    assert not set(digests[0]) & set(digests[1])
    assert means[0] != means[1]  # the second is not read from the first one's place in the cache


@pytest.mark.parametrize("column", ["group", "case_id", "digest", "who"])
def test_the_patients_column_may_have_any_name(tmp_path, column):
    manifest(tmp_path, [f"path,label,{column}", "x/1.png,well,p1", "x/2.png,sick,p1", "x/3.png,well,p2"])
    assert read(tmp_path, "csv", group=ByColumn(column=column)).cases.frame.group.tolist() == ["p1", "p1", "p2"]


def test_a_column_of_parts_that_is_named_must_be_there(tmp_path):
    manifest(tmp_path, ROWS)
    assert "did you mean 'split'?" in refusal(tmp_path, "csv", split_column="spilt").fix


def test_a_name_longer_than_any_file_has_is_missing(tmp_path):
    manifest(tmp_path, [*ROWS, "x" * 300 + ",well,p3,,"])
    data = read(tmp_path, "csv")
    assert [(file.path, file.code) for file in data.left_out] == [("x" * 300, "FILE_MISSING")]


def test_arrays_that_are_damaged_or_no_npz_are_refused(tmp_path):
    np.save(tmp_path / "m.npy", PIXELS := np.arange(400, dtype=np.uint8).reshape(4, 10, 10))
    (tmp_path / "m.npy").rename(tmp_path / "m.npz")
    assert refusal(tmp_path, "npz").code == "DATA_NPZ"
    np.savez_compressed(tmp_path / "m.npz", train_images=PIXELS, train_labels=np.array([0, 1, 0, 1]))
    whole = (tmp_path / "m.npz").read_bytes()
    for at in range(40, 400, 40):
        (tmp_path / "m.npz").write_bytes(whole[:at] + bytes([255] * 6) + whole[at + 6 :])
        assert refusal(tmp_path, "npz").code == "DATA_NPZ"


def test_blanks_around_a_label_or_a_patient_make_no_other_one(tmp_path):
    manifest(tmp_path, ["path,label,patient", "x/1.png, well,p1", "x/2.png,sick ,p1 ", "x/3.png,well,p2"])
    cases = read(tmp_path, "csv", classes={"sick": "ill"}).cases
    assert cases.frame.label.tolist() == ["well", "ill", "well"]
    assert cases.frame.group.tolist() == ["p1", "p1", "p2"]
