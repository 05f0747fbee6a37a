"""A run folder holds nothing of another study: whatever key is changed, it ends as a fresh one does, byte for byte."""

import copy
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from safetensors.torch import save_file

from seimbang import balance
from seimbang.errors import DataError, IntegrityError, StudyError
from seimbang.reports.report import write_report
from seimbang.runs import run as runs
from seimbang.runs import steps
from seimbang.runs.executors import Options
from seimbang.runs.run import run
from seimbang.study.load import to_dict
from seimbang.study.models import MODELS, make
from seimbang.study.schema import Study, parse

IMAGES = {
    "title": "Images",
    "question": "q",
    "data": {"source": "phantom", "positive": "PNEUMONIA", "phantom": {"patients": 40, "prevalence": 0.4}},
    "image": {"size": [16, 16], "augment": {"rotation": 5.0}},
    "split": {"test": 0.3, "validation": 0.25},
    "model": {"name": "gru", "units": 4, "dense": 4},
    "training": {"epochs": 2, "batch_size": 8},
    "arm": [
        {"name": "none"},
        {"name": "SMOTE", "balance": {"method": "smote", "k": 3}, "model": {"name": "knn", "k": 3}},
    ],
    "published": [{"arm": "none", "accuracy": 0.9}],
}
TABLE = {
    "title": "Table",
    "data": {"source": "sklearn:wine"},
    "model": {"name": "knn", "grid": {"k": [1, 3]}},
    "protocol": [
        {"name": "inside", "folds": 2, "validation": 0.0},
        {"name": "before", "folds": 2, "validation": 0.0, "leaky": True, "balance": {"method": "smote", "k": 5}},
    ],
    "arm": [{"name": "k-NN"}, {"name": "SMOTE", "balance": {"method": "smote", "k": 3, "ratio": 0.8}}],
}
OWN = {"log.jsonl", "provenance.json"}
"""What tells of this very run: when, how long, by which command."""


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """Finished runs of both studies."""
    folder = tmp_path_factory.mktemp("before")
    for name, values in {"images": IMAGES, "table": TABLE}.items():
        run(parse(values), Path(), folder / name)
    return folder


def files(folder):
    """Return every file by its path but those of this very run; models of arms the study no longer has are kept."""
    arms = {path.parent.name for path in folder.glob("arms/*/arm.json")}
    found = {}
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        of_another = parts[0] == "arms" and parts[2:3] == ("jobs",) and parts[1] not in arms
        if path.is_file() and not parts[0].startswith(".") and parts[0] not in OWN and not of_another:
            found["/".join(parts)] = path.read_bytes()
    return found


DRAWN = ("report.html", "metrics.csv", "table.tex", "figures")
"""What the report writes, of what else is in the folder."""


def same(stale, fresh, report=True):
    """Compare two run folders; the reports are written with equal times, or left out."""
    for name in ("provenance.json", ".steps/provenance.json"):
        shutil.copy(fresh / name, stale / name)
    for folder in (stale, fresh):
        if report:
            write_report(folder)
        for name in () if report else DRAWN:
            shutil.rmtree(folder / name, ignore_errors=True)
            (folder / name).unlink(missing_ok=True)
    ours, theirs = files(stale), files(fresh)
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name] != theirs[name]] == []


def check(tmp_path, finished, values, report=True):
    """Run the study into a copy of a finished run of another one, and into a fresh folder; both must end alike."""
    stale, fresh = tmp_path / "stale", tmp_path / "fresh"
    shutil.copytree(finished, stale)
    study = parse(values)
    with pytest.MonkeyPatch.context() as patch:  # ``same`` writes both reports, with equal times
        patch.setattr(runs, "AFTER", [step for step in runs.AFTER if step.name != "report"])
        run(study, Path(), fresh)
        run(study, Path(), stale)
    same(stale, fresh, report)


def test_an_equal_run_does_nothing(before, tmp_path):
    folder = shutil.copytree(before / "images", tmp_path / "again")
    times = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    run(parse(IMAGES), Path(), folder)
    changed = [path.name for path, time in times.items() if path.stat().st_mtime_ns != time]
    assert changed == ["log.jsonl"]


def test_two_runs_of_one_study_write_the_same_bytes(before, tmp_path):
    run(parse(TABLE), Path(), tmp_path / "table")
    same(shutil.copytree(before / "table", tmp_path / "first"), tmp_path / "table")


def test_the_other_class_is_positive(before, tmp_path):
    values = copy.deepcopy(IMAGES)
    values["data"]["positive"] = "NORMAL"
    check(tmp_path, before / "images", values)
    metrics = json.loads((tmp_path / "stale/arms/none/metrics.json").read_text())
    assert metrics["positive"] == "NORMAL"


def test_another_k_before_the_division(before, tmp_path):
    values = copy.deepcopy(TABLE)
    values["protocol"][1]["balance"]["k"] = 1
    check(tmp_path, before / "table", values)
    name = "arms/k-nn-before/predictions.csv"
    assert (tmp_path / "stale" / name).read_bytes() != (before / "table" / name).read_bytes()


