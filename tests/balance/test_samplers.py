"""The samplers are imbalanced-learn's in every check and every row, and take images as they are."""

import pickle
import subprocess
import sys

import imblearn.over_sampling
import imblearn.under_sampling
import numpy as np
import pytest
from imblearn.pipeline import make_pipeline
from imblearn.utils.estimator_checks import parametrize_with_checks
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from seimbang import balance
from seimbang.errors import DataError, StudyError

THEIRS = {
    "SMOTE": ({"k": 3}, {"k_neighbors": 3}),
    "BorderlineSMOTE": ({"k": 3, "m": 12}, {"k_neighbors": 3, "m_neighbors": 12}),
    "ADASYN": ({"k": 4}, {"n_neighbors": 4}),
    "SVMSMOTE": ({"k": 3, "m": 7}, {"k_neighbors": 3, "m_neighbors": 7}),
    "KMeansSMOTE": ({"k": 3, "clusters": 5}, {"k_neighbors": 3, "kmeans_estimator": 5}),
    "RandomOverSampler": ({}, {}),
    "RandomUnderSampler": ({}, {}),
}
NAMES = list(THEIRS)
INTERPOLATING = NAMES[:5]


def ours(name, **settings):
    return getattr(balance, name)(random_state=0, **settings)


def theirs(name, seed=0, **settings):
    where = imblearn.under_sampling if name == "RandomUnderSampler" else imblearn.over_sampling
    return getattr(where, name)(random_state=seed, **settings)


def overlapping(counts, shape, dtype=np.float64, low=0.0, high=255.0):
    """Return classes that differ in brightness but overlap, so that clusters and borders are there to find."""
    rng = np.random.default_rng(1)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    X = rng.normal(0.2 + 0.25 * y, 0.15).reshape(-1, *[1] * len(shape)) + rng.normal(0, 0.1, (len(y), *shape))
    return (low + (high - low) * X.clip(0, 1)).astype(dtype), y


@parametrize_with_checks([ours(name, **({"clusters": 12} if name == "KMeansSMOTE" else {})) for name in NAMES])
def test_imbalanced_learn_s_checks_pass(estimator, check):
    check(estimator)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize(("counts", "ratio"), [((60, 14), 1), ((20, 70), 0.6), ((60, 14, 30), 1)])
def test_rows_of_float_tables_are_those_of_imbalanced_learn(name, counts, ratio, seed):
    X, y = overlapping(counts, (20,))
    X += 1e6  # float32 has 16 numbers between 1e6 and the next whole one
    mine, other = THEIRS[name]
    sampler = getattr(balance, name)(random_state=seed, ratio=ratio, **mine)
    strategy = {} if ratio == 1 else {"sampling_strategy": ratio}
    expected, labels = theirs(name, seed, **strategy, **other).fit_resample(X, y)
    rows, resampled = sampler.fit_resample(X, y)
    assert len(rows) != len(X)
    np.testing.assert_allclose(rows - 1e6, expected - 1e6, atol=1e-6)
    np.testing.assert_array_equal(resampled, labels)


@pytest.mark.parametrize("name", NAMES)
def test_the_defaults_are_imbalanced_learn_s(name):
    X, y = overlapping((80, 20), (20,), np.float32)
    rows, labels = ours(name).fit_resample(X, y)
    expected, _ = theirs(name).fit_resample(X, y)
    np.testing.assert_allclose(rows, expected, atol=1e-4)
    assert (rows.dtype, labels.dtype) == (np.float32, y.dtype)


@pytest.mark.parametrize("name", NAMES)
def test_close_bytes_of_images_never_wrap_around(name):
    images, y = overlapping((60, 14, 30), (7, 6, 3), np.uint8, 150, 160)
    rows, labels = ours(name).fit_resample(images, y)
    assert (rows.shape[1:], rows.dtype, len(rows)) == ((7, 6, 3), np.uint8, len(labels))
    beyond = 5 if name == "SVMSMOTE" else 0  # half the difference of two parents at most
    assert rows.min() >= 150 - beyond
    assert rows.max() <= 160 + beyond
    table, _ = ours(name).fit_resample(images.reshape(len(images), -1), y)
    np.testing.assert_array_equal(rows.reshape(len(rows), -1), table)


@pytest.mark.parametrize("name", INTERPOLATING)
@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64])
def test_whole_numbers_are_the_rounded_floats(name, dtype):
    low, high = (-128, 127) if dtype == np.int8 else (0, 60000)
    X, y = overlapping((60, 14), (20,), dtype, low, high)
    rows, _ = ours(name).fit_resample(X, y)
    floats, _ = ours(name).fit_resample(X.astype(np.float64), y)
    limits = np.iinfo(dtype)
    assert rows.dtype == dtype
    np.testing.assert_allclose(rows, floats.clip(limits.min, limits.max), atol=0.51)


def test_a_pipeline_is_searched_with_images_and_labels_in_words():
    images, y = overlapping((60, 24), (5, 4, 1), np.uint8)
    words = np.array(["normal", "stone"])[y]
    flat = FunctionTransformer(lambda rows: rows.reshape(len(rows), -1).astype(np.float32))
    model = make_pipeline(ours("SMOTE"), flat, StandardScaler(), LogisticRegression())
    grid = {"smote__k": np.arange(2, 4), "smote__ratio": np.linspace(0.8, 1, 2)}
    search = GridSearchCV(model, grid, cv=3, error_score="raise").fit(images, words)
    assert search.best_score_ > 0.8
    assert set(search.predict(images)) == {"normal", "stone"}


@pytest.mark.parametrize("name", NAMES)
def test_a_sampler_is_copied_kept_and_shown_with_its_settings(name):
    sampler = ours(name, ratio=0.5)
    for copy in (clone(sampler), pickle.loads(pickle.dumps(sampler))):
        assert type(copy) is getattr(balance, name)
        assert copy.get_params() == sampler.get_params()
    assert repr(sampler) == f"{name}(random_state=0, ratio=0.5)"


def test_without_a_seed_the_rows_differ_and_a_generator_makes_them_again():
    X, y = overlapping((60, 14), (3,))
    rows = [balance.SMOTE().fit_resample(X, y)[0] for _ in range(2)]
    assert (rows[0] != rows[1]).any()
    rows = [balance.SMOTE(random_state=np.random.RandomState(5)).fit_resample(X, y)[0] for _ in range(2)]
    np.testing.assert_array_equal(*rows)


def test_what_is_wrong_is_said():
    X, y = overlapping((60, 4), (3,))
    with pytest.raises(DataError, match="SMOTE_NEIGHBOURS: found 4 cases in class 1"):
        ours("SMOTE").fit_resample(X, y)
    with pytest.raises(StudyError, match=r"SMOTE\.k = 0 should be greater than or equal to 1"):
        ours("SMOTE", k=0).fit_resample(X, y)
    with pytest.raises(TypeError, match="n_jobs"):
        ours("SMOTE", n_jobs=3)
    with pytest.raises(ValueError, match="0 sample"):
        ours("SMOTE").fit_resample(np.zeros((0, 8, 8, 1)), [])
    with pytest.raises(AttributeError, match="SMOTEN"):
        balance.SMOTEN  # noqa: B018


def test_scikit_learn_is_not_loaded_before_a_sampler_is_asked_for():
    code = "import sys, seimbang.balance\nassert not {'sklearn', 'scipy', 'imblearn', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
