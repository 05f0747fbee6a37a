"""The memory layout is measured once, kept, and the same for everyone who shares the cache folder."""

import json
import multiprocessing
import time

import numpy as np
import pytest
import torch

from seimbang.errors import ResourceError
from seimbang.training import device, layout
from seimbang.training.loop import batch_shape

SHAPE = 4, 3, 16, 16
LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SEIMBANG_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def network(width=4):
    return torch.nn.Sequential(torch.nn.Conv2d(3, width, 3), torch.nn.BatchNorm2d(width), torch.nn.Dropout(0.5))


def pausing(slow):
    """Return steps of which that in the layout ``slow`` takes longer."""
    return lambda: {name: lambda name=name: time.sleep(0.02 * (name == slow)) for name in LAYOUTS}


@pytest.mark.parametrize(("slow", "fast"), [("contiguous", "channels_last"), ("channels_last", "contiguous")])
def test_the_faster_layout_is_taken_and_kept(folder, slow, fast):
    assert layout.faster("a", pausing(slow)) == fast
    assert layout.faster("a", lambda: pytest.fail("measured again")) == fast
    assert list(json.loads((folder / "layouts.json").read_text()).values()) == [fast]


def test_another_network_batch_or_number_of_threads_is_decided_apart(monkeypatch):
    asked = []
    monkeypatch.setattr(device, "faster", lambda made_from, *_: asked.append(json.dumps(made_from)) or "contiguous")
    frozen = network()
    frozen[0].requires_grad_(False)
    for module, shape in [(network(), SHAPE), (network(5), SHAPE), (network(), (5, 3, 16, 16)), (frozen, SHAPE)]:
        device.choose(module, "float32", shape)
    assert len(set(asked)) == 4
    device.choose(network(), "float32", SHAPE)
    assert asked[4] == asked[0]
    before = torch.get_num_threads()
    machine = json.dumps(layout._machine())
    torch.set_num_threads(before + 1)
    try:
        assert json.dumps(layout._machine()) != machine
    finally:
        torch.set_num_threads(before)


def test_measuring_changes_neither_network_nor_random_numbers():
    module, drawn = network(), []
    before = {name: value.clone() for name, value in module.state_dict().items()}
    for _ in ("measured", "known"):
        torch.manual_seed(3)
        device.choose(module, "float32", SHAPE)
        drawn.append(torch.rand(5))
    assert torch.equal(*drawn)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert all(weight.grad is None for weight in module.parameters())


def test_without_convolutions_or_shape_or_with_a_layout_given_nothing_is_measured(folder, monkeypatch):
    monkeypatch.setattr(device, "faster", lambda *_: pytest.fail("measured"))
    assert device.choose(torch.nn.Linear(2, 2), "float32", SHAPE).layout == "contiguous"
    assert device.choose(network(), "float32").layout == "channels_last"
    assert device.choose(network(), "float32", SHAPE, "contiguous").layout == "contiguous"
    assert not folder.exists()
    assert batch_shape((100, 7, 9, 3), 16) == (16, 3, 7, 9)
    assert batch_shape((100, 7), 16) == ()


def _decide(slow, results):
    results.put(layout.faster("shared", pausing(slow)))


def test_workers_that_measure_at_once_agree():
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    workers = [context.Process(target=_decide, args=(slow, results)) for slow in ("contiguous", "channels_last") * 2]
    for worker in workers:
        worker.start()
    decisions = {results.get(timeout=120) for _ in workers}
    for worker in workers:
        worker.join()
    assert len(decisions) == 1


def test_a_damaged_file_is_made_anew(folder):
    folder.mkdir()
    (folder / "layouts.json").write_text("{")
    assert layout.faster("a", pausing("contiguous")) == "channels_last"


def test_a_cache_that_cannot_be_written_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SEIMBANG_CACHE", str(tmp_path / "file"))
    with pytest.raises(ResourceError, match="NOT_WRITABLE"):
        layout.faster("a", pausing("contiguous"))


@pytest.mark.parametrize(("name", "format_"), LAYOUTS.items())
@pytest.mark.parametrize("channels", [1, 3])
def test_filters_and_images_lie_as_the_layout_says_and_give_the_same_answer(name, format_, channels):
    there = device.Device("cpu", False, name)
    module = there.place(torch.nn.Conv2d(channels, 4, 3))
    rows = np.random.default_rng(0).integers(0, 256, (5, 8, 9, channels), dtype=np.uint8)
    images = device.to_batch(rows, there)
    expected = torch.empty(5, channels, 8, 9, memory_format=format_)
    assert images.stride() == expected.stride()
    assert module.weight.is_contiguous(memory_format=format_)
    np.testing.assert_array_equal(images.permute(0, 2, 3, 1), rows / np.float32(255))
    assert module(images).is_contiguous(memory_format=format_)


def test_workers_with_caches_of_their_own_share_the_decision_of_a_run(folder, tmp_path, monkeypatch):
    shared = tmp_path / "run" / ".layouts.json"
    assert layout.faster("a", pausing("contiguous"), shared) == "channels_last"
    monkeypatch.setenv("SEIMBANG_CACHE", str(tmp_path / "other machine"))
    assert layout.faster("a", pausing("channels_last")) == "contiguous"
    assert layout.faster("a", lambda: pytest.fail("measured again"), shared) == "channels_last"
