"""Fitting classical models: what the search sees, what is saved, what cannot be fitted."""

from importlib.util import find_spec

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from skops.io import dumps

from seimbang import balance
from seimbang.balance.smote import Smote
from seimbang.classical import fit as fitting
from seimbang.classical import svm
from seimbang.classical.fit import fit
from seimbang.classical.saved import load, save
from seimbang.errors import DataError, IntegrityError, StudyError
from seimbang.study.models import make

Y = np.repeat([0, 1, 2], [60, 30, 15])
X = (np.random.default_rng(0).normal(size=(105, 5)) + 0.8 * Y[:, None]).astype(np.float32)
GROUPS = np.arange(105) // 3
TRAIN = np.flatnonzero(np.arange(105) % 15 > 2)  # whole groups


def fitted(settings, method="none", seed=0, **changes):
    X_, y, groups, train = (changes.get(key, value) for key, value in zip("Xygt", (X, Y, GROUPS, TRAIN), strict=True))
    method = balance.make({"method": method}) if isinstance(method, str) else method
    return fit(make(settings), method.recipe(X_, y[train], seed, train), X_, y, groups, method, seed)


def test_the_search_keeps_every_candidate_and_the_best_is_fitted():
    found = fitted({"name": "svm", "grid": {"C": [1e-4, 1.0]}, "search": {"folds": 4, "repeats": 2}})
    assert found.search.columns.tolist() == ["C", "mean", "sd", "by", "chosen"]
    assert found.search.chosen.tolist() == [0, 1]
    assert found.search["mean"].tolist() == pytest.approx([1 / 3, 0.75], abs=0.15)
    assert (found.search["sd"] >= 0).all()
    assert found.pipeline[-1].calibrated_classifiers_[0].estimator.C == 1.0


def test_of_equal_candidates_the_first_wins():
    assert fitted({"name": "svm", "grid": {"C": [1e-5, 1e-4]}}).search.chosen.tolist() == [1, 0]


def test_without_a_grid_nothing_is_searched(monkeypatch):
    monkeypatch.setattr(fitting, "_scores", None)
    found = fitted({"name": "knn"}).search
    assert found.chosen.tolist() == [1]
    assert found[["mean", "sd"]].isna().all(axis=None)


def test_the_score_is_by_hand():
    truth, said = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    assert fitting._score(said, truth, "accuracy") == 0.75
    assert fitting._score(said, truth, "balanced_accuracy") == pytest.approx((2 / 3 + 1) / 2)


class Spy(Smote):
    """Notes the rows it was given."""

    def recipe(self, X, y, seed, among=None):
        seen.append(among)
        return super().recipe(X, y, seed, among)


seen = []


def test_each_inner_fold_is_balanced_anew_without_the_rows_left_out():
    seen.clear()
    fitted({"name": "tree", "grid": {"depth": [1, 2]}, "search": {"folds": 3}}, Spy(k=2))
    assert len(seen) == 4  # the whole training part, then three inner ones
    for inner in seen[1:]:
        assert set(inner) < set(TRAIN)
        left = np.setdiff1d(TRAIN, inner)
        assert not set(GROUPS[left]) & set(GROUPS[inner])
        assert set(Y[left]) == {0, 1, 2}


def test_as_published_the_inner_folds_divide_the_synthetic_rows_too(monkeypatch):
    left = []
    score = fitting._score
    monkeypatch.setattr(fitting, "_score", lambda said, truth, by: left.append(len(truth)) or score(said, truth, by))
    method = Smote(k=2, scope="all")
    fitted({"name": "tree", "grid": {"depth": [1, 2]}, "search": {"folds": 3}}, method)
    assert sum(left) == 2 * len(method.recipe(X, Y[TRAIN], 0, TRAIN))


def test_made_rows_and_scaling_are_those_of_the_recipe():
    recipe = Smote(k=2).recipe(X, Y[TRAIN], 0, TRAIN)
    np.testing.assert_array_equal(fitting._made(recipe, X), recipe.materialize(X)[0])
    before, (prepare, rows) = (
        X.copy(),
        fitting._prepared(make({"name": "svm", "pca": 3}), fitting._made(recipe, X), 0),
    )
    assert rows.shape == (len(recipe), 3)
    np.testing.assert_allclose(prepare.transform(recipe.materialize(X)[0]), rows, atol=1e-5)
    np.testing.assert_array_equal(X, before)


