"""SMOTE's rows are imbalanced-learn's; on bytes they are computed in float."""

import numpy as np
import pytest
from imblearn.over_sampling import SMOTE

from seimbang.balance import make
from seimbang.errors import DataError


def blobs(counts, features, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    return (rng.normal(size=(len(y), features)) + y[:, None]).astype(dtype), y


def rows_in_float64(recipe, X):
    return np.concatenate([X[recipe.real], X[recipe.i] + recipe.delta[:, None] * (X[recipe.j] - X[recipe.i])])


@pytest.mark.parametrize("seed", [0, 1, 42])
@pytest.mark.parametrize("features", [2, 40])
@pytest.mark.parametrize(
    ("counts", "ratio", "k"), [((9, 30), 1.0, 5), ((60, 11), 0.5, 3), ((200, 7, 25), 1.0, 5), ((20, 20, 8), 1.0, 7)]
)
def test_rows_are_those_of_imbalanced_learn(counts, features, ratio, k, seed):
    X, y = blobs(counts, features, seed)
    recipe = make({"method": "smote", "k": k, "ratio": ratio}).recipe(X, y, seed)
    strategy = ratio if len(counts) == 2 else "auto"
    expected, labels = SMOTE(random_state=seed, k_neighbors=k, sampling_strategy=strategy).fit_resample(X, y)
    np.testing.assert_array_equal(rows_in_float64(recipe, X), expected)
    np.testing.assert_array_equal(recipe.y, labels)
    np.testing.assert_allclose(recipe.materialize(X)[0], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("copies", [1, 2])
def test_images_give_the_rows_that_imbalanced_learn_gives_on_the_same_images_as_float(copies):
    rng = np.random.default_rng(1)
    small = np.repeat(rng.integers(0, 256, (12, 8, 9, 3), dtype=np.uint8), copies, axis=0)
    X = np.concatenate([small, rng.integers(0, 256, (50, 8, 9, 3), dtype=np.uint8)])
    y = (np.arange(len(X)) >= len(small)).astype(np.int64)
    flat = X.reshape(len(X), -1).astype(np.float64)
    rows, labels = make({"method": "smote"}).recipe(X, y, 7).materialize(X)
    expected, expected_labels = SMOTE(random_state=7).fit_resample(flat, y)
    assert rows.shape[1:] == (8, 9, 3)
    np.testing.assert_allclose(rows.reshape(len(rows), -1), expected, atol=1e-3)
    np.testing.assert_array_equal(labels, expected_labels)


def test_close_bytes_never_wrap_around():
    X = np.random.default_rng(0).integers(150, 160, (40, 6, 6, 1), dtype=np.uint8)
    y = np.array([0] * 10 + [1] * 30)
    rows, _ = make({"method": "smote"}).recipe(X, y, 0).materialize(X)
    assert rows.min() >= 150
    assert rows.max() <= 159


def test_each_class_comes_up_to_the_ratio_and_none_goes_down():
    X, y = blobs((100, 10, 60), 3)
    recipe = make({"method": "smote", "ratio": 0.5}).recipe(X, y, 0)
    assert np.bincount(recipe.y).tolist() == [100, 50, 60]


def test_parents_are_of_the_class_of_the_synthetic_row_and_differ():
    X, y = blobs((80, 10, 20), 3)
    recipe = make({"method": "smote"}).recipe(X, y, 0)
    synthetic = recipe.y[len(recipe.real) :]
    np.testing.assert_array_equal(y[recipe.i], synthetic)
    np.testing.assert_array_equal(y[recipe.j], synthetic)
    assert (recipe.i != recipe.j).all()
    assert ((recipe.delta >= 0) & (recipe.delta < 1)).all()


def test_too_few_cases_for_k_is_said_with_the_class_and_the_way_out():
    X, y = blobs((30, 5), 3)
    with pytest.raises(DataError) as caught:
        make({"method": "smote"}).recipe(X, y, 0)
    assert caught.value.code == "SMOTE_NEIGHBOURS"
    assert "5 cases in class 1" in caught.value.found
    assert "more than k = 5" in caught.value.expected
    assert "oversample" in caught.value.fix


def test_a_class_that_needs_nothing_may_be_small():
    X, y = blobs((3, 3), 3)
    assert len(make({"method": "smote"}).recipe(X, y, 0)) == 6
