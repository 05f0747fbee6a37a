"""What every balancing method promises, run over the table of methods."""

import json

import numpy as np
import pytest
import torch

from seimbang.balance import METHODS, make
from seimbang.errors import DataError, StudyError

pytestmark = pytest.mark.parametrize("method", METHODS)


WORDS = {"smote_nc": {"blocks": [[27, 30]]}}
"""Methods for tables with a category, and its columns."""


def balancer(method, **settings):
    return make({"method": method, **WORDS.get(method, {}), **settings})


def data(method, counts=(40, 9, 15)):
    """Return bytes whose classes differ in brightness but overlap, so that clusters and borders are there to find."""
    X, y = images(counts)
    if method in WORDS:
        X = X.reshape(len(X), -1)
        X[:, 27:] = np.eye(3)[np.arange(len(X)) % 3]
    return X, y


def images(counts):
    rng = np.random.default_rng(0)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts)).astype(np.int64)
    shade = rng.normal(0.2 + 0.3 * y, 0.1)
    X = shade[:, None, None, None] + rng.normal(0, 0.1, (len(y), 6, 5, 1))
    return (255 * X.clip(0, 1)).astype(np.uint8), y


@pytest.mark.parametrize("counts", [(40, 9), (9, 40), (40, 9, 15)])
def test_recipe_holds_rows_that_exist_and_labels_that_fit(method, counts):
    X, y = data(method, counts)
    recipe = balancer(method).recipe(X, y, 0)
    assert len(recipe) == len(recipe.real) + len(recipe.i)
    assert len(recipe.i) == len(recipe.j) == len(recipe.delta)
    np.testing.assert_array_equal(recipe.y[: len(recipe.real)], y[recipe.real])
    for parents in (recipe.i, recipe.j):
        np.testing.assert_array_equal(recipe.y[len(recipe.real) :], y[parents])
    assert set(recipe.y) == set(y)


def test_the_smallest_class_never_becomes_a_smaller_part(method):
    X, y = data(method)
    after = np.bincount(balancer(method).recipe(X, y, 0).y)
    assert after.min() / after.sum() >= 9 / 64


