"""No column vanishes: measurements with decimal commas, units or dates are used, or said to be left out and why."""

import io

import numpy as np
import pytest
from openpyxl import Workbook
from typer.testing import CliRunner

from seimbang.checks import audit
from seimbang.cli import app
from seimbang.datasets import load, make
from seimbang.datasets.intake.base import Hints
from seimbang.datasets.intake.tables import understand
from seimbang.errors import DataError
from seimbang.imaging.base import ImageSettings

N = 60
RNG = np.random.default_rng(0)
LABEL = ["sakit" if k % 4 == 0 else "sehat" for k in range(N)]
AGE = [int(age) for age in RNG.integers(20, 40, N)]
HBA1C = [round(float(RNG.normal(8.2 if name == "sakit" else 6.1, 0.9)), 1) for name in LABEL]


def comma(number):
    return str(number).replace(".", ",")


def rows(values, name="hba1c", **more):
    """Return a table with whole ages and one other measurement."""
    names = ("umur", name, *more, "diagnosa")
    return [names, *zip(map(str, AGE), values, *more.values(), LABEL, strict=True)]


def text(table, separator=";"):
    quoted = [[f'"{cell}"' if separator in cell else cell for cell in row] for row in table]
    return "\n".join(separator.join(row) for row in quoted).encode()


def sheet(table):
    book, file = Workbook(), io.BytesIO()
    for row in table:
        book.active.append(list(row))
    book.save(file)
    return file.getvalue()


COMMAS = {
    "semicolons.csv": text(rows(map(comma, HBA1C))),
    "tabs.tsv": text(rows(map(comma, HBA1C)), "\t"),
    "quoted.csv": text(rows(map(comma, HBA1C)), ","),
    "cells_of_text.xlsx": sheet(rows(map(comma, HBA1C))),
    "with_gaps.csv": text(rows(["-" if k % 9 == 1 else comma(value) for k, value in enumerate(HBA1C)])),
}


def of_study(path, **settings):
    """Return what a study written by hand sees in a table, which lists no column."""
    source = {"source": "excel" if path.suffix == ".xlsx" else "csv", "path": path.name, "label_column": "diagnosa"}
    features = {} if path.suffix == ".xlsx" else {"features": "all"}
    return load(make(source | features | settings), ImageSettings(), path.parent)


def of_init(path):
    understanding = understand(path, Hints())
    return understanding, load(make(understanding.data), ImageSettings(), path.parent)


def uses(data):
    return {use.name: use.use for use in data.uses}


def write(folder, name, content):
    (folder / name).write_bytes(content)
    return folder / name


@pytest.mark.parametrize("name", COMMAS)
def test_decimal_commas_are_numbers_and_said(tmp_path, name):
    path = write(tmp_path, name, COMMAS[name])
    understanding, data = of_init(path)
    assert "decimal commas (as in 1,5): hba1c" in "\n".join(understanding.understood)
    for seen in (data, of_study(path)):
        assert [column.name for column in seen.columns] == ["umur", "hba1c"]
        there = [value for k, value in enumerate(HBA1C) if name != "with_gaps.csv" or k % 9 != 1]
        assert np.nansum(seen.X[:, 1]) == pytest.approx(sum(there), rel=1e-6)
        assert str(next(use for use in seen.uses if use.name == "hba1c")) == "hba1c (decimal commas)"


DAYS = [f"{1 + k % 28:02}.{1 + k % 12:02}.2024" for k in range(N)]
NOTES = [f"came on day {k}" for k in range(N)]
WARDS = [("A", "B", "C")[k % 3] for k in range(N)]
LEFT = {
    "units": ([f"{comma(value)} %" for value in HBA1C], "measure", "numbers with something else"),
    "limits": ([f"< {value}" for value in HBA1C], "measure", "such as '< "),
    "dates": (DAYS, "date", "dates"),
    "notes": (NOTES, "text", "such as 'came on day 0' in row 2"),
    "words": (WARDS, "words", "A, B, C"),
}
WORDS = {"measure": "numbers with", "date": "dates", "text": "free text"}


@pytest.mark.parametrize("kind", LEFT)
def test_what_is_left_out_is_said_with_its_reason(tmp_path, kind):
    values, use, said = LEFT[kind]
    path = write(tmp_path, "t.csv", text(rows(map(comma, HBA1C), more=values)))
    data = of_study(path)
    assert uses(data) == {"umur": "number", "hba1c": "number", "more": use, "diagnosa": "class"}
    finding = next(one for one in audit(data) if one.code == "COLUMNS_LEFT_OUT")
    assert (finding.severity, finding.count) == ("warning", 1)
    assert "do not see 1 column: more" in finding.sentence
    assert said in finding.sentence
    understanding, of_first = of_init(path)
    listed = "\n".join(understanding.understood)
    assert "more" in listed
    assert {use.name for use in of_first.uses} == {"umur", "hba1c", "more", "diagnosa"}
    if kind != "words":
        assert f"more ({WORDS[use]}" in listed


def test_roles_and_what_is_not_asked_for_are_listed_too(tmp_path):
    table = rows(
        map(comma, HBA1C), id=[f"c{k}" for k in range(N)], patient=[f"p{k // 2}" for k in range(N)], site=WARDS
    )
    data = of_study(write(tmp_path, "t.csv", text(table)), features=["hba1c"])
    assert uses(data) == {
        "umur": "unlisted",
        "hba1c": "number",
        "id": "case",
        "patient": "patient",
        "site": "site",
        "diagnosa": "class",
    }
    assert not [one for one in audit(data) if one.code == "COLUMNS_LEFT_OUT"]  # it was left out on purpose


def test_no_feature_at_all_names_the_columns_and_no_longer_advises_categories_for_measurements(tmp_path):
    table = [("hba1c", "diagnosa"), *((f"{comma(value)} %", name) for value, name in zip(HBA1C, LABEL, strict=True))]
    with pytest.raises(DataError, match=r"hba1c \(such as .* in row 2\): numbers with.*write measurements as numbers"):
        of_study(write(tmp_path, "t.csv", text(table)))


def test_init_audit_run_and_report_say_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "t.csv", text(rows(map(comma, HBA1C), seen=DAYS)))
    study = """title = "t"
question = "?"
[data]
source = "csv"
path = "t.csv"
features = "all"
label_column = "diagnosa"
[split]
test = 0.3
validation = 0.2
[model]
name = "naive_bayes"
[[arm]]
name = "none"
"""
    write(tmp_path, "s.toml", study.encode())
    for words in (["init", "t.csv"], ["audit", "t.csv"], ["audit", "s.toml"], ["run", "s.toml", "--out", "run"]):
        said = CliRunner().invoke(app, [*words, *(["--data", "."] if words[1] == "s.toml" else [])])
        assert said.exit_code == 0, said.output
        lines = [line.split("\t") for line in said.output.splitlines()]
        assert ["internal", "number", "umur, hba1c (decimal commas)"] in lines, said.output
        assert any(line[0] == "internal" and "seen" in line[-1] for line in lines if len(line) == 3)
    report = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "Read with decimal commas: hba1c." in report
    assert "not seen by the models: dates" in report
