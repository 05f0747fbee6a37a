"""How many patients tell two arms apart: right where the truth is known."""

import numpy as np
import pandas as pd
import pytest

from seimbang.evaluation import paired, seeds
from seimbang.evaluation.predictions import checked, scored
from seimbang.evaluation.sample_size import Draws, _p_value, sample_size

CLASSES = ["no", "yes"]


def right(rng, patients, difference, of_seeds=(0.0,)):
    """Return by arm whether each seed is right of each patient: in 70 % and that much less, seeds moved so far."""
    luck = rng.random(patients)
    return {
        "first": np.stack([luck < 0.7 + moved for moved in of_seeds]),
        "second": np.stack([(luck + rng.random(patients) * 0.6) % 1 < 0.7 - difference - moved for moved in of_seeds]),
    }


def tables(answers, y):
    """Return predictions by arm of patients with one case."""
    frames = {}
    for arm, known in answers.items():
        p = np.abs(y - np.where(known, 0.2, 0.8))  # 0.8 for the true class where right
        rows = [
            pd.DataFrame(
                {"case_id": np.arange(len(y)).astype(str), "group": "", "fold": "", "seed": str(k), "set": "test"}
                | {"label": np.array(CLASSES)[y], "p_no": 1 - one, "p_yes": one}
            )
            for k, one in enumerate(p)
        ]
        frames[arm] = pd.concat(rows, ignore_index=True)
    return frames


def is_shown(y, answers, seed):
    """Whether the product's own test shows the first arm to be better."""
    gain = answers["first"][0].astype(float) - answers["second"][0]
    test = paired.exchange(paired.gains(gain, y, np.arange(len(y))), int(np.bincount(y).min()), 400, seed)
    return test.p is not None and test.p < 0.05 and test.difference > 0


def test_so_many_patients_give_a_power_of_80_percent():
    rng = np.random.default_rng(3)
    y = (np.arange(3000) % 3 == 0).astype(np.int64)
    of_population = sample_size(tables(right(rng, 3000, 0.10), y), CLASSES)
    needed = of_population["needed"]
    assert 100 < needed < 1000
    assert of_population["needed_far"] <= needed <= of_population["needed_near"]
    assert of_population["power"] > 0.99
    assert (of_population["seeds"], of_population["more_seeds"]) == (1, None)
    shown = []
    for draw in range(250):
        y = (rng.random(needed) < 1 / 3).astype(np.int64)
        shown.append(is_shown(y, right(rng, needed, 0.10), draw))
    assert np.mean(shown) == pytest.approx(0.8, abs=0.11)


def test_statistic_and_p_are_those_of_the_tests_of_two_arms():
    rng = np.random.default_rng(0)
    y = (rng.random(120) < 0.3).astype(np.int64)
    answers = right(rng, 120, 0.15, (0.0, 0.1, 0.05))
    frames = tables(answers, y)
    of_arm = {arm: scored(checked(frame, CLASSES), CLASSES)["test"] for arm, frame in frames.items()}
    draws = Draws.of(of_arm, CLASSES, (), 0)
    difference, error = draws._statistic(draws.kind[None].astype(int), draws.kind[None, None])
    first = of_arm["first"]
    gain = np.subtract(*[(cases.decisions(False) == cases.y).astype(float) for cases in of_arm.values()])
    gains = paired.gains(gain, first.y, first.group)
    differ = np.abs(gains.gain.sum(1)) > 1e-12
    fewest = int(np.bincount(y).min())
    known = paired._with_error(gains, differ, np.ones((1, differ.sum())), fewest / (fewest + 2))
    assert difference.item() == pytest.approx(known[0].item()) == pytest.approx(draws.difference)
    assert error.item() == pytest.approx(known[1].item())
    between = seeds.Spread(0.01, 3.0)
    p = _p_value(np.array([0.2]), np.array([0.004]), np.array([between.variance]), np.array([between.freedom]))
    assert p.item() == pytest.approx(seeds.p_value(0.2, 0.004, between))


def test_where_trainings_differ_more_than_arms_only_more_seeds_help():
    rng = np.random.default_rng(1)
    y = (np.arange(2000) % 2).astype(np.int64)
    size = sample_size(tables(right(rng, 2000, 0.06, (-0.06, 0.0, 0.06)), y), CLASSES)
    assert size["seeds"] == 3
    assert size["needed"] is None
    assert 3 < size["more_seeds"] <= 50
    assert size["needed_with_more_seeds"] <= size["most"] == 40_000


def test_what_cannot_be_told_says_why():
    y = (np.arange(60) % 2).astype(np.int64)
    same = right(np.random.default_rng(0), 60, 0.1)["first"]
    size = sample_size(tables({"first": same, "second": same}, y), CLASSES)
    assert (size["why"], size.get("needed")) == ("the two arms decide alike on every case", None)
    frames = tables(right(np.random.default_rng(0), 60, 0.1), y)
    folded = {
        arm: pd.concat([frame.assign(fold=frame.case_id.astype(int).map(lambda k: str(k % 3)))] * 1)
        for arm, frame in frames.items()
    }
    assert "under folds" in sample_size(folded, CLASSES)["why"]
    closed = {arm: frame.assign(set="validation") for arm, frame in frames.items()}
    assert sample_size(closed, CLASSES) is None
