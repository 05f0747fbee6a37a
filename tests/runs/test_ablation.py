"""An arm is run with each step of ``[image]`` switched off alone, on the same cases, and what is lost is told."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from seimbang.errors import StudyError
from seimbang.runs.ablation import ablate, lines
from seimbang.runs.run import run
from seimbang.study.schema import parse

STEPS = ["filter", "normalise", "augment"]
CASE = ["case_id", "fold", "set", "label"]


def study(**changes):
    values = {
        "title": "Test",
        "data": {"source": "phantom", "positive": "PNEUMONIA", "phantom": {"patients": 60, "prevalence": 0.4}},
        "image": {"size": [16, 16], "filter": "median", "normalise": "minmax", "augment": {"noise": 0.3}},
        "model": {"name": "gru", "units": 4},
        "training": {"epochs": 3, "learning_rate": 0.02},
        "arm": [{"name": "none"}, {"name": "weights", "balance": {"method": "class_weights"}}],
        "published": [{"arm": "weights", "accuracy": 0.9}],
    }
    return parse(values | changes)


@pytest.fixture(scope="module")
def ablated(tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    return out, ablate(study(), Path(), out, "none")


def table(out):
    return pd.read_csv(out / "arms/none/predictions.csv")


def test_one_step_alone_is_off_in_each_run(ablated):
    out, _ = ablated
    full = json.loads((out / "study.json").read_text())
    assert sorted(path.name for path in (out / "ablation").iterdir()) == sorted(STEPS)
    for step in STEPS:
        image = json.loads((out / "ablation" / step / "study.json").read_text())["image"]
        on = {key for key in full["image"] if image.get(key) != full["image"][key]}
        assert on == {step}
        assert [path.name for path in (out / "ablation" / step / "arms").iterdir()] == ["none"]


def test_every_run_is_measured_on_the_same_cases_with_other_results(ablated):
    out, _ = ablated
    full = table(out)
    for step in STEPS:
        without = table(out / "ablation" / step)
        pd.testing.assert_frame_equal(without[CASE], full[CASE])
        assert (without.p_PNEUMONIA - full.p_PNEUMONIA).abs().max() > 1e-4


def test_the_rows_are_the_figures_of_the_runs_and_their_differences(ablated):
    out, rows = ablated
    assert json.loads((out / "ablation.json").read_text())["rows"] == rows
    assert [(row["set"], row["without"]) for row in rows] == [("test", step) for step in ["", *STEPS]]
    first, *others = rows
    for row in others:
        metrics = json.loads((out / "ablation" / row["without"] / "arms/none/metrics.json").read_text())
        assert row["accuracy"] == metrics["sets"]["test"]["default"]["metrics"]["accuracy"]
        lost = row["accuracy_lost"]
        assert lost["difference"] == pytest.approx(first["accuracy"]["value"] - row["accuracy"]["value"])
        assert lost["p"] is None or lost["corrected"] >= lost["p"]


def test_what_is_finished_is_not_done_again(ablated):
    out, rows = ablated
    before = {path: path.stat().st_mtime_ns for path in out.rglob("model.safetensors")}
    assert ablate(study(), Path(), out, "none") == rows
    assert len(before) == 4
    assert before == {path: path.stat().st_mtime_ns for path in out.rglob("model.safetensors")}


def test_the_table_in_words():
    lost = {"difference": -0.25, "low": -0.5, "high": 0.125, "p": 0.01, "corrected": 0.02, "why": ""}
    alike = {"difference": 0.0, "low": None, "high": None, "p": None, "corrected": None, "why": "they decide alike"}
    own = {"value": 0.75, "low": 0.5, "high": 1.0}
    kept = {"arm": "none", "set": "test", "balanced_accuracy": own}
    rows = [
        {**kept, "without": ""},
        {**kept, "without": "filter", "balanced_accuracy_lost": lost},
        {**kept, "without": "border", "balanced_accuracy_lost": alike},
    ]
    assert [line[2:] for line in lines(rows)] == [
        ("every step", "0.750 (0.500 to 1.000)", "", ""),
        ("filter", "0.750 (0.500 to 1.000)", "-0.250 (-0.500 to +0.125)", ".020"),
        ("border", "0.750 (0.500 to 1.000)", "+0.000", "they decide alike"),
    ]


def test_guessed_patients_are_those_of_the_images_with_every_step(tmp_path, monkeypatch):
    monkeypatch.setenv("SEIMBANG_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    shown = rng.integers(40, 200, (30, 4, 4)).repeat(8, 1).repeat(8, 2)
    for number in range(60):  # two in a row show the same, under specks of their own
        place = tmp_path / "data" / ("sick" if number // 2 % 2 else "well")
        place.mkdir(parents=True, exist_ok=True)
        specks = rng.random((32, 32)) < 0.03
        pixels = np.where(specks, 255 * rng.integers(0, 2, (32, 32)), shown[number // 2])
        Image.fromarray(pixels.astype(np.uint8)).save(place / f"{number:03}.png")
    data = {"source": "folder", "path": "data", "positive": "sick"}
    image = {"size": [32, 32], "filter": "median"}
    one = study(data=data, image=image, split={"group": "auto"}, training={"epochs": 1})
    ablate(one, tmp_path, tmp_path / "run", "none")
    full, without = (table(tmp_path / "run" / part) for part in (".", "ablation/filter"))
    pd.testing.assert_frame_equal(without[[*CASE, "group"]], full[[*CASE, "group"]])
    own = study(data=data, image={"size": [32, 32]}, split={"group": "auto"}, training={"epochs": 1})
    run(own, tmp_path, tmp_path / "own", ("none",))
    assert table(tmp_path / "own").group.nunique() != full.group.nunique() < 60


@pytest.mark.parametrize(
    ("changes", "arm", "code"),
    [
        ({"image": {"size": [16, 16]}}, "none", "ABLATION_NOTHING"),
        ({}, "nobody", "ARM_UNKNOWN"),
    ],
)
def test_what_cannot_be_taken_apart_is_said_before_anything_runs(changes, arm, code, tmp_path):
    with pytest.raises(StudyError, match=code):
        ablate(study(**changes), Path(), tmp_path / "run", arm)
    assert not (tmp_path / "run").exists()
