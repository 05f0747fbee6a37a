"""A whole run on synthetic images: what it writes, what it does not do twice, what stops it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from seimbang.checks import leaks
from seimbang.errors import DataError, IntegrityError, ResourceError, StudyError
from seimbang.evaluation import evaluate
from seimbang.imaging.decode import decode
from seimbang.record.choice import find_arm
from seimbang.record.files import read_json
from seimbang.record.folder import RunFolder
from seimbang.record.metrics import Metrics
from seimbang.runs.executors import Options
from seimbang.runs.inspect import inspect
from seimbang.runs.jobs import Checkpoint
from seimbang.runs.prepare import restore
from seimbang.runs.provenance import events, goes
from seimbang.runs.run import run
from seimbang.serving.predictor import Predictor
from seimbang.study.load import to_dict, to_toml
from seimbang.study.schema import parse


def study(**changes):
    return parse(
        {
            "title": "Test",
            "question": "Does it run?",
            "data": {"source": "phantom", "positive": "PNEUMONIA", "phantom": {"patients": 120, "prevalence": 0.3}},
            "image": {"size": [24, 24]},
            "model": {"name": "gru", "units": 6},
            "training": {"epochs": 3},
            "arm": [
                {"name": "as published", "balance": {"method": "smote", "scope": "all"}},
                {"name": "SMOTE", "balance": {"method": "smote"}},
                {"name": "none"},
            ],
            "external": [{"name": "B", "source": "phantom", "phantom": {"patients": 30, "hospital": "B", "seed": 1}}],
        }
        | changes
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    run(study(), Path(), out)
    return out


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_writes_everything_and_metrics_follow_from_predictions_alone(finished):
    assert (finished / "report.html").stat().st_size > 50_000
    for arm in ("as-published", "smote", "none"):
        folder = finished / "arms" / arm
        table = pd.read_csv(folder / "predictions.csv", keep_default_na=False)
        assert set(table.set) == {"train", "validation", "test", "external:B"}
        metrics = Metrics.model_validate(evaluate(table, ("NORMAL", "PNEUMONIA")))
        assert metrics == read_json(folder / "metrics.json", Metrics)
    assert not list(finished.glob(".checkpoints/*"))
    assert not list(finished.glob(".leases/*"))
    assert read(finished / "data.json")["synthetic"]


def test_only_the_arm_that_leaks_is_marked(finished):
    facts = {arm: read(finished / "arms" / arm / "arm.json") for arm in ("as-published", "smote", "none")}
    assert {name: one["leaky"] for name, one in facts.items()} == {"as-published": True, "smote": False, "none": False}
    assert "generated from test" in " ".join(facts["as-published"]["leaks"])
    assert len(set(facts["smote"]["after"].values())) == 1
    assert facts["none"]["synthetic"] == 0


def test_all_arms_are_tested_on_the_same_real_cases(finished):
    splits = pd.read_csv(finished / "splits.csv", dtype=str, keep_default_na=False)
    test = set(splits.case_id[splits.part == "test"])
    for arm in ("as-published", "smote", "none"):
        table = pd.read_csv(finished / "arms" / arm / "predictions.csv")
        assert set(table.case_id[table.set == "test"]) == test
    parts = splits[splits.group != ""].groupby("group").part.nunique()
    assert (parts == 1).all()


def test_the_gallery_shows_what_the_recipe_says(finished):
    folder = finished / "arms" / "smote"
    for row in read(folder / "gallery.json"):
        first, second, made = (
            np.asarray(Image.open(folder / row[part]), float) for part in ("first", "second", "synthetic")
        )
        np.testing.assert_allclose(made, first + row["delta"] * (second - first), atol=0.52)


def test_a_finished_run_is_not_trained_again(finished):
    before = {path: path.stat().st_mtime_ns for path in finished.glob("arms/*/jobs/0/0/model.safetensors")}
    run(study(), Path(), finished)
    assert before == {path: path.stat().st_mtime_ns for path in finished.glob("arms/*/jobs/0/0/model.safetensors")}
    assert len(before) == 3


def test_the_package_predicts_what_the_run_did(finished):
    folder = finished / "arms" / "smote"
    example = next(one for one in read(folder / "examples.json") if one["right"])
    predictor = Predictor.load(folder)
    found = predictor.predict((folder / example["file"]).read_bytes(), "example.png")
    assert found.label == example["predicted"]
    assert found.confidence == pytest.approx(example["confidence"], abs=1e-4)
    assert decode((folder / example["file"]).read_bytes(), predictor.image, "x").shape == (24, 24, 1)


def program(file, out):
    return [sys.executable, "-m", "seimbang.cli", "run", str(file), "--out", str(out)]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)])
def test_stopped_and_resumed_ends_with_the_same_weights(tmp_path, number, code):
    file = tmp_path / "s.toml"
    one = study(training={"epochs": 12}, arm=[{"name": "none"}], external=[])
    file.write_text(to_toml(to_dict(one)), encoding="utf-8")
    out = tmp_path / "killed"
    process = subprocess.Popen(program(file, out), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    end = time.monotonic() + 120
    while not list(out.glob(".checkpoints/none.0.0.*")) and process.poll() is None and time.monotonic() < end:
        time.sleep(0.005)
    os.kill(process.pid, number)
    assert process.wait(timeout=300) == code
    assert list(out.glob(".checkpoints/none.0.0.*"))
    done = subprocess.run(program(file, out), capture_output=True, text=True, check=True).stderr
    assert "epoch 1/12" not in done
    assert "epoch 12/12" in done
    run(one, Path(), tmp_path / "whole")
    weights = "arms/none/jobs/0/0/model.safetensors"
    assert (out / weights).read_bytes() == (tmp_path / "whole" / weights).read_bytes()


def images(folder, n=24, classes=("ok", "sick")):
    rng = np.random.default_rng(0)
    for name in classes:
        (folder / name).mkdir(parents=True)
        for k in range(n):
            Image.fromarray(rng.integers(0, 255, (24, 24), dtype=np.uint8)).save(folder / name / f"p{k:02}_{name}.png")


def folder_study(**changes):
    data = {"source": "folder", "path": "data", "positive": "sick"}
    return study(**{"data": data, "external": [], "arm": [{"name": "none"}], "training": {"epochs": 1}} | changes)


def test_a_flipped_byte_in_an_image_is_noticed(tmp_path):
    images(tmp_path / "data")
    run(folder_study(), tmp_path, tmp_path / "out")
    file = tmp_path / "data/ok/p03_ok.png"
    content = bytearray(file.read_bytes())
    content[-30] ^= 1
    file.write_bytes(content)
    with pytest.raises(IntegrityError, match=r"DATA_CHANGED.*p03_ok"):
        run(folder_study(), tmp_path, tmp_path / "out")


def test_a_leak_stops_the_run_unless_it_is_meant(tmp_path):
    images(tmp_path / "data")
    group = {"from": "name", "pattern": r"(p\d+)"}
    leaking = {"data": {"path": "data", "positive": "sick", "group": group}, "split": {"group": "none"}}
    with pytest.raises(DataError, match="AUDIT_LEAK"):
        run(folder_study(**leaking), tmp_path, tmp_path / "a")
    assert not (tmp_path / "a/arms").exists()
    report = run(folder_study(**leaking, arm=[{"name": "none", "leaky": True}]), tmp_path, tmp_path / "b")
    assert read(report.parent / "arms/none/arm.json")["leaky"]


def test_folds_test_every_case_once(tmp_path):
    images(tmp_path / "data")
    report = run(folder_study(split={"folds": 3}), tmp_path, tmp_path / "out")
    table = pd.read_csv(report.parent / "arms/none/predictions.csv")
    assert sorted(table.case_id[table.set == "test"]) == sorted(set(table.case_id))
    assert read(report.parent / "arms/none/metrics.json")["sets"]["test"]["n"] == 48


def test_what_the_study_calls_leaky_is_marked_though_no_leak_is_seen(tmp_path):
    images(tmp_path / "data")
    protocols = [
        {"name": "random slices", "test": 0.25, "group": "none", "leaky": True},
        {"name": "again", "test": 0.25},
    ]
    one = folder_study(arm=[{"name": "none"}], protocol=protocols, training={"epochs": 1})
    text = run(one, tmp_path, tmp_path / "out").read_text(encoding="utf-8")
    marked, plain = (read(tmp_path / f"out/arms/none-{name}/arm.json") for name in ("random-slices", "again"))
    assert (marked["leaky"], len(marked["leaks"])) == (True, 1)
    assert (plain["leaky"], plain["leaks"]) == (False, [])
    assert marked["leaks"][0] in text


def test_every_arm_is_run_under_every_protocol(tmp_path):
    images(tmp_path / "data")
    group = {"from": "name", "pattern": r"(p\d+)"}
    protocols = [
        {"name": "as published", "test": 0.25, "group": "none", "leaky": True},
        {"name": "grouped", "folds": 3, "group": "known"},
    ]
    one = folder_study(
        data={"path": "data", "positive": "sick", "group": group},
        arm=[{"name": "none"}, {"name": "weights", "balance": {"method": "class_weights"}}],
        protocol=protocols,
        published=[{"arm": "none", "protocol": "as published", "accuracy": 1.0}],
    )
    text = run(one, tmp_path, tmp_path / "out").read_text(encoding="utf-8")
    arms = {path.parent.name: read(path) for path in tmp_path.glob("out/arms/*/arm.json")}
    assert {name: facts["leaky"] for name, facts in arms.items()} == {
        "none-as-published": True,
        "weights-as-published": True,
        "none-grouped": False,
        "weights-grouped": False,
    }
    assert read(tmp_path / "out/arms/none-grouped/metrics.json")["sets"]["test"]["n"] == 48
    found = {(one["code"], one["protocol"]) for one in read(tmp_path / "out/audit.json")["findings"]}
    assert ("PATIENT_TEST", "as published") in found
    assert ("CLASS_COUNTS", "") in found
    splits = pd.read_csv(tmp_path / "out/splits.csv", dtype=str, keep_default_na=False)
    assert set(splits.protocol) == {"as published", "grouped"}
    assert "Split protocols" in text
    assert "“none”: balanced accuracy" in text


def test_quick_says_so(tmp_path):
    report = run(study(training={"epochs": 40}, external=[]), Path(), tmp_path, only=("none",), quick=True)
    assert "rough answer" in report.read_text(encoding="utf-8").lower()
    assert len(pd.read_csv(tmp_path / "arms/none/jobs/0/0/history.csv")) == 5


def test_unknown_arm_and_unwritable_folder(tmp_path):
    with pytest.raises(StudyError, match=r"ARM_UNKNOWN.*did you mean 'SMOTE'"):
        run(study(), Path(), tmp_path, only=("none", "SMOT"))
    (tmp_path / "file").write_text("")
    with pytest.raises(ResourceError, match="NOT_WRITABLE"):
        run(study(), Path(), tmp_path / "file" / "run")


def test_the_time_spent_is_that_of_all_goes(tmp_path):
    lines = [("start", 0), ("epoch", 10), ("epoch", 25), ("start", 1000), ("epoch", 1030), ("finish", 1031)]
    log = [{"time": f"2026-01-01T00:{s // 60:02}:{s % 60:02}+00:00", "event": name} for name, s in lines]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in log) + '{"time": "20')
    lines = events(tmp_path / "log.jsonl")
    assert goes(lines) == ("2026-01-01T00:00:00+00:00", "2026-01-01T00:17:11+00:00", 56.0)


def test_damaged_checkpoint_is_named(tmp_path):
    run(study(), Path(), tmp_path, only=("none",), options=Options(workers=0))
    scope, (job,) = restore(RunFolder(tmp_path))
    own = scope.of_job(job)
    Checkpoint.of(own).write(b"no checkpoint")
    with pytest.raises(IntegrityError, match="CHECKPOINT_DAMAGED"):
        run(study(), Path(), tmp_path, only=("none",))


def test_looking_at_plain_data_finds_what_is_there(tmp_path):
    images(tmp_path / "data/train")
    images(tmp_path / "data/test", 10)
    (tmp_path / "data/test/ok/copy.png").write_bytes((tmp_path / "data/train/ok/p00_ok.png").read_bytes())
    found = inspect(str(tmp_path / "data"), tmp_path)
    assert "DUPLICATE_TEST" in {one.code for one in leaks(found)}


@pytest.mark.parametrize(
    "lost",
    [
        "arms/none/jobs/0/0/model.safetensors",
        "arms/none/jobs/0/0/history.csv",
        "arms/none/jobs/0/0/job.json",
        "arms/none/predictions.csv",
        "arms/none/metrics.json",
        "arms/none/examples/0.png",
        "arms/smote/gallery/0_first.png",
    ],
)
def test_what_was_lost_of_a_finished_run_is_made_again(finished, lost):
    kept = finished / "arms/none/jobs/0/0/model.safetensors"
    weights = kept.read_bytes()
    (finished / lost).unlink()
    run(study(), Path(), finished)
    assert (finished / lost).is_file()
    assert kept.read_bytes() == weights
    Predictor.load(finished / "arms/none")


def test_arms_of_other_settings_never_stand_beside_those_of_now(tmp_path):
    arms = [{"name": "SMOTE", "balance": {"method": "smote", "k": 2}}, {"name": "none"}]
    run(study(arm=arms), Path(), tmp_path)
    weights = (tmp_path / "arms/smote/jobs/0/0/model.safetensors").stat().st_mtime_ns
    other = study(arm=arms, training={"epochs": 1})
    report = run(other, Path(), tmp_path, only=("none",))
    assert [line.split(",")[0] for line in (tmp_path / "metrics.csv").read_text().splitlines()[1:2]] == ["none"]
    assert "SMOTE,test" not in (tmp_path / "metrics.csv").read_text()
    assert find_arm(tmp_path, None) == "none"
    run(study(arm=arms), Path(), tmp_path)
    assert (tmp_path / "arms/smote/jobs/0/0/model.safetensors").stat().st_mtime_ns == weights
    assert "SMOTE,test" in (report.parent / "metrics.csv").read_text()


def test_names_and_sets_that_are_odd_but_legal(tmp_path, recwarn):
    images(tmp_path / "data", 16, ("a,b", "None", "<b> ü"))
    images(tmp_path / "one", 1, ("None",))
    Image.fromarray(np.arange(576, dtype=np.uint8).reshape(24, 24)).save(tmp_path / "one/None/p00_None.png")
    odd = folder_study(
        title="$x_{$",
        arm=[{"name": "a/b $x_{$", "balance": {"method": "threshold"}}, {"name": "[red] none"}],
        external=[{"name": "costs $5 or $x_{", "path": "one"}],
        data={"path": "data"},
    )
    run(odd, tmp_path, tmp_path / "out")
    sets = read(tmp_path / "out/arms/a-b-x/metrics.json")["sets"]
    assert sets["test"]["default"]["per_class"]["None"]["support"] > 0
    one = sets["external:costs $5 or $x_{"]["default"]
    assert one["metrics"]["accuracy"]["value"] in (0, 1)
    assert one["metrics"]["balanced_accuracy"]["value"] is None
    assert not [str(one.message) for one in recwarn if one.category is RuntimeWarning]
    drawn = (tmp_path / "out/figures/forest-accuracy.svg").read_text(encoding="utf-8")
    assert "costs $5 or $x_{" in drawn


def test_an_arms_time_is_that_of_all_its_jobs_in_all_goes(tmp_path):
    images(tmp_path / "data")
    arms = [{"name": "a"}, {"name": "b"}]
    for name in ("a", "b"):
        run(folder_study(split={"folds": 2}, arm=arms), tmp_path, tmp_path / "out", only=(name,))
    times = read(tmp_path / "out/provenance.json")["arms"]
    jobs = [line for line in events(tmp_path / "out/log.jsonl") if line["event"] == "job"]
    for name in ("a", "b"):
        own = [line["seconds"] for line in jobs if line["arm"] == name]
        assert len(own) == 2
        assert times[name]["seconds"] == pytest.approx(sum(own), abs=0.051)
