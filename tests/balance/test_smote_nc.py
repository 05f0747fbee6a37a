"""SMOTE-NC gives imbalanced-learn's rows, takes words from neighbours, and says when there are none."""

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTENC

from seimbang.balance import make
from seimbang.checks import audit_recipe
from seimbang.datasets.base import CaseTable, Column
from seimbang.datasets.prepare import TablePreparer
from seimbang.errors import DataError
from seimbang.splits.base import Fold

COLUMNS = (
    Column("age", "number"),
    Column("sex", "category", categories=("F", "M")),
    Column("dose", "number"),
    Column("site", "category", categories=("a", "b", "c", "d")),
)


def table(counts=(60, 14, 25), seed=0):
    """Return numbers that differ by class, and positions of words that do not."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    X = np.stack([rng.normal(y), rng.integers(0, 2, len(y)), rng.normal(5 * y, 3), rng.integers(0, 4, len(y))], 1)
    return X.astype(np.float32), y


def prepared(X):
    preparer = TablePreparer.fit(X, COLUMNS)
    return preparer.transform(X), preparer.blocks


def balanced(X, y, seed=0, **settings):
    rows, blocks = prepared(X)
    method = make({"method": "smote_nc", **settings}).with_categories(blocks)
    return rows, method.recipe(rows, y, seed)


@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("k", [1, 4, 5])
def test_rows_are_those_of_imbalanced_learn_with_ties_decided_alike(seed, k):
    X, y = table()
    rows, recipe = balanced(X, y, seed, k=k)
    ours, labels = recipe.materialize(rows)
    numbers = rows[:, [0, 3]].astype(np.float64)
    levels = X[:, [1, 3]]
    mixed = np.concatenate([numbers, levels], axis=1)
    theirs, their_labels = SMOTENC([2, 3], random_state=seed, k_neighbors=k).fit_resample(mixed, y)
    np.testing.assert_array_equal(labels, their_labels)
    np.testing.assert_allclose(ours[:, [0, 3]], theirs[:, :2], atol=1e-6)
    np.testing.assert_array_equal(ours[:, 1:3].argmax(axis=1), theirs[:, 2])
    np.testing.assert_array_equal(ours[:, 4:].argmax(axis=1), theirs[:, 3])


def test_every_synthetic_case_has_the_most_frequent_level_of_each_category():
    X, y = table()
    rows, recipe = balanced(X, y)
    synthetic = recipe.materialize(rows)[0][len(y) :]
    for start, stop in recipe.blocks:
        np.testing.assert_array_equal(np.sort(synthetic[:, start:stop])[:, -2:], [[0, 1]] * len(synthetic))
    for class_ in (1, 2):
        members = np.flatnonzero(y == class_)
        numbers, spread = rows[members][:, [0, 3]].astype(float), np.median(rows[members][:, [0, 3]].std(axis=0))
        differ = sum(X[members][:, None, c] != X[members][None, :, c] for c in (1, 3))
        far = np.square(numbers[:, None] - numbers[None]).sum(axis=2) + differ * spread**2
        near = np.argsort(far + np.diag(np.full(len(members), np.inf)), axis=1)[:, :5]
        for n in np.flatnonzero(recipe.y[len(y) :] == class_):
            parent = int(np.flatnonzero(members == recipe.i[n])[0])
            votes = np.bincount(X[members][near[parent], 3].astype(int), minlength=4)
            assert votes[synthetic[n, 4:].argmax()] == votes.max()


def test_rows_among_others_are_balanced_alike():
    X, y = table()
    rows, blocks = prepared(X)
    method = make({"method": "smote_nc"}).with_categories(blocks)
    among = np.random.default_rng(1).permutation(len(y))[:80]
    alone = method.recipe(rows[among], y[among], 0).materialize(rows[among])[0]
    np.testing.assert_array_equal(method.recipe(rows, y[among], 0, among).materialize(rows)[0], alone)


@pytest.mark.parametrize("blocks", [(), ((0, 8),)])
def test_without_categories_or_without_numbers_it_says_what_to_use(blocks):
    X, y = table()
    rows, _ = prepared(X)
    with pytest.raises(DataError, match=r"BALANCE_CATEGORIES.*use the method smote"):
        make({"method": "smote_nc"}).with_categories(blocks).recipe(rows, y, 0)


def test_a_test_case_that_only_gives_a_category_level_is_a_leak():
    X, y = table()
    _, recipe = balanced(X, y, scope="all")
    donors_only = np.setdiff1d(recipe.donors, np.concatenate([recipe.i, recipe.j]))
    assert len(donors_only), "the recipe must hold a case that only gives category levels"
    test = donors_only[:1]
    train = np.setdiff1d(np.arange(len(y)), test)
    cases = CaseTable.build(pd.DataFrame({"case_id": [f"{k:03}" for k in range(len(y))], "label": y.astype(str)}))
    findings = audit_recipe(recipe, cases, Fold("", train, np.empty(0, int), test), np.arange(len(y)), "arm")
    leak = next(finding for finding in findings if finding.code == "SYNTHETIC_TEST")
    assert leak.count == int((recipe.donors == test).any(axis=1).sum())
    assert leak.cases == (f"{test[0]:03}",)
