"""Every form of table is understood: classes, patients, parts, columns, numbers; hopeless ones get their code."""


import numpy as np
import pytest
from make_tables import hopeless, rows, tables, text, workbook

from seimbang.datasets import load, make
from seimbang.datasets.intake.base import Hints
from seimbang.datasets.intake.tables import understand
from seimbang.errors import DataError
from seimbang.imaging.base import ImageSettings

IMAGE = ImageSettings()
TABLES, HOPELESS = tables(), hopeless()


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content)
    return path


def loaded(path, **hints):
    understanding = understand(path, Hints(**hints))
    return understanding, load(make(understanding.data), IMAGE, path.parent)


@pytest.mark.parametrize("table", TABLES, ids=[table.name for table in TABLES])
def test_a_table_is_understood(tmp_path, table):
    understanding, data = loaded(write(tmp_path, table.name, table.content))
    said = "\n".join(understanding.understood)
    frame = data.cases.frame
    assert frame.label.value_counts().to_dict() == table.counts, said
    assert [column.name for column in data.columns if column.kind == "number"] == list(table.numbers), said
    assert [column.name for column in data.columns if column.kind == "category"] == list(table.categories), said
    numbers = np.array([column.kind == "number" for column in data.columns])
    assert np.nansum(data.X[:, numbers].astype(np.float64)) == pytest.approx(table.values, rel=1e-6)
    assert frame.group[frame.group != ""].nunique() == table.patients
    assert frame.split[frame.split != ""].value_counts().to_dict() == table.parts
    assert table.said in said
    assert {key: understanding.data.get(key) for key in table.keys} == table.keys
    assert len(understanding.sample) == 3
    assert not any(ord(letter) < 32 for line in understanding.sample for letter in line)


@pytest.mark.parametrize(("name", "content", "code"), HOPELESS, ids=[name for name, *_ in HOPELESS])
def test_a_hopeless_table_is_named_with_its_code(tmp_path, name, content, code):
    path = write(tmp_path, name, content)
    with pytest.raises(DataError) as caught:
        loaded(path)
    assert caught.value.code == code, str(caught.value)
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert caught.value.expected
    assert caught.value.fix


def test_enough_of_both_are_tried():
    assert len(TABLES) >= 20
    assert len(HOPELESS) >= 8
    assert len({table.name for table in TABLES}) == len(TABLES)


def test_the_user_decides_the_class_and_the_patient(tmp_path):
    path = write(tmp_path, "t.csv", text(rows()))
    understanding, data = loaded(path, label="sex", group="age")
    assert data.cases.frame.label.value_counts().to_dict() == {"male": 16, "female": 8}
    assert understanding.data["group"] == {"from": "column", "column": "age"}
    assert [column.name for column in data.columns] == ["dose", "label"]
    with pytest.raises(DataError, match=r"seimbang init t\.csv --label sex"):
        understand(path, Hints(label="sxe"))


def test_a_number_as_class_is_cut_at_its_median_and_the_others_are_offered(tmp_path):
    understanding, data = loaded(write(tmp_path, "t.csv", text([row[:3] for row in rows()])))
    (guess,) = understanding.guesses
    assert (guess.key, guess.chosen, guess.others) == ("label", "dose", ("age",))
    assert guess.lines == ('label = { "column": "age" }',) or guess.lines[0].startswith(
        'label = { column = "age", cuts = ['
    )
    assert set(data.cases.classes) == {"low", "high"}


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_ten_thousand_rows_are_read_as_they_are(tmp_path, ending):
    rng, n = np.random.default_rng(0), 10_000
    values = rng.normal(50, 10, (n, 12)).round(2)
    names = ["id", *(f"v{k}" for k in range(12)), "label"]
    table = [[f"c{k}", *map(float, row), "ill" if k % 9 == 0 else "well"] for k, row in enumerate(values)]
    if ending == "csv":
        content = text([names, *([str(cell).replace(".", ",") for cell in row] for row in table)], ";")
    else:
        content = workbook(Data=[names, *table])
    path = write(tmp_path, f"t.{ending}", content)
    _, data = loaded(path)
    assert data.X.shape == (n, 12)
    np.testing.assert_allclose(np.sort(data.X, axis=0), np.sort(values.astype(np.float32), axis=0))
