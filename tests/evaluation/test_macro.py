"""Averages over findings, and tests whose intervals say what their p says."""

import numpy as np
import pytest

from seimbang.evaluation import metrics
from seimbang.evaluation.macro import AVERAGED, Averages, FindingCases, corrected
from seimbang.evaluation.metrics import Weighted


def finding(seed, separations, n=300, rare=0.2):
    """Return the test set of a finding with an arm for each separation of the scores of its classes."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < rare).astype(np.int64)
    patients = np.array([f"p{k // 2}" for k in range(n)])
    scores = {f"arm {k}": 1 / (1 + np.exp(-rng.normal(apart * (2 * y - 1)))) for k, apart in enumerate(separations)}
    p = {arm: np.c_[1 - score, score] for arm, score in scores.items()}
    return FindingCases(patients, y, p, {arm: (one[:, 1] > 0.5).astype(np.int64) for arm, one in p.items()})


@pytest.fixture(scope="module")
def averages():
    return Averages({f"finding {k}": finding(k, (0.3, 1.2)) for k in range(3)})


def test_the_macro_average_is_the_mean_of_the_findings(averages):
    tested = [finding(k, (0.3, 1.2)) for k in range(3)]
    for metric in AVERAGED:
        each = [
            getattr(metrics, metric)(Weighted(np.ones((1, 300)), one.y, one.p["arm 1"], one.predicted["arm 1"]))[0]
            for one in tested
        ]
        made = averages.macro("arm 1", metric)
        assert made["value"] == pytest.approx(np.mean(each))
        assert made["low"] < made["value"] < made["high"]


def test_a_better_arm_is_found_better_in_each_finding_and_on_average(averages):
    for metric in AVERAGED:
        tests = [*averages.against("arm 1", metric), *averages.macro_against(metric)]
        assert all(test["corrected"] < 0.05 and test["low"] > 0 and test["difference"] > 0.1 for test in tests), tests


def test_equal_arms_are_not_told_apart():
    averages = Averages({f"finding {k}": finding(k + 20, (0.8, 0.8)) for k in range(4)})
    assert all(test["corrected"] > 0.05 for metric in AVERAGED for test in averages.macro_against(metric))


def test_the_same_answers_cannot_be_tested():
    one = finding(1, (0.5,))
    twin = FindingCases(
        one.patients, one.y, one.p | {"twin": one.p["arm 0"]}, one.predicted | {"twin": one.predicted["arm 0"]}
    )
    (test,) = Averages({"a": twin}).macro_against("auc")
    assert (test["difference"], test["p"], test["corrected"]) == (0.0, None, None)
    assert test["why"]


def test_patients_are_drawn_alike_in_all_findings():
    """Two findings with the same cases have the same draws: their average varies as much as each."""
    one = finding(3, (0.5, 0.9))
    both, alone = Averages({"a": one, "b": one}), Averages({"a": one})
    assert np.array_equal(both.draws["a"]["arm 0", "auc"], both.draws["b"]["arm 0", "auc"])
    assert both.macro("arm 0", "auc") == pytest.approx(alone.macro("arm 0", "auc"))


def test_an_interval_is_without_0_exactly_where_the_corrected_p_is_below_5_percent():
    rng = np.random.default_rng(5)
    for _ in range(300):
        count = int(rng.integers(1, 9))
        shifts = rng.uniform(0, 4, count)
        tests = corrected([(shift, rng.normal(shift, 1, 1999)) for shift in shifts])
        for test in tests:
            assert (test["corrected"] < 0.05) == (test["low"] > 0 or test["high"] < 0), test


def test_corrected_by_hand():
    """Of 99 draws 0 and 9 are not above 0: p .02 and .20; Holm doubles the first and leaves the second."""
    draws = [np.arange(1.0, 100), np.arange(1.0, 100) - 9.5]
    first, second = corrected([(50.0, draws[0]), (40.5, draws[1])])
    assert (first["p"], first["corrected"]) == (pytest.approx(0.02), pytest.approx(0.04))
    assert (second["p"], second["corrected"]) == (pytest.approx(0.2), pytest.approx(0.2))
    assert first["low"] == 1.0  # level .025: the first draw
    assert second["low"] == -7.5  # level .05: the second draw


def of_seeds(number, separations):
    """Return the test set of a finding whose arms have three trainings each, as good as ``separations`` of them."""
    seeds = [finding(number, apart) for apart in zip(*separations, strict=True)]
    arms = list(seeds[0].p)
    return FindingCases(
        np.tile(seeds[0].patients, len(seeds)),
        np.tile(seeds[0].y, len(seeds)),
        {arm: np.concatenate([seed.p[arm] for seed in seeds]) for arm in arms},
        {arm: np.concatenate([seed.predicted[arm] for seed in seeds]) for arm in arms},
        len(seeds),
    )


def test_trainings_that_differ_widely_prove_nothing_of_the_method():
    """The arm is better on average, for these patients certainly; its next training may not be."""
    steady, lucky = (0.3, 0.3, 0.3), (0.2, 1.4, 0.3)
    averages = Averages({"a": of_seeds(1, [steady, lucky])})
    (test,) = averages.macro_against("auc")
    assert test["difference"] > 0.05
    assert test["corrected"] > 0.05
    assert test["low"] < 0
    made = averages.macro("arm 1", "auc")
    assert 0 <= made["low"] < made["value"] < made["high"] <= 1
    assert made["interval"].endswith("and seeds")


def test_an_arm_that_is_better_in_every_training_is_found():
    averages = Averages({f"finding {k}": of_seeds(k, [(0.3, 0.35, 0.3), (1.2, 1.25, 1.2)]) for k in range(3)})
    assert all(averages.macro_against(metric)[0]["corrected"] < 0.05 for metric in AVERAGED)
