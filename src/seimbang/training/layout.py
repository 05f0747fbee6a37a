"""The order of images and filters in memory: whichever is faster, measured once per network and machine."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from seimbang.imaging.cache import cache_folder, locked
from seimbang.imaging.files import write_atomic

Layout = Literal["contiguous", "channels_last"]
Steps = Mapping[Layout, Callable[[], object]]

ROUNDS, SECONDS = 2, 0.3
"""Least number of steps in each layout, and least time in all."""


def faster(made_from: object, steps: Callable[[], Steps], shared: Path | None = None) -> Layout:
    """Return the layout whose step takes less time.

    It changes the last bits of what is trained, so it is decided once and kept in the cache folder: a training that
    goes on, a second run and each worker of a run take the same. One that asks meanwhile waits.

    Args:
        made_from: What the decision is for, besides this machine, as values for JSON.
        steps: Called when it must be measured; returns a step in each layout.
        shared: A file that keeps decisions for workers on several machines of one kind, each with a cache of its own.

    Raises:
        ResourceError: The cache or the file cannot be written (``DISK_FULL``, ``NOT_WRITABLE``).
    """
    key = hashlib.sha256(json.dumps([_machine(), made_from]).encode()).hexdigest()[:32]

    def here() -> Layout:
        return _kept(cache_folder() / "layouts.json", key, lambda: _measure(steps()))

    return _kept(shared, key, here) if shared else here()


def _kept(path: Path, key: str, decide: Callable[[], Layout]) -> Layout:
    """Return what the file says, else decide and keep it there."""
    known = _read(path)
    if key not in known:
        with locked(path):
            known = _read(path)  # another worker may have decided while this one waited
            if key not in known:
                known[key] = decide()
                write_atomic(path, json.dumps(known, indent=1))
    return known[key]


def _read(path: Path) -> dict[str, Layout]:
    try:
        known: dict[str, Layout] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known


def _measure(steps: Steps) -> Layout:
    """Take steps in turn, the first of each not counted, and compare the fastest."""
    seconds: dict[Layout, list[float]] = {layout: [] for layout in steps}
    began, rounds = time.perf_counter(), 0
    while rounds <= ROUNDS or time.perf_counter() - began < SECONDS:
        for layout, step in steps.items():
            started = time.perf_counter()
            step()
            seconds[layout].append(time.perf_counter() - started)
        rounds += 1
    return min(seconds, key=lambda layout: min(seconds[layout][1:]))


def _machine() -> list[object]:
    """Return processor, GPU, threads and torch version, on which the times of two layouts depend."""
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    return [dict(torch.cpu.get_capabilities()), gpu, torch.get_num_threads(), torch.__version__]
