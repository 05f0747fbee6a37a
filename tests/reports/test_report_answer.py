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
    number = {"value": value, "low": low, "high": high, "interval": "Bayesian bootstrap"}

    def edit(metrics):
        metrics["sets"]["test"][rule]["metrics"]["balanced_accuracy"] = number

    change(run, arm, edit)


def number(value, half):
    return {"value": value, "low": round(value - half, 4), "high": round(value + half, 4), "interval": "Wilson"}


def gap(run, arm, value, low, high, why=""):
    number = {"value": value, "low": low, "high": high, "interval": "Bayesian bootstrap", "why": why}
    change(run, arm, lambda metrics: metrics["gaps"]["external:NIH"].update(balanced_accuracy=number))


def said(run, kind, whole=False):
    """Return what is said; unless ``whole`` without what limits claims of single trainings."""
    text = " ".join(sentence.text for sentence in answer(read(run)) if sentence.kind == kind)
    return text if whole else text.replace(HERE, "")


HERE = " in these trainings"


def three(run, none, smote, weights, tuned=(0.45, 0.40, 0.50)):
    """Give the leak-free rows these numbers; what does not overlap differs significantly."""
    numbers = {"none": none, "none + tuned threshold": tuned, "SMOTE": smote, "class weights": weights}
    for arm, value_and_interval in numbers.items():
        name, _, rule = arm.partition(" + ")
        balanced(run, name, *value_and_interval, rule="tuned" if rule else "default")
    path = run / "comparisons.json"
    content = json.loads(path.read_text())
    for pair in content[""]["sets"]["test"]["pairs"]:
        first, second = numbers.get(pair["first"]), numbers.get(pair["second"])
        if first and second:
            apart = first[1] > second[2] or second[1] > first[2]
            difference, p = round(first[0] - second[0], 3), 0.002 if apart else 0.4
            half = 0.02 if apart else abs(difference) + 0.01
            edges = {"low": round(difference - half, 3), "high": round(difference + half, 3)}
            pair["balanced_accuracy"] |= {"difference": difference, "corrected": p, "p": p, "why": "", **edges}
    path.write_text(json.dumps(content))


def test_a_clear_winner_is_called_one(run):
    three(run, (0.70, 0.66, 0.74), (0.90, 0.87, 0.93), (0.72, 0.68, 0.76))
    assert "“SMOTE” has the highest balanced accuracy" in said(run, "best")
    assert "0.90 (0.87–0.93), 120 cases" in said(run, "best")
    assert "“SMOTE” is better than “class weights”, “none” and “none + tuned threshold”" in said(run, "best")
    assert (
        "balanced accuracy 0.90 (0.87–0.93) against 0.70 (0.66–0.74), a difference of 0.20 (0.18–0.22; corrected p = "
        ".002). On this test set balancing raised it." in said(run, "balancing")
    )


def test_overlapping_arms_have_no_significant_difference(run):
    three(run, (0.70, 0.64, 0.76), (0.72, 0.66, 0.78), (0.71, 0.65, 0.77))
    assert "there is no significant difference from “class weights” and “none”" in said(run, "best")
    assert "on the test set (smallest corrected p = .40)" in said(run, "apart")
    assert (
        "There is no significant difference in balanced accuracy between “none”, “SMOTE” and “class weights”"
        in said(run, "apart")
    )
    assert "raised" not in said(run, "balancing")
    assert said(run, "balancing").count("neither a benefit nor a harm") == 2


def test_some_below_and_some_level(run):
    three(run, (0.60, 0.56, 0.64), (0.80, 0.76, 0.84), (0.78, 0.74, 0.82))
    below = (
        "is better than “none” and “none + tuned threshold”; there is no significant difference from “class weights”."
    )
    assert below in said(run, "best")


def test_harm_is_named(run):
    three(run, (0.80, 0.77, 0.83), (0.70, 0.67, 0.73), (0.80, 0.77, 0.83))
    harm = "a difference of −0.10 (−0.12 to −0.08; corrected p = .002). On this test set balancing lowered it."
    assert harm in said(run, "balancing")
    nothing = "a difference of 0.00 (−0.01 to 0.01; corrected p = .40). This run shows neither"
    assert nothing in said(run, "balancing")


def test_chance_is_called_chance(run):
    three(run, (0.50, 0.46, 0.54), (0.52, 0.49, 0.55), (0.48, 0.44, 0.52))
    assert "not above 0.50, which is chance" in said(run, "best")


@pytest.mark.parametrize(
    ("tuned", "sentence"),
    [
        (
            (0.80, 0.76, 0.84),
            "a difference of 0.02 (−0.01 to 0.05; corrected p = .40): balancing is not shown to do more",
        ),
        ((0.60, 0.56, 0.64), "more than the threshold alone, by 0.22 (0.20–0.24; corrected p = .002)."),
        ((0.95, 0.93, 0.97), "less than the threshold alone, by −0.13 (−0.15 to −0.11; corrected p = .002)."),
    ],
)
def test_balancing_is_compared_with_a_tuned_threshold_by_a_paired_test(run, tuned, sentence):
    three(run, (0.60, 0.56, 0.64), (0.82, 0.78, 0.86), (0.70, 0.66, 0.74), tuned)
    assert "“SMOTE”, has 0.82 (0.78–0.86)" in said(run, "threshold")
    assert sentence in said(run, "threshold")
    assert "overlap" not in " ".join(sentence.text for sentence in answer(read(run)))


