"""Which lever is the largest: right where the truth is known, and silent where it cannot be."""

import numpy as np
import pandas as pd
import pytest

from seimbang.evaluation.levers import levers

CLASSES = ["no", "yes"]
SEEDS = 4


def tables(patients, shares, spread, seed=0):
    """Return validation predictions by arm and per cent: each training is right of a patient with its own share."""
    rng = np.random.default_rng(seed)
    y = (np.arange(patients) % 2).astype(np.int64)
    made = {}
    for arm, of_arm in shares.items():
        made[arm] = {}
        for percent, share in of_arm.items():
            rows = []
            for number in range(SEEDS):
                right = rng.random(patients) < share + spread * (number - (SEEDS - 1) / 2)
                p = np.abs(y - np.where(right, 0.2, 0.8))
                keys = {"case_id": np.arange(patients).astype(str), "group": "", "fold": "", "seed": str(number)}
                labels = {"set": "validation", "label": np.array(CLASSES)[y], "p_no": 1 - p, "p_yes": p}
                rows.append(pd.DataFrame(keys | labels))
            made[arm][percent] = pd.concat(rows, ignore_index=True)
    return made


@pytest.mark.parametrize(
    ("shares", "spread", "largest"),
    [
        ({"first": {50: 0.6, 100: 0.8}, "second": {50: 0.6, 100: 0.8}}, 0.0, "data"),
        ({"first": {50: 0.9, 100: 0.9}, "second": {50: 0.6, 100: 0.6}}, 0.0, "methods"),
        ({"first": {50: 0.7, 100: 0.7}, "second": {50: 0.7, 100: 0.7}}, 0.12, "seeds"),
    ],
)
def test_a_lever_that_is_the_largest_is_named(shares, spread, largest):
    known = levers(tables(1200, shares, spread), CLASSES)
    assert known["largest"] == ("" if largest == "seeds" else largest)  # few seeds say little of how they spread
    at_most = {"data": 0.2, "methods": 0.3, "seeds": 0.22}[largest]
    assert known[largest]["value"] == pytest.approx(at_most, abs=0.04)
    assert known[largest]["low"] > 0.02
    others = [known[name]["value"] for name in ("data", "methods", "seeds") if name != largest]
    assert max(others) < known[largest]["value"] / 2


def test_of_too_few_patients_none_is_named_and_the_interval_says_so():
    small = levers(tables(60, {"first": {50: 0.70, 100: 0.75}, "second": {50: 0.68, 100: 0.73}}, 0.01), CLASSES)
    assert small["largest"] == ""
    assert small["data"]["low"] < 0.05 < small["data"]["high"]
    assert (small["patients"], [point["percent"] for point in small["curves"][0]["points"]]) == (60, [50, 100])


def test_the_gain_of_data_is_held_by_its_interval():
    shares = {"first": {50: 0.70, 100: 0.76}, "second": {50: 0.66, 100: 0.70}}
    held = []
    for seed in range(20):
        gain = levers(tables(150, shares, 0.02, seed), CLASSES)["data"]
        held.append(gain["low"] <= 0.05 <= gain["high"])
    assert np.mean(held) >= 0.85


def test_what_cannot_be_known_says_why():
    one = tables(100, {"only": {50: 0.7, 100: 0.75}}, 0.0)["only"]
    single = {"only": {percent: table[table.seed == "0"] for percent, table in one.items()}}
    known = levers(single, CLASSES)
    assert (known["seeds"]["why"], known["methods"]["why"]) == ("each arm has a single training", "there is one arm")
    assert known["largest"] == ""
