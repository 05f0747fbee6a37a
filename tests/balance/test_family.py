"""The relatives of SMOTE are imbalanced-learn's, as recipes; on real images each makes what it says."""

from pathlib import Path

import numpy as np
import pytest
from imblearn.over_sampling import ADASYN, SVMSMOTE, BorderlineSMOTE, KMeansSMOTE
from PIL import Image

from seimbang.balance import METHODS, make
from seimbang.errors import DataError

SAMPLERS = {"borderline_smote": BorderlineSMOTE, "adasyn": ADASYN, "svm_smote": SVMSMOTE, "kmeans_smote": KMeansSMOTE}
KIDNEY = Path(__file__).parents[3] / "shared" / "data" / "kidney_ct"


def overlapping(counts, shape, seed=0, low=0, high=255):
    """Return bytes whose classes differ in brightness but overlap, so that clusters and borders are there to find."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts)).astype(np.int64)
    column = (-1, *[1] * len(shape))
    X = rng.normal(0.2 + 0.25 * y, 0.15).reshape(column) + rng.normal(0, 0.1, (len(y), *shape))
    return (low + (high - low) * X.clip(0, 1)).round().astype(np.uint8), y


def by_imbalanced_learn(method, X, y, seed, **settings):
    rows, labels = SAMPLERS[method](random_state=seed, **settings).fit_resample(X.reshape(len(X), -1), y)
    return rows.reshape(-1, *X.shape[1:]), labels


@pytest.mark.parametrize("method", SAMPLERS)
@pytest.mark.parametrize("seed", [0, 5, 2**31])
@pytest.mark.parametrize("counts", [(60, 14), (20, 70), (60, 14, 30)])
@pytest.mark.parametrize("shape", [(20,), (7, 6, 3)])
def test_rows_are_those_of_imbalanced_learn(method, counts, shape, seed):
    X, y = overlapping(counts, shape, 1)
    floats = X.astype(np.float32)
    recipe = make({"method": method}).recipe(floats, y, seed)
    expected, labels = by_imbalanced_learn(method, floats, y, seed)
    assert len(recipe.i) > 0
    np.testing.assert_allclose(recipe.materialize(floats)[0], expected, atol=1e-3)
    np.testing.assert_array_equal(recipe.y, labels)
    of_bytes = make({"method": method}).recipe(X, y, seed).materialize(X)[0]
    np.testing.assert_allclose(of_bytes, expected.clip(0, 255), atol=1e-3)


@pytest.mark.parametrize(
    ("method", "ours", "theirs"),
    [
        ("borderline_smote", {"k": 3, "m": 6}, {"k_neighbors": 3, "m_neighbors": 6}),
        ("adasyn", {"k": 3}, {"n_neighbors": 3}),
        ("svm_smote", {"k": 3, "m": 6}, {"k_neighbors": 3, "m_neighbors": 6}),
        ("kmeans_smote", {"k": 3, "clusters": 5}, {"k_neighbors": 3, "kmeans_estimator": 5}),
    ],
)
def test_settings_reach_imbalanced_learn(method, ours, theirs):
    X, y = overlapping((60, 14), (20,), 1)
    floats = X.astype(np.float32)
    rows = make({"method": method, "ratio": 0.7, **ours}).recipe(floats, y, 0).materialize(floats)[0]
    expected, _ = by_imbalanced_learn(method, floats, y, 0, sampling_strategy=0.7, **theirs)
    np.testing.assert_allclose(rows, expected, atol=1e-3)


def test_svm_smote_goes_beyond_its_parents_and_bytes_are_cut():
    X, y = overlapping((60, 14), (20,), 1)
    X[y == 1, :3] = np.random.default_rng(2).choice([0, 60], (14, 3))  # so that beyond is darker than black
    recipe = make({"method": "svm_smote"}).recipe(X, y, 0)
    assert -0.5 <= recipe.delta.min() < 0
    assert recipe.materialize(X.astype(np.float32))[0].min() < 0
    assert recipe.materialize(X)[0].min() == 0


@pytest.mark.parametrize("method", SAMPLERS)
def test_copies_under_two_classes_are_told_apart_by_their_row(method):
    X, y = overlapping((60, 20), (20,), 1)
    X[y == 1] = np.where(np.arange(20)[:, None] < 4, X[y == 0][:20], X[y == 1])
    recipe = make({"method": method}).recipe(X, y, 0)
    for parents in (recipe.i, recipe.j):
        np.testing.assert_array_equal(y[parents], recipe.y[len(y) :])


@pytest.mark.parametrize("method", SAMPLERS)
def test_a_balanced_training_part_stays_as_it_is(method):
    X, y = overlapping((3, 3), (20,))
    recipe = make({"method": method}).recipe(X, y, 0)
    assert (recipe.real.tolist(), len(recipe)) == (list(range(6)), 6)


@pytest.mark.parametrize("method", SAMPLERS)
def test_too_few_cases_for_k_name_the_class(method):
    X, y = overlapping((30, 5, 12), (4,))
    with pytest.raises(DataError, match=r"SMOTE_NEIGHBOURS: found 5 cases in class 1.*more than k = 5"):
        make({"method": method, "k": 5}).recipe(X, y, 0)


def apart(counts):
    """Return classes far from each other."""
    y = np.repeat(np.arange(len(counts)), counts)
    return np.random.default_rng(0).normal(100 * y[:, None], 1, (len(y), 5)).astype(np.float32), y


def strewn():
    """Return a small class each of whose cases is alone among many of the large one."""
    rng = np.random.default_rng(0)
    centres = 1000 * np.arange(8.0)[:, None]
    large = np.repeat(centres, 20, 0) + rng.normal(0, 1, (160, 5))
    return np.concatenate([large, centres + rng.normal(0, 0.1, (8, 5))]).astype(np.float32), np.repeat([0, 1], [160, 8])


@pytest.mark.parametrize(
    ("method", "settings", "case", "reason"),
    [
        ("borderline_smote", {}, apart((40, 12)), "no synthetic case in this class"),
        ("borderline_smote", {"m": 60}, apart((40, 12)), "n_neighbors"),
        ("adasyn", {}, apart((40, 12)), "Not any neigbours belong to the majority"),
        ("svm_smote", {}, strewn(), "considered as noise"),
        ("svm_smote", {"m": 200}, strewn(), "n_neighbors"),
        ("kmeans_smote", {}, strewn(), "No clusters found"),
        ("kmeans_smote", {"clusters": 60}, apart((40, 12)), "n_clusters"),
    ],
)
def test_nothing_to_start_from_is_an_error_with_class_and_counts(method, settings, case, reason):
    X, y = case
    with pytest.raises(DataError) as caught:
        make({"method": method, **settings}).recipe(X, y, 0)
    assert caught.value.code == "BALANCE_UNSUITED"
    assert f"{(y == 1).sum()} cases in class 1 among {len(y)}" in caught.value.found
    assert reason in caught.value.found
    assert "or use the method smote or oversample" in caught.value.fix


def test_clusters_of_copies_are_an_error_too():
    X, y = apart((40, 12))
    X[y == 1] = 100
    with pytest.raises(DataError, match="12 cases in class 1 among 52"):
        make({"method": "kmeans_smote"}).recipe(X, y, 0)


FOR_IMAGES = [name for name in METHODS if name != "smote_nc"]  # which needs columns of words


@pytest.mark.parametrize("method", FOR_IMAGES)
def test_close_bytes_never_wrap_around(method):
    X, y = overlapping((60, 14, 30), (7, 6, 1), 1, low=150, high=159)
    rows, labels = make({"method": method}).recipe(X, y, 0).materialize(X)
    beyond = 5 if method == "svm_smote" else 1e-3  # half the difference of two parents at most
    assert np.isfinite(rows).all()
    assert rows.min() >= 150 - beyond
    assert rows.max() <= 159 + beyond
    assert set(labels) == {0, 1, 2}


@pytest.fixture(scope="module")
def kidney():
    """Return every third real slice of two classes, 32 x 32."""
    if not KIDNEY.is_dir():
        pytest.skip("the kidney CT images are not at ../shared/data")
    images, y = [], []
    for label, name in enumerate(("Normal", "Stone")):
        for path in sorted((KIDNEY / name).iterdir())[::3]:
            image = Image.open(path)
            image.draft("L", (32, 32))
            images.append(np.asarray(image.convert("L").resize((32, 32)))[..., None])
            y.append(label)
    return np.stack(images), np.array(y)


KEPT = ("none", "class_weights", "class_balanced", "focal", "ldam", "logit_adjustment", "threshold")
KEPT += ("mixup", "balanced_mixup", "feature_smote")  # these act while training, or after
LEVEL = ("oversample", "smote", "augment", "borderline_smote")


@pytest.mark.parametrize("method", FOR_IMAGES)
def test_what_each_makes_of_real_images(kidney, method):
    X, y = kidney
    normal, stone = np.bincount(y)
    settings = {"clusters": 30} if method == "kmeans_smote" else {}
    recipe = make({"method": method, **settings}).recipe(X, y, 0)
    rows, labels = recipe.materialize(X)
    assert np.isfinite(rows).all()
    assert (rows >= 0).all()
    assert (rows <= 255).all()
    after = np.bincount(labels).tolist()
    if method in KEPT:
        assert after == [normal, stone]
    elif method == "undersample":
        assert after == [stone, stone]
    elif method in LEVEL:
        assert after == [normal, normal]
    else:
        assert after[0] == normal
        low, high = {"adasyn": (0.95, 1.05), "kmeans_smote": (1, 1.05), "svm_smote": (0.5, 1)}[method]
        assert low * normal <= after[1] <= high * normal
    synthetic = rows[len(recipe.real) :]
    assert method not in SAMPLERS or not (synthetic[:, None] == rows[: len(y)][None, :200]).all((2, 3, 4)).any()
