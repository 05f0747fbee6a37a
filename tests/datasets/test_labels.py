"""Classes from several labels in a cell and from columns of 0 and 1, in manifests and in tables."""

from collections import Counter

import numpy as np
import pytest
from PIL import Image

from seimbang.datasets import load, make
from seimbang.errors import DataError, StudyError
from seimbang.imaging.base import ImageSettings

SMALL = ImageSettings(size=(4, 4))


def manifest(root, header, rows):
    lines = [",".join(["path", *header])]
    for k, row in enumerate(rows):
        Image.new("L", (4, 4), k).save(root / f"{k}.png")
        lines.append(",".join([f"{k}.png", *row]))
    (root / "m.csv").write_text("\n".join(lines))


def read(root, **data):
    return load(make({"source": "csv", "path": "m.csv", **data}), SMALL, root)


def classes(root, **data):
    cases = read(root, **data).cases
    return Counter(cases.frame.label), cases.classes


def refused(root, **data):
    with pytest.raises(DataError) as caught:
        read(root, **data)
    return caught.value


def test_a_label_is_whole(tmp_path):
    manifest(tmp_path, ["labels"], [["Mass|Edema"], ["Massive"], ["Mass"], ["Edema| Mass "], ["mass"]])
    counts, names = classes(tmp_path, label={"column": "labels", "contains": "Mass"})
    assert counts == {"Mass": 3, "no Mass": 2}
    assert names == ("no Mass", "Mass")  # the finding is what matters, however frequent


@pytest.mark.parametrize("mark", ["|", ";"])
def test_what_stands_between_labels(tmp_path, mark):
    manifest(tmp_path, ["labels"], [[f"A{mark}B"], ["B"], ["A"], [f"C{mark}B"]])
    assert classes(tmp_path, label={"column": "labels", "contains": "B"})[0] == {"B": 3, "no B": 1}


def test_a_comma_is_no_separator_where_another_is(tmp_path):
    manifest(tmp_path, ["labels"], [['"A, mild|B"'], ["B"], ['"A, mild"'], ["C"]])
    assert classes(tmp_path, label={"column": "labels", "contains": "A, mild"})[0] == {"A, mild": 2, "no A, mild": 2}
    assert refused(tmp_path, label={"column": "labels", "contains": "A"}).code == "DATA_LABEL_UNKNOWN"


def test_a_label_that_is_not_there_is_refused_with_those_that_are(tmp_path):
    manifest(tmp_path, ["labels"], [["Mass|Edema"], ["Edema"], ["None"]])
    error = refused(tmp_path, label={"column": "labels", "contains": "Mas"})
    assert error.code == "DATA_LABEL_UNKNOWN"
    assert "Edema (2), Mass (1), None (1)" in error.expected
    assert "did you mean 'Mass'" in error.fix


def test_one_column_a_class(tmp_path):
    manifest(
        tmp_path, ["MEL", "NV", "UNK"], [["1.0", "0.0", "0.0"], ["0.0", "1.0", "0"], ["", "1", ""], ["0", "1", "0"]]
    )
    counts, names = classes(tmp_path, label={"columns": ["MEL", "NV", "UNK"]})
    assert counts == {"MEL": 1, "NV": 3}
    assert names == ("NV", "MEL")
    renamed = classes(tmp_path, label={"columns": ["MEL", "NV", "UNK"]}, classes={"MEL": "melanoma"}, positive="NV")
    assert renamed[1] == ("melanoma", "NV")


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([["1", "0"], ["1", "1"]], "2 columns of data.label with a 1 in row 3 (A, B)"),
        ([["1", "0"], ["0", "0"]], "0 columns of data.label with a 1 in row 3 (none)"),
        ([["1", "0"], ["0", "2"]], "'2' in row 3 of the column 'B'"),
        ([["1", "0"], ["x", "1"]], "'x' in row 3 of the column 'A'"),
    ],
)
def test_rows_without_exactly_one_class_are_refused(tmp_path, rows, says):
    manifest(tmp_path, ["A", "B"], rows)
    error = refused(tmp_path, label={"columns": ["A", "B"]})
    assert (error.code, says in error.found) == ("DATA_LABEL_COLUMNS", True), error.found


