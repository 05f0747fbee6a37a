"""The next batch is made while this one is worked on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(makers: Iterator[Callable[[], T]]) -> Generator[T, None, None]:
    """Yield what each of ``makers`` makes, in order, the next one being made while the last is worked on.

    One thread makes them, one after the other, two of them at most lie ready, and an error in one is raised here. The
    thread takes one core: threads of torch's own would get into the way of those that train.
    """
    import torch

    threads = torch.get_num_threads()
    waiting: deque[Future[T]] = deque()
    with ThreadPoolExecutor(1, "next batch", _alone) as pool:
        try:
            for maker in makers:
                waiting.append(pool.submit(maker))
                if len(waiting) > 1:
                    yield waiting.popleft().result()
            if waiting:
                yield waiting.popleft().result()
        finally:
            torch.set_num_threads(threads)  # of threads that are begun later


def _alone() -> None:
    import torch

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)  # as in the thread that trains, so that it matters to no bit which one works
