"""What will stop a run is told by `check` and `audit`, with class, arm, fold and a setting that works."""

import re
import tomllib

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from seimbang.cli import app
from seimbang.errors import DataError, SeimbangError, StudyError
from seimbang.record.read import read
from seimbang.runs import run as runs
from seimbang.runs.foresight import placed
from seimbang.runs.inspect import inspect, rehearse
from seimbang.runs.stages import Job
from seimbang.splits.base import Fold
from seimbang.study.load import to_dict, to_toml
from seimbang.study.schema import parse

SPLIT = {"test": 0.2, "validation": 0.2}
SMOTE, ADASYN = {"method": "smote"}, {"method": "adasyn", "ratio": 0.5}


def study(folder, sick, arm, split=SPLIT, well=300, model="svm"):
    """Return a study of a table of numbers, which it writes."""
    rng, label = np.random.default_rng(0), np.array(["well"] * well + ["sick"] * sick)
    rows = {"a": rng.normal(size=len(label)) + 2 * (label == "sick"), "b": rng.normal(size=len(label)), "label": label}
    pd.DataFrame(rows).to_csv(folder / "t.csv", index=False)
    data = {"source": "csv", "path": "t.csv", "features": "all", "id_column": "", "positive": "sick"}
    values = {"title": "t", "data": data, "split": split, "model": {"name": model}, "arm": [{"name": "mine"} | arm]}
    return parse(values)


def told(of, folder):
    """Return what `check` says, which `audit` and `run` must say too."""
    with pytest.raises(SeimbangError) as caught:
        rehearse(of, folder)
    (finding,) = (finding for finding in inspect(of, folder) if finding.code == "ARM_IMPOSSIBLE")
    assert finding.arm == "mine"
    assert caught.value.code in finding.sentence
    assert caught.value.fix[1:] in finding.sentence
    with pytest.raises(type(caught.value)) as stopped:
        runs.run(of, folder, folder / "run")
    assert str(stopped.value) == str(caught.value)
    assert not (folder / "run" / "arms").exists()
    return caught.value


def as_told(of, error):
    """Return the study with the settings that the message says work."""
    lines = tomllib.loads(re.search(r" is (balance|model) = .*", error.fix)[0][4:].replace(" and model", "\nmodel"))
    values = to_dict(of)
    values["arm"] = [{key: value for key, value in arm.items() if key not in lines} | lines for arm in values["arm"]]
    return parse(values)


@pytest.mark.parametrize(
    ("sick", "arm", "split", "model", "found", "works"),
    [
        (3, {}, SPLIT, "svm", "1 case or group of class 'sick' among the", 'model = { name = "logistic" }'),
        (3, {"balance": SMOTE}, SPLIT, "logistic", "1 case in class 'sick'", 'balance = { method = "oversample" }'),
        (6, {"balance": SMOTE}, SPLIT, "tree", "4 cases in class 'sick'", 'balance = { method = "smote", k = 3 }'),
        (8, {"balance": ADASYN}, {"folds": 2, "validation": 0.0}, "tree", "4 cases in class 'sick'", "k = 3 }"),
        (9, {"balance": SMOTE}, {"test": 0.2, "validation": 0.0}, "svm", "", ""),
        (
            9,
            {"balance": SMOTE, "model": {"grid": {"C": [1.0, 2.0]}, "search": {"folds": 2}}},
            SPLIT,
            "svm",
            "",
            "k = 2",
        ),
        (20, {"balance": {"method": "undersample"}, "model": {"k": 30}}, SPLIT, "knn", "26 training rows", "k = 26"),
    ],
    ids=str,
)
def test_a_class_that_is_too_small_is_named_with_a_setting_that_works(sick, arm, split, model, found, works, tmp_path):
    of = study(tmp_path, sick, arm, split, model=model)
    if not works:
        assert rehearse(of, tmp_path) == ["Every arm can be trained."]
        return
    error = told(of, tmp_path)
    assert found in error.found
    assert "in the arm 'mine'" in error.found
    assert (", fold 1" in error.found) == ("folds" in split)
    assert works in error.fix
    assert rehearse(as_told(of, error), tmp_path) == ["Every arm can be trained."]


