"""P and interval of several pairs agree, whatever the numbers, and the intervals hold together as often as they say."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_compare import CLASSES, arms, frame, scores

from seimbang.evaluation import paired
from seimbang.evaluation.compare import compare
from seimbang.evaluation.threshold import best_threshold, cross_fitted
from seimbang.record.comparison import TUNED, PairedTest
from seimbang.runs.compared import compared


def outside(outcome):
    return not outcome["low"] <= 0 <= outcome["high"]


@settings(max_examples=200, deadline=None)
@given(
    shift=st.floats(-0.2, 0.2, allow_subnormal=False),
    others=st.lists(st.floats(-0.2, 0.2, allow_subnormal=False), max_size=8),
    draws=st.integers(30, 900),
    cases=st.integers(10, 120),
    seed=st.integers(0, 2**32 - 1),
)
def test_zero_is_outside_the_interval_exactly_where_the_corrected_p_is_below_five_per_cent(
    shift, others, draws, cases, seed
):
    rng = np.random.default_rng(seed)
    tests = []
    for middle in (shift, *others):
        gain = (rng.random(cases) < 0.3 + middle).astype(float) - (rng.random(cases) < 0.3)
        of_patients = paired.gains(gain, np.arange(cases) % 3 // 2, np.arange(cases) // 2)
        tests.append(paired.exchange(of_patients, cases // 6, draws, seed))
    folds = rng.normal(shift, 0.05, 10)
    positive, near = rng.random(60) < 0.4, rng.normal(0, 1, (2, 60))
    ranked = [paired.delong(positive, near[0] + positive * shift * 9, near[1], np.arange(60)) for _ in tests]
    for family in (tests, [paired.corrected_t(folds, 0.25)] * len(tests), ranked):
        for outcome in (made for made in paired.simultaneous(family) if made["p"] is not None):
            assert (outcome["corrected"] < 0.05) == outside(outcome), outcome
            told = PairedTest(**outcome)
            assert told.significant == (told.value.side_of(0) != 0)


def test_pairs_that_cannot_be_tested_do_not_count():
    made = paired.corrected_t(np.linspace(0.01, 0.1, 10), 0.25)
    alone, twice = (paired.simultaneous([made] * n + [paired.undefined("why")]) for n in (1, 2))
    assert alone[0]["corrected"] == pytest.approx(made.p)
    assert twice[0]["corrected"] == pytest.approx(2 * made.p)
    assert twice[0]["high"] - twice[0]["low"] > alone[0]["high"] - alone[0]["low"]
    assert alone[-1]["corrected"] is alone[-1]["low"] is None


def test_all_intervals_together_hold_the_truth_as_often_as_they_say():
    truth = {name: 0.5 + 0.5 * recall for name, recall in (("a0", 0.4), ("a1", 0.6), ("a2", 0.6))}
    rng, held = np.random.default_rng(1), []
    y = (np.arange(240) < 80).astype(int)
    for seed in range(60):
        skill = rng.normal(0, 1, 240)
        tables = {}
        for name, level in truth.items():
            noise = 0.6 * skill + 0.8 * rng.normal(0, 1, 240)  # the arms err on the same cases
            right = (noise < np.quantile(rng.normal(0, 1, 20000), 2 * level - 1)) | (y == 0)
            tables[name] = frame(y, np.where(right, y, 1 - y).astype(float))
        pairs = compare(tables, CLASSES, seed)["sets"]["test"]["pairs"]
        found = [(one["balanced_accuracy"], truth[one["first"]] - truth[one["second"]]) for one in pairs]
        held.append(all(one["low"] is not None and one["low"] <= real <= one["high"] for one, real in found))
    assert np.mean(held) >= 0.85


def test_the_threshold_of_an_arm_without_balancing_is_a_row_of_its_own():
    rng = np.random.default_rng(4)
    y = (np.arange(400) % 4 == 0).astype(int)
    p = scores(y, 1.0, rng) ** 3  # leans away from b
    both = pd.concat([frame(y, p, "validation"), frame(y, p)])
    found = compared({"none": both, "SMOTE": both}, CLASSES, [], ["none"])
    assert found["arms"] == ["none", "SMOTE", "none" + TUNED]
    pairs = {(one["first"], one["second"]): one["balanced_accuracy"] for one in found["sets"]["test"]["pairs"]}
    assert len(pairs) == 3
    assert pairs["none", "none" + TUNED]["difference"] < -0.1
    assert pairs["none", "none" + TUNED]["corrected"] < 0.05
    unvalidated = {"none": frame(y, p), "SMOTE": frame(y, p)}
    assert compared(unvalidated, CLASSES, [], ["none"])["arms"] == ["none", "SMOTE"]
    assert compared({}, CLASSES, [], ["none"]) == {"arms": [], "sets": {}}


def test_one_arm_can_be_compared_with_each_other_alone():
    tables = arms((1.0, 0.6, 0.2))
    pairs = compare(tables, CLASSES, against="arm 1")["sets"]["test"]["pairs"]
    assert [(one["first"], one["second"]) for one in pairs] == [("arm 0", "arm 1"), ("arm 1", "arm 2")]
    for one in pairs:
        assert one["accuracy"]["corrected"] == pytest.approx(min(1, 2 * one["accuracy"]["p"]))


def moved(rng, n=300, shift=3.0):
    """Return scores that rank well but lie far above the half, their classes and patients."""
    positive = rng.random(n) < 0.4
    return 1 / (1 + np.exp(-(2.5 * positive + rng.normal(0, 1, n) + shift))), positive, np.arange(n)


def balanced(predicted, positive):
    return (predicted[positive].mean() + 1 - predicted[~positive].mean()) / 2


def test_a_threshold_set_anew_elsewhere_mends_a_shift_and_is_not_flattered():
    rng = np.random.default_rng(5)
    score, positive, group = moved(rng)
    predicted = cross_fitted(score, positive, group, 0)
    assert balanced(score >= 0.5, positive) < 0.65
    assert balanced(predicted, positive) > 0.8
    own, fitted = [], []
    for seed in range(60):  # of scores that know nothing, one's own threshold looks better than guessing
        score, positive, group = rng.random(40), np.arange(40) < 16, np.arange(40)
        own.append(balanced(score >= best_threshold(score, positive), positive))
        fitted.append(balanced(cross_fitted(score, positive, group, seed), positive))
    assert np.mean(own) > 0.57
    assert np.mean(fitted) < 0.52


def test_patients_stay_on_one_side_of_a_halving():
    rng = np.random.default_rng(6)
    patients = np.arange(60) // 6
    positive = patients % 2 == 0
    fitted = []
    for seed in range(60):  # the images of a patient are alike, and there is nothing to learn from other patients
        score = rng.random(10)[patients]
        fitted.append(balanced(cross_fitted(score, positive, patients, seed), positive))
    assert np.mean(fitted) < 0.53
    assert cross_fitted(score, patients < 3, patients, 0) is None