def test_equal_seeds_give_equal_recipes_and_the_input_is_left_alone(method):
    X, y = data(method)
    before = X.copy(), y.copy()
    first, second = (balancer(method).recipe(X, y, 3) for _ in range(2))
    for name in ("real", "i", "j", "delta", "y", "seeds"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(y, before[1])


def test_training_rows_among_others_are_named_as_rows_of_the_whole(method):
    X, y = data(method)
    among = np.random.default_rng(1).permutation(len(y))[:50]
    alone = balancer(method).recipe(X[among], y[among], 0)
    recipe = balancer(method).recipe(X, y[among], 0, among)
    np.testing.assert_array_equal(recipe.materialize(X)[0], alone.materialize(X[among])[0])
    np.testing.assert_array_equal(recipe.y, alone.y)
    assert set(np.concatenate([recipe.real, recipe.i, recipe.j])) <= set(among)


@pytest.mark.parametrize("shape", [(64, 30), (64, 6, 5, 1)])
def test_tables_and_images_give_float_rows_within_the_range_of_the_data(method, shape):
    """Beyond it only where a method goes beyond the parents, and never beyond what bytes can hold."""
    X, y = data(method)
    if method in WORDS and len(shape) > 2:
        with pytest.raises(DataError, match=r"BALANCE_CATEGORIES.*To fix it: use the method smote"):
            balancer(method).recipe(X.reshape(shape), y, 0)
        return
    if METHODS[method].images_only and len(shape) == 2:
        with pytest.raises(DataError, match=r"BALANCE_IMAGES.*To fix it: balance tables with"):
            balancer(method).recipe(X.reshape(shape), y, 0)
        return
    recipe = balancer(method).recipe(X.reshape(shape), y, 0)
    rows, labels = recipe.materialize(X.reshape(shape))
    between = ((recipe.delta >= 0) & (recipe.delta <= 1)).all()
    assert between or method == "svm_smote"
    assert rows.shape == (len(labels), *shape[1:])
    assert rows.dtype == np.float32
    assert rows.min() >= (X.min() if between else 0)
    assert rows.max() <= (X.max() if between else 255)


def test_prepared_rows_of_a_table_are_balanced_as_they_are(method):
    if METHODS[method].images_only:
        return
    X, y = data(method)
    table = X.reshape(len(X), -1).astype(np.float32)
    table[:, :27] = (table[:, :27] - table[:, :27].mean(axis=0)) / table[:, :27].std(axis=0)
    rows, labels = balancer(method).recipe(table, y, 0).materialize(table)
    assert rows.shape == (len(labels), 30)
    assert np.isfinite(rows).all()
    assert rows.min() < 0
    if method in WORDS:
        np.testing.assert_array_equal(np.sort(rows[:, 27:]), [[0, 0, 1]] * len(rows))


def test_a_batch_is_drawn_alike_whatever_else_is_in_it(method):
    X, y = data(method)
    recipe = balancer(method).recipe(X, y, 0)
    whole = recipe.materialize(X)[0]
    for which in ([len(recipe) - 1], [0, len(recipe) - 2, 3, len(recipe) - 1]):
        np.testing.assert_array_equal(recipe.draw(X, np.array(which)), whole[which])


def test_mixing_names_a_row_of_the_recipe_and_a_share_for_each_row_or_none(method):
    _, y = data(method)
    which = np.arange(8, 24)
    mixed, again = (balancer(method).mix(which, y, np.random.default_rng(0)) for _ in range(2))
    if mixed is not None:
        partners, delta = mixed
        assert partners.shape == delta.shape == which.shape
        assert ((partners >= 0) & (partners < len(y))).all()
        assert ((delta >= 0) & (delta <= 1)).all()
        np.testing.assert_array_equal(mixed, again)


def test_class_weights_are_none_or_one_a_class(method):
    weights = balancer(method).class_weights(np.array([40, 9, 15]))
    assert weights is None or (weights.shape == (3,) and (weights > 0).all())


def test_the_loss_is_finite_teaches_and_takes_mixed_labels(method):
    balance, counts = balancer(method), np.array([40, 9, 15])
    weights = balance.class_weights(counts)
    weights = None if weights is None else torch.as_tensor(weights, dtype=torch.float32)
    criterion = balance.loss(counts) or torch.nn.CrossEntropyLoss(weight=weights)
    labels = torch.tensor([0, 1, 2, 1])
    for target in (labels, torch.eye(3)[labels], torch.lerp(torch.eye(3)[labels], torch.eye(3)[labels.flip(0)], 0.3)):
        logits = (60 * torch.randn(4, 3, generator=torch.Generator().manual_seed(0))).requires_grad_()
        before = criterion(balance.adjust_logits(logits, counts), target)
        before.backward()
        assert logits.grad.isfinite().all()
        with torch.no_grad():
            after = criterion(balance.adjust_logits(logits - logits.grad, counts), target)
        assert 0 <= after < before < np.inf


def test_the_last_layer_is_given_rows_only_by_methods_that_retrain_it(method):
    _, y = data(method)
    features = np.random.default_rng(0).normal(size=(len(y), 7)).astype(np.float32)
    balance = balancer(method)
    recipes = [balance.head_rows(features, y, np.random.RandomState(4)) for _ in range(2)]
    assert (recipes[0] is not None) == balance.retrains_head
    if recipes[0] is not None:
        rows, labels = recipes[0].materialize(features)
        assert rows.shape == (len(labels), 7)
        assert set(labels) == set(y)
        np.testing.assert_array_equal(rows, recipes[1].materialize(features)[0])


@pytest.mark.parametrize("y", [np.zeros(64, np.int64), np.zeros(5, np.int64)])
def test_one_class_and_lengths_that_differ_are_refused(method, y):
    with pytest.raises(DataError) as caught:
        balancer(method).recipe(data(method)[0], y, 0)
    assert caught.value.code == "BALANCE_INPUT"


def test_settings_survive_json_and_the_method_has_a_title(method):
    balance = balancer(method, scope="all")
    assert make({"method": method, **json.loads(balance.model_dump_json())}) == balance
    assert balance.title


def test_all_mistakes_are_named_with_the_nearest_key(method):
    with pytest.raises(StudyError) as caught:
        make({"method": method, "scop": "all", "scope": "some"})
    assert "balance.scop is not a known key; did you mean 'scope'?" in caught.value.found
    assert "balance.scope = 'some' should be 'train' or 'all'" in caught.value.found


def test_an_unknown_method_suggests_the_nearest_one(method):
    with pytest.raises(StudyError, match=f"balance.method = '{method}x' is not known; did you mean '{method}'"):
        make({"method": method + "x"})
