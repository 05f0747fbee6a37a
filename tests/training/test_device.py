"""Threads: those a job may use for convolutions, whatever ran before, and one for other networks."""

import torch

from seimbang.threads import cores, limited, threads
from seimbang.training import device


def test_convolutions_after_a_network_without_any_get_all_threads_of_the_job():
    with limited(2):
        device.choose(torch.nn.Linear(2, 2), "float32")
        assert torch.get_num_threads() == 1
        device.choose(torch.nn.Conv2d(1, 1, 3), "float32")
        assert torch.get_num_threads() == 2
        device.prepare(convolves=False)
        assert torch.get_num_threads() == 1


def test_a_limit_ends_with_its_block():
    before = torch.get_num_threads()
    assert threads() == cores()
    with limited(3):
        assert threads() == torch.get_num_threads() == 3
        with limited(1):
            assert threads() == 1
        assert threads() == torch.get_num_threads() == 3
    assert threads() == cores()
    assert torch.get_num_threads() == before
