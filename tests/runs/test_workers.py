"""Jobs done by workers, by ``seimbang work`` and by Ray: the same bits, whoever dies, and errors that come through."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from run_files import changed, files
from typer.testing import CliRunner

from seimbang.cli import app
from seimbang.errors import IntegrityError, ResourceError
from seimbang.record.folder import RunFolder
from seimbang.record.leases import Leases
from seimbang.runs import executors
from seimbang.runs.describe import divide
from seimbang.runs.executors import Options, fitting, workers
from seimbang.runs.prepare import PLAN, STEP, cut_of, prepare, restore, threads_of
from seimbang.runs.quick import cut_down, quick
from seimbang.runs.run import run, work
from seimbang.runs.stages import fold_token
from seimbang.study.load import to_dict, to_toml
from seimbang.study.schema import parse

ROOT = Path(__file__).parents[2]


def study(**changes):
    return parse(
        {
            "title": "Jobs",
            "data": {"source": "phantom", "positive": "PNEUMONIA", "phantom": {"patients": 60, "prevalence": 0.4}},
            "image": {"size": [16, 16]},
            "split": {"folds": 2},
            "model": {"name": "cnn", "widths": [4], "dense": [8]},
            "training": {"epochs": 3, "seeds": 2, "precision": "float32"},
            "arm": [{"name": "none"}, {"name": "forest", "model": {"name": "forest", "trees": 20}}],
        }
        | changes
    )


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    run(study(), Path(), folder)
    return folder


def jobs_done(folder):
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [line["job"] for line in lines if line["event"] == "job"]


def test_a_job_is_an_arm_a_fold_and_a_seed(alone):
    assert len(jobs_done(alone)) == 8
    weights = {
        path.relative_to(alone / "arms/none/jobs").as_posix() for path in alone.glob("arms/none/jobs/*/*/model*")
    }
    assert weights == {f"{fold}/{seed}/model.safetensors" for fold in (1, 2) for seed in (0, 1)}
    assert len({path.read_bytes() for path in alone.glob("arms/none/jobs/*/*/model*")}) == 4
    seeds = {line.split(",")[3] for line in (alone / "arms/none/predictions.csv").read_text().splitlines()[1:]}
    assert seeds == {"0", "1"}


def test_more_seeds_leave_those_that_are_there(alone, tmp_path):
    one = study(training={"epochs": 3, "seeds": 1, "precision": "float32"})
    run(one, Path(), tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("arms/*/jobs/*/0/*")}
    threads = json.loads((tmp_path / "jobs.json").read_text())["threads"]
    run(study(), Path(), tmp_path)
    assert threads == json.loads((tmp_path / "jobs.json").read_text())["threads"] == 1
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.glob("arms/*/jobs/*/0/*")}
    assert changed(files(tmp_path), files(alone)) == []


def test_workers_give_the_bits_of_one_process_and_each_job_is_done_once(alone, tmp_path):
    run(study(), Path(), tmp_path, options=Options(workers=2))
    assert changed(files(tmp_path), files(alone)) == []
    assert sorted(jobs_done(tmp_path)) == sorted(jobs_done(alone))
    assert list((tmp_path / ".leases").iterdir()) == []


def test_a_worker_ends_quietly_when_no_job_is_left_and_at_once_with_its_starter(alone):
    command = [sys.executable, "-m", "seimbang.runs.executors.worker", str(alone)]
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as idle:
        assert (idle.wait(timeout=120), idle.stderr.read()) == (0, b"")  # its stdin is open all the while
    with subprocess.Popen(command, **pipes) as orphan:
        orphan.stdin.close()
        assert orphan.wait(timeout=120) == 1


def test_a_run_that_is_only_prepared_is_done_by_whoever_works_on_it(alone, tmp_path):
    file = tmp_path / "study.toml"
    file.write_text(to_toml(to_dict(study())), encoding="utf-8")
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["run", str(file), "--data", ".", "--out", str(out), "--workers", "0"])
    assert done.exit_code == 0, done.output
    assert f"work {out}" in done.output
    assert not list(out.glob("arms/*"))
    command = [sys.executable, "-m", "seimbang.cli", "work", str(out)]
    crew = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=300) for process in crew]
    assert [process.returncode for process in crew] == [0, 0], said
    assert changed(files(out), files(alone)) == []
    assert sorted(jobs_done(out)) == sorted(jobs_done(alone))


def write_plan(folder, plan):
    """Write a plan as a run does, with its digest."""
    folder.publish(STEP, "made by a test", "", (PLAN,), {PLAN: json.dumps(plan)})


def test_work_without_a_prepared_run_or_on_other_data_is_refused(tmp_path):
    with pytest.raises(IntegrityError, match="RUN_UNPREPARED"):
        work(tmp_path / "nothing")
    run(study(), Path(), tmp_path / "out", options=Options(workers=0))
    plan = tmp_path / "out" / "jobs.json"
    text = plan.read_text()
    for key, code in (("cases", "DATA_CHANGED"), ("divided", "DIVISION_CHANGED")):
        write_plan(RunFolder(tmp_path / "out"), json.loads(text) | {key: "other"})
        with pytest.raises(IntegrityError, match=code):
            work(tmp_path / "out")


def test_the_folds_a_worker_reads_are_those_that_were_made(tmp_path):
    protocols = [{"name": "a", "folds": 4, "repeats": 2}, {"name": "b", "test": 0.3, "group": "none", "leaky": True}]
    values = to_dict(study()) | {"protocol": protocols}
    del values["split"]
    one = parse(values)
    run(one, Path(), tmp_path, options=Options(workers=0), quick=True)
    scope, jobs = restore(RunFolder(tmp_path))
    made = cut_down(divide(prepare(quick(one), Path(), quick=True)), cut_of(tmp_path))
    assert scope.divided.token == made.token
    for name, folds in made.folds.items():
        for ours, theirs in zip(scope.divided.folds[name], folds, strict=True):
            assert fold_token(ours) == fold_token(theirs)
    assert {job.plan.protocol.name for job in jobs} == {"a", "b"}


def test_an_error_of_a_job_ends_the_run_whoever_did_it(tmp_path):
    failing = study(model={"name": "resnet18", "weights": str(tmp_path / "none.pth")}, image={"size": [32, 32]})
    with pytest.raises(ResourceError, match="WEIGHTS_MISSING"):
        run(failing, Path(), tmp_path / "alone")
    with pytest.raises(ResourceError, match="WEIGHTS_MISSING"):
        run(failing, Path(), tmp_path / "workers", options=Options(workers=2))


def test_a_job_that_kills_its_workers_ends_the_run(tmp_path, monkeypatch):
    deadly = [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"]
    monkeypatch.setattr(workers.Crew, "_start", lambda self: subprocess.Popen(deadly, stdin=subprocess.PIPE))
    with pytest.raises(ResourceError, match="JOB_DIED"):
        run(study(), Path(), tmp_path, options=Options(workers=2))


def test_a_run_in_use_is_refused_and_names_the_holder(tmp_path):
    with Leases(tmp_path / ".leases").take("run"), pytest.raises(ResourceError, match="RUN_LOCKED") as error:
        run(study(), Path(), tmp_path)
    assert f"process {os.getpid()}" in str(error.value)
    assert f"seimbang work {tmp_path}" in str(error.value)


def test_threads_follow_from_the_number_of_jobs_and_stay(tmp_path, monkeypatch):
    monkeypatch.setattr("seimbang.runs.prepare.cores", lambda: 8)
    folder = RunFolder(tmp_path)
    assert [threads_of(folder, jobs) for jobs in (1, 2, 3, 8, 20)] == [8, 4, 2, 1, 1]
    write_plan(folder, {"count": 20, "threads": 5})
    assert threads_of(folder, 20) == 5
    assert threads_of(folder, 4) == 2


@pytest.mark.parametrize(("processors", "free", "expected"), [(8, 100e9, 8), (8, 2.2e9, 2), (2, 100e9, 2), (4, 1e3, 1)])
def test_as_many_workers_as_processors_and_memory_hold(tmp_path, monkeypatch, processors, free, expected):
    run(study(), Path(), tmp_path, options=Options(workers=0))
    scope, jobs = restore(RunFolder(tmp_path))
    monkeypatch.setattr(executors, "cores", lambda: processors)
    monkeypatch.setattr(executors, "available", lambda: free)
    number, reason = fitting(scope, jobs)
    assert number == expected
    assert f"{processors} processor(s)" in reason


@pytest.mark.parametrize(("words", "code"), [(["--workers", "-1"], "WORKERS"), (["--on", "moon"], "EXECUTOR_UNKNOWN")])
def test_a_wrong_way_to_run_is_named(tmp_path, words, code):
    command = [sys.executable, "-m", "seimbang.cli", "run", "phantom", "--out", str(tmp_path / "out"), *words]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert code in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("way", ["workers", "work"])
def test_kills_at_random_moments_change_nothing(way):
    words = ["--way", way, "--kills", "3", "--seed", "1", "--epochs", "40"]
    command = [sys.executable, str(ROOT / "benchmarks/kills.py"), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every byte as undisturbed" in done.stdout


def test_ray_gives_the_same_bits(alone, tmp_path):
    pytest.importorskip("ray", reason="the extra 'ray' is not installed")
    file, out = tmp_path / "study.toml", tmp_path / "out"
    file.write_text(to_toml(to_dict(study())), encoding="utf-8")
    words = ["run", str(file), "--data", ".", "--out", str(out), "--on", "ray", "--workers", "2"]
    command = [sys.executable, "-m", "seimbang.cli", *words]
    # a cluster is started for the run: one that is already there, say of another user, is left alone
    settings = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ADDRESS": "127.0.0.1:1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=os.environ | settings)
    assert done.returncode == 0, done.stderr
    assert changed(files(out), files(alone)) == []
    assert sorted(jobs_done(out)) == sorted(jobs_done(alone))
