"""Classical models from their package: on images and on tables, from the command and on the page."""

import io
import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from typer.testing import CliRunner

from seimbang.cli import app
from seimbang.datasets.base import Column
from seimbang.datasets.prepare import TablePreparer
from seimbang.errors import DataError, IntegrityError, StudyError
from seimbang.evaluation import read as read_predictions
from seimbang.record.choice import find_arm
from seimbang.record.contents import read as contents
from seimbang.runs.run import run as run_study
from seimbang.runs.table_explanations import importance
from seimbang.serving.page_server import APP
from seimbang.serving.predictor import Predictor
from seimbang.serving.rows import harmless, neighbours, outside, read_file, read_rows, with_predictions
from seimbang.serving.words import load, plain
from seimbang.study.schema import parse
from seimbang.text import LANGUAGES

testing = pytest.importorskip("streamlit.testing.v1", reason="the page's extra is not installed")
NAMES = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]
FLOWER = dict(zip(NAMES, ("5.1", "3.5", "1.4", "0.2"), strict=True))
TABLE = {
    "title": "Iris",
    "question": "Which iris?",
    "data": {"source": "sklearn:iris", "positive": "virginica"},
    "split": {"test": 0.3, "validation": 0.0},
    "model": {"name": "knn", "k": 5},
    "arm": [{"name": "k-NN"}, {"name": "SVM", "model": {"name": "svm", "grid": {"C": [0.01, 1.0]}}}],
}
IMAGES = {
    "title": "Synthetic chest X-rays",
    "question": "Does an SVM see it?",
    "data": {"source": "phantom", "positive": "PNEUMONIA", "phantom": {"patients": 60, "prevalence": 0.4}},
    "image": {"size": [32, 32], "flip_test": True},
    "model": {"name": "svm"},
    "arm": [{"name": "pixels"}, {"name": "hog", "model": {"name": "svm", "features": "hog"}}],
}


def unrecorded(run, to):
    """Return a copy of a run that keeps no record of what it wrote, so that edits are not told from it."""
    shutil.copytree(run, to, ignore=shutil.ignore_patterns(".steps"))
    return to


def ran(study, factory, name):
    out = factory.mktemp(name)
    run_study(parse(study), Path(), out)
    return out


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return ran(TABLE, tmp_path_factory, "iris")


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return ran(IMAGES, tmp_path_factory, "images")


@pytest.fixture(scope="module")
def flowers():
    """Return the texts of all rows, as a file holds them; the index is that of the cases' names."""
    frame = load_iris(as_frame=True).data.astype(str)
    return frame.set_index("row " + frame.index.astype(str).str.zfill(7))


def write(path, *rows, names=NAMES):
    path.write_text("\n".join(",".join(row) for row in (names, *rows)) + "\n")
    return path


@pytest.fixture
def draw(monkeypatch):
    def page(run, arm, language="en"):
        monkeypatch.setattr(sys, "argv", [str(APP), str(run), arm])
        at = testing.AppTest.from_file(str(APP), default_timeout=60)
        at.query_params["lang"] = language
        return at.run()

    return page


def said(node):
    names = ("title", "header", "subheader", "markdown", "warning", "error", "info", "table")
    return "\n".join(str(one.value) for name in names for one in node.get(name))


def fill(at, values):
    for field, value in zip(at.number_input, values, strict=True):
        field.set_value(value)
    return at.button[0].click().run()


def test_a_case_predicted_in_several_folds_counts_once_as_experience(table, tmp_path):
    run = unrecorded(table, tmp_path / "run")
    before = contents(run, "k-nn").experience("test", "virginica", 1.0)
    file = run / "arms/k-nn/predictions.csv"
    once = pd.read_csv(file, dtype=str, keep_default_na=False)
    pd.concat([once, once.assign(fold="2")]).to_csv(file, index=False)
    assert before[0] > 0
    assert contents(run, "k-nn").experience("test", "virginica", 1.0) == before


