"""What a table with folds adds to the report: fold by fold, what was searched, the columns before and after."""

import csv
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from run_folder import fake_run, slug
from seimbang.errors import IntegrityError
from seimbang.evaluation import compare, evaluate
from seimbang.record.metrics import Folded, Value
from seimbang.record.read import read
from seimbang.reports import boxes, folds, search
from seimbang.reports.report import write_report

CLASSES = ["low", "medium", "high"]
COUNTS = (24, 60, 5)
ARMS = {"as published": 2.2, "none": 1.4, "SMOTE": 1.2}


def predictions(strength, rng, repeats=2, k=6):
    """Return three classes in repeated folds; of the rarest there are fewer cases than folds."""
    y, parts = np.repeat(np.arange(3), COUNTS), []
    for repeat in range(repeats):
        logit = rng.normal(0, 1, (len(y), 3)) + strength * np.eye(3)[y]
        p = np.exp(logit) / np.exp(logit).sum(1, keepdims=True)
        frame = pd.DataFrame({"case_id": [f"d{n}" for n in range(len(y))], "group": "", "seed": "0", "set": "test"})
        frame = frame.assign(label=np.array(CLASSES)[y], **{f"p_{name}": p[:, n] for n, name in enumerate(CLASSES)})
        part = np.random.default_rng(repeat).permutation(len(y)) % k
        for n in range(k):
            name = f"{repeat + 1}.{n + 1}"
            parts += [frame[part == n].assign(fold=name), frame[part != n].assign(fold=name, set="train")]
    return pd.concat(parts, ignore_index=True)


def grid(chosen):
    """Return candidates over C, and gamma within each; the best at each C is the one with gamma 0.1."""
    rows = [
        {"C": c, "gamma": gamma, "mean": 0.7 + 0.02 * k - 0.05 * (gamma == "scale"), "sd": 0.03}
        for k, c in enumerate((0.25, 1.0, 4.0, 16.0))
        for gamma in ("scale", "0.1")
    ]
    return pd.DataFrame(rows).assign(by="balanced_accuracy", chosen=[chosen if k == 3 else 0 for k in range(8)])


def columns(after):
    five = {name: [k, k + 1.0, k + 2.0, k + 3.0, k + 5.0] for k, name in enumerate(CLASSES)}
    names = ["HLS", "PENG", "RLS", "UHH"]
    return [{"column": name, "unit": "years", "before": five, "after": five if after else {}} for name in names]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    run = fake_run(tmp_path_factory.mktemp("folds") / "run", arms=3, external=False)
    rng, tables = np.random.default_rng(3), {}
    for arm, strength in ARMS.items():
        path = run / "arms" / slug(arm)
        tables[arm] = predictions(strength, rng)
        metrics = evaluate(tables[arm], CLASSES, resamples=100)
        facts = json.loads((path / "arm.json").read_text())
        made = dict(zip(CLASSES, COUNTS, strict=True))
        facts |= {"model_title": "Support vector machine", "before": made, "after": made, "layers": []}
        (path / "arm.json").write_text(json.dumps(facts))
        (path / "metrics.json").write_text(json.dumps(metrics))
        (path / "boxes.json").write_text(json.dumps(columns(after=arm != "none")))
        for file in ("gallery.json", "examples.json"):
            (path / file).write_text("[]")
        if arm != "none":
            grid(chosen=5).to_csv(path / "search.csv", index=False)
    data = json.loads((run / "data.json").read_text())
    counts = {"train": made, "test": made}
    protocol = data["protocols"][0] | {"folds": 12, "counts": counts}
    data |= {"kind": "table", "classes": CLASSES, "positive": "high", "protocols": [protocol], "samples": []}
    (run / "data.json").write_text(json.dumps(data))
    (run / "comparisons.json").write_text(json.dumps({"": compare(tables, CLASSES)}))
    write_report(run)
    return run


@pytest.fixture(scope="module")
def run(folder):
    return read(folder)


def test_each_arm_has_mean_and_spread_beside_the_pooled_figure(folder, run):
    (table,) = folds.tables(run)
    metrics = json.loads((folder / "arms" / "smote" / "metrics.json").read_text())
    accuracy = [row["accuracy"] for row in metrics["folds"]["test"]["each"]]
    cell = table.rows["SMOTE"]["accuracy"]
    assert cell.text == f"{np.mean(accuracy):.2f} ± {np.std(accuracy, ddof=1):.2f}"
    assert cell.pooled.value == metrics["sets"]["test"]["default"]["metrics"]["accuracy"]["value"]
    assert cell.shortfall == 0 < table.rows["SMOTE"]["balanced_accuracy"].shortfall
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert cell.text in text
    assert "Where a fold lacks a case of some class" in text
    assert "Hand and Till (2001)" in text
    assert "AUC after Hand and Till." in (folder / "table.tex").read_text()


