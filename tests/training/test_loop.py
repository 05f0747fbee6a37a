"""Training yields facts, learns, and goes on after a stop as if there had been none."""

import numpy as np
import pytest
import torch

from seimbang.balance import make as make_balance
from seimbang.balance.base import Recipe
from seimbang.errors import DataError
from seimbang.imaging.augment import UNCHANGED, Augmentation
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


CHANGES = Augmentation(rotation=10, flip_top_bottom=True, brightness=0.1, noise=0.02)


def trainer(balance="none", augmentation=UNCHANGED, **settings):
    X, y = images()
    rows = np.arange(120)
    torch.manual_seed(0)
    module = make({"name": "gru", "units": 12}).build(SHAPE, 2)
    options = TrainingSettings(**{"epochs": 6, "learning_rate": 0.01, **settings})
    method = make_balance({"method": balance})
    recipe = method.recipe(X, y[rows], 0, rows)
    return Trainer(module, recipe, X, np.arange(120, 160), y, method, options, augmentation)


def weights(one):
    return {name: value.clone() for name, value in one.module.state_dict().items()}


@pytest.mark.parametrize(
    ("optimizer", "balance", "augmentation"),
    [
        ("adam", "none", UNCHANGED),
        ("adamw", "mixup", UNCHANGED),
        ("sgd", "smote", CHANGES),
        ("adam", "augment", CHANGES),
        ("adam", "balanced_mixup", CHANGES),
    ],
)
def test_a_resumed_run_ends_with_the_same_weights(optimizer, balance, augmentation):
    def fresh():
        return trainer(balance, augmentation, optimizer=optimizer, reduce_lr=1, epochs=4)

    whole = fresh()
    history = list(whole.epochs())
    first = fresh()
    stopped = first.epochs()
    next(stopped), next(stopped)
    second = fresh()
    second.restore(first.state())
    rest = list(second.epochs())
    assert [one.epoch for one in rest] == [3, 4]
    assert [one.loss for one in rest] == [one.loss for one in history[2:]]
    for name, value in weights(whole).items():
        assert torch.equal(value, weights(second)[name]), name
    for name, value in whole.result().items():
        assert torch.equal(value, second.result()[name]), name


def test_a_single_row_left_over_joins_the_last_batch():
    X, y = images()
    rows = np.arange(33)
    module = make({"name": "kidney_cnn", "width": 2, "dense": 4}).build(SHAPE, 2)
    settings = TrainingSettings(epochs=1, batch_size=16)
    recipe = Recipe.of_real(rows, y[rows])
    (epoch,) = Trainer(module, recipe, X, np.arange(120, 160), y, make_balance({"method": "none"}), settings).epochs()
    assert np.isfinite(epoch.loss)  # batch normalisation cannot learn from a batch of one


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


class Watching(torch.nn.Module):
    """Keeps what it is shown and finds every case to be of class 1."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(2))
        self.seen = {True: [], False: []}

    def forward(self, x):
        self.seen[self.training].append(x.detach().clone())
        return (self.weight + torch.tensor([0.0, 1.0])).expand(len(x), 2)


def watched(balance, augmentation=UNCHANGED, epochs=1, **settings):
    """Train and return what the network saw: in each epoch the training images, and those of validation."""
    X, y = images()
    module, rows, method = Watching(), np.arange(120), make_balance({"method": balance, **settings})
    recipe = method.recipe(X, y[rows], 0, rows)
    options = TrainingSettings(epochs=epochs, learning_rate=1e-6)
    facts = list(Trainer(module, recipe, X, np.arange(120, 160), y, method, options, augmentation).epochs())
    return torch.cat(module.seen[True]).split(len(recipe)), torch.cat(module.seen[False]), facts, X


def by_brightness(x):
    return x[x.flatten(1).double().sum(1).argsort()]


def test_training_images_change_anew_in_each_epoch_and_validation_images_never():
    turned, validation, _, X = watched("none", Augmentation(brightness=0.2), epochs=2)
    plain = torch.as_tensor(X).permute(0, 3, 1, 2) / 255
    assert not torch.equal(by_brightness(turned[0]), by_brightness(turned[1]))
    assert not torch.equal(by_brightness(turned[0]), by_brightness(plain[:120]))
    assert torch.equal(validation, torch.cat([plain[120:]] * 2))


def test_synthetic_rows_change_too():
    (seen,), *_ = watched("smote", Augmentation(flip_left_right=True))
    mirrored = seen[..., 6:].mean((1, 2, 3)) > seen[..., :6].mean((1, 2, 3)) + 0.2
    assert 30 < mirrored.sum() < 60  # of class 1, which is bright on the left: 30 real ones and 60 synthetic ones


def test_mixed_images_count_as_the_class_that_weighs_most():
    seen, _, facts, _ = watched("mixup", alpha=0.01)  # shares are 0 or 1, nearly
    assert facts[0].accuracy == pytest.approx(1 / 4, abs=0.1)
    assert len(seen[0]) == 120
    seen, _, facts, _ = watched("balanced_mixup", alpha=10)  # partners weigh 10 / 11, and half of them are of class 1
    assert facts[0].accuracy == pytest.approx(1 / 2, abs=0.15)


def test_images_and_labels_are_mixed_alike():
    one = trainer("mixup")
    which, rng = np.arange(16), np.random.default_rng(5)
    partners, delta = one.balance.mix(which, one.recipe.y, np.random.default_rng(5))
    made, labels = one._batch(which, 0, rng)
    X, y = one.X[:120].astype(float) / 255, np.eye(2)[one.recipe.y]
    shares = delta[:, None, None, None]
    expected = (1 - shares) * X[which] + shares * X[partners]
    np.testing.assert_allclose(made.permute(0, 2, 3, 1), expected, atol=1e-5)
    np.testing.assert_allclose(labels, (1 - delta[:, None]) * y[which] + delta[:, None] * y[partners], atol=1e-5)
