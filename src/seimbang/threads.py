"""How many threads a piece of work may use: fixed for a job, since the number of threads decides the last bits."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_limit: ContextVar[int] = ContextVar("threads", default=0)


def cores() -> int:
    """Return how many processors this process may use."""
    # only Linux tells which ones; elsewhere all of them
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads() -> int:
    """Return how many threads to use: the limit that is in force, else one for each processor."""
    return _limit.get() or cores()


@contextmanager
def limited(number: int) -> Iterator[None]:
    """Have everything inside the block, torch and BLAS too, use ``number`` threads."""
    import torch
    from threadpoolctl import threadpool_limits

    before, token = torch.get_num_threads(), _limit.set(number)
    torch.set_num_threads(number)
    try:
        with threadpool_limits(number):
            yield
    finally:
        torch.set_num_threads(before)
        _limit.reset(token)
