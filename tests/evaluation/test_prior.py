"""The share of a class in a set without labels, and what is gained by knowing it."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar

from seimbang.evaluation import clinical
from seimbang.evaluation.predictions import scored
from seimbang.evaluation.prior import estimated, shifts

CLASSES = ["healthy", "ill"]


def drawn(rng, n, share, prior):
    """Return outcomes at a share of the ill, and the true probabilities at another."""
    y = rng.random(n) < share
    x = rng.normal(0.9 * (2.0 * y - 1), 1)
    odds = np.exp(1.8 * x) * prior / (1 - prior)
    return y, odds / (1 + odds)


def log_ratio(p, prior):
    return np.log(p / (1 - p) * (1 - prior) / prior)[None]


def test_em_finds_the_maximum_of_the_likelihood():
    _, p = drawn(np.random.default_rng(0), 400, 0.2, 0.6)
    ratio = log_ratio(p, 0.6)
    best = minimize_scalar(lambda s: -np.log(s * np.exp(ratio) + 1 - s).sum(), bounds=(0, 1), method="bounded")
    assert estimated(np.ones((1, 400)), ratio, np.array([0.6]))[0] == pytest.approx(best.x, abs=1e-4)


def test_a_weight_of_two_is_a_case_twice():
    _, p = drawn(np.random.default_rng(1), 60, 0.3, 0.5)
    w, start = np.random.default_rng(2).integers(1, 3, (1, 60)), np.array([0.5])
    twice = log_ratio(np.repeat(p, w[0]), 0.5)
    assert estimated(w, log_ratio(p, 0.5), start)[0] == pytest.approx(
        estimated(np.ones(twice.shape), twice, start)[0], abs=1e-5
    )


def predictions(rng, test, seeds=1, calls=0.5):
    """Return a validation part with 70 % ill and a test part with ``test``; probabilities are those at ``calls``."""
    rows = []
    for part, n, share in (("validation", 600, 0.7), ("test", 800, test)):
        y, _ = drawn(rng, n, share, calls)
        for seed in range(seeds):
            x = rng.normal(0.9 * (2.0 * y - 1), 1)
            p = 1 / (1 + np.exp(-1.8 * x) * (1 - calls) / calls)
            facts = {"case_id": [f"{part}{k:04}" for k in range(n)], "group": "", "fold": "", "seed": str(seed)}
            columns = {"set": part, "label": np.where(y, "ill", "healthy"), "p_healthy": 1 - p, "p_ill": p}
            rows.append(pd.DataFrame(facts | columns))
    return pd.concat(rows, ignore_index=True)


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_rarer_disease_is_noticed_and_answers_become_better(seeds):
    """The training was balanced, so its probabilities are those at one half whatever the share in validation."""
    made = clinical(predictions(np.random.default_rng(3), 0.2, seeds), CLASSES, "ill")["sets"]["test"]["prior"]
    assert made["validation"] == pytest.approx(0.7, abs=0.06)
    assert made["actual"] == pytest.approx(0.2, abs=0.05)
    share = made["estimated"]
    assert share["low"] < made["actual"] < share["high"]
    assert share["high"] - share["low"] < 0.2
    gain = made["at_estimated"]["accuracy"]["value"] - made["at_validation"]["accuracy"]["value"]
    assert gain > 0.02
    assert made["at_estimated"]["specificity"]["value"] > made["at_validation"]["specificity"]["value"]


def test_the_interval_of_the_share_holds_the_truth():
    held = []
    for seed in range(60):
        rng = np.random.default_rng(100 + seed)
        table = predictions(rng, 0.35)
        share = shifts(table, {"test": scored(table, CLASSES)["test"]}, CLASSES)["test"]["estimated"]
        held.append(share["low"] <= 0.35 <= share["high"])
    assert np.mean(held) >= 0.88  # which 95 % misses once in 100


def test_labels_of_the_test_part_choose_nothing():
    table = predictions(np.random.default_rng(4), 0.2)
    test = (table.set == "test").to_numpy()
    turned = table.assign(label=table.label.where(~test, table.label.map({"ill": "healthy", "healthy": "ill"})))
    first, second = (clinical(rows, CLASSES, "ill")["sets"]["test"]["prior"] for rows in (table, turned))
    assert first["estimated"] == second["estimated"]


def test_without_validation_nothing_is_estimated():
    table = predictions(np.random.default_rng(5), 0.2)
    assert clinical(table[table.set == "test"], CLASSES, "ill")["sets"]["test"]["prior"] is None
