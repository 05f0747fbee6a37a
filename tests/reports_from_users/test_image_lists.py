"""Lists of images as people write them: rows that are none, names that nearly fit, labels empty on purpose."""

from collections import Counter
from unicodedata import normalize

import numpy as np
import pytest
from PIL import Image

from seimbang.checks import audit
from seimbang.datasets import load, make
from seimbang.errors import DataError
from seimbang.imaging.base import ImageSettings

FILES = ["a.png", "b.png", "c.png", "d.png"]
ROWS = {"a.png": "x", "b.png": "y", "c.png": "x", "d.png": "y"}


def read(folder, text, files=FILES, **data):
    """Return the data set of a manifest with this text and these files beside it."""
    for number, name in enumerate(files):
        pixels = np.random.default_rng(number).integers(0, 256, (8, 8), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name)
    (folder / "list.csv").write_text(text, encoding="utf-8")
    return load(make({"source": "csv", "path": "list.csv", **data}), ImageSettings(size=(8, 8)), folder)


def refused(folder, text, **data):
    with pytest.raises(DataError) as caught:
        read(folder, text, **data)
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "path,label\n\na.png,x\n\n\nb.png,y\nc.png,x\nd.png,y\n",
        "\n\npath,label\na.png,x\nb.png,y\n\nc.png,x\nd.png,y\n",
        "path,label,\na.png,x,\nb.png,y,\nc.png,x,\nd.png,y,\n",
        "path,label\na.png,x,\nb.png,y,\nc.png,x,\nd.png,y,\n",
        "path,label\na.png,x\nb.png,y,\nc.png,x\nd.png,y,,\n",
        'path,label\n a.png ,x\n\tb.png,  y\n"c.png ",x\n\u00a0d.png\u00a0,y\n',
        "path ; label\na.png ; x\nb.png ; y\nc.png ; x\nd.png ; y\n",
        "path,label\na.png,x\nb.png,y\nc.png,x\nd.png,y\n,\n,\n\n\n",
        "path,label,site\na.png,x,\nb.png,y,\nc.png,x,\nd.png,y,\n,,\n,,",
        "path,label,note\na.png,x,\nb.png,y,blurred\nc.png,x,\nd.png,y,\n",
    ],
)
def test_blanks_commas_and_empty_rows_change_nothing(text, tmp_path):
    frame = read(tmp_path, text).cases.frame
    assert dict(zip(frame.path, frame.label, strict=True)) == ROWS


@pytest.mark.parametrize(
    ("text", "code", "row"),
    [
        ("path,label\n\na.png,x\n\n\nb.png,y\nc.png,\n", "DATA_LABEL_MISSING", 7),
        ("\n\npath,label\na.png,x\n\n\n\nb.png,\n", "DATA_LABEL_MISSING", 8),
        ("path,label,split\na.png,x,train\n\nb.png,y,trial\n", "DATA_SPLIT_NAME", 4),
        ("path,label\n\na.png,x\nb.png,y,see the note\n", "DATA_CSV", 4),
        ("path,label\na.png,x,one\nb.png,y,two\n\nc.png,x,three\n", "DATA_CSV", 2),
        ("path,label\na.png,x\n\nb.png\n", "DATA_CSV", 4),
    ],
)
def test_a_row_is_called_by_its_line(text, code, row, tmp_path):
    error = refused(tmp_path, text)
    assert error.code == code
    assert f"row {row} " in f"{error.found} "


@pytest.mark.parametrize(
    ("written", "there"),
    [
        ("A.PNG", "a.png"),
        ("Scan-One.Png", "scan-one.png"),
        (normalize("NFD", "rön.png"), normalize("NFC", "rön.png")),
        (normalize("NFC", "café.png"), normalize("NFD", "café.png")),
    ],
)
def test_a_name_in_other_letters_of_the_same_is_that_file(written, there, tmp_path):
    data = read(tmp_path, f"path,label\n{written},x\nb.png,y\nc.png,x\nd.png,y\n", [there, *FILES[1:]])
    assert there in set(data.cases.frame.path)
    assert data.left_out == ()


@pytest.mark.parametrize(
    ("written", "there"),
    [
        ("a.jpg", "a.png"),
        ("a.jpeg", "a.jpg"),
        ("images/A.tif", "a.png"),
        ("rontgen.png", "röntgen.png"),
        (normalize("NFD", "Röntgen.JPG"), "rontgen.png"),
        ("a.png\u200b", "a.png"),
    ],
)
def test_a_name_that_nearly_fits_gets_a_suggestion(written, there, tmp_path):
    data = read(tmp_path, f"path,label\n{written},x\nb.png,y\nc.png,x\nd.png,y\n", [there, *FILES[1:]])
    assert [(note.code, note.label) for note in data.left_out] == [("FILE_MISSING", "x")]
    assert data.left_out[0].message.endswith(f"did you mean {there}?")
    (finding,) = (finding for finding in audit(data) if finding.code == "FILES_LEFT_OUT")
    assert f"did you mean {there}?" in finding.sentence


def test_where_all_names_have_another_ending_the_refusal_says_so(tmp_path):
    error = refused(tmp_path, "path,label\na.jpg,x\nb.jpg,y\nc.jpg,x\nd.jpg,y\n")
    assert error.code == "DATA_FILE_MISSING"
    assert "did you mean a.png?" in error.found


def test_another_name_gets_none(tmp_path):
    data = read(tmp_path, "path,label\naa.png,x\nb.png,y\nc.png,x\nd.png,y\n")
    assert "did you mean" not in data.left_out[0].message


@pytest.mark.parametrize(
    ("text", "data", "counts"),
    [
        ("path,label\na.png,x\nb.png,\nc.png,\nd.png,x\n", {}, {"x": 2, "absent": 2}),
        ("path,label\na.png,x\nb.png,NA\nc.png,\nd.png,y\n", {}, {"x": 1, "y": 1, "absent": 2}),
        (
            "path,label\na.png,x|z\nb.png,\nc.png,z\nd.png,x\n",
            {"label": {"column": "label", "contains": "z"}},
            {"z": 2, "no z": 2},
        ),
        ("n,label\n1,x\n2,\n3,\n4,x\n", {"features": ["n"]}, {"x": 2, "absent": 2}),
    ],
)
def test_an_empty_label_may_be_named(text, data, counts, tmp_path):
    made = read(tmp_path, text, classes={"": "absent"}, **data)
    assert Counter(made.cases.frame.label) == counts


def test_an_empty_label_that_is_not_named_is_refused_with_the_line_that_names_it(tmp_path):
    error = refused(tmp_path, "path,label\na.png,x\nb.png,\nc.png,x\nd.png,y\n")
    assert 'classes = { "" = "absent" }' in error.fix
    assert read(tmp_path, "path,label\na.png,x\nb.png,y\n", classes={"": "absent"}).cases.classes == ("y", "x")
