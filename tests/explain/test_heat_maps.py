"""Heat maps: they find what decides, for every kind of network, and leave the network as it was."""

import numpy as np
import pytest
import torch
from torch import nn

from seimbang.errors import StudyError
from seimbang.explain import MAX_SIMILARITY, METHODS, WARNING, grad_cam, occlusion, overlay, sanity
from seimbang.study.models import make

SIDE, SQUARE = 32, 8
CNN = {"name": "cnn", "widths": [8, 16]}
both = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)


def planted(count, seed):
    """Return noisy images, each with a bright ring; every second one has a square; its label 1; where the square is."""
    rng = np.random.default_rng(seed)
    X, inside = rng.uniform(0, 0.3, (count, SIDE, SIDE)).astype(np.float32), np.zeros((count, SIDE, SIDE), bool)
    for k in range(count):
        left = rng.integers(0, SIDE - 2 * SQUARE + 1)
        columns = rng.permutation([left, left + SQUARE])  # side by side, in either order
        tops = rng.integers(0, SIDE - SQUARE + 1, 2)
        around, square = (np.s_[k, y : y + SQUARE, x : x + SQUARE] for y, x in zip(tops, columns, strict=True))
        X[around] += 0.5 * np.pad(np.zeros((SQUARE - 4, SQUARE - 4)), 2, constant_values=1)
        inside[square] = k % 2
    return torch.from_numpy(X + 0.5 * inside).float()[:, None], torch.arange(count) % 2, inside


def trained(settings, steps):
    torch.manual_seed(0)
    X, y, _ = planted(400, 0)
    module = make(settings).build((SIDE, SIDE, 1), 2)
    optimizer = torch.optim.Adam(module.parameters(), 3e-3)
    for rows in torch.randint(0, len(y), (steps, 32)):
        optimizer.zero_grad()
        nn.functional.cross_entropy(module(X[rows]), y[rows]).backward()
        optimizer.step()
    return module


@pytest.fixture(scope="module")
def cnn():
    return trained(CNN, 60)


@pytest.fixture(scope="module")
def cases():
    """Return 100 new images with a square, their labels, and where it is."""
    return tuple(part[1::2] for part in planted(200, 1))


def peaks_inside(maps, inside):
    return sum(where.ravel()[heat.argmax()] for heat, where in zip(maps, inside, strict=True))


@both
def test_the_peak_falls_in_the_square_that_decides(method, cnn, cases):
    X, y, inside = cases
    assert (cnn.eval()(X).argmax(1) == y).all()
    maps = method(cnn, X, y)
    assert (maps.shape, maps.dtype) == ((100, SIDE, SIDE), np.float32)
    assert (maps.min((1, 2)) == 0).all()
    assert (maps.max((1, 2)) == 1).all()
    assert peaks_inside(maps, inside) >= 95


def test_occlusion_finds_it_for_recurrent_networks_too(cases):
    X, y, inside = cases
    lstm = trained({"name": "lstm", "units": 32}, 250)
    assert peaks_inside(occlusion(lstm, X, y), inside) >= 95


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru"])
def test_grad_cam_refuses_a_network_without_convolutions(name):
    module = make({"name": name}).build((9, 6, 1), 2)
    with pytest.raises(StudyError, match=r"EXPLAIN_LAYER.*use occlusion"):
        grad_cam(module, torch.rand(2, 1, 9, 6), torch.tensor([0, 1]))


def test_grad_cam_refuses_convolutions_of_one_pixel():
    module = nn.Sequential(nn.Conv2d(1, 2, 5), nn.Flatten(), nn.Linear(2, 2))
    with pytest.raises(StudyError, match="EXPLAIN_LAYER"):
        grad_cam(module, torch.rand(2, 1, 5, 5), torch.tensor([0, 1]))


class Gated(nn.Module):
    """Two logits from two maps; a gate of one pixel comes after the last convolution that counts."""

    def __init__(self):
        super().__init__()
        self.maps, self.gate = nn.Conv2d(1, 2, 1, bias=False), nn.Conv2d(2, 2, 1)
        self.maps.weight.data = torch.tensor([1.0, -1.0])[:, None, None, None]
        self.gate.weight.data.zero_()
        self.gate.bias.data = torch.tensor([2.0, 3.0])

    def forward(self, images):
        maps = self.maps(images - 0.5)
        return (maps * self.gate(maps.mean((2, 3), keepdim=True))).mean((2, 3))


def test_grad_cam_is_the_published_formula_on_the_last_convolution_with_extent():
    images = torch.tensor([[[[0.1, 0.5], [0.7, 0.9]]]]).repeat(2, 1, 1, 1)
    maps = grad_cam(Gated(), images, torch.tensor([0, 1]))
    np.testing.assert_allclose(maps[0], [[0, 0], [0.5, 1]], atol=1e-6)  # x - 0.5, its negative part cut off
    np.testing.assert_allclose(maps[1], [[1, 0], [0, 0]], atol=1e-6)


class Corner(nn.Module):
    """The log-odds of class 1 grow with the first pixel alone, from ``least`` on."""

    def __init__(self, least):
        super().__init__()
        self.least = least

    def forward(self, images):
        logit = self.least + 4 * images[:, 0, 0, 0]
        return torch.stack([torch.zeros_like(logit), logit], 1)


