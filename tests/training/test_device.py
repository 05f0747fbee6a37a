"""Threads: those torch began with for convolutions, whatever ran before, and one for other networks."""

import pytest
import torch

from seimbang.training import device


@pytest.fixture
def two():
    before = torch.get_num_threads()
    device._all_threads.cache_clear()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)
    device._all_threads.cache_clear()


def test_convolutions_after_a_network_without_any_get_all_threads(two):
    device.choose(torch.nn.Linear(2, 2), "float32")
    assert torch.get_num_threads() == 1
    device.choose(torch.nn.Conv2d(1, 1, 3), "float32")
    assert torch.get_num_threads() == 2
    device.prepare(convolves=False)
    assert torch.get_num_threads() == 1
