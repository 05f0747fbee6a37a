"""Batches made in a thread: in order, never more than two, errors and ends as without a thread."""

import threading
import time
from functools import partial

import numpy as np
import pytest
import torch

from seimbang.training.ahead import ahead


def workers():
    return [one for one in threading.enumerate() if one.name.startswith("next batch")]


def test_everything_comes_in_order_from_another_thread():
    makers = (partial(lambda i: (i, threading.current_thread().name), i) for i in range(20))
    made = list(ahead(makers))
    assert [i for i, _ in made] == list(range(20))
    assert {name for _, name in made} == {"next batch_0"}
    assert not workers()


def test_the_next_one_is_made_meanwhile_and_no_more_than_that():
    made = []
    batches = ahead(partial(made.append, i) for i in range(9))
    for done, _ in enumerate(batches, start=1):
        deadline = time.monotonic() + 10
        while len(made) < min(done + 1, 9) and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.01)
        assert len(made) == min(done + 1, 9)


def test_an_error_surfaces_at_its_place_and_the_thread_ends():
    def maker(i):
        if i == 3:
            raise ValueError("no such batch")
        return i

    batches = ahead(partial(maker, i) for i in range(9))
    assert [next(batches) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="no such batch"):
        next(batches)
    assert not workers()


def test_the_thread_ends_when_the_training_stops_halfway():
    batches = ahead(partial(int, i) for i in range(9))
    next(batches)
    assert workers()
    batches.close()
    assert not workers()


def test_random_numbers_are_drawn_as_without_a_thread():
    rng, same = np.random.default_rng(0), np.random.default_rng(0)
    made = list(ahead(partial(rng.random, 4) for _ in range(9)))
    np.testing.assert_array_equal(made, [same.random(4) for _ in range(9)])


def test_torch_keeps_its_threads_but_the_thread_of_batches_has_one():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        counts = [(count, torch.get_num_threads()) for count in ahead(iter([torch.get_num_threads] * 3))]
        later = []
        other = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
        other.start()
        other.join()
        assert counts == [(1, 2)] * 3
        assert later == [2]
    finally:
        torch.set_num_threads(before)


def test_nothing_is_made_of_nothing():
    assert list(ahead(iter([]))) == []