@pytest.mark.parametrize("arm", ["pixels", "hog"])
def test_an_image_gets_what_the_run_said_of_it(images, arm):
    predictor = Predictor.load(images / "arms" / arm)
    assert predictor.network is None
    run = read_predictions(images / "arms" / arm).set_index("case_id")
    for one in json.loads((images / "data.json").read_text())["samples"]:
        found = predictor.predict((images / one["file"]).read_bytes(), "x.png")
        expected = run.loc[one["case_id"], [f"p_{name}" for name in predictor.classes]].tolist()
        assert list(found.probabilities.values()) == pytest.approx(expected, abs=1e-6)


def test_the_page_of_a_classical_model_on_images(images, draw):
    at = draw(images, "hog")
    sample = next((images / "samples").glob("*.png")).read_bytes()
    at.file_uploader[0].set_value(("x.png", sample, "image/png")).run()
    assert not at.exception
    assert not at.error
    assert len(at.get("progress")) == 2
    assert load("en")("heat.title") not in said(at.main)
    assert "Adam" not in said(at.main)


@pytest.mark.parametrize("arm", ["k-nn", "svm"])
def test_rows_get_what_the_run_said_of_them(table, flowers, arm):
    _, found = read_rows(Predictor.load(table / "arms" / arm), flowers)
    run = read_predictions(table / "arms" / arm).set_index("case_id").loc[flowers.index]
    expected = run[["p_setosa", "p_versicolor", "p_virginica"]].to_numpy()
    np.testing.assert_allclose([list(one.probabilities.values()) for one in found], expected, atol=1e-6)


def test_a_flipped_bit_in_a_classical_model_is_noticed(table, tmp_path):
    folder = unrecorded(table, tmp_path / "run") / "arms/svm"
    file = folder / "jobs/0/0/model.skops"
    content = bytearray(file.read_bytes())
    content[100] ^= 1
    file.write_bytes(content)
    with pytest.raises(IntegrityError, match=r"MODEL_DIGEST.*model\.skops"):
        Predictor.load(folder)
    file.unlink()
    with pytest.raises(IntegrityError, match=r"MODEL_MISSING.*model\.skops"):
        Predictor.load(folder)


def test_a_model_of_other_classes_is_refused(table, tmp_path):
    folder = unrecorded(table, tmp_path / "run") / "arms/svm"
    package = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(package | {"classes": ["setosa", "virginica"]}))
    with pytest.raises(IntegrityError, match=r"RUN_DAMAGED.*classes of another data set"):
        Predictor.load(folder)


def test_without_validation_the_search_chooses_the_arm_else_the_order_of_the_study(table, tmp_path):
    assert find_arm(table, None) == "svm"
    run = unrecorded(table, tmp_path / "run")
    (run / "arms/svm/search.csv").unlink()
    assert find_arm(run, None) == "k-nn"


def test_neighbours_are_the_nearest_training_rows_as_the_model_sees_them(table, flowers):
    folder = table / "arms/k-nn"
    predictor = Predictor.load(folder)
    run = read_predictions(folder).set_index("case_id")
    train = run.index[run.set == "train"]
    X, _ = read_rows(predictor, flowers.loc[train[:1]])
    found = neighbours(folder, predictor, X)
    assert found[0].case_id == train[0]
    assert found[0].distance == 0
    values = flowers.loc[train].astype(float).to_numpy()
    prepared = (values - values.mean(0)) / values.std(0, ddof=1)
    expected = np.sort(np.linalg.norm(prepared - prepared[0], axis=1))[:5]
    np.testing.assert_allclose([one.distance for one in found], expected, atol=1e-5)
    assert [one.label for one in found] == run.label[[one.case_id for one in found]].tolist()


class ByFirst:
    """Says class 1 where the first column is above 0."""

    def probabilities(self, X):
        p = (X[:, 0] > 0).astype(float)
        return np.stack([1 - p, p], axis=1)


def test_importance_is_what_is_lost_without_the_column_that_decides():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 2)).astype(np.float32)
    preparer = TablePreparer.fit(X, (Column("first", "number"), Column("second", "number")))
    y = (preparer.transform(X)[:, 0] > 0).astype(np.int64)
    first, second = importance(ByFirst(), preparer, X, y, None, rng)
    assert (first.column, second.drop, second.sd) == ("first", 0, 0)
    assert first.drop == pytest.approx(0.5, abs=0.05)  # chance is left
    assert 0 < first.sd < 0.1


