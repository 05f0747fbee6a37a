"""Tables of features: roles of columns, classes from cut points, joins, and what is wrong with row and column named."""

import hashlib
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from openpyxl import Workbook

from seimbang.datasets import load, make
from seimbang.datasets.columns import align, encode
from seimbang.datasets.sheets import together
from seimbang.errors import DataError, StudyError
from seimbang.imaging.base import ImageSettings

IMAGE = ImageSettings()
TEXT = "id,age,sex,note,label\nc,30,F,x,sick\na,40.5,M,y,well\nb,,F,z,well\n"
HDI = Path(__file__).parents[3] / "shared" / "data" / "hdi" / "hdi_eastern_indonesia_2021.xlsx"
LEVELS = {"column": "IPM", "cuts": [60, 70, 80], "names": ["low", "medium", "high", "very high"]}


def table(root, text=TEXT, **settings):
    """Return the data set in a CSV of this text."""
    (root / "t.csv").write_text(text, encoding="utf-8")
    values = {"source": "csv", "path": "t.csv", "features": "all", **settings}
    return load(make(values), IMAGE, root)


def workbook(root, sheets):
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(root / "t.xlsx")


def excel(root, **settings):
    return load(make({"source": "excel", "path": "t.xlsx", **settings}), IMAGE, root)


def refused(code, *words):
    return pytest.raises(DataError, match="".join(f"(?=.*{word})" for word in (code, *words)))


def test_all_columns_with_numbers_are_features_and_words_only_where_named(tmp_path):
    data = table(tmp_path)
    assert data.kind == "table"
    assert [column.name for column in data.columns] == ["age"]
    assert data.cases.frame.case_id.tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(data.X, [[40.5], [np.nan], [30]])
    data = table(tmp_path, categories=["sex"], units={"age": "years"})
    age, sex = data.columns
    assert (age.unit, age.low, age.high) == ("years", 30, 40.5)
    assert (sex.kind, sex.categories) == ("category", ("F", "M"))
    np.testing.assert_array_equal(data.X[:, 1], [1, 0, 0])


def test_listed_features_stand_in_their_order(tmp_path):
    text = "a,b,c,label\n1,2,3,x\n4,5,6,y\n7,8,9,x\n"
    data = table(tmp_path, text, features=["c", "a"])
    assert data.X.tolist() == [[3, 1], [6, 4], [9, 7]]
    assert data.cases.frame.case_id.tolist() == ["row 0000002", "row 0000003", "row 0000004"]
    assert data.cases.frame.digest[0] == hashlib.sha256(np.array([3, 1], np.float32).tobytes()).hexdigest()


def test_patient_part_and_site_are_no_features(tmp_path):
    text = "v,patient,split,site,label\n1,7,train,2,x\n2,7,test,2,y\n3,8,val,3,x\n"
    data = table(tmp_path, text)
    assert [column.name for column in data.columns] == ["v"]
    assert data.cases.frame.split.tolist() == ["train", "test", "validation"]
    assert data.cases.frame.group.tolist() == ["7", "7", "8"]
    assert table(tmp_path, text, group={"from": "column", "column": "site"}).cases.groups.tolist() == ["2", "2", "3"]


def test_a_case_on_a_cut_point_is_of_the_class_above_and_the_classes_keep_their_order(tmp_path):
    text = "IPM,v\n59.99,1\n60,2\n69.99,3\n70,4\n80,5\n"
    data = table(tmp_path, text, label=LEVELS)
    assert data.cases.frame.label.tolist() == ["low", "medium", "medium", "high", "very high"]
    assert data.cases.classes == ("low", "medium", "high", "very high")
    assert [column.name for column in data.columns] == ["v"]
    assert table(tmp_path, text, label=LEVELS, positive="low").cases.classes[-1] == "low"


def test_two_classes_by_renaming(tmp_path):
    names = {"low": "behind", "medium": "behind", "high": "ahead", "very high": "ahead"}
    data = table(tmp_path, "IPM,v\n59,1\n61,2\n69,3\n70,4\n80,5\n", label=LEVELS, classes=names)
    assert data.cases.classes == ("behind", "ahead")  # the rarer one is positive
    assert data.cases.y.tolist() == [0, 0, 0, 1, 1]


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ({"column": "v", "cuts": [2, 1], "names": ["a", "b", "c"]}, "rising order"),
        ({"column": "v", "cuts": [1], "names": ["a"]}, "2 different names"),
        ({"column": "v", "cuts": [1], "names": ["a", "a"]}, "2 different names"),
    ],
)
def test_cut_points_that_do_not_fit_are_refused(tmp_path, label, words):
    with pytest.raises(StudyError, match=words):
        table(tmp_path, label=label)


