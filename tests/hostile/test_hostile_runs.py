"""Run folders that somebody damaged: each reader has one answer, an IntegrityError, and nothing else."""

import json
import os
import shutil

import pytest

from run_folder import fake_run
from seimbang.errors import IntegrityError
from seimbang.record.read import read
from seimbang.serving.predictor import Predictor

ARM = "arms/none"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return fake_run(tmp_path_factory.mktemp("hostile") / "run")


def content(name, to):
    """Replace the content of a file."""
    return lambda folder: (folder / name).write_bytes(to)


def cut(name):
    """Leave half of a file."""
    return lambda folder: (folder / name).write_bytes(
        (folder / name).read_bytes()[: (folder / name).stat().st_size // 2]
    )


def key(name, *path, to):
    """Set a value in a JSON file."""

    def change(folder):
        value = json.loads((folder / name).read_text(encoding="utf-8"))
        place = value
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to
        (folder / name).write_text(json.dumps(value), encoding="utf-8")

    return change


def gone(name):
    """Take a file away."""
    return lambda folder: (folder / name).unlink()


def pipe(name):
    """Put a pipe in the place of a file, which whoever opens it waits for."""

    def change(folder):
        (folder / name).unlink()
        os.mkfifo(folder / name)

    return change


def a_folder(name):
    """Put a folder in the place of a file."""

    def change(folder):
        (folder / name).unlink()
        (folder / name).mkdir()

    return change


BALANCED = ("sets", "test", "default", "metrics", "balanced_accuracy")
READ = {
    "metrics cut": (cut(f"{ARM}/metrics.json"), "RUN_DAMAGED"),
    "metrics empty": (content(f"{ARM}/metrics.json", b""), "RUN_DAMAGED"),
    "metrics no JSON": (content(f"{ARM}/metrics.json", b"\xff\xfe\x00"), "RUN_DAMAGED"),
    "metrics a list": (content(f"{ARM}/metrics.json", b"[]"), "RUN_DAMAGED"),
    "metrics nested deep": (content(f"{ARM}/metrics.json", b"[" * 100_000), "RUN_DAMAGED"),
    "an accuracy of 2": (key(f"{ARM}/metrics.json", *BALANCED, "value", to=2), "RUN_DAMAGED"),
    "an accuracy of -5": (key(f"{ARM}/metrics.json", *BALANCED, "value", to=-5), "RUN_DAMAGED"),
    "an accuracy of 1e308": (key(f"{ARM}/metrics.json", *BALANCED, "value", to=1e308), "RUN_DAMAGED"),
    "an accuracy in words": (key(f"{ARM}/metrics.json", *BALANCED, "value", to="good"), "RUN_DAMAGED"),
    "an interval of a list": (key(f"{ARM}/metrics.json", *BALANCED, to=[0, 1]), "RUN_DAMAGED"),
    "arm.json a number": (content(f"{ARM}/arm.json", b"1"), "RUN_DAMAGED"),
    "arm.json with a key too many": (key(f"{ARM}/arm.json", "trust", to=True), "RUN_DAMAGED"),
    "leaky in words": (key(f"{ARM}/arm.json", "leaky", to="certainly not"), "RUN_DAMAGED"),
    "data.json gone": (gone("data.json"), "RUN_MISSING"),
    "data.json a folder": (a_folder("data.json"), "RUN_MISSING"),
    "data.json a pipe": (pipe("data.json"), "RUN_MISSING"),
    "classes a number": (key("data.json", "classes", to=3), "RUN_DAMAGED"),
    "comparisons empty": (content("comparisons.json", b""), "RUN_DAMAGED"),
    "comparisons of nothing": (content("comparisons.json", b"{}"), "RUN_UNFINISHED"),
    "audit.json a pipe": (pipe("audit.json"), "RUN_MISSING"),
    "study.json of another language": (content("study.json", "study: ü".encode()), "RUN_DAMAGED"),
    "study.json without arms": (content("study.json", b"{}"), "RUN_DAMAGED"),
    "audit.json null": (content("audit.json", b"null"), "RUN_DAMAGED"),
    "provenance gone": (gone("provenance.json"), "RUN_MISSING"),
    "openings a list": (content("openings.json", b"[]"), "RUN_DAMAGED"),
    "sample size a word": (content("sample_size.json", b'"ten"'), "RUN_DAMAGED"),
}
PREDICT = {
    "package cut": (cut(f"{ARM}/model.json"), "RUN_DAMAGED"),
    "package a pipe": (pipe(f"{ARM}/model.json"), "RUN_MISSING"),
    "package gone": (gone(f"{ARM}/model.json"), "MODEL_MISSING"),
    "classes renamed": (key(f"{ARM}/model.json", "classes", to=["CAT", "DOG"]), "MODEL_CLASSES"),
    "classes swapped": (key(f"{ARM}/model.json", "classes", to=["PNEUMONIA", "NORMAL"]), "RUN_DAMAGED"),
    "a threshold of 1e308": (key(f"{ARM}/model.json", "threshold", to=1e308), "RUN_DAMAGED"),
    "an unknown rule": (key(f"{ARM}/model.json", "decides", to="coin"), "RUN_DAMAGED"),
    "a model of another kind": (key(f"{ARM}/model.json", "model", to={"name": "knn"}), "RUN_DAMAGED"),
    "weights of nobody": (key(f"{ARM}/model.json", "files", to={}), "MODEL_MISSING"),
    "weights outside the run": (key(f"{ARM}/model.json", "files", to={"../../x.safetensors": "ab"}), "RUN_DAMAGED"),
    "refusal cut": (cut(f"{ARM}/refusal.json"), "MODEL_DIGEST"),
}


def code_of(call, folder):
    """Return the code of what a reader gives, and its exit code."""
    try:
        call(folder)
    except IntegrityError as error:
        return error.code, error.exit_code
    return "", 0


@pytest.mark.parametrize("name", READ)
def test_each_run_has_its_answer(name, whole, tmp_path):
    folder = shutil.copytree(whole, tmp_path / "run")
    damage, code = READ[name]
    damage(folder)
    assert code_of(read, folder) == (code, 5)


@pytest.mark.parametrize("name", PREDICT)
def test_each_model_has_its_answer(name, whole, tmp_path):
    folder = shutil.copytree(whole, tmp_path / "run")
    damage, code = PREDICT[name]
    damage(folder)
    assert code_of(lambda run: Predictor.load(run / ARM), folder) == (code, 5)


def test_the_whole_run_is_read(whole):
    assert code_of(read, whole) == ("", 0)
    assert code_of(lambda run: Predictor.load(run / ARM), whole) == ("", 0)
