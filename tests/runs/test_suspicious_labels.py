"""Labels that look wrong, from the study to the page."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest

from seimbang.record.read import read
from seimbang.reports.report import write_report
from seimbang.runs.run import run
from seimbang.study.schema import parse

WRONG = [5, 22, 43, 71]
STUDY = {
    "title": "Labels",
    "data": {"source": "npz", "path": "cases.npz", "classes": {"0": "dark", "1": "bright"}, "positive": "bright"},
    "image": {"size": [16, 16], "channels": 1},
    "split": {"folds": 3, "validation": 0.0, "group": "none"},
    "model": {"name": "forest", "trees": 60},
    "arm": [
        {"name": "none"},
        {"name": "SMOTE", "balance": {"method": "smote", "k": 3}},
        {"name": "before the split", "leaky": True, "balance": {"method": "smote", "k": 3, "scope": "all"}},
    ],
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return a run of images of which those with a bright half are of class 1, but for a few."""
    root = tmp_path_factory.mktemp("labels")
    rng = np.random.default_rng(0)
    bright = np.arange(150) % 3 == 0
    X = rng.integers(0, 120, (150, 16, 16)).astype(np.uint8)
    X[bright, :, 8:] += 130
    y = bright.astype(np.int64)
    y[WRONG] = 1 - y[WRONG]
    np.savez(root / "cases.npz", train_images=X, train_labels=y)
    run(parse(STUDY), root, root / "run")
    return root / "run"


def test_wrong_labels_are_found_over_all_cases_by_the_arms_that_do_not_leak(finished):
    found = read(finished).labels
    assert (found.arms, found.folds, found.looked, found.training) == (["none", "SMOTE"], 3, {"test": 150}, 0)
    table = pd.read_csv(finished / "labels.csv", dtype={"case_id": str})
    numbers = {int(re.search(r"\d+", name)[0]) for name in table.case_id}
    assert numbers <= set(WRONG)  # of flipped labels about half: those of which the models are surer than of most
    assert len(table) == found.count == found.of_test == 2
    assert (table.label != table.suggested).all()
    assert (table.suggested_probability > table.label_probability).all()


def test_figures_are_a_range_and_nothing_was_left_out(finished):
    figures = {(row.arm, row.metric): row for row in read(finished).labels.figures}
    accuracy = figures["none", "accuracy"]
    metrics = json.loads((finished / "arms/none/metrics.json").read_text())["sets"]["test"]
    assert metrics["n"] == 150
    assert accuracy.given == pytest.approx(metrics["default"]["metrics"]["accuracy"]["value"])
    assert accuracy.without > accuracy.given
    assert {arm for arm, _ in figures} == {"none", "SMOTE"}


def test_the_report_shows_them_as_a_disagreement(finished):
    text = (finished / "report.html").read_text(encoding="utf-8")
    section = text[text.index('<section id="labels"') :].split("</section>")[0]
    assert "This is a disagreement of models, not proof." in section
    assert section.count("<img") == read(finished).labels.count == len(list(finished.glob("labels/*.png")))
    assert "Under 3 folds every case was predicted" in section
    assert "label: bright" in section
    assert "Read each row as a range" in section


def test_with_one_split_only_what_was_held_out_is_looked_at_and_without_such_an_arm_nothing(finished, tmp_path):
    one_split = STUDY | {"split": {"test": 0.3, "validation": 0.2, "group": "none"}, "arm": STUDY["arm"][:1]}
    run(parse(one_split), finished.parent, tmp_path / "one")
    found = read(tmp_path / "one").labels
    assert set(found.looked) == {"validation", "test"}
    assert found.training == 150 - sum(found.looked.values()) > 70
    text = (tmp_path / "one/report.html").read_text(encoding="utf-8")
    assert "of the validation part and" in text
    assert f"the {found.training} others were not" in text
    shutil.rmtree(tmp_path / "one/.steps")  # else it is told that the file was taken away
    (tmp_path / "one/labels.json").unlink()
    write_report(tmp_path / "one")
    assert "Not looked at: no arm without a leak" in (tmp_path / "one/report.html").read_text(encoding="utf-8")


def test_all_arms_leak(finished, tmp_path):
    run(parse(STUDY | {"arm": STUDY["arm"][2:]}), finished.parent, tmp_path / "leaky")
    assert read(tmp_path / "leaky").labels is None