def test_what_works_runs(tmp_path, monkeypatch):
    of = study(tmp_path, 3, {"balance": SMOTE}, well=60)
    monkeypatch.setattr(runs, "AFTER", runs.AFTER[:-1])  # no report: its figures take long
    runs.run(as_told(of, told(of, tmp_path)), tmp_path, tmp_path / "run")
    assert read(tmp_path / "run").unfinished == []


@pytest.mark.parametrize(
    ("arm", "code"),
    [
        ({"balance": {"method": "focal"}}, "BALANCE_NETWORK"),
        ({"balance": {"method": "augment"}}, "BALANCE_IMAGES"),
        ({"balance": {"method": "smote_nc"}}, "BALANCE_CATEGORIES"),
        ({"model": {"name": "cnn"}}, "MODEL_TABLE"),
    ],
    ids=str,
)
def test_a_method_that_does_not_suit_is_told_before(arm, code, tmp_path):
    assert told(study(tmp_path, 40, arm), tmp_path).code == code


PHANTOM = {
    "title": "t",
    "data": {"source": "phantom", "phantom": {"patients": 40, "prevalence": 0.4}},
    "image": {"size": [16, 16]},
    "model": {"name": "cnn"},
}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"split": {"validation": 0.0}, "arm": [{"name": "mine"}]}, "VALIDATION_MISSING"),
        (
            {"training": {"label_smoothing": 0.1}, "arm": [{"name": "mine", "balance": {"method": "focal"}}]},
            "LOSS_SMOOTHED",
        ),
        ({"arm": [{"name": "mine", "balance": {"method": "smote_nc"}}]}, "BALANCE_CATEGORIES"),
    ],
    ids=str,
)
def test_a_network_that_cannot_be_trained_is_told_before(more, code, tmp_path):
    assert told(parse(PHANTOM | more), tmp_path).code == code


def test_what_only_training_shows_is_placed_too(tmp_path):
    (plan,) = study(tmp_path, 30, {}).plans()
    none = np.empty(0, np.int64)
    error = DataError("BALANCE_UNSUITED", "3 cases in class 1 among 20", "more", "set a smaller k")
    said = placed(error, Job(plan, Fold("2.3", none, none, none), 0, False), ("well", "sick"))
    assert str(said).startswith(
        "BALANCE_UNSUITED: found 3 cases in class 'sick' among 20, in the arm 'mine', fold 2.3;"
    )


def test_arms_that_can_be_trained_are_not_named_and_several_are_named_at_once(tmp_path):
    arms = [{"name": "fine", "model": {"name": "logistic"}}, {"name": "one", "balance": SMOTE}, {"name": "two"}]
    of = parse(to_dict(study(tmp_path, 3, {})) | {"arm": arms})
    with pytest.raises(DataError) as caught:
        rehearse(of, tmp_path)
    assert "'fine'" not in str(caught.value)
    assert all(f"in the arm {name!r}" in caught.value.found for name in ("one", "two"))


def test_check_says_it_on_the_command_line_and_passes_where_there_are_no_data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.toml").write_text(to_toml(to_dict(study(tmp_path, 3, {"balance": SMOTE}))))
    said = CliRunner().invoke(app, ["check", "s.toml", "--data", "."])
    assert isinstance(said.exception, DataError)
    assert said.exception.code == "SMOTE_NEIGHBOURS"
    there = CliRunner().invoke(app, ["check", "s.toml", "--data", "elsewhere"])
    assert there.exit_code == 0
    assert "not looked at" in there.stdout + there.stderr
    assert isinstance(CliRunner().invoke(app, ["check", "none.toml"]).exception, StudyError)