def test_arms_are_compared_over_folds_with_the_correction_named(folder, run):
    tests = folds.tables(run)[0].tests
    assert [test.metric for test in tests] == ["accuracy"] * 3 + ["balanced_accuracy"] * 3
    assert tests[0].outcome.method == "t over 2 × 6 folds, corrected for a test part of 0.20 of the training part"
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert f"{tests[0].outcome.method} (Nadeau and Bengio 2003)" in text
    assert tests[0].p in text.replace("&lt;", "<")


def test_metrics_csv_has_mean_and_sd_of_folds(folder, run):
    with (folder / "metrics.csv").open(encoding="utf-8", newline="") as file:
        found = {(row["arm"], row["metric"]): row["value"] for row in csv.DictReader(file)}
    of_folds = run.arms[0].metrics.folds["test"]
    assert float(found["as published", "accuracy_mean_of_folds"]) == of_folds.mean["accuracy"]
    assert float(found["as published", "kappa_sd_of_folds"]) == of_folds.sd["kappa"]


def test_accuracy_in_each_fold_is_drawn(run):
    figure = folds.draw(run)["folds-0"]
    assert "Accuracy in each of 12 folds" in figure.alt
    assert all(name in figure.alt for name in ARMS)
    assert "as published (leaks)" in figure.svg


def test_what_was_searched_is_drawn_once_for_a_model(run):
    (figure,) = search.draw(run).values()
    # of the two gammas the better at each C; the value that the folds took, not the one of highest mean
    assert figure.alt == (
        "Balanced accuracy of Support vector machine against C inside the training part: "
        "as published 0.720 ± 0.030 at 1.0, taken most often; SMOTE 0.720 ± 0.030 at 1.0, taken most often."
    )
    assert ">0.25<" in figure.svg
    assert "What was searched" in (run.folder / "report.html").read_text(encoding="utf-8")


def test_words_are_no_numbers_and_one_candidate_is_no_search(run):
    one = run.arms[0]
    words = [item.model_copy(update={"settings": {"C": "1.0", "gamma": item.settings["gamma"]}}) for item in one.search]
    changed = [replace(one, search=kept) for kept in (words, one.search[:1])]
    drawn = search.draw(replace(run, arms=changed))
    (figure,) = drawn.values()
    assert ">scale<" in figure.svg
    assert "against gamma" in figure.alt


def test_a_damaged_search_is_named(folder):
    path = folder / "arms" / "smote" / "search.csv"
    before = path.read_text()
    path.write_text("C,mean,sd,by\n1,much,0,accuracy\n")
    try:
        with pytest.raises(IntegrityError, match="RUN_DAMAGED") as caught:
            read(folder)
        assert "search.csv" in caught.value.found
    finally:
        path.write_text(before)


def test_columns_are_drawn_once_for_equal_rows_and_not_where_nothing_changed(run):
    (figure,) = boxes.draw(run).values()
    assert figure.name == "boxes-as-published"
    assert "HLS: low 2, medium 3, high 4; after balancing low 2" in figure.alt
    assert "HLS (years)" in figure.svg
    unchanged = [arm for arm in run.arms if arm.name == "none"]
    (figure,) = boxes.draw(replace(run, arms=unchanged)).values()
    assert "after" not in figure.alt


@pytest.mark.parametrize(("sd", "share"), [(0.02, 0.0), (0.04, 0.0), (0.08, 0.75)])
def test_what_patients_do_not_explain_of_the_spread_over_folds_is_of_training(sd, share):
    """Four folds, an interval of standard error .02: the patients of a fold alone make a deviation of .04."""
    pooled = Value(value=0.8, low=0.8 - 1.96 * 0.02, high=0.8 + 1.96 * 0.02)
    row = {"accuracy": 0.8}
    folded = Folded(each=[{"fold": str(k), **row} for k in range(4)], measured={}, mean={}, sd={"accuracy": sd})
    assert folds._training(folded, "accuracy", pooled) == pytest.approx(share, abs=1e-4)
    repeated = folded.model_copy(update={"each": [{"fold": f"1.{k}", **row} for k in range(4)]})
    assert folds._training(repeated, "accuracy", pooled) is None
