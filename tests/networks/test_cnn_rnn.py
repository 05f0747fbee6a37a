"""The hybrid and the standard network: what they consist of, and that the order of the rows counts."""

from collections import Counter

import pytest
import torch
from torch import nn

from seimbang.study.models import make


def test_the_maps_are_read_row_by_row():
    module = make({"name": "cnn_rnn", "widths": [3, 5], "units": 7, "dense": 4}).build((24, 40, 1), 2).eval()
    images = torch.rand(2, 1, 24, 40)
    maps = module.steps[:-1](images)
    assert maps.shape == (2, 5, 6, 10)
    steps = module.steps(images)
    assert steps.shape == (2, 6, 50)
    assert torch.equal(steps[:, 2].reshape(2, 5, 10), maps[:, :, 2])


@pytest.mark.parametrize(("cell", "kind"), [("lstm", nn.LSTM), ("gru", nn.GRU)])
def test_every_setting_shows_in_the_module(cell, kind):
    settings = {"widths": [4, 6], "cell": cell, "units": 9, "bidirectional": True, "dense": 5, "dropout": 0.3}
    module = make({"name": "cnn_rnn", **settings}).build((16, 12, 3), 3)
    (reader,) = module.recurrent
    assert type(reader) is kind
    assert (reader.input_size, reader.hidden_size, reader.bidirectional) == (3 * 6, 9, True)
    assert [part.out_channels for part in module.modules() if isinstance(part, nn.Conv2d)] == [4, 6]
    assert (module.dense.in_features, module.dense.out_features, module.dropout.p) == (18, 5, 0.3)


def test_description_follows_the_data_from_image_to_maps_to_steps():
    layers = make({"name": "cnn_rnn", "widths": [8, 16], "units": 32}).describe((150, 150, 1), 2)
    names = ["Convolution", "Batch normalisation (ReLU)", "Max pooling"] * 2
    assert [layer.name for layer in layers] == [*names, "Reshape", "LSTM", "Dense (ReLU)", "Dropout", "Dense (softmax)"]
    assert [layer.shape for layer in layers][5:8] == [(37, 37, 16), (37, 592), (32,)]


def test_the_order_of_the_rows_counts():
    module = make({"name": "cnn_rnn"}).build((32, 32, 1), 2).eval()
    image = torch.rand(1, 1, 32, 32)
    assert not torch.allclose(module(image), module(image.flip(2)), atol=1e-4)


def test_the_standard_network_is_convolution_relu_pooling_dense_and_dropout():
    module = make({"name": "standard_cnn"}).build((64, 64, 1), 3)
    kinds = Counter(type(part) for part in module.modules() if not list(part.children()))
    assert kinds[nn.Conv2d] == kinds[nn.MaxPool2d] == 3
    assert kinds[nn.BatchNorm2d] == 0
    assert [part.p for part in module.modules() if isinstance(part, nn.Dropout) and part.p] == [0.5]
    assert [part.out_features for part in module.modules() if isinstance(part, nn.Linear)] == [128, 3]
