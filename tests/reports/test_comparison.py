"""The matrix and the sentences say what ``comparisons.json`` says."""

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import combinations

import pytest
from pydantic import TypeAdapter

from run_folder import CLASSES, fake_run, slug
from seimbang.evaluation import read as read_predictions
from seimbang.evaluation.compare import outcomes
from seimbang.record.comparison import Comparison
from seimbang.record.read import read
from seimbang.reports.answer.apart import apart
from seimbang.reports.answer.table import APART
from seimbang.reports.comparison import draw
from seimbang.runs.compared import compared

ARMS = ["as published", "none", "SMOTE", "class weights"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return fake_run(tmp_path_factory.mktemp("comparison") / "run", arms=4)


@pytest.fixture(scope="module")
def run(folder):
    return read(folder)


def typed(values):
    return TypeAdapter(dict[str, Comparison]).validate_json(json.dumps(values))


def sentences(run):
    return [APART.say(facts).replace(" in these trainings", "") for facts in apart(run)]


def made_up(p_of, difference=0.04, protocol="", part="test", why=""):
    """Return a comparison in which each pair has the given p; earlier arms are better by ``difference``."""
    pairs = []
    for first, second in combinations(ARMS, 2):
        p = p_of.get((first, second), 0.6)
        one = {"difference": difference, "low": -0.01, "high": 0.09, "p": p, "corrected": p, "method": "m", "why": why}
        tests = dict.fromkeys(outcomes(2), one)
        pairs.append({"first": first, "second": second, "only_first": 3, "only_second": 1, **tests})
    return typed({protocol: {"arms": ARMS, "sets": {part: {"n": 9, "groups": 9, "by_folds": False, "pairs": pairs}}}})


def test_under_folds_the_test_over_folds_decides():
    pooled, over_folds = (made_up(dict.fromkeys(combinations(ARMS, 2), p))[""].sets["test"] for p in (0.001, 0.4))
    tests = {name: test for name, test in pooled.pairs[0].tests.items() if not name.startswith("folds_")}
    tests |= {name: test for name, test in over_folds.pairs[0].tests.items() if name.startswith("folds_")}
    pairs = [pooled.pairs[0].model_copy(update=tests)]
    for by_folds in (True, False):
        found = pooled.model_copy(update={"by_folds": by_folds, "pairs": pairs})
        for metric in ("balanced_accuracy", "accuracy"):
            assert found.between("as published", "none", metric).significant != by_folds
            assert found.between("none", "as published", metric).sign == (0 if by_folds else -1)


def test_what_an_evaluation_writes_is_drawn_and_said(folder, run):
    tables = {name: read_predictions(folder / "arms" / slug(name)) for name in ARMS}
    found = typed({"": compared(tables, CLASSES, [], ["none"])})
    assert list(draw(replace(run, comparisons=found))) == ["pairs-0-0", "pairs-0-1"]
    said = sentences(replace(run, comparisons=found))
    assert any("on the test set" in text for text in said)
    assert any("“none + tuned threshold”" in text for text in said)
    assert any("on the external set “NIH”" in text for text in said)
    assert not any("as published" in text for text in said)


def test_arms_without_a_significant_difference(run):
    below = {("none", "class weights"): 0.214, ("as published", "none"): 0.001}
    said = sentences(replace(run, comparisons=made_up(below)))
    assert said == [
        "There is no significant difference in balanced accuracy between “none”, “SMOTE” and “class weights” on the "
        "test set (smallest corrected p = .21)."
    ]


def test_arms_with_one(run):
    below = {("none", "SMOTE"): 0.004, ("none", "class weights"): 0.0002}
    assert list(sentences(replace(run, comparisons=made_up(below, protocol="grouped", part="external:NIH")))) == [
        "“none” has a higher balanced accuracy than “SMOTE” and “class weights” on the external set “NIH” under the "
        "protocol “grouped” (by 0.04; largest corrected p = .004).",
        "There is no significant difference in balanced accuracy between “SMOTE” and “class weights” on the external "
        "set “NIH” under the protocol “grouped” (corrected p = .60).",
    ]


def test_the_later_arm_of_a_pair_can_be_the_better_one(run):
    said = list(sentences(replace(run, comparisons=made_up({("none", "SMOTE"): 0.0002}, difference=-0.07))))
    assert said[0] == (
        "“SMOTE” has a higher balanced accuracy than “none” on the test set (by 0.07; corrected p < .001)."
    )
    assert [text.partition(" on the")[0].partition(" between ")[2] for text in said[1:]] == [
        "“SMOTE” and “class weights”",
        "“none” and “class weights”",
    ]


def test_what_cannot_be_compared_says_why(run):
    none = dict.fromkeys(combinations(ARMS, 2))
    absent = made_up(none, difference=None, why="the set has no case of NORMAL")
    assert list(sentences(replace(run, comparisons=absent))) == [
        "“none”, “SMOTE” and “class weights” cannot be compared by balanced accuracy on the test set: "
        "the set has no case of NORMAL."
    ]
    assert draw(replace(run, comparisons=absent)) == {}
    alike = made_up(none, difference=0.0, why="alike")
    assert sentences(replace(run, comparisons=alike))[0].endswith("on the test set: all decide alike.")


def test_the_matrix_shows_both_directions_and_stars_what_is_significant(run):
    figure = draw(replace(run, comparisons=made_up({("none", "SMOTE"): 0.004})))["pairs-0-0"]
    texts = [text.text for text in ET.fromstring(figure.svg).iter("{http://www.w3.org/2000/svg}text")]
    assert [texts.count(cell) for cell in ("+0.04*", "−0.04*", "+0.04", "−0.04")] == [1, 1, 5, 5]
    assert texts.count("as published (leaks)") == 2
    assert "none minus SMOTE +0.04 (corrected p = .004)" in figure.alt


def test_the_matrix_shows_the_sign_of_what_is_significant_and_holds_the_tuned_threshold(folder, run):
    figure = draw(replace(run, comparisons=made_up({("none", "SMOTE"): 0.049}, difference=0.003)))["pairs-0-0"]
    texts = [text.text for text in ET.fromstring(figure.svg).iter("{http://www.w3.org/2000/svg}text")]
    assert [texts.count(cell) for cell in ("+0.003*", "−0.003*", "0.00")] == [1, 1, 10]
    assert "none minus none + tuned threshold" in draw(run)["pairs-0-0"].alt


def test_a_turned_outcome_turns_its_interval(run):
    pairs = made_up({})[""].sets["test"]
    turned = pairs.between("SMOTE", "none")
    assert (turned.difference, turned.low, turned.high) == (-0.04, -0.09, 0.01)
    assert pairs.between("none", "SMOTE").difference == 0.04
