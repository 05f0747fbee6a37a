"""A quick run keeps to a minute on any machine, tells how long it will take, and stays as it was decided."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seimbang.datasets.base import CaseTable
from seimbang.runs import forecast
from seimbang.runs.describe import divide
from seimbang.runs.forecast import Speed, choose_cut, in_words, measure, total
from seimbang.runs.prepare import cut_of, prepare
from seimbang.runs.quick import CUTS, Cut, cut_down, quick, recall, remembered, thin
from seimbang.runs.run import run
from seimbang.runs.stages import jobs_of
from seimbang.splits.base import Fold
from seimbang.study.schema import parse


def study(**changes):
    return parse(
        {
            "title": "Test",
            "data": {"source": "phantom", "positive": "PNEUMONIA", "phantom": {"patients": 120, "prevalence": 0.3}},
            "image": {"size": [96, 96]},
            "model": {"name": "gru", "units": 4},
            "training": {"epochs": 30, "seeds": 3},
            "arm": [{"name": "none"}, {"name": "SMOTE", "balance": {"method": "smote"}, "training": {"epochs": 9}}],
        }
        | changes
    )


@pytest.fixture(scope="module")
def divided():
    return divide(prepare(quick(study()), Path(), quick=True))


def test_what_is_cut_whatever_the_machine():
    small = quick(study(split={"folds": 10, "repeats": 2}))
    assert small.image.size == (64, 64)
    assert (small.training.epochs, small.training.seeds) == (5, 1)
    assert small.arm[1].training["epochs"] == 5
    assert (small.split.folds, small.split.repeats) == (3, 1)


def test_every_class_keeps_its_share_and_at_least_twenty():
    labels = ["a"] * 900 + ["b"] * 100
    frame = pd.DataFrame({"case_id": [f"{k:04d}" for k in range(1000)], "label": labels})
    cases, rows = CaseTable.build(frame), np.arange(1000)
    fold = thin(cases, Fold("", rows[::2], rows[1::4], rows[3::4]), 120)
    assert [np.bincount(cases.y[part]).tolist() for part in fold.parts().values()] == [[108, 20], [36, 20], [108, 20]]
    again = thin(cases, Fold("", rows[::2], rows[1::4], rows[3::4]), 120)
    assert all(np.array_equal(a, b) for a, b in zip(fold.parts().values(), again.parts().values(), strict=True))


def jobs(divided):
    return [job for plan in divided.prepared.study.plans() for job in jobs_of(divided, plan)]


def test_the_slower_the_model_the_more_is_cut(divided, monkeypatch):
    monkeypatch.setattr(forecast, "small", lambda *_: False)
    monkeypatch.setattr(forecast, "cores", lambda: 2)
    slugs, chosen = {plan.slug for plan in plans(divided)}, []
    for second in (0.0001, 0.1, 5.0):
        known = {key: Speed(100, 100 * second, 1.0, second / 3) for key in map(forecast._key, plans(divided))}
        chosen += [CUTS.index(choose_cut(divided, slugs, 1, spent, known)) for spent in (0.0, 5.0)]
    assert chosen == sorted(chosen)
    assert (chosen[0], chosen[-1]) == (0, len(CUTS) - 1)
    assert 0 < chosen[2] < len(CUTS) - 1


def test_the_chosen_cut_keeps_the_minute_where_any_does(divided, monkeypatch):
    monkeypatch.setattr(forecast, "small", lambda *_: False)
    slugs = {plan.slug for plan in divided.prepared.study.plans()}
    for second in np.geomspace(1e-4, 0.05, 12):
        known = {key: Speed(100, 100 * second, 1.0, second / 3) for key in map(forecast._key, plans(divided))}
        cut = choose_cut(divided, slugs, 1, 5.0, dict(known))
        smaller = cut_down(divided, cut)
        seconds = total(smaller, jobs(smaller), known, 1, 2)
        least = cut_down(divided, CUTS[-1])
        assert seconds <= max(60 - 5, total(least, jobs(least), known, 1, 2) + forecast.LEAST)


def plans(divided):
    return divided.prepared.study.plans()


def test_models_are_tried_and_the_time_grows_with_the_work(divided):
    known = {}
    measure(divided, jobs(divided), 1, known)
    assert len(known) == 1
    (speed,) = known.values()
    assert 0 < speed.training < 60
    less = cut_down(divided, Cut(60, 1))
    assert total(less, jobs(less), known, 1, 1) < total(divided, jobs(divided), known, 1, 1)


def test_a_classical_model_is_tried_without_its_grid():
    rows = study(
        data={"source": "sklearn:breast_cancer", "positive": "malignant"},
        model={"name": "svm", "grid": {"C": [0.1, 1.0]}},
        training={},
        arm=[{"name": "none"}],
    )
    made = divide(prepare(rows, Path()))
    known = {}
    measure(made, jobs(made), 1, known)
    (speed,) = known.values()
    assert 1.0 <= speed.power <= 2.5
    assert forecast._fits(plans(made)[0]) == 2 * 5 + 1


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(20, "less than a minute"), (70, "about a minute"), (540, "about 9 minutes"), (9000, "about 2.5 hours")],
)
def test_a_forecast_in_words(seconds, words):
    assert in_words(seconds, 2) == f"Forecast: {words} on 2 cores."
    assert in_words(seconds, 1).endswith("on 1 core.")


def test_a_cut_is_remembered_for_its_study_alone():
    kept = json.loads(json.dumps(remembered(Cut(300, 4), study())))
    assert recall(kept, study()) == Cut(300, 4)
    assert recall(kept, study(title="Another")) is None
    assert recall({}, study()) is None


def test_a_run_that_goes_on_stays_as_it_was_cut(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr("seimbang.runs.run.choose_cut", lambda *_: Cut(60, 2))
    run(study(), Path(), tmp_path, only=("none",), quick=True)
    assert "Forecast: " in capfd.readouterr().err
    assert cut_of(tmp_path) == Cut(60, 2)
    assert len(pd.read_csv(tmp_path / "arms/none/jobs/0/0/history.csv")) == 2
    before = (tmp_path / "arms/none/jobs/0/0/model.safetensors").read_bytes()
    monkeypatch.setattr("seimbang.runs.run.choose_cut", lambda *_: Cut(900, 5))
    run(study(), Path(), tmp_path, quick=True)
    assert cut_of(tmp_path) == Cut(60, 2)
    assert len(pd.read_csv(tmp_path / "arms/smote/jobs/0/0/history.csv")) == 2
    assert (tmp_path / "arms/none/jobs/0/0/model.safetensors").read_bytes() == before


def test_quick_runs_and_audits_group_images_alike(tmp_path):
    grouped = study(split={"test": 0.2, "validation": 0.2, "group": "auto"}, arm=[{"name": "none"}])
    whole = divide(prepare(grouped, Path()))
    run(grouped, Path(), tmp_path, quick=True)
    facts = json.loads((tmp_path / "data.json").read_text())
    assert facts["protocols"][0]["groups"] == len(np.unique(whole.sets[""].cases.groups))