def test_a_tuned_threshold_can_be_the_best_arm(run):
    three(run, (0.60, 0.56, 0.64), (0.68, 0.64, 0.72), (0.67, 0.63, 0.71), tuned=(0.69, 0.65, 0.73))
    assert said(run, "best").startswith("“none + tuned threshold” has the highest balanced accuracy")
    assert "is better than “none”; there is no significant difference from “SMOTE” and “class weights”" in said(
        run, "best"
    )
    for arm in ("none", "SMOTE", "class weights", "as published"):
        gap(run, arm, 0.3, 0.2, 0.4)
    change(
        run, "none", lambda metrics: metrics["tuned_gaps"]["external:NIH"].update(balanced_accuracy=number(-0.2, 0.1))
    )
    assert "“none + tuned threshold” has balanced accuracy" in said(run, "external")
    assert "a change of −0.20 (−0.30 to −0.10): clearly worse there." in said(run, "external")


def test_arms_of_equal_height_share_the_first_place(run):
    three(run, (0.60, 0.56, 0.64), (0.70, 0.66, 0.74), (0.70, 0.66, 0.74))
    assert said(run, "best").startswith("“SMOTE” and “class weights” have the highest balanced accuracy")


def test_an_arm_that_loses_to_the_largest_class_is_told_so(run):
    three(run, (0.60, 0.56, 0.64), (0.80, 0.76, 0.84), (0.70, 0.66, 0.74))
    lowest = {"accuracy": number(0.56, 0.05)}  # 75 of the 120 test cases are PNEUMONIA
    change(run, "SMOTE", lambda metrics: metrics["sets"]["test"]["default"]["metrics"].update(lowest))
    sentence = "Its accuracy, 0.56 (0.51–0.61), is below the 0.62 of always answering “PNEUMONIA”"
    assert sentence in said(run, "best")
    assert sentence in said(run, "balancing")
    level = {"accuracy": number(0.627, 0.05)}
    change(run, "SMOTE", lambda metrics: metrics["sets"]["test"]["default"]["metrics"].update(level))
    assert "Its accuracy, 0.63 (0.58–0.68), is not shown to be above the 0.62 of always" in said(run, "best")


def test_what_an_interval_and_its_verdict_say_can_be_read_from_the_digits(run):
    three(run, (0.60, 0.56, 0.64), (0.72, 0.68, 0.76), (0.61, 0.57, 0.65))
    path = run / "comparisons.json"
    content = json.loads(path.read_text())
    for pair in content[""]["sets"]["test"]["pairs"]:
        if (pair["first"], pair["second"]) == ("none", "SMOTE"):
            pair["balanced_accuracy"] |= {"difference": -0.12, "low": -0.236, "high": -0.0004, "corrected": 0.0496}
    path.write_text(json.dumps(content))
    near = "a difference of 0.1200 (0.0004–0.2360; corrected p = .0496). On this test set balancing raised it."
    assert near in said(run, "balancing")


def outside(run, value, auc, gain, local=0.9):
    """Give SMOTE these balanced accuracy and AUC on the external set, and a threshold set anew there."""

    def edit(metrics):
        found = metrics["sets"]["external:NIH"]
        found["default"]["metrics"] |= {"balanced_accuracy": number(*value), "auc": number(*auc)}
        found["local"]["measures"]["metrics"]["balanced_accuracy"] = number(local, 0.03)
        found["local"]["gain"]["default"] = number(*gain)

    change(run, "SMOTE", edit)


def test_a_threshold_that_does_not_transfer_is_not_called_guessing(run):
    three(run, (0.60, 0.56, 0.64), (0.82, 0.78, 0.86), (0.70, 0.66, 0.74))
    gap(run, "SMOTE", -0.31, -0.35, -0.27)
    outside(run, (0.51, 0.02), (0.96, 0.02), (0.39, 0.04))
    text = said(run, "external")
    assert "It still ranks cases there, with an AUC of 0.96 (0.94–0.98), but its decisions are not shown to be" in text
    assert "The threshold of “SMOTE” does not transfer to “NIH”: with one set anew there, chosen on one half" in text
    assert "balanced accuracy is 0.90 (0.87–0.93) (sensitivity" in text
    assert "higher by 0.39 (0.35–0.43)" in text
    outside(run, (0.51, 0.02), (0.52, 0.05), (0.01, 0.04))
    text = said(run, "external")
    assert "Neither its decisions nor its ranking are shown to be better than guessing there: AUC 0.52" in text
    assert "is not shown to mend it" in text
    outside(run, (0.51, 0.02), (0.42, 0.05), (0.01, 0.04))
    assert "It ranks the cases there the wrong way round" in said(run, "external")