def test_what_is_wrong_is_named_with_row_and_column(tmp_path):
    with refused("DATA_COLUMN", "'label'", "did you mean 'lable'"):
        table(tmp_path, "v,lable\n1,x\n2,y\n")
    with refused("DATA_TEXT", "'3,5,' in row 3 of the column 'v'"):
        table(tmp_path, 'v,label\n1,x\n"3,5,",y\n')
    with refused("DATA_TEXT", "'inf' in row 2"):
        table(tmp_path, "v,label\ninf,x\n2,y\n")
    with refused("DATA_TEXT", "'F' in row 2 of the column 'sex'"):
        table(tmp_path, features=["sex"])
    with refused("DATA_ALL_MISSING", "'v'"):
        table(tmp_path, "v,w,label\n,1,x\nNA,2,y\n")
    with refused("DATA_LABEL_MISSING", "row 3"):
        table(tmp_path, "v,label\n1,x\n2,\n")
    with refused("DATA_ID_MISSING", "row 2"):
        table(tmp_path, "id,v,label\n,1,x\nb,2,y\n")
    with refused("DATA_DUPLICATE_ID", "'b' twice"):
        table(tmp_path, "id,v,label\nb,1,x\nb,2,y\n")
    with refused("DATA_ROLE", "'label'"):
        table(tmp_path, features=["age", "label"])
    with refused("DATA_EMPTY", "no rows"):
        table(tmp_path, "v,label\n")
    with refused("DATA_CSV", "2 columns, but row 2 has 3 fields"):
        table(tmp_path, "v,label\n1,x,3\n2,y,4\n")
    with refused("DATA_COLUMN", "'v' twice"):
        table(tmp_path, "v,v,label\n1,2,x\n")
    with refused("DATA_COLUMN", "no column with numbers"):
        table(tmp_path, "v,label\na,x\nb,y\n")


def test_text_far_down_a_long_table_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr("seimbang.datasets.delimited.BLOCK", 10)
    lines = [f"{k / 4},{'xy'[k % 2]}" for k in range(95)]
    assert len(table(tmp_path, "\n".join(["v,label", *lines])).cases) == 95
    lines[90] = "oops,x"
    with refused("DATA_TEXT", "'oops' in row 92"):
        table(tmp_path, "\n".join(["v,label", *lines]))


def test_empty_lines_are_no_cases_and_rows_keep_their_numbers(tmp_path):
    with refused("DATA_TEXT", "row 5"):
        table(tmp_path, "v,label\n1,x\n\n2,y\nabout 3,y\n")


def test_tables_are_joined_on_ids(tmp_path):
    (tmp_path / "more.csv").write_text("id,dose\nb,1\na,2\n", encoding="utf-8")
    data = table(tmp_path, join=[{"path": "more.csv"}])
    assert [column.name for column in data.columns] == ["age", "dose"]
    np.testing.assert_array_equal(data.X[:, 1], [2, 1, np.nan])
    assert data.facts["source"] == "table t.csv with more.csv"
    for text, code, word in (
        ("id,dose\na,1\na,2\n", "DATA_DUPLICATE_ID", "'a' twice in more.csv, the second time in row 3"),
        ("id,age\na,1\n", "DATA_JOIN", "'age' in t.csv and in more.csv"),
        ("id,dose\nA,1\n", "DATA_JOIN", "no id of t.csv in more.csv"),
        ("ID,dose\na,1\n", "DATA_COLUMN", "'id'"),
    ):
        (tmp_path / "more.csv").write_text(text, encoding="utf-8")
        with refused(code, word):
            table(tmp_path, join=[{"path": "more.csv"}])
    with refused("DATA_MISSING", "less.csv"):
        table(tmp_path, join=[{"path": "less.csv"}])


def test_sheets_of_a_workbook_and_joins_of_them(tmp_path):
    first = [["name", "v", "label", None], ["p", 1.5, "x", None], [None] * 4, ["q", None, "y", None]]
    workbook(tmp_path, {"A": first, "B": [["name", "w"], ["q", 2], ["p", 3]]})
    data = excel(tmp_path, id_column="name", join=[{"path": "t.xlsx", "sheet": "B"}])
    np.testing.assert_array_equal(data.X, [[1.5, 3], [np.nan, 2]])
    assert data.cases.frame.case_id.tolist() == ["p", "q"]
    with refused("DATA_SHEET", "A, B", "did you mean 'B'"):
        excel(tmp_path, sheet="b")


