"""Training yields facts, learns, and goes on after a stop as if there had been none."""

import copy
import math

import numpy as np
import pytest
import torch

from seimbang.balance import make as make_balance
from seimbang.balance.base import Recipe
from seimbang.errors import DataError, StudyError
from seimbang.imaging.augment import UNCHANGED, Augmentation
from seimbang.settings import build
from seimbang.study.models import make
from seimbang.training import loop
from seimbang.training.base import TrainingSettings
from seimbang.training.loop import Trainer, predict
from seimbang.training.optimizer import make_optimizer, restore_optimizer

SHAPE = (12, 12, 1)


def images(n=160):
    rng = np.random.default_rng(0)
    y = (np.arange(n) % 4 == 0).astype(np.int64)
    X = rng.integers(0, 90, (n, *SHAPE), dtype=np.uint8)
    X[y == 1, :, :6] += 100
    return X, y


CHANGES = Augmentation(rotation=10, flip_top_bottom=True, brightness=0.1, noise=0.02)


class Stages(torch.nn.Module):
    """Two stages and a last layer; the lower stage begins to learn in epoch 3, at a tenth of the rate."""

    def __init__(self):
        super().__init__()
        self.low = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.BatchNorm2d(4))
        self.high = torch.nn.Sequential(torch.nn.Conv2d(4, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Dropout(0.2))
        self.out = torch.nn.Linear(4, 2)

    def forward(self, x):
        return self.out(self.high(self.low(x).relu()).relu().mean((2, 3)))

    def groups(self):
        return [(0.1, list(self.low.parameters())), (1.0, [*self.high.parameters(), *self.out.parameters()])]

    def begin_epoch(self, epoch):
        self.low.requires_grad_(epoch >= 3)

    def train(self, mode=True):
        super().train(mode)
        self.low[1].train(mode and self.low[0].weight.requires_grad)
        return self


def gru():
    return make({"name": "gru", "units": 12}).build(SHAPE, 2)


def trainer(balance="none", augmentation=UNCHANGED, network=gru, layout=None, **settings):
    X, y = images()
    rows = np.arange(120)
    torch.manual_seed(0)
    module = network()
    options = TrainingSettings(**{"epochs": 6, "learning_rate": 0.01, **settings})
    method = make_balance({"method": balance})
    recipe = method.recipe(X, y[rows], 0, rows)
    return Trainer(module, recipe, X, np.arange(120, 160), y, method, options, augmentation, layout=layout)


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


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_a_run_with_every_extra_ends_with_the_same_weights_wherever_it_is_stopped(optimizer):
    def fresh():
        extras = {"average": 0.9, "schedule": "cosine", "warmup": 0.3, "label_smoothing": 0.1}
        return trainer("mixup", CHANGES, Stages, optimizer=optimizer, epochs=4, keep="last", **extras)

    whole = fresh()
    states = [copy.deepcopy(whole.state()) for _ in whole.epochs()]
    for stopped, state in enumerate(states[:-1], 1):
        again = fresh()
        again.restore(state)
        assert len(list(again.epochs())) == 4 - stopped
        for one, other in ((whole.result(), again.result()), (weights(whole), weights(again))):
            assert all(torch.equal(value, other[name]) for name, value in one.items())


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_an_optimizer_goes_on_with_the_state_of_another_layout(name):
    settings, start, gradients = TrainingSettings(optimizer=name), torch.randn(4, 3, 3, 3), torch.randn(2, 4, 3, 3, 3)

    def stepped(first, second):
        state = {}
        for layout, gradient in zip((first, second), gradients, strict=True):
            module = torch.nn.Conv2d(3, 4, 3, bias=False)
            with torch.no_grad():
                module.weight.copy_(state.get("weight", start))
            module.to(memory_format=layout)
            optimizer = make_optimizer(module, settings)
            if state:
                restore_optimizer(optimizer, state["optimizer"])
            module.weight.grad = torch.empty_like(module.weight).copy_(gradient)
            optimizer.step()
            state = {"weight": module.weight.detach(), "optimizer": copy.deepcopy(optimizer.state_dict())}
        return state["weight"]

    expected = stepped(torch.contiguous_format, torch.contiguous_format)
    assert torch.equal(stepped(torch.contiguous_format, torch.channels_last), expected)


def test_the_bits_do_not_depend_on_whether_batches_are_made_in_a_thread(monkeypatch):
    def trained():
        made = trainer("balanced_mixup", CHANGES, Stages, epochs=2)
        return [list(made.epochs())[-1].loss, *made.result().values()]

    threaded = trained()
    monkeypatch.setattr(loop, "ahead", lambda makers: (maker() for maker in makers))
    for value, same in zip(threaded, trained(), strict=True):
        assert value == same if isinstance(value, float) else torch.equal(value, same)


def test_an_error_while_a_batch_is_made_is_raised(monkeypatch):
    stopped = trainer()
    monkeypatch.setattr(stopped.recipe.__class__, "draw", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        next(stopped.epochs())


def test_layers_begin_to_learn_when_they_are_unfrozen_and_at_their_own_rate():
    one = trainer(network=Stages, epochs=3)
    before, found = weights(one), []
    for _ in one.epochs():
        found.append(weights(one))
    low = [name for name in before if name.startswith("low")]
    for name in low:
        assert torch.equal(before[name], found[1][name]), name
        assert not torch.equal(before[name], found[2][name]), name
    assert not torch.equal(before["out.weight"], found[0]["out.weight"])
    assert [group["lr"] for group in one.optimizer.param_groups] == pytest.approx([0.001, 0.01])


def test_frozen_weights_are_no_part_of_the_optimizer():
    def half_frozen():
        module = gru()
        module.out.requires_grad_(False)
        return module

    one = trainer(network=half_frozen, epochs=1)
    before = weights(one)
    next(one.epochs())
    trained = {id(weight) for group in one.optimizer.param_groups for weight in group["params"]}
    assert not trained & {id(weight) for weight in one.module.out.parameters()}
    assert torch.equal(before["out.weight"], weights(one)["out.weight"])


def test_the_average_is_that_of_the_formula_and_is_what_is_validated_and_kept(monkeypatch):
    one = trainer(network=Stages, epochs=3, average=0.5, keep="last")
    expected = {name: value.double() for name, value in weights(one).items()}
    step, t = type(one)._step, iter(range(1000))

    def followed(self, *batch):
        made, n = step(self, *batch), next(t)
        decay = min(0.5, (1 + n) / (10 + n))
        for name, value in weights(self).items():
            expected[name] = decay * expected[name] + (1 - decay) * value if value.is_floating_point() else value
        return made

    monkeypatch.setattr(type(one), "_step", followed)
    fact = list(one.epochs())[-1]
    for name, value in one.result().items():
        torch.testing.assert_close(value.double(), expected[name].double(), rtol=1e-4, atol=1e-6)
        assert not value.is_floating_point() or not torch.equal(value, weights(one)[name]), name
    module = Stages()
    module.load_state_dict(one.result())
    p = predict(module, one.X, one.validation, one.device)
    assert fact.val_loss == pytest.approx(-np.log(p[np.arange(40), one.y[120:]]).mean())


def test_the_cosine_rises_and_falls_to_nothing_batch_by_batch(monkeypatch):
    one = trainer(network=Stages, epochs=5, batch_size=30, schedule="cosine", warmup=0.4, learning_rate=0.01)
    step, rates = type(one)._step, []

    def watch(self, *batch):
        rates.append([group["lr"] for group in self.optimizer.param_groups])
        return step(self, *batch)

    monkeypatch.setattr(type(one), "_step", watch)
    facts = list(one.epochs())
    rise = [(t + 1) / 8 for t in range(8)]
    fall = [(1 + math.cos(math.pi * t / 12)) / 2 for t in range(12)]
    expected = 0.01 * np.array(rise + fall)
    np.testing.assert_allclose(rates, np.stack([expected / 10, expected], 1))
    np.testing.assert_allclose([fact.lr for fact in facts], expected[3::4])


@pytest.mark.parametrize(
    ("extras", "said"),
    [
        ({"schedule": "cosine", "reduce_lr": 2}, "'cosine' should be 'constant' where reduce_lr"),
        ({"warmup": 0.1}, "0.1 should be 0 with a constant schedule"),
        ({"average": 1.0}, "average = 1.0 should be less than 1"),
    ],
)
def test_extras_that_contradict_each_other_are_refused(extras, said):
    if "warmup" in extras:
        extras["schedule"] = "constant"
    with pytest.raises(StudyError, match=said):
        build(TrainingSettings, extras, "training")


def test_labels_are_smoothed_as_the_formula_says_with_class_weights():
    criterion = trainer("class_weights", label_smoothing=0.2).criterion
    logits, y = torch.tensor([[0.3, -1.0], [2.0, 0.1], [0.0, 0.5]]), torch.tensor([0, 1, 1])
    share, w = 0.8 * torch.eye(2)[y] + 0.1, torch.tensor([120 / 90 / 2, 120 / 30 / 2])
    expected = -(share * w[y][:, None] * logits.log_softmax(1)).sum() / w[y].sum()
    torch.testing.assert_close(criterion(logits, y), expected)


def test_smoothed_labels_pull_the_cases_of_both_classes_equally_far_from_the_border():
    criterion = trainer("class_weights", label_smoothing=0.1).criterion
    found = torch.zeros(2, 2, requires_grad=True)
    optimizer = torch.optim.LBFGS([found], max_iter=100)

    def loss():
        optimizer.zero_grad()
        value = criterion(found, torch.tensor([0, 1]))
        value.backward()
        return value

    optimizer.step(loss)
    common, rare = found.detach().softmax(1).diag()
    assert common.item() == pytest.approx(0.95, abs=1e-3)
    assert rare.item() == pytest.approx(0.95, abs=1e-3)


def test_a_loss_of_its_own_is_not_smoothed():
    with pytest.raises(StudyError, match="LOSS_SMOOTHED"):
        trainer("focal", label_smoothing=0.1)


@pytest.mark.parametrize("balance", ["none", "smote", "mixup"])
def test_rows_of_features_are_learnt_as_they_are(balance):
    class Probe(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.out, self.highest = torch.nn.Linear(5, 2), []

        def forward(self, x):
            self.highest.append(float(x.max()))
            return self.out(x)

    rng, y = np.random.default_rng(0), images()[1]
    X = rng.normal(size=(160, 5)).astype(np.float32)
    X[:, 0] += 200 * y
    before, rows, method = X.copy(), np.arange(120), make_balance({"method": balance})
    recipe, module = method.recipe(X, y[rows], 0, rows), Probe()
    options = TrainingSettings(epochs=10, learning_rate=0.01)
    one = Trainer(module, recipe, X, np.arange(120, 160), y, method, options, CHANGES)
    assert list(one.epochs())[-1].val_recall == 1
    assert max(module.highest) > 190
    np.testing.assert_array_equal(X, before)
    assert predict(module, X, np.arange(120, 160), one.device).shape == (40, 2)


def test_a_prediction_with_the_mirror_is_the_mean_of_both():
    one = trainer(network=Stages)
    rows = np.arange(40)
    plain, mirrored = (predict(one.module, X, rows, one.device) for X in (one.X, one.X[:, :, ::-1]))
    made = predict(one.module, one.X, rows, one.device, mirrored=True)
    np.testing.assert_allclose(made, (plain + mirrored) / 2, atol=1e-12)
    assert np.abs(made - plain).max() > 1e-6


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


@pytest.mark.parametrize("scale", ["zscore", "minmax"])
def test_what_was_changed_at_random_is_on_the_common_scale_again(scale):
    X, y = images()
    module, rows, method = Watching(), np.arange(120), make_balance({"method": "none"})
    recipe, options = method.recipe(X, y[rows], 0, rows), TrainingSettings(epochs=1, learning_rate=1e-6)
    changes = Augmentation(gamma=0.2, contrast=0.3, zoom=0.2)
    list(Trainer(module, recipe, X, np.arange(120, 160), y, method, options, changes, scale).epochs())
    seen = torch.cat(module.seen[True]).flatten(1)
    if scale == "minmax":
        torch.testing.assert_close(seen.amin(1), torch.zeros(120))
        torch.testing.assert_close(seen.amax(1), torch.ones(120))
    else:  # 128 and 40 grey values, but for what was cut off
        torch.testing.assert_close(seen.mean(1), torch.full((120,), 128 / 255), atol=0.02, rtol=0)
        torch.testing.assert_close(seen.std(1), torch.full((120,), 40 / 255), atol=0.03, rtol=0)


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