def test_the_recall_of_every_class_is_told_and_a_lost_class_named(run):
    three(run, (0.60, 0.56, 0.64), (0.82, 0.78, 0.86), (0.70, 0.66, 0.74))

    def edit(metrics):
        for name, value in (("NORMAL", 0.0), ("PNEUMONIA", 0.9)):
            metrics["sets"]["test"]["default"]["per_class"][name]["recall"] = number(value, 0.0)

    change(run, "SMOTE", edit)
    text = said(run, "classes")
    assert "0.00 (0.00–0.00) of 45 NORMAL and 0.90 (0.90–0.90) of 75 PNEUMONIA. It finds no case of NORMAL." in text


def test_a_rare_class_is_told_with_what_one_case_is_worth(run):
    assert said(run, "few") == ""

    def edit(metrics):
        metrics["sets"]["test"]["default"]["per_class"]["PNEUMONIA"]["support"] = 8

    change(run, "as published", edit)
    assert "Of the 120 cases in the test set, only 8 are PNEUMONIA: one case more or less moves its recall by 0.12" in (
        said(run, "few")
    )


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
        ((-0.20, -0.26, -0.14), "a change of −0.20 (−0.26 to −0.14): clearly worse there."),
        ((-0.02, -0.08, 0.04), "a change of −0.02 (−0.08 to 0.04): the interval includes no change."),
        ((0.10, 0.04, 0.16), "a change of 0.10 (0.04–0.16): clearly better there."),
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
    assert f"Of the 4 arms measured on “NIH”, {4 if numbers[2] < 0 else 3} fell" in text


def test_a_gap_that_cannot_be_estimated_says_why(run):
    three(run, (0.60, 0.56, 0.64), (0.82, 0.78, 0.86), (0.70, 0.66, 0.74))
    gap(run, "SMOTE", None, None, None, why="one class only")
    assert "not estimable (one class only)" in said(run, "external")


def test_without_an_external_set_nothing_is_claimed(tmp_path):
    run = fake_run(tmp_path / "run", arms=2, external=False)
    assert said(run, "external") == "No external set was given: whether any arm works in another hospital is not known."
    assert "compare it with" not in said(run, "best")  # the arm without balancing has its threshold beside it


@pytest.mark.parametrize(
    ("low", "high", "side"), [(0.7, 0.75, "contains it"), (0.8, 0.9, "above"), (0.5, 0.6, "below")]
)
def test_the_published_figure_is_placed(run, low, high, side):
    number = {"value": (low + high) / 2, "low": low, "high": high, "interval": "Wilson"}

    def edit(metrics):
        metrics["sets"]["test"]["default"]["metrics"]["accuracy"] = number

    change(run, "as published", edit)
    assert re.search(r"The publication reports accuracy 0\.720? \(test\)", said(run, "published"))
    assert side in said(run, "published")


def test_no_test_set_no_winner(run):
    for arm in ("none", "SMOTE", "class weights"):
        change(run, arm, lambda metrics: metrics["sets"].pop("test"))
    assert said(run, "best") == "No arm without a known leak could be measured on the test set."


def test_the_best_network_stands_beside_the_classical_models(run):
    three(run, (0.60, 0.56, 0.64), (0.82, 0.78, 0.86), (0.70, 0.66, 0.74))
    assert said(run, "kinds") == ""
    for arm in ("none", "class weights"):
        change(run, arm, lambda facts: facts.update(model_kind="classical"), file="arm.json")
    text = said(run, "kinds")
    assert text.startswith(
        "The best network, “SMOTE”, has balanced accuracy 0.82 (0.78–0.86). Tested on the same cases, it is "
    )
    below = "it is better than “class weights” (difference 0.12 (0.10–0.14; corrected p = .002)), “none” ("
    assert below in text
    three(run, (0.60, 0.56, 0.64), (0.62, 0.58, 0.66), (0.80, 0.76, 0.84))
    text = said(run, "kinds")
    assert "no significant difference from “none” (difference 0.02 (−0.01 to 0.05; corrected p = .40))" in text
    assert "it is worse than “class weights” (difference −0.18 (−0.20 to −0.16; corrected p = .002))" in text


def test_the_number_of_seeds_is_told(run):
    assert "each arm was trained once" in said(run, "trainings")
    for arm in ("none", "SMOTE", "class weights", "as published"):
        for key in ("served", "jobs"):
            change(run, arm, lambda facts, key=key: facts[key].append("jobs/0/1"), file="arm.json")
    assert not said(run, "trainings")
    assert "with 2 seeds: its figures are the mean over them" in said(run, "caution")
    assert HERE not in said(run, "best", whole=True) + said(run, "apart", whole=True)


def test_a_table_is_not_spoken_of_as_a_hospital(tmp_path):
    run = fake_run(tmp_path / "run", arms=2, external=False)
    data = json.loads((run / "data.json").read_text()) | {"kind": "table"}
    (run / "data.json").write_text(json.dumps(data))
    assert not re.search("hospital|patient", said(run, "external") + said(run, "caution"))
