"""Training yields facts, learns, and goes on after a stop as if there had been none."""

import numpy as np
import pytest
import torch

from seimbang.balance import make as make_balance
from seimbang.balance.base import Recipe
from seimbang.errors import DataError
from seimbang.models import make
from seimbang.training.base import TrainingSettings
from seimbang.training.loop import Trainer, predict

SHAPE = (12, 12, 1)


def images(n=160):
    rng = np.random.default_rng(0)
    y = (np.arange(n) % 4 == 0).astype(np.int64)
    X = rng.integers(0, 90, (n, *SHAPE), dtype=np.uint8)
    X[y == 1, :, :6] += 100
    return X, y


def trainer(balance="none", **settings):
    X, y = images()
    rows = np.arange(120)
    torch.manual_seed(0)
    module = make({"name": "gru", "units": 12}).build(SHAPE, 2)
    options = TrainingSettings(**{"epochs": 6, "learning_rate": 0.01, **settings})
    method = make_balance({"method": balance})
    return Trainer(module, method.recipe(X, y[rows], 0, rows), X, np.arange(120, 160), y, method, options)


def weights(one):
    return {name: value.clone() for name, value in one.module.state_dict().items()}


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_a_resumed_run_ends_with_the_same_weights(optimizer):
    whole = trainer(optimizer=optimizer, reduce_lr=1, epochs=4)
    history = list(whole.epochs())
    first = trainer(optimizer=optimizer, reduce_lr=1, epochs=4)
    stopped = first.epochs()
    next(stopped), next(stopped)
    second = trainer(optimizer=optimizer, reduce_lr=1, epochs=4)
    second.restore(first.state())
    rest = list(second.epochs())
    assert [one.epoch for one in rest] == [3, 4]
    assert [one.loss for one in rest] == [one.loss for one in history[2:]]
    for name, value in weights(whole).items():
        assert torch.equal(value, weights(second)[name]), name
    for name, value in whole.result().items():
        assert torch.equal(value, second.result()[name]), name


def test_learns_what_can_be_learnt():
    one = trainer(epochs=12)
    facts = list(one.epochs())
    assert facts[-1].loss < facts[0].loss / 2
    assert max(fact.val_recall for fact in facts) == 1
    p = predict(one.module, one.X, np.arange(120, 160), one.device)
    assert p.shape == (40, 2)
    np.testing.assert_allclose(p.sum(1), 1)


def test_keeps_the_weights_of_the_lowest_validation_loss_or_the_last():
    best, last = trainer(keep="best", epochs=5, learning_rate=0.3), trainer(keep="last", epochs=5, learning_rate=0.3)
    facts = list(best.epochs())
    list(last.epochs())
    lowest = min(facts, key=lambda fact: fact.val_loss)
    assert best.best["epoch"] == lowest.epoch
    assert [fact.epoch for fact in facts if fact.best][-1] == lowest.epoch
    assert all(torch.equal(value, weights(last)[name]) for name, value in last.result().items())


def test_stops_early_and_lowers_the_learning_rate():
    one = trainer(epochs=50, early_stopping=2, reduce_lr=1, learning_rate=0.5, optimizer="sgd")
    facts = list(one.epochs())
    assert len(facts) < 50
    assert facts[-1].lr < facts[0].lr


def test_class_weights_reach_the_loss():
    assert trainer("none").criterion.weight is None
    heavy = trainer("class_weights").criterion.weight
    assert heavy[1] / heavy[0] == pytest.approx(3)


def test_a_loss_that_is_no_number_is_an_error():
    one = trainer()
    with torch.no_grad():
        next(one.module.parameters()).fill_(float("nan"))
    with pytest.raises(DataError, match="TRAIN_DIVERGED"):
        next(one.epochs())


def test_synthetic_rows_are_trained_on():
    y = images()[1]
    one = trainer()
    one.recipe = Recipe(np.arange(8), np.array([0]), np.array([4]), np.array([0.5]), np.r_[y[:8], 1])
    fact = next(one.epochs())
    assert fact.accuracy * 9 == pytest.approx(round(fact.accuracy * 9))