def test_other_content_of_a_file_of_weights(tmp_path):
    model = {"name": "resnet18", "weights": str(tmp_path / "w.safetensors"), "freeze": "all"}
    values = IMAGES | {"image": {"size": [32, 32]}, "model": model, "arm": [{"name": "none"}]}

    def weights(seed):
        torch.manual_seed(seed)
        network = make({"name": "resnet18", "weights": "random"}).build((32, 32, 1), 2)
        body = {name.removeprefix("body."): value.contiguous() for name, value in network.body.state_dict().items()}
        save_file({**body, "fc.weight": torch.zeros(1000, 512), "fc.bias": torch.zeros(1000)}, model["weights"])

    weights(0)
    run(parse(values), Path(), tmp_path / "finished")
    weights(1)
    check(tmp_path, tmp_path / "finished", values)
    name = "arms/none/predictions.csv"
    assert (tmp_path / "stale" / name).read_bytes() != (tmp_path / "finished" / name).read_bytes()


def test_another_version_of_a_step(before, tmp_path, monkeypatch):
    folder = shutil.copytree(before / "table", tmp_path / "again")
    newer = [replace(step, version=step.version + (step.name == "metrics")) for step in steps.EACH_ARM]
    monkeypatch.setattr(runs, "EACH_ARM", newer)
    times = {path: path.stat().st_mtime_ns for path in folder.glob("arms/*/*.*")}
    run(parse(TABLE), Path(), folder)
    changed = {path.name for path, time in times.items() if path.stat().st_mtime_ns != time}
    assert changed == {"metrics.json"}  # equal figures: nothing that is made of them is made again


def test_what_another_study_said_is_gone_before_workers_begin(before, tmp_path):
    folder = shutil.copytree(before / "images", tmp_path / "again")
    study = parse(altered(IMAGES, ("training", "batch_size"), 4))
    run(study, Path(), folder, options=Options(workers=0))
    told = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    assert [name for name in told if name.startswith("arms/none/") and "/jobs/" not in name] == []
    assert {"report.html", "metrics.csv", "comparisons.json"}.isdisjoint(told)


def test_an_edited_file_is_made_again(before, tmp_path):
    folder = shutil.copytree(before / "table", tmp_path / "again")
    name = "arms/smote-inside/metrics.json"
    (folder / name).write_text((folder / name).read_text().replace("accuracy", "accurac1"))
    run(parse(TABLE), Path(), folder)
    assert (folder / name).read_bytes() == (before / "table" / name).read_bytes()


def models():
    """Yield every class of settings that a study holds."""
    waiting = [Study, *MODELS.values(), *balance.METHODS.values()]
    known = []
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind not in known:
            known.append(kind)
            waiting += [part for field in kind.model_fields.values() for part in inner(field.annotation)]
    return known


def inner(annotation):
    return [annotation, *(part for one in get_args(annotation) for part in inner(one))]


WORDS = {}
for kind in models():
    for key, field in kind.model_fields.items():
        for part in inner(field.annotation):
            if get_origin(part) is Literal:
                WORDS.setdefault(key, set()).update(word for word in get_args(part) if isinstance(word, str))
WORDS |= {"positive": {"NORMAL", "PNEUMONIA"}, "method": set(balance.METHODS), "title": {"Another"}}
WORDS |= {"question": {"Why?"}, "cost": {"much"}}


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, one in value.items():
            yield from leaves(one, (*path, key))
    elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
        for number, one in enumerate(value):
            yield from leaves(one, (*path, number))
    else:
        yield path


def at(values, path):
    for key in path:
        values = values[key]
    return values


def others(path, value):
    """Return other values that a key may be tried with."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value + 2, max(0, value - 1)]
    if isinstance(value, float):
        return [value / 2 + 0.1, value / 2, value + 0.2]
    if isinstance(value, list) and value and all(isinstance(one, int) for one in value):
        return [[one + 1 for one in value]]
    return sorted(word for word in WORDS.get(path[-1], set()) if word != value)


def changes(values):
    whole = to_dict(parse(values))
    return [(path, other) for path in leaves(whole) for other in others(path, at(whole, path))]


def altered(values, path, other):
    values = to_dict(parse(copy.deepcopy(values)))
    at(values, path[:-1])[path[-1]] = other
    return values


LONG = {("training", "epochs"), ("data", "phantom", "patients")}
CHANGES = [(name, *change) for name, values in {"images": IMAGES, "table": TABLE}.items() for change in changes(values)]


def test_there_is_much_to_change():
    keys = {(name, path) for name, path, _ in CHANGES}
    assert len(keys) > 80


@given(st.sampled_from(CHANGES))
@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_whatever_key_is_changed_nothing_stale_is_left(before, tmp_path_factory, change):
    name, path, other = change
    try:
        study = altered({"images": IMAGES, "table": TABLE}[name], path, other)
        parse(study)
    except StudyError:
        return  # the study as changed is none
    try:
        check(tmp_path_factory.mktemp("one"), before / name, study, report=False)  # drawing takes most of the time
    except (DataError, StudyError):
        return  # it cannot be run
    except IntegrityError as error:
        if error.code != "DATA_CHANGED":  # other cases are refused, which is no stale figure either
            raise
