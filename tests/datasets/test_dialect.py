"""How numbers are written, where the names stand, and what was understood, in cases each of which can be misread."""

import pandas as pd
import pytest

from intake.make_tables import rows, text, workbook
from seimbang.datasets import load, make
from seimbang.datasets.headers import find
from seimbang.datasets.notation import Evidence, decide, kind, rewrite
from seimbang.datasets.sheets import every_number, read, together, uploaded
from seimbang.errors import DataError
from seimbang.imaging.base import ImageSettings


def columns(**texts):
    evidence = {name: Evidence() for name in texts}
    made = {name: pd.Series(cells.split("_"), name=name, dtype=str) for name, cells in texts.items()}
    for name, column in made.items():
        evidence[name].add(column)
    return made, evidence


def understood(separator=";", decimal="", **texts):
    made, evidence = columns(**texts)
    notations = decide(evidence, separator, decimal)
    return {name: rewrite(column, notations[name]).tolist() for name, column in made.items() if name in notations}


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("12", "short"), ("-1200", "long"), ("1 200", "spaced"), ("1.200", "maybe_point"), ("1,200", "maybe_comma"),
        ("0.200", "point"), ("0,200", "comma"), ("1200.5", "point"), ("1.200,5", "grouped_comma"), (".5", "point"),
        ("1,200.5", "grouped_point"), ("1.200.000", "grouped_comma"), ("1'200.5", "grouped_point"), ("2e-3", "point"),
        ("\u22123,5", "comma"), ("1.20.00", ""), ("1,2,3", ""), ("12.01.2024", ""), ("<3", ""), ("inf", ""),
        ("1_0", ""), ("", ""), ("1.2000,5", ""),
    ],
)  # fmt: skip
def test_each_way_to_write_a_number_is_known(written, name):
    assert kind(written) == name


def test_a_column_without_doubt_is_read_whatever_the_others_are():
    assert understood(a="1,5_2", b="1.5_2") == {"a": ["1.5", "2"], "b": ["1.5", "2"]}
    assert understood(a="1.234,5_950") == {"a": ["1234.5", "950"]}
    assert understood(a="1'234.5_\u22123") == {"a": ["1234.5", "-3"]}
    assert understood(a="1\u00a0234,5_7") == {"a": ["1234.5", "7"]}
    assert understood(a="007_012") == {"a": ["007", "012"]}


def test_a_doubt_is_decided_by_the_rest_of_the_file_then_by_the_separator():
    assert understood(a="1.234_950", b="0,5")["a"] == ["1234", "950"]
    assert understood(a="1.234_950", b="0.5")["a"] == ["1.234", "950"]
    assert understood(",", a="1.234_950")["a"] == ["1.234", "950"]
    assert understood(",", a="1,234_950")["a"] == ["1234", "950"]
    assert understood(",", a="1.234_950", b="0,5")["a"] == ["1234", "950"]


@pytest.mark.parametrize(
    ("separator", "texts"),
    [
        (";", {"a": "1.5_2,5"}),
        (";", {"a": "1.234_1,234"}),
        (";", {"a": "1.234_950"}),
        ("\t", {"a": "1,234"}),
        (",", {"a": "1.5_2,525"}),
        (",", {"a": "1,234_12345"}),
        (";", {"a": "1.234", "b": "0.5", "c": "0,5"}),
    ],
)
def test_what_cannot_be_told_is_refused(separator, texts):
    with pytest.raises(DataError, match=r"DATA_DECIMAL.*column 'a'"):
        understood(separator, **texts)


def test_the_user_decides_a_doubt_but_not_against_the_numbers():
    assert understood(decimal=",", a="1.234_950") == {"a": ["1234", "950"]}
    assert understood(decimal=".", a="1.234_950") == {"a": ["1.234", "950"]}
    assert understood(decimal=",", a="1.234", b="0.5") == {"a": ["1234"], "b": ["0.5"]}
    assert understood(",", ".", a="1.5_2,525") == {"a": ["1.5", "2525"]}
    with pytest.raises(DataError, match="DATA_DECIMAL"):
        understood(decimal=",", a="1.5_2,5")