def test_images_are_seen_as_pixels_in_0_to_1_and_are_not_changed():
    pixels = np.random.default_rng(0).integers(0, 256, (105, 4, 3, 1), dtype=np.uint8)
    pixels[Y == 2] //= 2
    before = pixels.copy()
    found = fitted({"name": "knn", "scale": False}, "smote", X=pixels)
    assert found.pipeline[-1]._fit_X.max() <= 1
    assert found.probabilities(pixels).shape == (105, 3)
    np.testing.assert_array_equal(pixels, before)


def test_a_class_that_is_not_among_the_training_rows_gets_probability_0():
    found = fitted({"name": "logistic"}, t=np.flatnonzero(Y < 2))
    p = found.probabilities(X)
    assert p.shape == (105, 3)
    assert (p[:, 2] == 0).all()


def test_class_weights_make_the_rare_class_likelier():
    plain, weighted = (fitted({"name": "logistic"}, method).probabilities(X) for method in ("none", "class_weights"))
    assert weighted[:, 2].mean() > 1.2 * plain[:, 2].mean()


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("svm", "focal"),
        ("svm", "mixup"),
        ("svm", "logit_adjustment"),
        ("svm", "feature_smote"),
        ("knn", "class_weights"),
    ],
)
def test_methods_that_do_not_suit_the_model_are_an_error(name, method):
    with pytest.raises(StudyError, match="BALANCE_NETWORK"):
        fitted({"name": name}, method)


def test_fewer_folds_where_a_class_has_few_groups_and_an_error_where_it_has_one():
    few = np.flatnonzero((Y < 2) | (np.arange(105) % 15 < 6))
    assert {len(fitting.inner_folds(Y[few], GROUPS[few], folds, 0)) for folds in (2, 5, 10)} == {2}
    one = np.flatnonzero((Y < 2) | (GROUPS == 34))
    with pytest.raises(DataError, match="FOLD_ROWS: found 1 case or group of class 2"):
        fitted({"name": "svm"}, t=one)
    assert fitted({"name": "knn"}, t=one).probabilities(X).shape == (105, 3)


def test_calibration_keeps_groups_and_synthetic_rows_together():
    recipe = Smote(k=2).recipe(X, Y[TRAIN], 0, TRAIN)
    groups = fitting._groups(recipe, GROUPS)
    assert len(groups) == len(recipe)
    for train, left in fitting.inner_folds(recipe.y, groups, 5, 0):
        assert not set(groups[train]) & set(groups[left])


@pytest.mark.skipif(find_spec("sklearnex") is None, reason="scikit-learn-intelex is not installed (extra 'fast')")
@pytest.mark.parametrize(("kernel", "classes"), [("rbf", 2), ("rbf", 3), ("linear", 2)])
def test_saved_by_scikit_learn_alone_whichever_library_fitted_it(monkeypatch, kernel, classes):
    rows = np.flatnonzero(classes > Y)
    settings, changes = {"name": "svm", "kernel": kernel}, {"X": X[rows], "y": Y[rows], "g": GROUPS[rows], "t": rows}
    stock = fitted(settings, "class_weights", **changes)
    monkeypatch.setattr(svm, "LARGE", 0)
    fast = fitted(settings, "class_weights", **changes)
    assert (stock.engine.split()[0], fast.engine.split()[0]) == ("scikit-learn", "scikit-learn-intelex")
    again = load(save(fast))
    assert again.engine == stock.engine
    assert b"sklearnex" not in save(fast)
    np.testing.assert_allclose(again.probabilities(X), fast.probabilities(X), atol=1e-5)
    np.testing.assert_allclose(stock.probabilities(X), fast.probabilities(X), atol=0.01)


def test_a_saved_search_comes_back():
    found = fitted({"name": "svm", "grid": {"C": [0.1, 1.0], "gamma": ["scale", 0.1]}})
    assert load(save(found)).search.equals(found.search)


def test_what_no_model_of_ours_holds_is_refused():
    hostile = Pipeline([("run", FunctionTransformer(func=eval)), ("classifier", DummyClassifier())])
    with pytest.raises(IntegrityError, match=r"MODEL_UNTRUSTED.*eval"):
        load(dumps({"pipeline": hostile, "classes": 2, "search": {}}))


@pytest.mark.parametrize("data", [b"", b"no zip", save(fitted({"name": "tree"}))[:-300], dumps({"classes": 2})])
def test_what_cannot_be_read_is_an_error(data):
    with pytest.raises(IntegrityError, match="MODEL_DAMAGED"):
        load(data)
