"""Errors by image quality: rates against counting, the test against scipy's and its size under the hypothesis."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from seimbang.evaluation.by_quality import by_quality, dependence
from seimbang.evaluation.intervals import wilson
from seimbang.evaluation.predictions import Scored

CLASSES = ("a", "b")


def made(n=240, blurred=0.5, seed=0):
    """Return predictions of ``n`` images, and a measure by which the lowest quarter is wrong more often."""
    rng = np.random.default_rng(seed)
    ids = np.array([f"{k:04d}" for k in rng.permutation(n)])
    sharpness, y = rng.permutation(n) / n, rng.integers(0, 2, n)
    wrong = rng.random(n) < np.where(sharpness < 0.25, blurred, 0.05)
    p = np.where(wrong ^ (y == 1), 0.9, 0.1)
    table = pd.DataFrame(
        {"case_id": ids, "group": "", "fold": "", "seed": "0", "set": "test", "label": np.array(CLASSES)[y]}
    )
    measures = pd.DataFrame({"sharpness": sharpness, "noise": rng.random(n), "clipped": 0.0}, index=ids)
    return table.assign(p_a=1 - p, p_b=p), measures.sort_values("noise"), wrong, sharpness


def test_each_quarter_has_its_errors_and_their_interval():
    table, measures, wrong, sharpness = made()
    blur, noise, clipped = by_quality(table, measures, CLASSES)
    assert [one["measure"] for one in (blur, noise, clipped)] == ["sharpness", "noise", "clipped"]
    lowest = blur["quarters"][0]
    assert (lowest["n"], lowest["errors"]) == (60, wrong[sharpness < 0.25].sum())
    assert lowest["rate"]["value"] == lowest["errors"] / 60
    assert (lowest["rate"]["low"], lowest["rate"]["high"]) == pytest.approx(wilson(lowest["errors"], 60))
    assert (lowest["low"], lowest["high"]) == (0, sharpness[sharpness < 0.25].max())
    assert sum(part["errors"] for part in noise["quarters"]) == wrong.sum()
    assert blur["holm"] == pytest.approx(2 * blur["p"])
    assert blur["holm"] < 0.001 < 0.05 < noise["holm"]
    assert [(part["n"], part["low"], part["high"]) for part in clipped["quarters"]] == [(240, 0, 0)]
    assert clipped["p"] is clipped["holm"] is None


def test_validation_cases_do_not_count_and_without_a_test_set_there_is_nothing():
    table, measures, *_ = made(40)
    table.loc[::2, "set"] = "validation"
    assert sum(part["n"] for part in by_quality(table, measures, CLASSES)[1]["quarters"]) == 20
    assert by_quality(table.assign(set="train"), measures, CLASSES) == []


def test_within_one_class_it_is_pearsons_test_by_the_hypergeometric_variance():
    rng = np.random.default_rng(1)
    quarter, wrong = rng.integers(0, 4, 150), rng.random(150) < 0.2
    counts = np.array([np.bincount(quarter[wrong == side], minlength=4) for side in (False, True)])
    expected = stats.chi2.sf(stats.chi2_contingency(counts, correction=False).statistic * 149 / 150, 3)
    alone = Scored(np.zeros(150, int), np.ones((150, 1)), np.arange(150))
    assert dependence(quarter, wrong, alone) == pytest.approx(expected)


def test_a_quarter_is_not_blamed_for_a_difficult_class_nor_for_one_patient():
    y = np.repeat([0, 1], 400)
    wrong = np.tile([True, False], 400) & (y == 1)
    assert dependence(y, wrong, Scored(y, np.ones((800, 2)), np.arange(800))) is None
    quarter = np.repeat(np.tile([0, 1, 2, 3], 10), 20)
    bad = np.repeat(np.isin(np.arange(40), [0, 4, 8, 1, 5, 2, 6, 3]), 20)  # of 40 patients, all 20 images of 8
    one = np.zeros(800, int)
    assert dependence(quarter, bad, Scored(one, np.ones((800, 1)), np.arange(800))) < 0.001
    assert dependence(quarter, bad, Scored(one, np.ones((800, 1)), np.repeat(np.arange(40), 20))) > 0.05


def test_where_quality_does_not_matter_one_in_twenty_is_below_05():
    rng, low = np.random.default_rng(3), 0
    patient, y = np.arange(200) // 2, rng.integers(0, 2, 200)
    for _ in range(400):
        wrong = rng.random(200) < rng.beta(0.3, 2.7, 100)[patient] * (0.5 + y)
        place = rng.normal(size=100)[patient] + 0.3 * rng.normal(size=200) + y
        quarter = np.searchsorted(np.quantile(place, [0.25, 0.5, 0.75]), place)
        low += (dependence(quarter, wrong, Scored(y, np.ones((200, 2)), patient)) or 1) < 0.05
    assert 4 <= low <= 36


def test_several_seeds_count_as_their_mean():
    table, measures, *_ = made()
    right = (table.label == "b").astype(float)  # the second seed is surer than the first, and never wrong
    both = by_quality(pd.concat([table, table.assign(seed="1", p_a=1 - right, p_b=right)]), measures, CLASSES)
    assert sum(part["errors"] for part in by_quality(table, measures, CLASSES)[0]["quarters"]) > 0
    assert [(part["n"], part["errors"]) for part in both[0]["quarters"]] == [(60, 0)] * 4
