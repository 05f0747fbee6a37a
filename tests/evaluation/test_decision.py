"""Net benefit against dcurves and by hand; bands of curves that hold the truth and never collapse."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seimbang.evaluation import clinical
from seimbang.evaluation.bands import GRID, bands
from seimbang.evaluation.decision import decision_curve, net_benefit, thresholds
from seimbang.evaluation.predictions import Scored
from seimbang.evaluation.probabilities import expit

CLASSES = ["healthy", "ill"]


def drawn(n=200, share=0.3, seed=0, seeds=1, images=1):
    rng = np.random.default_rng(seed)
    y = np.repeat(rng.uniform(size=n // images) < share, images).astype(np.int64)
    p = np.concatenate([expit(2 * y - 1.5 + rng.normal(0, 1.2, n)) for _ in range(seeds)])
    return Scored(
        np.tile(y, seeds), np.c_[1 - p, p], np.tile(np.repeat(np.arange(n // images), images), seeds), None, seeds
    )


def test_net_benefit_by_hand():
    """Of 10 cases 4 are ill; from .25 on 3 ill and 2 healthy are treated, the healthy at a third each."""
    positive = np.arange(10) < 4
    p = np.array([0.9, 0.8, 0.25, 0.1, 0.7, 0.3, 0.2, 0.1, 0.0, 0.0])
    assert net_benefit(np.ones((1, 10)), positive, p, np.array([0.25]))[0, 0] == pytest.approx(0.3 - 0.2 / 3)
    twice = np.where(positive, 2.0, 1.0)[None]
    assert net_benefit(twice, positive, p, np.array([0.25]))[0, 0] == pytest.approx((6 - 2 / 3) / 14)


def test_a_decision_curve_is_that_of_dcurves():
    dcurves = pytest.importorskip("dcurves")
    example = pd.read_csv(Path(dcurves.__file__).parent / "data" / "df_binary.csv")  # that of its documentation
    p, y = example.cancerpredmarker.to_numpy(), example.cancer.to_numpy(np.int64)
    curve = decision_curve(Scored(y, np.c_[1 - p, p], np.arange(len(y))), CLASSES)
    theirs = dcurves.dca(
        data=example[["cancer", "cancerpredmarker"]],
        outcome="cancer",
        modelnames=["cancerpredmarker"],
        thresholds=curve["x"],
    )
    by_model = theirs.set_index("model").net_benefit
    assert curve["value"] == pytest.approx(by_model["cancerpredmarker"].to_list(), abs=1e-5)
    assert curve["everybody"] == pytest.approx(by_model["all"].to_list(), abs=1e-5)


def test_thresholds_lie_around_the_share_of_the_positive_class():
    assert thresholds(0.5)[[0, -1]] == pytest.approx([0.1, 0.9])
    assert thresholds(0.05)[[0, -1]] == pytest.approx([0.0058, 0.3214])


def test_a_good_model_is_better_than_both_strategies_and_a_blind_one_is_not():
    cases = drawn(400)
    curve = decision_curve(cases, CLASSES)
    assert np.mean(curve["better"]) > 0.5
    assert all(
        low <= value <= high for low, value, high in zip(curve["low"], curve["value"], curve["high"], strict=True)
    )
    blind = np.random.default_rng(1).permutation(cases.p)
    assert np.mean(decision_curve(Scored(cases.y, blind, cases.group), CLASSES)["better"]) < 0.1


def test_images_of_a_patient_count_as_one_and_seeds_widen():
    def width(cases):
        curve = decision_curve(cases, CLASSES)
        return np.mean(np.subtract(curve["high"], curve["low"]))

    once = drawn(120)
    alike = Scored(np.repeat(once.y, 4), np.repeat(once.p, 4, axis=0), np.repeat(once.group, 4))
    assert width(alike) == pytest.approx(width(once), rel=0.2)
    blind = np.random.default_rng(1).permutation(once.p)
    unequal = Scored(np.tile(once.y, 2), np.r_[once.p, blind], np.tile(once.group, 2), None, 2)
    assert width(unequal) > 1.3 * width(once.repeated(2))


def test_without_cases_of_a_side_there_is_no_curve_and_with_few_no_band():
    p = np.full((30, 2), 0.5)
    assert decision_curve(Scored(np.zeros(30, np.int64), p, np.arange(30)), CLASSES) is None
    few = decision_curve(Scored((np.arange(30) < 3).astype(np.int64), p, np.arange(30)), CLASSES)
    assert few["low"] == few["high"] == []
    assert few["why"] == "no interval: fewer than 5 cases of ill"
    assert few["better"] == [False] * len(few["x"])
    assert bands(Scored(np.zeros(30, np.int64), p, np.arange(30)), CLASSES, 50, 0) == {}


def test_it_is_in_the_file_of_each_tested_set():
    cases = drawn(60)
    table = pd.DataFrame(
        {"case_id": [f"{k:02}" for k in range(60)], "group": "", "fold": "", "seed": "0", "set": "test"}
    )
    table = table.assign(label=np.array(CLASSES)[cases.y], p_healthy=cases.p[:, 0], p_ill=cases.p[:, 1])
    made = clinical(table, CLASSES, "ill")["sets"]["test"]["decision"]
    assert made == decision_curve(cases, CLASSES)


def test_bands_follow_the_curves():
    cases = drawn(400, seed=3)
    made = bands(cases, CLASSES, 200, 0)["ill"]
    score, positive = cases.p[:, 1], cases.y == 1
    cut = np.sort(score[~positive])[::-1][int(0.1 * (~positive).sum())]
    assert made["roc"]["value"][10] == pytest.approx((score[positive] > cut).mean(), abs=0.02)
    assert made["roc"]["x"] == pytest.approx(GRID.tolist())
    for curve in made.values():
        assert (np.diff([curve["low"], curve["value"], curve["high"]], axis=0) >= 0).all()
        inside = slice(5, -10)
        assert (np.subtract(curve["high"], curve["low"])[inside] > 0.01).all()


def test_a_perfect_model_has_a_band():
    y = (np.arange(60) < 12).astype(np.int64)
    p = 0.1 + 0.8 * y
    made = bands(Scored(y, np.c_[1 - p, p], np.arange(60)), CLASSES, 200, 0)["ill"]
    assert made["roc"]["value"][50] == 1
    assert made["roc"]["low"][50] < 0.97
    assert made["precision_recall"]["low"][50] < 0.97


def test_each_of_more_classes_has_bands_against_the_rest():
    rng = np.random.default_rng(4)
    y = np.arange(90) % 3
    p = rng.dirichlet(np.ones(3), 90) + np.eye(3)[y]
    made = bands(Scored(y, p / 2, np.arange(90)), ["a", "b", "c"], 50, 0)
    assert list(made) == ["a", "b", "c"]
    assert made["a"] != made["b"]