def test_words_with_a_few_numbers_are_no_column_of_numbers():
    assert understood(a="x_y_z_1,5_1.5") == {}


def header(*lines):
    where = find([line.split(",") for line in lines])
    return where.first, where.rows, where.names


def test_where_the_names_stand():
    assert header("a,b", "1,x") == (1, 1, ("a", "b"))
    assert header("Ward 3", "", "a,b", "1,x", "2,y") == (3, 1, ("a", "b"))
    assert header("# a, b,c", "a,b,c", "1,2,x") == (2, 1, ("a", "b", "c"))
    assert header("#a,b,c", "1,2,x", "2,3,x", "1,2,x") == (1, 1, ("a", "b", "c"))
    assert header("1.5,x", "2.5,x", "1,y") == (1, 0, ("column 1", "column 2"))
    assert header("400,410,label", "1,2,x", "2,3,x") == (1, 1, ("400", "410", "label"))
    assert header("0,1,2", "1.5,2,0", "2,3,1") == (1, 1, ("0", "1", "2"))
    assert header("a,,b", "1,2,x") == (1, 1, ("a", "column 2", "b"))


def test_names_in_two_rows():
    blood = ("id", "Blood Hb", "Blood CRP", "label")
    assert header("id,Blood,,label", ",Hb,CRP,", "1,2,3,x", "2,3,4,y") == (1, 2, blood)
    assert header("v,w,label", "mg,g,", "1,2,x", "2,3,y") == (1, 2, ("v mg", "w g", "label"))
    assert header(",Left,,Right,", "id,x,y,u,v", "1,2,3,4,5", "2,2,3,4,5")[2] == (
        "id",
        "Left x",
        "Left y",
        "Right u",
        "Right v",
    )


def test_a_first_case_without_numbers_is_a_case():
    assert header("v,w,label", "NA,?,x", "2,3,y", "2,3,y")[:2] == (1, 1)
    assert header("v,w,label", "unknown,unknown,y", "2,3,y", "2,3,y")[:2] == (1, 1)


def test_what_was_understood_is_decided_by_all_of_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr("seimbang.datasets.delimited.BLOCK", 10)
    lines = [["v", "label"], *([f"{k}", "xy"[k % 2]] for k in range(95))]
    lines[93][0] = "93,5"
    (tmp_path / "t.csv").write_bytes(text(lines, ";"))
    reading = read(tmp_path / "t.csv", numbers=every_number)
    assert reading.dialect.numbers["v"].decimal == ","
    blocks_read = list(reading.rows)
    assert [len(block) for block in blocks_read] == [10] * 9 + [5]
    assert blocks_read[9].v.loc[94] == "93.5"


def test_names_and_classes_stay_as_they_are_written(tmp_path):
    (tmp_path / "t.csv").write_bytes(
        text([["patient", "label", "v"], ["1,5", "2,5", "3,5"], ["NA", "None", "-"], ["7", "low", "1"]], ";")
    )
    (block,) = together(tmp_path / "t.csv").rows
    assert block.to_numpy().tolist() == [["1,5", "2,5", "3,5"], ["", "None", ""], ["7", "low", "1"]]
    data = load(make({"source": "csv", "path": "t.csv", "features": "all"}), ImageSettings(), tmp_path)
    assert data.cases.groups.tolist() == ["1,5", "case:row 0000003", "7"]
    assert data.cases.classes == ("2,5", "None", "low")
    assert data.X[0, 0] == 3.5


def test_a_file_in_memory_is_read_alike():
    (first, *_), expected = rows()[1:], rows()[1][1:3]
    for content, name in ((text(rows(), ";", "utf-16"), "a.csv"), (workbook(A=rows()), "a.xlsx")):
        table = uploaded(content, name)
        assert table.iloc[0].tolist()[0] == first[0]
        assert [float(cell) for cell in table.iloc[0, 1:3]] == list(map(float, expected))
    with pytest.raises(DataError, match=r"note.txt is no table.*begins with 'Dear colleague'.*names of the columns"):
        uploaded(b"Dear colleague\nno films today.\n", "note.txt")
