"""The convolutional networks: the published counts, settings that do what they say, and real slices told apart."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from seimbang.errors import StudyError
from seimbang.study.models import make

KIDNEY = Path(__file__).parents[3] / "shared" / "data" / "kidney_ct"
SHAPES = [(1, 1, 1), (2, 5, 3), (9, 6, 1), (30, 33, 1)]


def kinds(module):
    return Counter(type(part) for part in module.modules())


def outputs(module, shape):
    """Return name and output shape of each layer, in the order in which they act; ReLU left out."""
    found = []

    def note(name):
        return lambda _, __, output: found.append((name, tuple(output.shape[1:])))

    for name, part in module.named_modules():
        if not list(part.children()) and not isinstance(part, nn.ReLU):
            part.register_forward_hook(note(name))
    height, width, channels = shape
    module(torch.rand(3, channels, height, width))
    return found


@pytest.mark.parametrize("settings", [{}, {"width": 3, "dropout": 0.0, "dense": 5}])
@pytest.mark.parametrize("shape", [(224, 224, 1), (9, 6, 3)])
def test_the_kidney_network_has_the_published_counts(settings, shape):
    found = kinds(make({"name": "kidney_cnn", **settings}).build(shape, 2))
    assert found[nn.Conv2d] == 7
    assert found[nn.BatchNorm2d] + found[nn.BatchNorm1d] == 9
    assert found[nn.AvgPool2d] == 4
    assert found[nn.Dropout] == 5
    assert found[nn.Linear] == 2


def test_the_kidney_network_s_stages_have_the_shapes_of_its_docstring():
    described = make({"name": "kidney_cnn"}).describe((224, 224, 1), 2)
    ends = [layer.shape for layer in described if layer.name == "Dropout"]
    assert ends == [(56, 56, 8), (28, 28, 16), (14, 14, 32), (7, 7, 64), (128,)]
    assert [layer.shape for layer in described if layer.name == "Flatten"] == [(3136,)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["cnn", "kidney_cnn"])
def test_description_follows_the_data_through_the_module(name, shape):
    model = make({"name": name})
    module = model.build(shape, 2).eval()
    found, described = outputs(module, shape), model.describe(shape, 2)
    maps = [size[1:] + size[:1] for _, size in found]
    assert [layer.shape for layer in described] == maps
    parts = dict(module.named_modules())
    assert [layer.parameters for layer in described] == [
        sum(one.numel() for one in parts[part].parameters()) for part, _ in found
    ]
    assert found[-1][0] == "out"


def test_every_setting_of_the_general_network_shows_in_the_module():
    settings = {"widths": [4, 6], "convolutions": 3, "kernel": 5, "pooling": "average", "dense": [9, 7]}
    module = make({"name": "cnn", **settings, "dropout": 0.2, "head_dropout": 0.4}).build((32, 32, 1), 2)
    convolutions = [part for part in module.modules() if isinstance(part, nn.Conv2d)]
    assert [(part.out_channels, part.kernel_size) for part in convolutions] == [(4, (5, 5))] * 3 + [(6, (5, 5))] * 3
    assert [part.p for part in module.modules() if isinstance(part, nn.Dropout)] == [0.2, 0.2, 0.4, 0.4]
    assert [part.out_features for part in module.modules() if isinstance(part, nn.Linear)] == [9, 7, 2]
    assert kinds(module)[nn.AvgPool2d] == 2
    assert kinds(module)[nn.BatchNorm2d] == 6


def test_the_general_network_does_without_normalisation_and_hidden_dense_layers():
    model = make({"name": "cnn", "batch_norm": False, "dense": []})
    module = model.build((16, 16, 1), 2)
    assert kinds(module)[nn.BatchNorm2d] == 0
    assert kinds(module)[nn.MaxPool2d] == 4
    assert all(part.bias is not None for part in module.modules() if isinstance(part, nn.Conv2d))
    assert [layer.name for layer in model.describe((16, 16, 1), 2)][-2:] == ["Flatten", "Dense (softmax)"]


@pytest.mark.parametrize("name", ["cnn", "kidney_cnn"])
def test_weights_start_as_in_keras(name):
    torch.manual_seed(0)
    module = make({"name": name}).build((16, 16, 1), 2)
    for part in (module.features.conv2, module.out):
        inside = part.weight[0][0].numel() if part.weight.dim() == 4 else 1
        limit = (6 / (inside * sum(part.weight.shape[:2]))) ** 0.5
        assert 0.95 * limit < part.weight.abs().max().item() <= limit
    assert module.out.bias.tolist() == [0, 0]


def test_describing_leaves_the_random_numbers_alone():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    make({"name": "kidney_cnn"}).describe((32, 32, 1), 2)
    assert torch.equal(torch.get_rng_state(), before)


def test_every_wrong_setting_is_named_at_once():
    with pytest.raises(StudyError) as caught:
        make({"name": "cnn", "widths": [], "kernel": 4, "pooling": "mean", "dense": [0], "batchnorm": True})
    for part in ("model.widths", "model.kernel = 4", "model.pooling = 'mean'", "model.dense.0 = 0", "'batch_norm'"):
        assert part in str(caught.value)


@pytest.mark.skipif(not KIDNEY.is_dir(), reason="the real data are not here")
def test_the_kidney_network_learns_stones_on_real_slices():
    files = [path for name in ("Normal", "Stone") for path in sorted((KIDNEY / name).iterdir())[:120]]
    pixels = [np.asarray(Image.open(path).convert("L").resize((64, 64)), np.float32) / 255 for path in files]
    X, y = torch.from_numpy(np.stack(pixels))[:, None], torch.arange(240) // 120
    torch.manual_seed(0)
    module = make({"name": "kidney_cnn"}).build((64, 64, 1), 2)
    optimizer = torch.optim.Adam(module.parameters(), 1e-3)
    order = torch.randperm(240)
    train, held_out = order[:192], order[192:]
    for _ in range(8):
        for rows in train[torch.randperm(192)].split(16):
            optimizer.zero_grad()
            nn.functional.cross_entropy(module(X[rows]), y[rows]).backward()
            optimizer.step()
    with torch.no_grad():
        right = module.eval()(X[held_out]).argmax(1) == y[held_out]
    assert right.float().mean() > 0.9
