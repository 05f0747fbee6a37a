"""Cases lost on the way: which class is smaller or gone, how many, why; and folders that are no classes."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seimbang.checks import audit
from seimbang.datasets import load, make
from seimbang.datasets.base import tally
from seimbang.errors import DataError
from seimbang.imaging.base import ImageSettings

DICOM = bytes(128) + b"DICM" + bytes(400)


def fill(folder, names, content=None):
    """Write images, or files of this content, below a folder."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(len(str(path)) + sum(map(ord, name))).integers(0, 256, (8, 8), dtype=np.uint8)
        if content is None:
            Image.fromarray(pixels).save(path, "JPEG" if path.suffix == ".jfif" else "PNG")
        else:
            path.write_bytes(content)


def of(label, count, ending="png"):
    return [f"{label}/{number}.{ending}" for number in range(count)]


def read(folder, **data):
    return load(make({"source": "folder", "path": ".", **data}), ImageSettings(size=(8, 8)), folder)


def said(data, code):
    return next(finding.sentence for finding in audit(data) if finding.code == code)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"no image", "3 IMG_NOT_IMAGE (called an image, but none)"),
        (b"", "3 IMG_EMPTY (empty)"),
        (b"\x89PNG", "3 IMG_TRUNCATED (cut off)"),
        (DICOM, "3 IMG_NO_PIXELS (DICOM without an image, such as a report)"),
    ],
    ids=["text", "empty", "cut", "dicom"],
)
def test_a_class_that_is_smaller_is_named_with_number_and_reason(content, reason, tmp_path):
    fill(tmp_path, [*of("sick", 6), *of("well", 80), *of("odd", 9)])
    fill(tmp_path, of("sick", 3), content)
    data = read(tmp_path)
    assert Counter(data.cases.frame.label) == {"sick": 3, "well": 80, "odd": 9}
    assert f"3 files could not be read and are excluded. sick: {reason}." in said(data, "UNREADABLE")
    assert "sick 3 of 6 (50.0 %)" in said(data, "FILES_LOST")


def test_one_file_of_a_large_class_is_counted_too(tmp_path):
    fill(tmp_path, [*of("sick", 10), *of("well", 90)])
    fill(tmp_path, of("well", 1), b"no image")
    assert "excluded. well: 1 IMG_NOT_IMAGE" in said(read(tmp_path), "UNREADABLE")


@pytest.mark.parametrize(
    ("ending", "content", "reason"),
    [
        ("dcm", DICOM, "4 IMG_NO_PIXELS"),
        ("nii.gz", b"not packed", "4 IMG_NOT_IMAGE"),
        ("png", b"no image", "4 IMG_NOT_IMAGE"),
        ("heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "4 IMG_FORMAT"),
    ],
)
@pytest.mark.parametrize("rest", [["well"], ["well", "other"]])
def test_a_class_that_is_gone_is_refused_by_name(rest, ending, content, reason, tmp_path):
    fill(tmp_path, [name for label in rest for name in of(label, 8)])
    fill(tmp_path, of("sick", 4, ending), content)
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    assert caught.value.code == "DATA_UNREADABLE"
    assert f"the class 'sick' that can be read ({reason})" in caught.value.found
    assert 'leave_out = ["sick"]' in caught.value.fix
    if len(rest) > 1:
        assert set(read(tmp_path, leave_out=["sick"]).cases.classes) == set(rest)


def test_a_class_of_a_list_none_of_whose_files_is_there_is_refused_by_name(tmp_path):
    fill(tmp_path, [*of("a", 4), *of("b", 4)])
    lines = ["path,label", *(f"{name},{name[0]}" for name in (*of("a", 4), *of("b", 4), *of("c", 3)))]
    (tmp_path / "list.csv").write_text("\n".join(lines))
    with pytest.raises(DataError, match=r"DATA_UNREADABLE.*class 'c' that can be read \(3 FILE_MISSING\)"):
        read(tmp_path, source="csv", path="list.csv")
    data = read(tmp_path, source="csv", path="list.csv", leave_out=["c"])
    assert set(data.cases.classes) == {"a", "b"}


def test_a_few_pictures_of_another_kind_beside_the_classes_are_no_class(tmp_path):
    fill(tmp_path, [*of("sick", 20), *of("well", 30)])
    fill(tmp_path, ["docs/figure.svg"], b"<svg/>")
    assert tally(read(tmp_path).left_out) == [("", "IMG_FORMAT", 1)]


@pytest.mark.parametrize("names", [of("sick", 5, "jfif"), of("sick", 5, "JFIF"), ["sick/photo.one.jfif"]])
def test_jfif_is_a_jpeg(names, tmp_path):
    fill(tmp_path, [*names, *of("well", 5)])
    data = read(tmp_path)
    assert Counter(data.cases.frame.label) == {"sick": len(names), "well": 5}
    assert "JPEG" in data.facts["format"]
    assert data.left_out == ()


@pytest.mark.parametrize(
    ("nested", "left"),
    [
        ([*of("augmented/sick", 9), *of("augmented/well", 9)], {"": 18}),
        ([*of("copy/Sick", 4), *of("copy/WELL", 2)], {"": 6}),
        (of("sick/well", 3), {"sick": 3}),
        ([*of("backup/sick/old", 2)], {"": 2}),
        ([f"train/{name}" for name in of("sick/well", 2)], None),
    ],
)
def test_a_folder_of_folders_called_like_the_classes_beside_it_is_no_class(nested, left, tmp_path):
    root = tmp_path / "set"
    plain = [*of("sick", 10), *of("well", 12)]
    if left is None:
        plain = [f"{part}/{name}" for part in ("train", "test") for name in plain]
        left = {"sick": 2}
    fill(root, [*plain, *nested])
    data = read(root)
    times = 2 if plain[0].startswith("train") else 1
    assert Counter(data.cases.frame.label) == {"sick": 10 * times, "well": 12 * times}
    assert {label: count for label, code, count in tally(data.left_out) if code == "FILE_NESTED"} == left
    assert f"{sum(left.values())} FILE_NESTED (in a folder that is called like another class)" in said(
        data, "FILES_LEFT_OUT"
    )


def test_folders_of_patients_or_of_a_class_itself_stay(tmp_path):
    fill(tmp_path, [*of("sick/patient1", 3), *of("sick/sick", 2), *of("well/patient1", 4)])
    assert Counter(read(tmp_path).cases.frame.label) == {"sick": 5, "well": 4}
    assert Path(read(tmp_path).cases.frame.path[0]).parts[0] == "sick"
