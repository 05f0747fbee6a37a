"""The answer in words says what the numbers say, and no more."""

import json
import re
import shutil

import pytest

from run_folder import fake_run, slug
from seimbang.record.read import read
from seimbang.reports.answer import answer


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return fake_run(tmp_path_factory.mktemp("answer") / "run", arms=4)


@pytest.fixture
def run(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "run")


def change(run, arm, edit, file="metrics.json"):
    path = run / "arms" / slug(arm) / file
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


def balanced(run, arm, value, low, high, rule="default"):
    number = {"value": value, "low": low, "high": high, "interval": "BCa bootstrap"}

    def edit(metrics):
        metrics["sets"]["test"][rule]["metrics"]["balanced_accuracy"] = number

    change(run, arm, edit)


def gap(run, arm, value, low, high, why=""):
    number = {"value": value, "low": low, "high": high, "interval": "BCa bootstrap", "why": why}
    change(run, arm, lambda metrics: metrics["gaps"]["external:NIH"].update(balanced_accuracy=number))


def said(run, kind):
    return " ".join(sentence.text for sentence in answer(read(run)) if sentence.kind == kind)


def three(run, none, smote, weights):
    """Give the three leak-free arms these numbers; what does not overlap differs significantly."""
    numbers = {"none": none, "SMOTE": smote, "class weights": weights}
    for arm, value_and_interval in numbers.items():
        balanced(run, arm, *value_and_interval)
    path = run / "comparisons.json"
    content = json.loads(path.read_text())
    for pair in content[""]["sets"]["test"]["pairs"]:
        first, second = numbers.get(pair["first"]), numbers.get(pair["second"])
        if first and second:
            apart = first[1] > second[2] or second[1] > first[2]
            difference, holm = first[0] - second[0], 0.002 if apart else 0.4
            edges = {"low": difference - 0.02, "high": difference + 0.02}
            pair["balanced_accuracy"] |= {"difference": difference, "holm": holm, "p": holm, **edges}
    path.write_text(json.dumps(content))


def test_a_clear_winner_is_called_one(run):
    three(run, (0.70, 0.66, 0.74), (0.90, 0.87, 0.93), (0.72, 0.68, 0.76))
    assert "“SMOTE” has the highest balanced accuracy" in said(run, "best")
    assert "0.90 (0.87–0.93), 120 cases" in said(run, "best")
    assert "it is better than “class weights” and “none”" in said(run, "best")
    assert "a difference of 0.20 (0.18–0.22). On this test set it helped." in said(run, "balancing")


def test_overlapping_arms_have_no_significant_difference(run):
    three(run, (0.70, 0.64, 0.76), (0.72, 0.66, 0.78), (0.71, 0.65, 0.77))
    assert "not shown to be better than “class weights” and “none”" in said(run, "best")
    assert "on the test set (smallest Holm-corrected p = .40)" in said(run, "apart")
    assert said(run, "apart").startswith("There is no significant difference between")
    assert "helped" not in said(run, "balancing")
    assert said(run, "balancing").count("neither a benefit nor a harm") == 2


def test_some_below_and_some_level(run):
    three(run, (0.60, 0.56, 0.64), (0.80, 0.76, 0.84), (0.78, 0.74, 0.82))
    assert "it is better than “none”; there is no significant difference from “class weights”" in said(run, "best")


def test_harm_is_named(run):
    three(run, (0.80, 0.77, 0.83), (0.70, 0.67, 0.73), (0.80, 0.77, 0.83))
    assert "a difference of −0.10 (−0.12 to −0.08). On this test set it did harm." in said(run, "balancing")
    assert "a difference of 0.00 (−0.02 to 0.02). This run shows neither" in said(run, "balancing")


def test_chance_is_called_chance(run):
    three(run, (0.50, 0.46, 0.54), (0.52, 0.49, 0.55), (0.48, 0.44, 0.52))
    assert "not above 0.50, which is chance" in said(run, "best")


@pytest.mark.parametrize(
    ("tuned", "sentence"),
    [
        ((0.80, 0.76, 0.84), "not shown to do more than the threshold"),
        ((0.60, 0.56, 0.64), "more than the threshold alone"),
        ((0.95, 0.93, 0.97), "less than the threshold alone"),
    ],
)
def test_balancing_is_compared_with_a_tuned_threshold(run, tuned, sentence):
    three(run, (0.60, 0.56, 0.64), (0.82, 0.78, 0.86), (0.70, 0.66, 0.74))
    balanced(run, "none", *tuned, rule="tuned")
    assert "“SMOTE”, gives 0.82 (0.78–0.86)" in said(run, "threshold")
    assert sentence in said(run, "threshold")


