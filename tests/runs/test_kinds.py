"""Runs of every kind of model on every kind of data: classical ones, linear probes, tables, tables balanced first."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seimbang.errors import DataError, StudyError
from seimbang.runs.inspect import inspect
from seimbang.runs.prebalanced import prebalance
from seimbang.runs.prepare import load
from seimbang.runs.run import run
from seimbang.study.schema import Protocol, parse

IRIS = {
    "title": "Iris",
    "data": {"source": "sklearn:iris"},
    "model": {"name": "knn", "grid": {"k": [1, 5]}},
    "split": {"folds": 3, "validation": 0.0},
    "arm": [{"name": "k-NN"}],
}


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def predictions(folder):
    return pd.read_csv(folder / "predictions.csv", keep_default_na=False)


def test_a_table_is_tested_whole_and_the_search_is_kept(tmp_path):
    run(parse(IRIS), Path(), tmp_path)
    table = predictions(tmp_path / "arms/k-nn")
    test = table[table.set == "test"]
    assert test.case_id.is_unique
    assert len(test) == 150
    assert read(tmp_path / "arms/k-nn/metrics.json")["sets"]["test"]["default"]["metrics"]["accuracy"]["value"] > 0.9
    search = pd.read_csv(tmp_path / "arms/k-nn/search.csv")
    assert list(search.k) == [1, 5]
    assert search.chosen.sum() == 3
    assert read(tmp_path / "arms/k-nn/arm.json")["model_kind"] == "classical"
    assert read(tmp_path / "data.json")["kind"] == "table"


def test_a_fitted_fold_is_not_fitted_again(tmp_path):
    run(parse(IRIS), Path(), tmp_path)
    files = [tmp_path / f"arms/k-nn/jobs/{fold}/0/probabilities.npy" for fold in "123"]
    files[1].unlink()
    before = [file.stat().st_mtime_ns if file.exists() else 0 for file in files]
    run(parse(IRIS), Path(), tmp_path)
    again = [now != then for now, then in zip([file.stat().st_mtime_ns for file in files], before, strict=True)]
    assert again == [False, True, False]


def test_a_network_for_a_table_and_a_network_without_validation_are_refused(tmp_path):
    with pytest.raises(StudyError, match="MODEL_TABLE"):
        run(parse(IRIS | {"model": {"name": "cnn"}}), Path(), tmp_path)
    phantom = {
        "data": {"source": "phantom", "phantom": {"patients": 40, "prevalence": 0.4}},
        "image": {"size": [16, 16]},
    }
    with pytest.raises(StudyError, match="VALIDATION_MISSING"):
        run(parse(IRIS | phantom | {"model": {"name": "cnn"}}), Path(), tmp_path / "images")


def unequal():
    arms = [{"name": "k-NN, SMOTE", "balance": {"method": "smote", "k": 3}}]
    protocols = [
        {"name": "before", "folds": 3, "validation": 0.0, "balance": {"method": "smote", "k": 3}, "leaky": True},
        {"name": "inside", "folds": 3, "validation": 0.0},
    ]
    rest = {key: value for key, value in IRIS.items() if key != "split"}
    data = {"source": "sklearn:wine"}
    return rest | {"data": data, "arm": arms, "protocol": protocols, "model": {"name": "knn"}}


def test_a_table_balanced_before_the_split_tests_synthetic_cases_and_is_marked(tmp_path):
    run(parse(unequal()), Path(), tmp_path)
    before, inside = (tmp_path / f"arms/k-nn-smote-{name}" for name in ("before", "inside"))
    test = predictions(before).query("set == 'test'")
    assert set(test.groupby("label").size()) == {71}
    assert test.case_id.str.startswith("synthetic").sum() == 3 * 71 - 178
    assert len(predictions(inside).query("set == 'test'")) == 178
    assert read(before / "arm.json")["leaky"]
    assert not read(inside / "arm.json")["leaky"]
    findings = read(tmp_path / "audit.json")["findings"]
    leaks = {(finding["code"], finding["protocol"]) for finding in findings if finding["severity"] == "leak"}
    assert leaks == {("NEAR_TEST", "before"), ("MADE_ROWS", "before"), ("SYNTHETIC_TEST", "before")}
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "59 class_0, 71 class_1, 48 class_2" in page  # the real cases, whichever protocol comes first


def test_looking_without_running_finds_the_leak_of_balancing_first():
    leaks = [one for one in inspect(parse(unequal()), Path()) if one.severity == "leak"]
    expected = [("NEAR_TEST", "before"), ("MADE_ROWS", "before"), ("SYNTHETIC_TEST", "before")]
    assert [(one.code, one.protocol) for one in leaks] == expected


def test_a_balanced_table_that_does_not_say_that_it_leaks_stops_the_run(tmp_path):
    study = unequal()
    study["protocol"][0]["leaky"] = False
    with pytest.raises(DataError, match="AUDIT_LEAK"):
        run(parse(study), Path(), tmp_path)


def test_synthetic_rows_of_a_balanced_table_lie_between_their_parents():
    study = parse(unequal())
    data = load(study.data, study, Path())
    made = prebalance(data, Protocol(name="before", balance={"method": "smote", "k": 3}), 0)
    real = len(made.recipe.real)
    rows = made.data.X[made.position[real:]]
    first, second = data.X[made.recipe.i], data.X[made.recipe.j]
    assert (rows >= np.minimum(first, second) - 1e-3).all()
    assert (rows <= np.maximum(first, second) + 1e-3).all()
    assert (made.data.X[made.position[:real]] == data.X[made.recipe.real]).all()
    assert list(made.data.cases.frame.case_id) == sorted(made.data.cases.frame.case_id)


def test_images_are_never_balanced_before_the_split(tmp_path):
    phantom = {
        "data": {"source": "phantom", "phantom": {"patients": 40, "prevalence": 0.4}},
        "image": {"size": [16, 16]},
    }
    with pytest.raises(StudyError, match="BALANCE_FIRST"):
        run(parse(unequal() | phantom), Path(), tmp_path)


def test_pixels_gradients_and_a_probe_stand_side_by_side(tmp_path):
    arms = [
        {"name": "SVM", "model": {"name": "svm", "pca": 8}, "balance": {"method": "class_weights"}},
        {"name": "gradients", "model": {"name": "logistic", "features": "hog"}, "balance": {"method": "smote", "k": 3}},
        {
            "name": "probe",
            "model": {"name": "efficientnet_lite0", "freeze": "all"},
            "training": {"epochs": 3},
            "balance": {"method": "smote", "k": 3},
        },
    ]
    data = {"source": "phantom", "positive": "PNEUMONIA", "phantom": {"patients": 60, "prevalence": 0.35}}
    study = {"title": "T", "data": data, "image": {"size": [40, 40]}, "model": {"name": "knn"}, "arm": arms}
    run(parse(study), Path(), tmp_path)
    tables = [predictions(tmp_path / "arms" / slug) for slug in ("svm", "gradients", "probe")]
    assert all(table.case_id.equals(tables[0].case_id) for table in tables)
    assert read(tmp_path / "arms/probe/arm.json")["synthetic"] > 0
    assert read(tmp_path / "arms/probe/gallery.json") == []
    pairs = read(tmp_path / "comparisons.json")[""]["sets"]["test"]["pairs"]
    assert len(pairs) == 3
