"""Learning curves: further jobs over nested shares of the training patients, from the study to the page."""

import json
import shutil

import numpy as np
import pytest
from run_files import changed, files

from seimbang.errors import StudyError
from seimbang.record.folder import RunFolder
from seimbang.record.read import read
from seimbang.runs.executors import Options
from seimbang.runs.prepare import restore
from seimbang.runs.quick import quick
from seimbang.runs.run import run, work
from seimbang.splits.base import Fold
from seimbang.splits.shares import share_of
from seimbang.study.load import to_dict
from seimbang.study.schema import parse

STUDY = {
    "title": "Curves",
    "data": {"source": "npz", "path": "cases.npz", "classes": {"0": "dark", "1": "bright"}, "positive": "bright"},
    "image": {"size": [16, 16], "channels": 1},
    "split": {"test": 0.3, "validation": 0.3, "group": "none"},
    "model": {"name": "forest", "trees": 20},
    "training": {"seeds": 2},
    "arm": [
        {"name": "none"},
        {"name": "SMOTE", "balance": {"method": "smote", "k": 8}},
        {"name": "before the split", "leaky": True, "balance": {"method": "smote", "k": 3, "scope": "all"}},
    ],
}
ASKED = STUDY | {"evaluation": {"learning_curve": True}}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Return a folder with images of which those with a bright half are of class 1."""
    folder = tmp_path_factory.mktemp("curves")
    rng = np.random.default_rng(0)
    bright = np.arange(150) % 3 == 0
    X = rng.integers(0, 120, (150, 16, 16)).astype(np.uint8)
    X[bright, :, 8:] += 20
    np.savez(folder / "cases.npz", train_images=X, train_labels=bright.astype(np.int64))
    return folder


@pytest.fixture(scope="module")
def ordinary(root):
    """Return a run without curves."""
    run(parse(STUDY), root, root / "ordinary")
    return root / "ordinary"


@pytest.fixture(scope="module")
def asked(root, ordinary):
    """Return the same run gone on with curves."""
    shutil.copytree(ordinary, root / "asked")
    run(parse(ASKED), root, root / "asked")
    return root / "asked"


def test_shares_are_nested_whole_patients_and_of_every_class():
    unit, y = np.repeat(np.arange(60), 3), np.repeat(np.arange(60) % 5 == 0, 3).astype(np.int64)
    fold = Fold("2", np.flatnonzero(unit < 50), np.flatnonzero(unit >= 50), np.arange(0))
    parts = [share_of(fold, unit, y, share, 4).train for share in (0.25, 0.5, 1.0)]
    assert set(parts[0]) < set(parts[1]) < set(parts[2]) == set(fold.train)
    for rows, sick in zip(parts, (3, 5, 10), strict=True):
        assert all((unit[fold.train] == one).sum() == (unit[rows] == one).sum() for one in np.unique(unit[rows]))
        assert len(np.unique(unit[rows][y[rows] == 1])) == sick
    assert set(share_of(fold, unit, y, 0.5, 5).train) != set(parts[1])


def test_asking_for_curves_trains_nothing_again_and_changes_no_other_file(ordinary, asked):
    other = [name for name in changed(files(ordinary), files(asked)) if "/curve/" not in name]
    figures = ["figures/curve-auc.svg", "figures/curve-balanced_accuracy.svg"]
    assert other == [*figures, "jobs.json", "levers.json", "study.json", "study.toml"]
    events = [json.loads(line) for line in (asked / "log.jsonl").read_text().splitlines()]
    done = [event["job"] for event in events if event["event"] == "job"]
    assert len(done) == len(set(done)) == 6 + 6  # of SMOTE not 25 %, and nothing of the arm that leaks
    assert "learning_curve" not in (ordinary / "study.toml").read_text()


def test_curves_are_of_validation_alone_and_what_cannot_be_trained_is_said(asked):
    (levers,) = read(asked).levers
    assert [[point.percent for point in curve.points] for curve in levers.curves] == [[25, 50, 100], [50, 100]]
    assert [point.patients for point in levers.curves[0].points] == [20, 38, 74]
    assert len(levers.left_out) == 1
    assert levers.left_out[0].startswith("SMOTE, 25 % of the patients: ")
    validation = sum(read(asked).data.protocols[0].counts["validation"].values())
    assert np.load(asked / "arms/none/curve/25/0/1/probabilities.npy").shape == (validation, 2)
    whole = read(asked).arms[0].metrics.sets["validation"].default.metrics
    assert levers.curves[0].points[-1].balanced_accuracy == whole["balanced_accuracy"]
    text = (asked / "report.html").read_text(encoding="utf-8")
    section = text[text.index('<section id="levers"') :].split("</section>")[0]
    assert section.count("<img") == 2
    assert "Not trained: SMOTE, 25 % of the patients" in section


def test_a_lost_job_of_a_curve_is_done_again_alone_and_alike_by_a_worker(root, asked, tmp_path):
    folder = tmp_path / "again"
    shutil.copytree(asked, folder)
    shutil.rmtree(folder / "arms/none/curve/50/0/1")
    run(parse(ASKED), root, folder, options=Options(workers=0))
    scope, jobs = restore(RunFolder(folder))
    assert sum(job.of_curve for job in jobs) == 6
    assert all(scope.of_job(job).closed == job.of_curve for job in jobs)
    work(folder)
    assert changed(files(asked), files(folder)) == []
    run(parse(STUDY), root, folder)  # no longer asked for
    assert not list(folder.glob("arms/*/curve/*/*/*"))
    assert not (folder / "levers.json").exists()


def test_quick_runs_have_none_and_without_validation_it_is_refused(root, tmp_path):
    assert "learning_curve" not in to_dict(quick(parse(ASKED)))["evaluation"]
    study = parse(ASKED | {"split": {"test": 0.3, "validation": 0.0, "group": "none"}})
    with pytest.raises(StudyError, match=r"VALIDATION_MISSING.*learning_curve"):
        run(study, root, tmp_path / "none")
