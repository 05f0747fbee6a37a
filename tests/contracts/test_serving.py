"""The same bytes give the same probabilities, whoever asks: Python, the command line, page, REST service and ONNX."""

import csv
import hashlib
import io
import json

import numpy as np
import pytest
import requests
from PIL import Image
from test_models import LARGE, SHAPES, classical, fitting, images, networks, task_for
from typer.testing import CliRunner

from run_folder import JOB, fake_run
from seimbang import __version__, progress
from seimbang.cli import app
from seimbang.datasets.base import Column
from seimbang.datasets.prepare import TablePreparer
from seimbang.errors import IntegrityError, StudyError
from seimbang.imaging.files import file_digest
from seimbang.record.arm import Package
from seimbang.record.base import dump
from seimbang.record.certificate import Certificate
from seimbang.record.files import read_json
from seimbang.record.refusal import Refusal
from seimbang.serving import many
from seimbang.serving.api import service
from seimbang.serving.onnx.export import Compared, export
from seimbang.serving.predictor import Predictor
from seimbang.study.models import MODELS
from serving_calls import started
from trained import train

CLASSES = ["A", "B", "C"]
NETWORKS = [name for name in MODELS if name in networks and name not in LARGE]
"""The large ones take long: docs/api.md says how they compare."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return fake_run(tmp_path_factory.mktemp("served") / "run", arms=1, external=False)


def learned(task, name):
    """Return the bytes of a model: networks with random weights, for what they predict is all that matters."""
    if task.model.kind == "classical":
        return train(task)[0].files[task.model.file]
    import torch
    from safetensors.torch import save

    torch.manual_seed(0)
    return save({key: value.contiguous() for key, value in task.model.build(task.shape, 3).state_dict().items()})


def put(run, task, name, content, table=None):
    """Make the run's only arm predict with a model of three classes, and return the arm's folder."""
    (folder,) = (run / "arms").iterdir()
    file = f"{JOB}/{task.model.file}"
    (folder / file).write_bytes(content)
    refusal = read_json(folder / "refusal.json", Refusal)
    least = {"": dict.fromkeys(CLASSES, 0.0)}
    (folder / "refusal.json").write_text(dump(refusal.model_copy(update={"kind": None, "least": least})))
    package = Package(
        model={"name": name, **task.model.model_dump(mode="json")},
        classes=CLASSES,
        positive="C",
        image=task.image,
        table=table,
        threshold=None,
        decides="default",
        files={file: hashlib.sha256(content).hexdigest()},
        refusal=file_digest(folder / "refusal.json"),
        seimbang=__version__,
    )
    (folder / "model.json").write_text(dump(package))
    *size, channels = (*task.image.size, task.image.channels)
    kind = "table" if table else "image"
    change(run / "data.json", classes=CLASSES, positive="C", size=size, channels=channels, kind=kind)
    change(folder / "arm.json", model=package.model)
    return folder


def change(file, **values):
    """Set keys of a JSON file."""
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | values), encoding="utf-8")


def by_command(run, file, monkeypatch):
    """Return class and confidence as ``seimbang predict`` prints them."""
    rows = []
    monkeypatch.setattr(progress, "table", lambda title, columns, cells: rows.extend(cells))
    done = CliRunner().invoke(app, ["predict", str(run), str(file)], catch_exceptions=False)
    assert done.exit_code == 0
    return rows[0][1], float(rows[0][2])


def post(address, **body):
    answer = requests.post(f"{address}/v1/predict", timeout=60, **body)
    assert answer.status_code == 200, answer.text
    return [case["probabilities"] for case in answer.json()["cases"]]


def exported(folder, X, tmp_path):
    """Export the arm; return the predictor of the file."""
    out = tmp_path / "model.onnx"
    certificate = export(folder, "", Compared("validation", X), out)
    assert certificate == read_json(tmp_path / "model.json", Certificate)
    assert certificate.class_changes == 0
    assert certificate.largest_difference <= 1e-5
    return Predictor.load(folder, onnx=out)


@pytest.mark.parametrize("name", [*NETWORKS, *classical])
def test_everyone_who_asks_gets_the_same(name, run, tmp_path, monkeypatch):
    task = task_for(name, fitting(name, SHAPES[1]))
    folder = put(run, task, name, learned(task, name))
    pixels = (images((task.shape[0] + 9, task.shape[1] + 4, 3), 1)[0].permute(1, 2, 0).numpy() * 255).astype(np.uint8)
    file = tmp_path / "film.png"
    Image.fromarray(pixels).save(file)

    row = many.predict(Predictor.load(folder), file).iloc[0]
    wanted = {one: row[f"p_{one}"] for one in CLASSES}
    label, confidence = by_command(run, file, monkeypatch)
    assert label == row.predicted
    assert confidence == pytest.approx(row.confidence, abs=1e-5)
    X = np.random.default_rng(0).integers(0, 256, (20, *task.shape), dtype=np.uint8)
    onnx = exported(folder, X, tmp_path).predict(file.read_bytes(), "film")
    assert onnx.probabilities == pytest.approx(wanted, abs=1e-5)
    draw = pytest.importorskip("seimbang.serving.draw")
    draw.load_predictor.clear()
    page = draw.load_predictor(str(folder), "", "").predict(file.read_bytes(), "film")
    assert page.probabilities == pytest.approx(wanted, abs=1e-5)
    for form in (None, tmp_path / "model.onnx"):
        with started(service(run, folder.name, onnx=form)) as address:
            assert post(address, files={"files": file.read_bytes()}) == [pytest.approx(wanted, abs=1e-5)]


COLUMNS = (Column("age", "number", "years"), Column("dose", "number"), Column("sex", "category", "", ("F", "M")))


@pytest.mark.parametrize("name", ["svm", "forest"])
def test_rows_of_a_table_are_answered_alike(name, run, tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    raw = np.column_stack([rng.integers(20, 90, 60), rng.random(60), rng.integers(0, 2, 60)]).astype(np.float32)
    preparer = TablePreparer.fit(raw, COLUMNS)
    task = task_for(name, (4,))
    folder = put(run, task, name, learned(task, name), preparer)
    file = tmp_path / "rows.csv"
    file.write_text("age,dose,sex\n61,0.25,F\n35,,M\n")
    wanted = [
        {one: row[f"p_{one}"] for one in CLASSES} for _, row in many.predict(Predictor.load(folder), file).iterrows()
    ]
    close = [pytest.approx(row, abs=1e-5) for row in wanted]
    exported(folder, raw, tmp_path)
    for form in (None, tmp_path / "model.onnx"):
        with started(service(run, folder.name, onnx=form)) as address:
            given = [{"age": 61, "dose": 0.25, "sex": "F"}, {"age": 35, "dose": None, "sex": "M"}]
            assert post(address, json={"rows": given}) == close
            assert post(address, data=file.read_bytes(), headers={"Content-Type": "text/csv"}) == close
    out = tmp_path / "out.csv"
    assert CliRunner().invoke(app, ["predict", str(run), str(file), "--out", str(out)]).exit_code == 0
    written = list(csv.DictReader(io.StringIO(out.read_text())))
    assert [{one: float(row[f"p_{one}"]) for one in CLASSES} for row in written] == close


def test_what_has_no_faithful_form_is_not_written(run, tmp_path):
    for settings, error, code in (
        ({"features": "hog"}, StudyError, "EXPORT_MODEL"),
        ({"weights": "distance"}, IntegrityError, "EXPORT_DIFFERS"),
    ):
        task = task_for("knn", (34, 33, 3) if "features" in settings else SHAPES[1], **settings)
        folder = put(run, task, "knn", learned(task, "knn"))
        X = np.random.default_rng(0).integers(0, 256, (20, *task.shape), dtype=np.uint8)
        with pytest.raises(error, match=code):
            export(folder, "", Compared("validation", X), tmp_path / "none.onnx")
        assert list(tmp_path.iterdir()) == []


def test_an_exported_file_is_used_only_as_certified_and_for_its_own_models(run, tmp_path):
    task = task_for("logistic", SHAPES[1])
    folder = put(run, task, "logistic", learned(task, "logistic"))
    X = np.zeros((2, *task.shape), np.uint8)
    exported(folder, X, tmp_path)
    file, certificate = tmp_path / "model.onnx", tmp_path / "model.json"
    content = file.read_bytes()
    file.write_bytes(content + b"\0")
    with pytest.raises(IntegrityError, match="ONNX_DIGEST"):
        Predictor.load(folder, onnx=file)
    file.write_bytes(content)
    said = json.loads(certificate.read_text())
    certificate.write_text(json.dumps(said | {"files": {"jobs/0/0/model.skops": "0"}}))
    with pytest.raises(StudyError, match="ONNX_OTHER"):
        Predictor.load(folder, onnx=file)
    certificate.unlink()
    with pytest.raises(IntegrityError, match="RUN_MISSING"):
        Predictor.load(folder, onnx=file)


def test_the_file_says_how_its_input_is_made(run, tmp_path):
    import onnx

    task = task_for("cnn", SHAPES[1])
    folder = put(run, task, "cnn", learned(task, "cnn"))
    exported(folder, np.zeros((2, *task.shape), np.uint8), tmp_path)
    model = onnx.load(tmp_path / "model.onnx")
    said = {one.key: one.value for one in model.metadata_props}
    assert json.loads(said["classes"]) == CLASSES
    assert json.loads(said["image"])["size"] == list(task.image.size)
    assert set(json.loads(said["files"])) == {f"{JOB}/model.safetensors"}
    assert {"threshold", "temperature", "preparation", "decides", "positive"} <= set(said)
    assert [one.name for one in model.graph.input] == ["pixels"]
