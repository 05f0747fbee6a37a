"""Random over- and undersampling are imbalanced-learn's; class weights are scikit-learn's."""

import numpy as np
import pytest
from imblearn.over_sampling import RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from sklearn.utils.class_weight import compute_class_weight

from seimbang.balance import make

SAMPLERS = {"oversample": RandomOverSampler, "undersample": RandomUnderSampler}
CASES = [((9, 30), 1.0), ((60, 11), 0.37), ((40, 7, 25), 1.0), ((8, 8, 20), 1.0), ((12, 12), 1.0)]


def labels(counts):
    return np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))


@pytest.mark.parametrize("method", SAMPLERS)
@pytest.mark.parametrize("seed", [0, 5])
@pytest.mark.parametrize(("counts", "ratio"), CASES)
def test_rows_are_those_of_imbalanced_learn(method, counts, ratio, seed):
    y = labels(counts)
    X = np.arange(len(y), dtype=np.float64)[:, None]
    recipe = make({"method": method, "ratio": ratio}).recipe(X, y, seed)
    sampler = SAMPLERS[method](random_state=seed, sampling_strategy=ratio if ratio < 1 else "auto")
    sampler.fit_resample(X, y)
    np.testing.assert_array_equal(recipe.real, sampler.sample_indices_)
    np.testing.assert_array_equal(recipe.y, y[recipe.real])


def test_oversampling_keeps_every_row_and_fills_up_to_the_ratio():
    y = labels((100, 10, 60))
    recipe = make({"method": "oversample", "ratio": 0.5}).recipe(np.zeros((170, 2)), y, 0)
    assert np.bincount(recipe.y).tolist() == [100, 50, 60]
    assert set(recipe.real) == set(range(170))


def test_undersampling_repeats_no_row_and_cuts_down_to_the_ratio():
    y = labels((100, 10, 15))
    recipe = make({"method": "undersample", "ratio": 0.5}).recipe(np.zeros((125, 2)), y, 0)
    assert np.bincount(recipe.y).tolist() == [20, 10, 15]
    assert len(set(recipe.real)) == len(recipe)


@pytest.mark.parametrize("counts", [(3, 9), (1341, 3875), (5, 5, 90)])
def test_class_weights_are_scikit_learn_s_balanced_ones(counts):
    y = np.repeat(np.arange(len(counts)), counts)
    expected = compute_class_weight("balanced", classes=np.arange(len(counts)), y=y)
    np.testing.assert_allclose(make({"method": "class_weights"}).class_weights(np.array(counts)), expected)


def test_a_class_without_rows_has_weight_0():
    assert make({"method": "class_weights"}).class_weights(np.array([2, 0, 6])).tolist() == [2.0, 0.0, 8 / 12]