def test_one_column_against_the_rest(tmp_path):
    manifest(tmp_path, ["A", "B"], [["1", "1"], ["0", "1"], ["", "0"], ["-1", "1"], ["True", "7"]])
    for label in ({"columns": ["A", "B"], "contains": "A"}, {"columns": ["A"]}):
        data = read(tmp_path, label=label)
        assert Counter(data.cases.frame.label) == {"A": 2, "no A": 2}
        assert [(file.path, file.code) for file in data.left_out] == [("3.png", "FILE_UNSURE")]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"label": {"columns": ["A", "A"]}}, "with different columns"),
        ({"label": {"columns": []}}, "at least 1 item"),
        ({"label": {"columns": ["A", "B"], "contains": "C"}}, "one of its columns"),
        ({"label": {"column": "A", "contains": ""}}, "at least 1 character"),
        ({"label": {"column": "A", "contain": "B"}}, "did you mean 'contains'"),
        ({"label": {"columns": ["A"], "cuts": [1]}}, "cuts is not a known key"),
        ({"findings": ["A", "A"]}, "different labels"),
        ({"findings": "some"}, '"all" or a list'),
        ({"findings": ["B"], "label": {"columns": ["A"]}}, "columns of label, not 'B'"),
        ({"findings": ["B"], "label": {"column": "A", "contains": "B"}}, "left out where label"),
    ],
)
def test_wrong_settings_are_said(data, says):
    with pytest.raises(StudyError) as caught:
        make({"source": "csv", "path": "m.csv", **data})
    assert says in caught.value.found


@pytest.mark.parametrize("label", [{"column": "A", "contains": "B"}, {"columns": ["A", "B"]}, {"columns": ["A"]}])
def test_settings_survive_being_written_down(label):
    settings = make({"source": "csv", "path": "m.csv", "label": label})
    assert make(settings.model_dump(mode="json", exclude_none=True)) == settings


def table(root):
    lines = [
        "x,y,labels,A,B",
        *(f"{k / 2},{k * k},{['A|B', 'B', 'C', 'A'][k % 4]},{k % 2},{k % 3 // 2}" for k in range(12)),
    ]
    (root / "m.csv").write_text("\n".join(lines))


def test_tables_have_findings_too(tmp_path):
    table(tmp_path)
    data = read(tmp_path, features=["x", "y"], label={"column": "labels", "contains": "A"})
    assert Counter(data.cases.frame.label) == {"A": 6, "no A": 6}
    assert data.cases.classes == ("no A", "A")


def test_no_label_column_is_a_feature(tmp_path):
    table(tmp_path)
    data = read(tmp_path, features="all", label={"columns": ["A", "B"], "contains": "A"})
    assert [column.name for column in data.columns] == ["x", "y"]
    assert Counter(data.cases.frame.label) == {"A": 6, "no A": 6}
    error = refused(tmp_path, features=["x", "B"], label={"columns": ["A", "B"], "contains": "A"})
    assert (error.code, "'B' as label" in error.found) == ("DATA_ROLE", True)


def test_the_findings_of_a_source(tmp_path):
    table(tmp_path)
    cells = make({"source": "csv", "path": "m.csv", "features": ["x"], "label_column": "labels", "findings": "all"})
    assert cells.findings_in(tmp_path) == ("A", "B", "C")
    columns = make(
        {"source": "csv", "path": "m.csv", "features": ["x"], "label": {"columns": ["A", "B"]}, "findings": "all"}
    )
    assert columns.findings_in(tmp_path) == ("A", "B")
    assert Counter(load(columns.of_finding("B"), SMALL, tmp_path).cases.frame.label) == {"B": 4, "no B": 8}
    assert make({"source": "phantom"}).findings_in(tmp_path) == ()


def test_labels_that_name_no_disease_are_no_findings(tmp_path):
    manifest(tmp_path, ["labels"], [["Normal"], ["No Finding"], ["Sehat"]])
    settings = make({"source": "csv", "path": "m.csv", "label_column": "labels", "findings": "all"})
    with pytest.raises(DataError, match="DATA_FINDINGS"):
        settings.findings_in(tmp_path)


def test_several_labels_in_arrays_are_findings_too(tmp_path):
    labels = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 0]] * 3)
    np.savez(tmp_path / "m.npz", train_images=np.arange(192, dtype=np.uint8).reshape(12, 4, 4), train_labels=labels)
    values = {"source": "npz", "path": "m.npz", "findings": "all", "classes": {"0": "mass", "1": "edema"}}
    settings = make(values)
    assert settings.findings_in(tmp_path) == ("mass", "edema")  # no image has the third
    assert Counter(load(settings.of_finding("edema"), SMALL, tmp_path).cases.frame.label) == {"edema": 6, "no edema": 6}
    assert load(settings, SMALL, tmp_path).cases.classes == ("no mass", "mass")
    np.savez(tmp_path / "m.npz", train_images=np.zeros((4, 4, 4), np.uint8), train_labels=np.array([0, 1, 1, 0]))
    with pytest.raises(DataError, match="DATA_FINDINGS"):
        settings.findings_in(tmp_path)
    with pytest.raises(StudyError, match="different numbers"):
        make(values | {"findings": ["mass"]})
