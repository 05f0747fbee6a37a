"""A correction learned at another place: what it learns, that it is tested on others, and how many cases it takes."""

import numpy as np
import pytest

from seimbang.evaluation.intervals import wilson
from seimbang.evaluation.local import adapted, learned, needed
from seimbang.evaluation.predictions import Scored
from seimbang.evaluation.threshold import halved
from seimbang.training.temperature import temperature


def cases(n=3000, slope=0.4, intercept=-1.5, seed=0, each=1):
    """Return cases whose true log odds are ``intercept + slope`` times the given ones."""
    rng = np.random.default_rng(seed)
    given = np.repeat(rng.normal(0, 3, n // each), each)
    y = (rng.random(n) < 1 / (1 + np.exp(-(intercept + slope * given)))).astype(np.int64)
    p = 1 / (1 + np.exp(-given))
    return Scored(y, np.c_[1 - p, p], np.arange(n) // each)


def test_the_correction_is_the_one_that_the_cases_were_made_with():
    one = cases(20_000)
    correction = learned(one.p, one.y, temperature)
    assert correction.slope == pytest.approx(0.4, abs=0.03)
    assert correction.shift == (0.0, pytest.approx(-1.5, abs=0.1))
    p = correction.apply(one.p)
    assert p.sum(1) == pytest.approx(np.ones(len(p)))
    assert p[:, 1].mean() == pytest.approx(one.y.mean(), abs=1e-3)


def test_it_exists_also_where_the_probabilities_separate_the_classes():
    p = np.r_[np.full(20, 0.1), np.full(20, 0.9)]
    correction = learned(np.c_[1 - p, p], np.repeat([0, 1], 20), temperature)
    assert 0 < correction.slope < 10
    assert 0.1 < correction.threshold < 0.9


def test_of_more_classes_it_is_a_temperature():
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 1, (4000, 3))
    true = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    y = np.array([rng.choice(3, p=row) for row in true])
    sure = np.exp(3 * logits) / np.exp(3 * logits).sum(1, keepdims=True)
    correction = learned(sure, y, temperature)
    assert correction.slope == pytest.approx(1 / 3, abs=0.03)
    np.testing.assert_allclose(correction.apply(sure), true, atol=0.05)
    assert correction.threshold is None


def test_what_is_tested_is_of_patients_that_nothing_was_learned_on():
    one = cases(600, each=3)
    first = halved(one.y, one.group, np.random.default_rng(0))
    assert not set(one.group[first]) & set(one.group[~first])
    made = adapted(one, (one.p[:, 1] >= 0.5).astype(int), "ab", temperature)
    assert made.correction == learned(one.p[first], one.y[first], temperature)
    again = adapted(Scored(one.y, np.where(first[:, None], one.p, 1 - one.p), one.group), one.y, "ab", temperature)
    assert again.correction == made.correction
    assert again.after["metrics"]["auc"]["value"] == pytest.approx(1 - made.after["metrics"]["auc"]["value"])


def test_a_model_that_is_too_sure_is_mended_and_its_ranking_stays():
    one = cases()
    made = adapted(one, (one.p[:, 1] >= 0.5).astype(int), "ab", temperature)
    for key in ("calibration_error", "brier"):
        assert made.after["metrics"][key]["high"] < made.before["metrics"][key]["low"]
    assert made.after["metrics"]["auc"] == made.before["metrics"]["auc"]
    assert min(value["value"] for value in made.coverage.values()) > 0.92


@pytest.mark.parametrize(("value", "width"), [(0.5, 0.05), (0.9, 0.05), (0.9, 0.03), (0.02, 0.1)])
def test_so_many_patients_are_needed_and_no_fewer(value, width):
    n = needed(value, width)
    assert [(high - low) / 2 <= width for low, high in (wilson(value * k, k) for k in (n, n - 1))] == [True, False]


def test_a_threshold_of_the_place_finds_more_where_the_probabilities_are_shifted():
    one = cases(slope=1.0, intercept=-2.0)
    made = adapted(one, (one.p[:, 1] >= 0.5).astype(int), "ab", temperature)
    balanced = [table["metrics"]["balanced_accuracy"] for table in (made.before, made.after)]
    assert balanced[1]["low"] > balanced[0]["value"]
