"""The recurrent networks: the published one to the parameter, the fast tanh RNN equal to torch's."""

import pytest
import torch
from torch import nn

from seimbang.errors import StudyError
from seimbang.networks.recurrent import scan, tanh_rnn
from seimbang.study.models import make

SHAPE = (7, 5, 3)
SETTINGS = [
    {"units": 6, "dense": 4},
    {"units": 6, "dense": 4, "layers": 2, "axis": "columns"},
    {"units": 6, "dense": 4, "layers": 2, "bidirectional": True},
]


def test_the_published_network_has_its_shapes_and_parameters():
    described = [(layer.shape, layer.parameters) for layer in make({"name": "rnn"}).describe((150, 150, 1), 2)]
    assert described == [((150, 150), 0), ((128,), 35712), ((64,), 8256), ((64,), 0), ((2,), 130)]


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("settings", SETTINGS)
def test_description_is_that_of_the_module(name, settings):
    model = make({"name": name, **settings})
    module = model.build(SHAPE, 3)
    shapes, parts = [], [module.steps, *module.recurrent, module.dense, module.dropout, module.out]
    for part in parts:
        part.register_forward_hook(lambda _, __, output: shapes.append(output))
    module(torch.rand(2, 3, 7, 5))
    outputs = [tuple((o[0] if isinstance(o, tuple) else o).shape[1:]) for o in shapes]
    outputs[len(module.recurrent)] = outputs[len(module.recurrent)][1:]  # of the top layer only the last state goes on
    trained = [sum(p.numel() for p in part.parameters() if p.requires_grad) for part in parts]
    described = model.describe(SHAPE, 3)
    assert [layer.shape for layer in described] == outputs
    assert [layer.parameters for layer in described] == trained


def test_rows_and_columns_are_the_time_steps_and_channels_lie_side_by_side():
    image = torch.arange(2 * 3 * 4.0).reshape(1, 2, 3, 4)
    rows = make({"name": "rnn"}).build((3, 4, 2), 2).steps(image)
    columns = make({"name": "rnn", "axis": "columns"}).build((3, 4, 2), 2).steps(image)
    assert rows.shape == (1, 3, 8)
    assert rows[0, 1].tolist() == [4, 5, 6, 7, 16, 17, 18, 19]
    assert columns.shape == (1, 4, 6)
    assert columns[0, 1].tolist() == [1, 5, 9, 13, 17, 21]


@pytest.mark.parametrize("bidirectional", [False, True])
def test_fast_rnn_gives_torch_s_states_and_gradients(bidirectional):
    torch.manual_seed(0)
    reference = nn.RNN(5, 4, batch_first=True, bidirectional=bidirectional).double()
    ours = tanh_rnn()(5, 4, batch_first=True, bidirectional=bidirectional).double()
    ours.load_state_dict(reference.state_dict())
    results = []
    for net in (reference, ours):
        x = torch.linspace(-1, 1, 2 * 6 * 5, dtype=torch.float64).reshape(2, 6, 5).requires_grad_()
        states, last = net(x)
        (states.cos().sum() + last.sin().sum()).backward()
        results.append([states, last, x.grad, *(p.grad for p in net.parameters())])
    for expected, found in zip(*results, strict=True):
        torch.testing.assert_close(found, expected)


def test_fast_rnn_trains_under_autocast():
    torch.manual_seed(0)
    net, x = tanh_rnn()(5, 4, batch_first=True), torch.randn(2, 6, 5)
    exact = net(x)[0]
    with torch.autocast("cpu", torch.bfloat16):
        states = net(x)[0]
        states.sum().backward()
    torch.testing.assert_close(states, exact, atol=0.03, rtol=0.03)
    assert torch.isfinite(net.weight_hh_l0.grad).all()


def test_gradients_of_the_loop_are_right():
    torch.manual_seed(0)
    projected = torch.randn(4, 2, 3, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(scan(), (projected, weight))


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru"])
def test_weights_start_as_in_keras(name):
    torch.manual_seed(0)
    layer = make({"name": name, "units": 8}).build((10, 12, 1), 2).recurrent[0]
    gates = {"rnn": 1, "lstm": 4, "gru": 3}[name]
    limit = (6 / (12 + 8 * gates)) ** 0.5
    assert 0.8 * limit < layer.weight_ih_l0.abs().max().item() <= limit
    torch.testing.assert_close(layer.weight_hh_l0.T @ layer.weight_hh_l0, torch.eye(8))
    biases = layer.bias_ih_l0 + layer.bias_hh_l0
    assert biases.tolist() == ([0] * 8 + [1] * 8 + [0] * 16 if name == "lstm" else [0] * len(biases))


def test_every_wrong_setting_is_named_at_once():
    with pytest.raises(StudyError) as caught:
        make({"name": "lstm", "dropuot": 0.3, "units": -1, "axis": "diagonal"})
    for part in ("model.dropuot", "did you mean 'dropout'", "model.units = -1", "model.axis = 'diagonal'"):
        assert part in str(caught.value)