def test_a_formula_counts_by_its_result_and_one_without_is_named(tmp_path):
    workbook(tmp_path, {"A": [["v", "label"], [1, "x"], ["=B9*2", "y"]]})
    with refused("DATA_FORMULA", r"=B9\*2 without a result in cell A3 of t.xlsx"):
        excel(tmp_path)
    with zipfile.ZipFile(tmp_path / "t.xlsx") as book:
        parts = {name: book.read(name) for name in book.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = re.sub(rb"</f><v ?/>|</f><v></v>", b"</f><v>7</v>", parts[sheet])
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w") as book:
        for name, content in parts.items():
            book.writestr(name, content)
    assert excel(tmp_path).X.tolist() == [[1], [7]]


@pytest.mark.parametrize("content", [b"", b"v,label\n1,x\n", b"PK\x03\x04broken", b"\xd0\xcf\x11\xe0" * 200])
def test_a_file_that_is_no_workbook_is_refused(tmp_path, content):
    (tmp_path / "t.xlsx").write_bytes(content)
    with refused("DATA_EXCEL", "t.xlsx is no Excel workbook"):
        excel(tmp_path)


def test_new_rows_are_coded_as_the_table_and_another_table_is_aligned(tmp_path):
    data = table(tmp_path, categories=["sex"])
    (tmp_path / "new.csv").write_text("sex,age,more\nM,,1\nNA,3,2\n", encoding="utf-8")
    (new,) = together(tmp_path / "new.csv").rows
    np.testing.assert_array_equal(encode(new, data.columns), [[np.nan, 1], [3, np.nan]])
    (tmp_path / "new.csv").write_text("sex,age\nX,1\n", encoding="utf-8")
    (new,) = together(tmp_path / "new.csv").rows
    with refused("DATA_CATEGORY", "'X' in row 2 of the column 'sex'", "F, M"):
        encode(new, data.columns)
    other = table(tmp_path, "sex,age,label\nM,0.1,sick\nM,,well\n", categories=["sex"])
    assert other.columns[0].categories == ("M",)
    np.testing.assert_array_equal(align(other.X, other.columns, data.columns), np.float32([[0.1, 1], [np.nan, 1]]))


def test_scikit_learns_breast_cancer():
    data = load(make({"source": "sklearn:breast_cancer"}), IMAGE, Path())
    assert data.X.shape == (569, 30)
    assert np.bincount(data.cases.y).tolist() == [357, 212]
    assert data.cases.classes == ("benign", "malignant")


@pytest.mark.skipif(not HDI.exists(), reason="needs ../shared/data/hdi")
def test_the_district_table_and_its_published_smote_sheet():
    settings = {"source": "excel", "path": HDI.name}
    roles = {**settings, "sheet": "Dataset Imbalance", "id_column": "Kabkota", "label": LEVELS}
    data = load(make(roles), IMAGE, HDI.parent)
    assert np.bincount(data.cases.y).tolist() == [22, 107, 41, 6]
    assert [column.name for column in data.columns] == ["HLS", "PENG", "RLS", "UHH", "IDG", "IKK"]
    assert data.cases.frame.case_id.is_unique
    assert not np.isnan(data.X).any()
    sheet = {**settings, "sheet": "Dataset Balance (Hasil SMOTE)", "label_column": "Class"}
    balanced = load(make(sheet), IMAGE, HDI.parent)
    assert np.bincount(balanced.cases.y).tolist() == [107] * 4
    real = {row.tobytes() for row in balanced.X}
    assert all(row.tobytes() in real for row in data.X)  # the paper kept every real district


def test_memory_for_a_long_csv_is_its_numbers_and_names(tmp_path):
    lines = "".join(f"{k},{','.join(['0.12345', '-6.789'] * 20)},{'xy'[k % 2]}\n" for k in range(60_000))
    header = f"id,{','.join(f'v{k}' for k in range(40))},label\n"
    (tmp_path / "t.csv").write_text(header + lines, encoding="utf-8")
    (tmp_path / "short.csv").write_text(header + lines[:5000].rpartition("\n")[0], encoding="utf-8")
    program = (
        "import resource, sys; from pathlib import Path; from seimbang.datasets import load;"
        "from seimbang.datasets.csv_table import CsvTable; from seimbang.imaging.base import ImageSettings;"
        "load(CsvTable(path=sys.argv[1]), ImageSettings(), Path());"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == 'darwin' else 1024))"
    )

    def peak(name):
        command = [sys.executable, "-c", program, name]
        return int(subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout)

    grown = peak("t.csv") - peak("short.csv")
    assert grown < 60_000 * 750, f"{grown / 1e6:.0f} MB"  # read whole it takes 1,100 bytes a row, in blocks 450