def test_a_leaking_arm_never_wins_and_stands_beside_its_leak_free_counterpart(run):
    three(run, (0.60, 0.56, 0.64), (0.62, 0.58, 0.66), (0.61, 0.57, 0.65))
    balanced(run, "as published", 0.99, 0.98, 1.0)
    assert "as published" not in said(run, "best")
    leak = said(run, "leak")
    assert "“as published” leaks. Synthetic cases were generated from test cases" in leak
    assert "balanced accuracy 0.99 (0.98–1.00)" in leak
    assert re.search("the leak was worth .* for “as published” against .* for “SMOTE”", leak)
    assert "no evidence" in leak


def test_when_every_arm_leaks_there_is_no_winner(run):
    for arm in ("none", "SMOTE", "class weights"):
        change(run, arm, lambda facts: facts.update(leaky=True), file="arm.json")
    assert said(run, "best").startswith("Every arm of this run leaks")


@pytest.mark.parametrize(
    ("numbers", "sentence"),
    [
        ((-0.20, -0.26, -0.14), "a change of −0.20 (−0.26 to −0.14); it works clearly worse there"),
        ((-0.02, -0.08, 0.04), "a change of −0.02 (−0.08 to 0.04); the interval includes no change"),
        ((0.10, 0.04, 0.16), "a change of 0.10 (0.04–0.16); it works clearly better there"),
    ],
)
def test_the_external_gap_is_read_from_its_interval(run, numbers, sentence):
    three(run, (0.60, 0.56, 0.64), (0.82, 0.78, 0.86), (0.70, 0.66, 0.74))
    for arm in ("as published", "none", "class weights"):
        gap(run, arm, -0.3, -0.4, -0.2)
    gap(run, "SMOTE", *numbers)
    text = said(run, "external")
    assert "On the external set “NIH” (80 cases), “SMOTE”" in text
    assert sentence in text
    assert f"Of the 4 arms measured there, {4 if numbers[2] < 0 else 3} fell" in text


def test_a_gap_that_cannot_be_estimated_says_why(run):
    three(run, (0.60, 0.56, 0.64), (0.82, 0.78, 0.86), (0.70, 0.66, 0.74))
    gap(run, "SMOTE", None, None, None, why="one class only")
    assert "not estimable (one class only)" in said(run, "external")


def test_without_an_external_set_nothing_is_claimed(tmp_path):
    run = fake_run(tmp_path / "run", arms=2, external=False)
    assert said(run, "external") == "No external set was given: whether any arm works in another hospital is not known."
    assert "no other leak-free arm" in said(run, "best")


@pytest.mark.parametrize(
    ("low", "high", "side"), [(0.7, 0.75, "contains it"), (0.8, 0.9, "above"), (0.5, 0.6, "below")]
)
def test_the_published_figure_is_placed(run, low, high, side):
    number = {"value": (low + high) / 2, "low": low, "high": high, "interval": "Wilson"}

    def edit(metrics):
        metrics["sets"]["test"]["default"]["metrics"]["accuracy"] = number

    change(run, "as published", edit)
    assert "The publication reports accuracy 0.72 (test)" in said(run, "published")
    assert side in said(run, "published")


def test_no_test_set_no_winner(run):
    for arm in ("none", "SMOTE", "class weights"):
        change(run, arm, lambda metrics: metrics["sets"].pop("test"))
    assert said(run, "best") == "No leak-free arm could be measured on the test set."


def test_the_best_network_stands_beside_the_classical_models(run):
    three(run, (0.60, 0.56, 0.64), (0.82, 0.78, 0.86), (0.70, 0.66, 0.74))
    assert said(run, "kinds") == ""
    for arm in ("none", "class weights"):
        change(run, arm, lambda facts: facts.update(model_kind="classical"), file="arm.json")
    text = said(run, "kinds")
    assert text.startswith(
        "The best network, “SMOTE”, has balanced accuracy 0.82 (0.78–0.86). Tested on the same cases"
    )
    assert "it is better than “class weights” (difference 0.12 (0.10–0.14); Holm-corrected p = .002), “none” (" in text
    three(run, (0.60, 0.56, 0.64), (0.62, 0.58, 0.66), (0.80, 0.76, 0.84))
    assert (
        "there is no significant difference from “none” (difference 0.02 (0.00–0.04); Holm-corrected p = .40)"
        in said(run, "kinds")
    )
    assert "it is worse than “class weights” (difference −0.18 (−0.20 to −0.16)" in said(run, "kinds")


def test_the_number_of_seeds_is_told(run):
    assert said(run, "caution").startswith("Each arm was trained with one seed (0). The intervals")
    for arm in ("none", "SMOTE", "class weights", "as published"):
        change(run, arm, lambda facts: facts["served"].append("jobs/0/1"), file="arm.json")
    assert "with 2 seeds, which predict together." in said(run, "caution")
    assert "other seeds, another hospital" in said(run, "caution")


def test_a_table_is_not_spoken_of_as_a_hospital(tmp_path):
    run = fake_run(tmp_path / "run", arms=2, external=False)
    data = json.loads((run / "data.json").read_text()) | {"kind": "table"}
    (run / "data.json").write_text(json.dumps(data))
    assert not re.search("hospital|patient", said(run, "external") + said(run, "caution"))