def test_importance_of_an_arm_that_answers_by_a_threshold_is_by_that():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 1)).astype(np.float32)
    preparer = TablePreparer.fit(X, (Column("first", "number"),))
    (never,) = importance(ByFirst(), preparer, X, (X[:, 0] > 0).astype(np.int64), 1.5, rng)
    assert never.drop == 0  # the second class is never the answer, whatever the column says


@pytest.mark.parametrize("arm", ["k-nn", "svm"])
def test_the_run_holds_importance_of_every_column_and_the_report_shows_it(table, arm):
    rows = json.loads((table / "arms" / arm / "importance.json").read_text())
    assert [row["column"] for row in rows] == NAMES
    drop = {row["column"]: row["drop"] for row in rows}
    assert max(drop["petal length (cm)"], drop["petal width (cm)"]) > drop["sepal width (cm)"]
    assert (table / f"figures/importance-{arm}.svg").is_file()


def test_the_report_of_a_table_speaks_of_no_images(table):
    page = (table / "report.html").read_text()
    text = re.sub(r"<(style|script|pre)>.*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)  # <pre> holds the study file
    assert "Which columns matter" in text
    assert not re.findall(r"(?i)\bimages?\b|pixels|hospital|scanner|greyscale|radiolog", text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+2", "'=1+2"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-2+3", "'-2+3"),
        ("\t=1", "'\t=1"),
        ("-5.25e-3", "-5.25e-3"),
        ("+7", "+7"),
        ("", ""),
        ("Papua", "Papua"),
    ],
)
def test_no_cell_of_the_download_is_a_formula(text, shown):
    assert harmless(text) == shown


def test_the_download_is_the_file_with_predictions_added(table, tmp_path):
    predictor = Predictor.load(table / "arms/svm")
    file = write(tmp_path / "rows.csv", ["=A1", *FLOWER.values()], ["-1", "", "", "", "9"], names=["=id", *NAMES])
    rows = read_file(file)
    X, found = read_rows(predictor, rows)
    back = pd.read_csv(io.StringIO(with_predictions([rows], found)), dtype=str)
    assert list(back) == [
        "'=id",
        *NAMES,
        "predicted",
        "confidence",
        "p_setosa",
        "p_versicolor",
        "p_virginica",
        "answer",
    ]
    assert back["'=id"].tolist() == ["'=A1", "-1"]
    assert back.predicted.tolist() == [one.label for one in found]
    assert outside(X, predictor.table.columns).tolist() == [[False] * 4, [False, False, False, True]]


def test_the_command_predicts_files_and_names_row_and_column_of_a_mistake(table, tmp_path):
    good = write(tmp_path / "good.csv", FLOWER.values())
    bad = write(tmp_path / "bad.csv", FLOWER.values(), ["5", "wide", "1", "1"])
    done = CliRunner().invoke(app, ["predict", str(table), str(good), str(bad), str(tmp_path / "none.csv")])
    assert done.exit_code == DataError.exit_code
    assert f"{good}, row 2\tsetosa\t" in done.output
    assert re.search(r"bad\.csv: DATA_TEXT.*'wide' in row 3 of the column 'sepal width \(cm\)'", done.output)
    assert re.search(r"none\.csv: DATA_MISSING", done.output)
    out = tmp_path / "out.csv"
    done = CliRunner().invoke(app, ["predict", str(table), str(good), "--out", str(out)])
    assert done.exit_code == 0
    assert pd.read_csv(out).predicted.tolist() == ["setosa"]


def test_an_excel_file_is_predicted_too(table, tmp_path):
    pytest.importorskip("openpyxl")
    file = tmp_path / "rows.xlsx"
    pd.DataFrame([{name: float(value) for name, value in FLOWER.items()}]).to_excel(file, index=False)
    done = CliRunner().invoke(app, ["predict", str(table), str(file), "--arm", "k-NN"])
    assert f"{file}, row 2\tsetosa\t1.0000" in done.output