@pytest.mark.parametrize("least", [-2, 100])
def test_occlusion_is_the_drop_when_the_mean_colour_covers_a_pixel_however_sure_the_answer(least):
    images = torch.zeros(1, 1, 5, 10)
    images[0, 0, 0, 0] = 1
    maps = occlusion(Corner(least), images, torch.tensor([1]), 0.4, 0.2)
    # the patch is 2 x 4 and moves by 1 and 2: one patch in one, two and four changes the answer
    np.testing.assert_allclose(maps[0, :3, :6:2], [[1, 0.5, 0], [0.5, 0.25, 0], [0, 0, 0]])
    assert maps[0, 3:].max() == maps[0, :, 4:].max() == 0


@pytest.mark.parametrize(("patch", "stride"), [(0.01, 1.0), (1.0, 0.01), (0.33, 0.4)])
def test_every_pixel_is_covered_at_least_once(patch, stride, cnn):
    assert np.isfinite(occlusion(cnn, torch.rand(1, 1, SIDE, SIDE), torch.tensor([1]), patch, stride)).all()


@both
def test_a_map_in_which_nothing_stands_out_is_zero(method):
    module = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Flatten(), nn.Linear(2 * 36, 2))
    flat = torch.full((2, 1, 6, 6), 0.3)
    assert not occlusion(module, flat, torch.tensor([0, 1])).any()
    nn.init.zeros_(module[2].weight)
    assert not method(module, torch.rand(2, 1, 6, 6), torch.tensor([0, 1])).any()


@both
def test_maps_do_not_depend_on_the_memory_layout_or_the_batch(method, cnn, cases):
    X, y = cases[0][:20], cases[1][:20]
    maps = method(cnn, X, y)
    plain = make(CNN).build((SIDE, SIDE, 1), 2)
    plain.load_state_dict(cnn.state_dict())
    for layout in (torch.channels_last, torch.contiguous_format):
        np.testing.assert_allclose(method(plain.to(memory_format=layout), X, y), maps, atol=1e-3)
    np.testing.assert_allclose(method(cnn, X[7:8], y[7:8]), maps[7:8], atol=1e-3)


@both
def test_colour_images_give_one_map(method):
    module = make({"name": "kidney_cnn"}).build((40, 30, 3), 3)
    assert method(module, torch.rand(2, 3, 40, 30), torch.tensor([0, 2])).shape == (2, 40, 30)


@both
@pytest.mark.parametrize("fails", [False, True])
def test_the_network_is_left_as_it_was(method, fails, cnn, cases):
    cnn.train()
    cnn.features.norm1.eval()
    cnn.features.conv1.weight.requires_grad_(False)
    before = facts(cnn)
    with torch.no_grad():
        if fails:
            with pytest.raises(RuntimeError):
                method(cnn, torch.rand(1, 1, 5, 5), torch.tensor([0]))
        else:
            assert method(cnn, cases[0][:2], cases[1][:2]).any()
    assert facts(cnn) == before
    cnn.features.conv1.weight.requires_grad_(True)


def facts(module):
    modes = [(part.training, len(part._forward_hooks)) for part in module.modules()]
    grads = [None if p.grad is None else p.grad.sum().item() for p in module.parameters()]
    values = [value.double().sum().item() for value in module.state_dict().values()]
    return modes, grads, values, [p.requires_grad for p in module.parameters()]


@both
def test_random_weights_change_the_map(method, cnn, cases):
    state = torch.get_rng_state()
    checked = sanity(method, cnn, cases[0][:20], cases[1][:20])
    assert checked.similarity.shape == (20,)
    assert checked.similarity.mean() < MAX_SIMILARITY
    np.testing.assert_array_equal(checked.maps, method(cnn, cases[0][:20], cases[1][:20]))
    assert checked.random.shape == checked.maps.shape
    assert torch.equal(torch.get_rng_state(), state)


def test_the_sanity_check_finds_a_map_that_shows_the_image_alone(cnn, cases):
    assert sanity(lambda _, images, __: images[:, 0].numpy(), cnn, *cases[:2]).similarity.min() > 0.999
    answers = [np.zeros((1, 2, 2), np.float32), np.eye(2, dtype=np.float32)[None]]
    assert sanity(lambda *_: answers.pop(), cnn, *cases[:2]).similarity == [0]
    assert sanity(lambda *_: np.zeros((1, 2, 2), np.float32), cnn, *cases[:2]).similarity == [1]


@pytest.mark.parametrize("channels", [1, 3])
def test_overlay_mixes_image_and_colours(channels):
    image = np.random.default_rng(0).integers(0, 256, (4, 5, channels), dtype=np.uint8)
    heat = np.linspace(0, 1, 20, dtype=np.float32).reshape(4, 5)
    colours = overlay(image, heat, 1.0)
    assert colours.dtype == np.uint8
    assert (np.diff(colours.reshape(20, 3) @ [0.299, 0.587, 0.114]) > 0).all()  # lightness rises with the map
    np.testing.assert_array_equal(overlay(image, heat, 0.0), np.broadcast_to(image, (4, 5, 3)))
    half = (image.astype(float) + colours) / 2
    assert np.abs(overlay(image, heat, 0.5) - half).max() <= 1


def test_the_warning_says_that_a_map_is_no_outline():
    assert WARNING == "The map shows which regions influenced the prediction, not the outline of a lesion."
