"""Calibration slope and intercept against scikit-learn, and what balancing does to them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from seimbang.evaluation import against_none, clinical
from seimbang.evaluation.metrics import Weighted
from seimbang.evaluation.predictions import Scored
from seimbang.evaluation.probabilities import (
    against_rest,
    calibration,
    differences,
    expit,
    instability,
    intercept,
    log_odds,
    slope,
)

CLASSES = ["healthy", "ill"]


def drawn(rng, n, slope=1.0, intercept=0.0, seeds=1, group=None):
    """Return cases whose log odds of being ill are ``intercept + slope x``, as predicted by models that say ``x``."""
    x = rng.normal(-1, 1.5, n)
    y = (rng.uniform(size=n) < expit(intercept + slope * x)).astype(np.int64)
    p = np.concatenate([expit(x + rng.normal(0, 0.3, n) * (seeds > 1)) for _ in range(seeds)])
    group = np.arange(n) if group is None else group
    return Scored(np.tile(y, seeds), np.c_[1 - p, p], np.tile(group, seeds), None, seeds)


def weighted(cases, w=None):
    w = np.ones((1, len(cases.y))) if w is None else w
    return Weighted(w, cases.y, cases.p, cases.y)


def test_slope_is_that_of_logistic_regression_without_penalty():
    rng = np.random.default_rng(0)
    cases = drawn(rng, 250, 0.6, 0.4)
    w = np.stack([np.ones(250), rng.exponential(size=250)])
    x = log_odds(cases.p[:, 1])[:, None]
    for weights, value in zip(w, slope(weighted(cases, w)), strict=True):
        model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(x, cases.y, weights)
        assert value == pytest.approx(model.coef_[0, 0], abs=1e-5)


def test_intercept_makes_the_mean_probability_the_share_of_the_positive_class():
    cases = drawn(np.random.default_rng(1), 300, 1.0, 0.9)
    shift = intercept(weighted(cases))[0]
    assert expit(log_odds(cases.p[:, 1]) + shift).mean() == pytest.approx(cases.y.mean())
    assert shift == pytest.approx(0.9, abs=0.35)


@pytest.mark.parametrize(("truth", "shift"), [(1.0, 0.0), (0.5, -0.5), (1.6, 0.7)])
def test_intervals_hold_the_truth_in_about_95_percent(truth, shift):
    """The slope's: the intercept with slope 1 has another truth where the slope is not 1."""
    rng = np.random.default_rng(2)
    held = []
    for _ in range(200):
        value = calibration(drawn(rng, 150, truth, shift), CLASSES)["slope"]
        held.append(value["low"] < truth < value["high"])
    assert 0.90 <= np.mean(held) <= 0.99


def test_what_cannot_be_known_is_not_given():
    n = 40
    y = np.repeat([0, 1], n // 2)
    apart = Scored(y, np.c_[1 - y, y] * 0.8 + 0.1, np.arange(n))
    found = calibration(apart, CLASSES)
    assert found["slope"]["value"] is None
    assert "separate" in found["slope"]["why"]
    assert found["intercept"]["value"] == pytest.approx(0, abs=1e-6)
    assert "one seed" in found["instability"]["why"]
    alone = Scored(np.zeros(n, np.int64), apart.p, np.arange(n))
    assert calibration(alone, CLASSES)["slope"]["why"] == "the set has no case of ill"
    rare = Scored((np.arange(n) % 13 == 0).astype(np.int64), apart.p, np.arange(n))
    assert calibration(rare, CLASSES)["slope"]["why"] == "no interval: fewer than 5 cases of ill"
    assert calibration(rare, CLASSES)["slope"]["low"] is None


def test_patients_with_equal_cases_are_as_many_cases():
    rng = np.random.default_rng(3)
    one = drawn(rng, 100, 0.8)
    many = Scored(np.repeat(one.y, 5), np.repeat(one.p, 5, 0), np.repeat(one.group, 5))
    first, second = calibration(one, CLASSES)["slope"], calibration(many, CLASSES)["slope"]
    assert second == pytest.approx(first, abs=1e-6)


def test_instability_is_the_mean_sd_over_seeds():
    p = np.array([0.2, 0.4, 0.3, 0.8])  # two cases, by two seeds
    cases = Scored(np.array([0, 1, 0, 1]), np.c_[1 - p, p], np.array([0, 1, 0, 1]), None, 2)
    assert instability(cases) == pytest.approx((0.1 + 0.4) / np.sqrt(2) / 2)


def test_difference_of_slopes_is_paired_and_knows_of_seeds():
    rng = np.random.default_rng(4)
    cases = drawn(rng, 200, seeds=3)
    twice = expit(2 * log_odds(cases.p[:, 1]))
    steeper = Scored(cases.y, np.c_[1 - twice, twice], cases.group, None, 3)
    made = differences(steeper, cases, CLASSES, True)
    own = calibration(cases, CLASSES)["slope"]["value"]
    assert made["slope"]["value"] == pytest.approx(-own / 2, rel=1e-5)
    assert made["slope"]["high"] < 0
    assert 0 < made["slope"]["of_seeds"] < 1
    assert made["brier"]["value"] > 0
    same = differences(cases, cases, CLASSES, True)
    assert same["log_loss"]["value"] == 0
    assert same["instability"]["value"] == 0
    assert set(differences(cases, cases, CLASSES, False)) == {"brier", "log_loss"}


def predictions(cases, seeds, classes=CLASSES):
    n = cases.n
    columns = {f"p_{name}": cases.p[:, k] for k, name in enumerate(classes)}
    return pd.DataFrame(
        {
            "case_id": np.tile([f"{k:04}" for k in range(n)], seeds),
            "group": "",
            "fold": "",
            "seed": np.repeat([str(k) for k in range(seeds)], n),
            "set": "test",
            "label": np.array(classes)[cases.y],
            **columns,
        }
    )


def test_arms_are_compared_with_none():
    rng = np.random.default_rng(5)
    cases = drawn(rng, 120, seeds=2)
    shifted = expit(log_odds(cases.p[:, 1]) + 1.5)
    tables = {
        "none": predictions(cases, 2),
        "SMOTE": predictions(Scored(cases.y, np.c_[1 - shifted, shifted], cases.group, None, 2), 2),
    }
    made = against_none(tables, CLASSES, "ill", {"SMOTE": "none", "not finished": "none"})
    assert set(made) == {"SMOTE"}
    assert made["SMOTE"]["reference"] == "none"
    change = made["SMOTE"]["sets"]["test"]["intercept"]
    assert change["value"] == pytest.approx(-1.5, abs=1e-6)
    assert change["high"] < 0


def test_of_more_classes_the_positive_one_is_set_against_the_rest():
    rng = np.random.default_rng(6)
    p, classes = rng.dirichlet([1, 1, 1], 90), ["a", "b", "c"]
    y = np.array([rng.choice(3, p=row) for row in p])
    cases = Scored(y, p, np.arange(90))
    rest = against_rest(cases)
    assert (rest.y == (y == 2)).all()
    assert np.allclose(rest.p[:, 1], p[:, 2])
    table = predictions(cases, 1, classes)
    made = clinical(table, classes, "c")
    expected = calibration(rest, ["other than c", "c"])["slope"]["value"]
    assert made["sets"]["test"]["calibration"]["slope"]["value"] == pytest.approx(expected)
    assert clinical(table, classes, "") == {"positive": "", "sets": {}}
