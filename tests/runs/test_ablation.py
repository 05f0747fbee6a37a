"""An arm is run with each step of ``[image]`` switched off alone, on the same cases, and what is lost is told."""

import json
from pathlib import Path

import pandas as pd
import pytest

from seimbang.errors import StudyError
from seimbang.runs.ablation import ablate, lines
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
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEIMBANG_CACHE", str(tmp_path_factory.mktemp("cache")))
        out = tmp_path_factory.mktemp("run")
        yield out, ablate(study(), Path(), out, "none")


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
        assert lost["p"] is None or lost["holm"] >= lost["p"]


def test_what_is_finished_is_not_done_again(ablated):
    out, rows = ablated
    before = {path: path.stat().st_mtime_ns for path in out.rglob("model.safetensors")}
    assert ablate(study(), Path(), out, "none") == rows
    assert len(before) == 4
    assert before == {path: path.stat().st_mtime_ns for path in out.rglob("model.safetensors")}


def test_the_table_in_words():
    lost = {"difference": -0.25, "low": -0.5, "high": 0.125, "p": 0.01, "holm": 0.02, "why": ""}
    alike = {"difference": 0.0, "low": None, "high": None, "p": None, "holm": None, "why": "they decide alike"}
    own = {"value": 0.75, "low": 0.5, "high": 1.0}
    kept = {"arm": "none", "set": "test", "balanced_accuracy": own}
    rows = [
        {**kept, "without": ""},
        {**kept, "without": "filter", "balanced_accuracy_lost": lost},
        {**kept, "without": "border", "balanced_accuracy_lost": alike},
    ]
    assert [line[2:] for line in lines(rows)] == [
        ("every step", "0.750 (0.500 to 1.000)", "", ""),
        ("filter", "0.750 (0.500 to 1.000)", "-0.250 (-0.500 to +0.125)", "0.020"),
        ("border", "0.750 (0.500 to 1.000)", "+0.000", "they decide alike"),
    ]


@pytest.mark.parametrize(
    ("changes", "arm", "code"),
    [
        ({"image": {"size": [16, 16]}}, "none", "ABLATION_NOTHING"),
        ({"split": {"group": "auto"}}, "none", "ABLATION_GROUPS"),
        ({}, "nobody", "ARM_UNKNOWN"),
    ],
)
def test_what_cannot_be_taken_apart_is_said_before_anything_runs(changes, arm, code, tmp_path):
    with pytest.raises(StudyError, match=code):
        ablate(study(**changes), Path(), tmp_path / "run", arm)
    assert not (tmp_path / "run").exists()
