"""The contract of every splitter: disjoint, covering, patients whole, every class everywhere, order irrelevant."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seimbang.datasets.base import CaseTable
from seimbang.splits import split
from seimbang.splits.base import SplitSettings

SPLITTERS = {
    "holdout": {"test": 0.2, "validation": 0.25},
    "provided": {"test": "provided", "validation": 0.3},
    "all provided": {"test": "provided", "validation": "provided"},
    "kfold": {"folds": 4},
    "repeated kfold": {"folds": 3, "repeats": 2},
}


@st.composite
def tables(draw):
    """Draw rows of 2 to 4 classes, each with at least 8 patients of 1 to 6 cases; sets hold whole patients."""
    rows, patient = [], 0
    for label in range(draw(st.integers(2, 4))):
        sizes = draw(st.lists(st.integers(1, 6), min_size=8, max_size=25))
        for number, size in enumerate(sizes):
            part = ("test", "validation", "train", "train")[number % 4]
            rows += [(f"{label}-{patient}-{k}", f"class {label}", f"p{patient}", part) for k in range(size)]
            patient += 1
    return pd.DataFrame(rows, columns=["case_id", "label", "group", "split"])


@pytest.mark.parametrize("splitter", SPLITTERS)
@settings(max_examples=25, deadline=None)
@given(rows=tables(), seed=st.integers(0, 2**32 - 1), grouped=st.booleans())
def test_contract(splitter, rows, seed, grouped):
    plan = SplitSettings(**SPLITTERS[splitter], seed=seed)
    cases = CaseTable.build(rows if grouped else rows.assign(group=""))
    folds = split(cases, plan)
    assert len(folds) == max(1, plan.folds * plan.repeats)
    for fold in folds:
        parts = list(fold.parts().values())
        assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(len(cases)))
        for part in parts:
            assert (np.diff(part) > 0).all()
            assert set(cases.y[part]) == set(range(len(cases.classes)))
        patients = [set(cases.groups[part]) for part in parts]
        assert sum(map(len, patients)) == len(set().union(*patients))

    shuffled = CaseTable.build(cases.frame.sample(frac=1, random_state=seed % 1000), classes=cases.classes)
    for fold, other in zip(folds, split(shuffled, plan), strict=True):
        assert all(np.array_equal(rows, other.parts()[part]) for part, rows in fold.parts().items())


@settings(max_examples=25, deadline=None)
@given(rows=tables(), seed=st.integers(0, 100))
def test_every_set_gets_its_share_of_every_class(rows, seed):
    cases = CaseTable.build(rows)
    (fold,) = split(cases, SplitSettings(test=0.3, validation=0.3, seed=seed))
    for position in range(len(cases.classes)):
        total = (cases.y == position).sum()
        for part, share in (("train", 0.49), ("validation", 0.21), ("test", 0.3)):
            count = (cases.y[fold.parts()[part]] == position).sum()
            assert abs(count - share * total) <= 6  # never further off than the largest patient
