"""The box plots' numbers: of the training part, in the units of the data, before and after balancing."""

import json

import numpy as np
import pandas as pd
import pytest

from seimbang.datasets.base import CaseTable, Column, Dataset
from seimbang.runs.box_stats import box_files
from seimbang.runs.prebalanced import prebalance
from seimbang.splits.base import Fold
from seimbang.study.schema import parse

COLUMNS = (
    Column("income", "number", unit="million"),
    Column("kind", "category", categories=("town", "country")),
    Column("school", "number"),
)
ARMS = [{"name": "none"}, {"name": "SMOTE", "balance": {"method": "smote", "k": 3}}]


def table(kind="table"):
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], (30, 10))
    X = np.c_[rng.normal(10 + 5 * y, 1), rng.integers(0, 2, 40), rng.normal(3, 1, 40)].astype(np.float32)
    X[2, 2] = np.nan
    frame = pd.DataFrame({"case_id": [f"d{k:02}" for k in range(40)], "label": np.array(["low", "high"])[y]})
    return Dataset(CaseTable.build(frame, positive="high"), X, "districts", kind=kind, columns=COLUMNS)


FOLD = Fold("", np.delete(np.arange(40), [0, 35]), np.empty(0, np.int64), np.array([0, 35]))


def plans(**more):
    return parse({"title": "T", "data": {"source": "phantom"}, "model": {"name": "knn"}, "arm": ARMS, **more}).plans()


def written(plan, data, cases=None):
    """Return the rows of ``boxes.json`` by column, or nothing."""
    cases = cases or data
    recipe = plan.balance.recipe(np.nan_to_num(cases.X), cases.cases.y[FOLD.train], 0, FOLD.train)
    files = box_files(data, cases, FOLD, recipe, plan)
    return {row["column"]: row for row in json.loads(files["boxes.json"])} if files else {}


def test_before_is_the_training_part_and_after_holds_the_synthetic_rows():
    data = table()
    found = written(plans()[1], data)
    assert list(found) == ["income", "school"]
    assert found["income"]["unit"] == "million"
    X = data.X
    low = np.intersect1d(FOLD.train, np.flatnonzero(data.cases.y == 0))
    assert found["income"]["before"]["low"] == pytest.approx(np.quantile(X[low, 0], [0, 0.25, 0.5, 0.75, 1]).tolist())
    assert found["income"]["after"]["low"] == found["income"]["before"]["low"]
    high, more = found["income"]["before"]["high"], found["income"]["after"]["high"]
    assert more != high
    assert high[0] <= more[0] <= more[4] <= high[4]  # between real rows, in their units
    assert found["school"]["before"]["low"] == pytest.approx(
        np.nanquantile(X[low, 2], [0, 0.25, 0.5, 0.75, 1]).tolist()
    )


def test_nothing_is_after_where_no_row_changed():
    assert all(row["after"] == {} for row in written(plans()[0], table()).values())


def test_balanced_before_it_is_divided_all_cases_count():
    data = table()
    numbers = Dataset(data.cases, data.X[:, [0, 2]], "districts", kind="table", columns=(COLUMNS[0], COLUMNS[2]))
    protocol = [{"name": "first", "balance": {"method": "smote", "k": 3}, "leaky": True}]
    plan = plans(protocol=protocol)[0]
    found = written(plan, numbers, prebalance(numbers, plan.protocol, 0).data)
    high = data.X[data.cases.y == 1, 0]
    assert found["income"]["before"]["high"][0] == pytest.approx(float(high.min()))
    assert found["income"]["after"]["high"] != found["income"]["before"]["high"]


def test_images_have_no_columns():
    assert written(plans()[0], table(kind="image")) == {}
