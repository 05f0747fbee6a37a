"""What every model promises, run over the table of models: networks and classical models each what is theirs."""

import json

import numpy as np
import pytest
import torch

from seimbang.balance import make as balancing
from seimbang.classical.base import Estimator
from seimbang.classical.fit import fit
from seimbang.classical.saved import load, save
from seimbang.errors import StudyError
from seimbang.networks.base import Network
from seimbang.networks.pretrained import Pretrained
from seimbang.study.models import MODELS, make

SHAPES = [(9, 6, 1), (6, 9, 3)]
every_model = pytest.mark.parametrize("name", MODELS)
timm = pytest.param("timm", marks=pytest.mark.skip(reason="an extra; see tests/models/test_timm.py"))
networks = [timm if name == "timm" else name for name, kind in MODELS.items() if issubclass(kind, Network)]
network = pytest.mark.parametrize("name", networks)
estimator = pytest.mark.parametrize("name", [name for name, kind in MODELS.items() if issubclass(kind, Estimator)])


def new(name):
    """Return the model; one that is pretrained with random weights, so that nothing is needed but the code."""
    return make({"name": name, "weights": "random"} if issubclass(MODELS[name], Pretrained) else {"name": name})


def fitting(name, shape):
    """Return ``shape`` enlarged to what the model can see."""
    times = -(-getattr(MODELS[name], "smallest", 1) // min(shape[:2]))
    return (shape[0] * times, shape[1] * times, shape[2])


def images(shape, count=4):
    h, w, c = shape
    return torch.from_numpy(np.random.default_rng(0).random((count, c, h, w), dtype=np.float32))


@network
@pytest.mark.parametrize("shape", SHAPES)
def test_images_become_finite_logits_of_every_class(name, shape):
    shape = fitting(name, shape)
    logits = new(name).build(shape, 3)(images(shape))
    assert logits.shape == (4, 3)
    assert torch.isfinite(logits).all()


@network
@pytest.mark.parametrize("shape", SHAPES)
def test_description_counts_the_trained_parameters_and_explains_each_layer(name, shape):
    model, shape = new(name), fitting(name, shape)
    layers = model.describe(shape, 3)
    trained = sum(p.numel() for p in model.build(shape, 3).parameters() if p.requires_grad)
    assert sum(layer.parameters for layer in layers) == trained
    assert layers[-1].shape == (3,)
    assert all(layer.name and layer.purpose.endswith(".") for layer in layers)


@network
def test_equal_seeds_give_equal_weights(name):
    states = []
    for _ in range(2):
        torch.manual_seed(3)
        states.append(new(name).build(fitting(name, SHAPES[0]), 2).state_dict())
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


@network
def test_every_trained_parameter_gets_a_gradient_and_the_loss_falls(name):
    if issubclass(MODELS[name], Pretrained) and name != "efficientnet_lite0":
        pytest.skip("large, and trained as efficientnet_lite0 is; what learns in each is tested by its layers")
    torch.manual_seed(0)
    shape = fitting(name, SHAPES[0])
    module = new(name).build(shape, 2)
    y = torch.arange(16) % 2
    x = images(shape, 16) * (0.3 + 0.7 * y[:, None, None, None])
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
    losses = []
    for _ in range(60 if shape == SHAPES[0] else 12):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(module(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    missing = [key for key, p in module.named_parameters() if p.requires_grad and p.grad is None]
    assert missing == []
    assert np.mean(losses[-3:]) < 0.6 * losses[0]


@network
def test_prediction_of_a_case_does_not_depend_on_its_batch(name):
    shape = fitting(name, SHAPES[0])
    module, x = new(name).build(shape, 2).eval(), images(shape)
    with torch.no_grad():
        torch.testing.assert_close(module(x)[2:3], module(x[2:3]), rtol=1e-4, atol=1e-5)


def cases(shape, classes=3):
    """Return rows or images of which each class differs from the others, their labels and groups."""
    y = np.repeat(np.arange(classes), 14)
    rng = np.random.default_rng(0)
    noise = rng.random((len(y), *shape)) + y.reshape(-1, *[1] * len(shape))
    X = (noise * 60).astype(np.uint8) if len(shape) == 3 else noise.astype(np.float32)
    return X, y, np.arange(len(y)) // 2


def fitted(name, shape, seed=0):
    X, y, groups = cases(shape)
    none = balancing({"method": "none"})
    return fit(make({"name": name}), none.recipe(X, y, seed), X, y, groups, none, seed)


@estimator
@pytest.mark.parametrize("shape", [(6, 9, 3), (5,)])
def test_images_and_tables_become_probabilities_of_every_class(name, shape):
    X, y, _ = cases(shape)
    p = fitted(name, shape).probabilities(X)
    assert p.shape == (42, 3)
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(1), 1, atol=1e-6)
    assert (p.argmax(1) == y).mean() > 0.9
    np.testing.assert_allclose(fitted(name, shape).probabilities(X[2:3]), p[2:3], atol=1e-6)


@estimator
def test_equal_seeds_give_equal_fitted_models(name):
    X = cases((5,))[0]
    np.testing.assert_array_equal(*(fitted(name, (5,), 3).probabilities(X) for _ in range(2)))


@estimator
def test_a_fitted_model_survives_its_file(name):
    X, found = cases((5,))[0], fitted(name, (5,))
    np.testing.assert_array_equal(load(save(found)).probabilities(X), found.probabilities(X))


@estimator
@pytest.mark.parametrize("shape", [(6, 9, 3), (1, 5, 1)])
def test_description_goes_from_what_is_seen_to_the_classes(name, shape):
    layers = make({"name": name, "pca": 4}).describe(shape, 3)
    assert layers[0].shape == (np.prod(shape),)
    assert layers[-1].shape == (3,)
    assert all(layer.name and layer.parameters == 0 and layer.purpose.endswith(".") for layer in layers)


@every_model
def test_settings_survive_json(name):
    model = make({"name": name})
    assert make({"name": name, **json.loads(model.model_dump_json())}) == model


@every_model
def test_mistakes_are_named_with_the_nearest_key(name):
    key = next(iter(MODELS[name].model_fields))
    with pytest.raises(StudyError, match=rf"model\.{key}x is not a known key; did you mean '{key}'"):
        make({"name": name, f"{key}x": 1})


@every_model
def test_unknown_name_suggests_this_one(name):
    with pytest.raises(StudyError, match=f"did you mean '{name}'"):
        make({"name": name.upper()})
