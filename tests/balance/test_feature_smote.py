"""The last layer is trained again on features that are balanced, and nothing else of the network changes."""

import numpy as np
import pytest
import torch
from torch import nn

from seimbang.balance import make
from seimbang.errors import DataError, StudyError
from seimbang.training import head
from seimbang.training.base import TrainingSettings
from seimbang.training.loop import Trainer

COUNTS = (90, 12, 30)


class Small(nn.Module):
    def __init__(self, name="out"):
        super().__init__()
        self.name, self.body, self.drop = name, nn.Linear(36, 24), nn.Dropout(0.2)
        self.add_module(name, nn.Linear(24, len(COUNTS)))

    def forward(self, x):
        return getattr(self, self.name)(self.drop(torch.relu(self.body(x.flatten(1)))))


def images():
    rng = np.random.default_rng(0)
    y = rng.permutation(np.repeat(np.arange(len(COUNTS)), COUNTS)).astype(np.int64)
    return (60 * y[:, None, None, None] + rng.integers(0, 150, (len(y), 6, 6, 1))).astype(np.uint8), y


def trainer(method="feature_smote", name="out", **settings):
    X, y = images()
    torch.manual_seed(0)
    rows, balance = np.arange(100), make({"method": method, **settings})
    options = TrainingSettings(epochs=10, learning_rate=0.01, precision="float32")
    recipe = balance.recipe(X, y[rows], 0, rows)
    return Trainer(Small(name), recipe, X, np.arange(100, 132), y, balance, options)


def features(seed=0):
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(COUNTS)), COUNTS)
    return rng.normal(3 * y[:, None], 1, (len(y), 5)).astype(np.float32), y


@pytest.mark.parametrize("towards", ["neighbours", "enemies"])
def test_classes_become_equal_with_parents_where_they_should_be(towards):
    F, y = features()
    recipe = make({"method": "feature_smote", "towards": towards, "k": 3}).head_rows(F, y, np.random.RandomState(0))
    labels = recipe.y[len(y) :]
    assert np.bincount(recipe.y).tolist() == [90, 90, 90]
    np.testing.assert_array_equal(y[recipe.i], labels)
    assert ((recipe.delta >= 0) & (recipe.delta < 1)).all()
    allowed = (y == labels[:, None]) == (towards == "neighbours")
    allowed[np.arange(len(labels)), recipe.i] = False
    distance = np.where(allowed, np.linalg.norm(F[recipe.i][:, None] - F, axis=2), np.inf)
    rank = np.argsort(np.argsort(distance, 1), 1)[np.arange(len(labels)), recipe.j]
    assert set(rank) == {0, 1, 2}


def test_plain_smote_in_features_is_smote():
    F, y = features()
    recipe = make({"method": "feature_smote"}).head_rows(F, y, np.random.RandomState(4))
    np.testing.assert_array_equal(recipe.materialize(F)[0], make({"method": "smote"}).recipe(F, y, 4).materialize(F)[0])


def test_balanced_classes_leave_the_layer_alone():
    F, _ = features()
    assert make({"method": "feature_smote"}).head_rows(F, np.arange(132) % 3, np.random.RandomState(0)) is None


def test_features_are_the_input_of_the_last_layer_without_dropout():
    trained = trainer()
    features = head.features(trained.module, trained.recipe, trained.X, trained.device, batch=7)
    pixels = torch.as_tensor(trained.X[:100] / 255, dtype=torch.float32).flatten(1)
    with torch.no_grad():
        torch.testing.assert_close(torch.from_numpy(features), torch.relu(trained.module.body(pixels)))
    assert not trained.module.out._forward_pre_hooks


def test_only_the_last_layer_changes_and_the_rare_class_gains():
    plain, ours = trainer("none"), trainer()
    list(plain.epochs()), list(ours.epochs())
    before, after = plain.result(), ours.result()
    assert before.keys() == after.keys()
    for name, value in before.items():
        assert torch.equal(value, after[name]) == (not name.startswith("out.")), name
    y, features = ours.recipe.y, torch.from_numpy(head.features(ours.module, ours.recipe, ours.X, ours.device))
    recall = [
        (features @ w["out.weight"].T + w["out.bias"]).argmax(1)[y == 1].eq(1).float().mean() for w in (before, after)
    ]
    assert recall[1] > recall[0]


def test_the_result_is_the_same_when_asked_twice_and_after_a_stop():
    whole = trainer()
    list(whole.epochs())
    first, second = trainer(), trainer()
    stopped = first.epochs()
    next(stopped), next(stopped)
    second.restore(first.state())
    list(second.epochs())
    expected, network = whole.result(), {k: v.clone() for k, v in whole.module.state_dict().items()}
    for other in (whole.result(), second.result()):
        assert all(torch.equal(value, other[name]) for name, value in expected.items())
    assert all(torch.equal(value, network[name]) for name, value in whole.module.state_dict().items())


def test_a_network_without_such_a_layer_is_refused_before_it_is_trained():
    with pytest.raises(StudyError, match="HEAD_MISSING: found a Small"):
        trainer(name="last")
    trainer("none", name="last")


@pytest.mark.parametrize(
    ("towards", "counts", "where"), [("neighbours", (40, 4), "in"), ("enemies", (4, 3), "outside")]
)
def test_too_few_cases_are_refused_before_the_network_is_trained(towards, counts, where):
    y = np.repeat([0, 1], counts)
    with pytest.raises(DataError, match=f"SMOTE_NEIGHBOURS: found 4 cases {where} class 1"):
        make({"method": "feature_smote", "towards": towards}).recipe(np.zeros((len(y), 3)), y, 0)