def test_a_file_of_predictions_is_for_tables_only(images, tmp_path):
    done = CliRunner().invoke(app, ["predict", str(images), "x.png", "--out", str(tmp_path / "out.csv")])
    assert isinstance(done.exception, StudyError)
    assert done.exception.code == "OUT_TABLE"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_form_asks_for_every_column_and_gets_the_predictor_s_answer(table, draw, language):
    at, words = draw(table, "svm", language), load(language).of_tables()
    assert not at.exception
    assert not at.error
    assert [tab.label for tab in at.tabs] == [
        words(f"part.{name}") for name in ("purpose", "data", "model", "use", "upload")
    ]
    assert [field.label.partition(":")[0] for field in at.number_input] == [plain(name) for name in NAMES]
    assert words("upload.waiting") in said(at.main)
    fill(at, [float(value) for value in FLOWER.values()])
    predictor = Predictor.load(table / "arms/svm")
    found = predictor.predict_rows(np.array([[float(value) for value in FLOWER.values()]], np.float32))[0]
    sentence = words("upload.says", name=found.label, confidence=words.percent(found.confidence))
    assert sentence in said(at.main)
    assert words("rows.alike") in said(at.main)
    assert words("model.importance") in said(at.main)
    english = [text for key, text in load("en").texts.items() if "{" not in text and " " in text]
    assert language == "en" or not [text for text in english if text in said(at.main)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_a_table_speaks_of_no_images(table, draw, language):
    at = draw(table, "svm", language)
    fill(at, [5.1, 3.5, 1.4, 0.2])
    assert not re.findall(r"(?i)\bimages?\b|\bgambar|pixel|piksel|hospital|rumah sakit|picture", said(at.main))


def test_a_value_outside_the_training_range_is_warned_of_and_a_blank_one_is_not(table, draw):
    at, words = draw(table, "svm"), load("en").of_tables()
    fill(at, [5.1, 3.5, None, None])
    assert not any("between" in one.value for one in at.warning)
    assert len(at.get("progress")) == 3
    fill(at, [5.1, 3.5, None, 25.0])
    assert any(plain("petal width (cm)") in one.value and "between 0" in one.value for one in at.warning)
    fill(at, [None] * 4)
    assert words("upload.waiting") in said(at.main)


def test_a_file_is_predicted_on_the_page_and_can_be_downloaded(table, draw, tmp_path):
    at = draw(table, "svm")
    content = write(tmp_path / "rows.csv", FLOWER.values(), ["6.5", "3.0", "5.5", "40"]).read_bytes()
    at.file_uploader[0].set_value(("rows.csv", content, "text/csv")).run()
    assert not at.exception
    assert not at.error
    assert len(at.get("download_button")) == 1
    assert load("en")("rows.unlike", count="1", all="2") in [one.value for one in at.warning]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "DATA_EMPTY"),
        (b"\xff\xfe\x00", "DATA_ENCODING"),
        (b"Dear colleague,\nthe films are on the way.\n", "DATA_CSV"),
        ((",".join(NAMES) + "\n").encode(), "DATA_EMPTY"),
        (b"a,b\n1,2\n", "DATA_COLUMN"),
        ((",".join(NAMES) + "\n1,2,long,4\n").encode(), "DATA_TEXT"),
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_file_with_a_mistake_gets_a_sentence(table, draw, content, code, language):
    at = draw(table, "svm", language)
    at.file_uploader[0].set_value(("rows.csv", content, "text/csv")).run()
    assert not at.exception
    (error,) = at.error
    assert code in error.value.replace("\\", "")
    if code == "DATA_TEXT":
        assert "row 2" in error.value


def test_missing_training_rows_are_said_to_be_missing(table, draw, tmp_path):
    run = unrecorded(table, tmp_path / "run")
    (run / "arms/svm/neighbours.npz").write_bytes(b"PK no more")
    at = fill(draw(run, "svm"), [5.1, 3.5, 1.4, 0.2])
    (error,) = at.error
    assert plain("RUN_DAMAGED") in error.value
