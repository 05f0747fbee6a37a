"""Who does the jobs of a run: this process, workers on this machine, or a Ray cluster. The bits are the same."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from seimbang.errors import StudyError
from seimbang.progress import Board, say
from seimbang.runs import jobs
from seimbang.runs.executors import on_ray, serial, workers
from seimbang.runs.parts import Scope
from seimbang.runs.stages import Job
from seimbang.text import Language
from seimbang.threads import cores

GB = 1e9
PROCESS = 0.8 * GB
"""Memory of a worker before it has any data: Python, torch and what comes with them."""
MAPS = 400
"""Numbers a network keeps for the gradient, for each number of a batch; measured on the networks that ship."""
COPIES = 3
"""Copies of its rows that a classical model makes."""


@dataclass(frozen=True)
class Options:
    """Who does the jobs.

    Attributes:
        workers: How many at once; None for what fits this machine, 0 to prepare only.
        on: This machine, or a Ray cluster.
        address: Of the cluster; empty for one that runs here, or is started for this run.
        without_test: Whether test parts and external sets stay closed: nothing is predicted of them.
        language: Of the report.
    """

    workers: int | None = None
    on: Literal["here", "ray"] = "here"
    address: str = ""
    without_test: bool = False
    language: Language = "en"


def options(workers: int | None, on: str, address: str, without_test: bool, language: Language) -> Options:
    """Return what a command line says.

    Raises:
        StudyError: EXECUTOR_UNKNOWN, WORKERS.
    """
    if on not in ("here", "ray"):
        raise StudyError("EXECUTOR_UNKNOWN", f"--on {on}", "here or ray", "leave --on out for this machine")
    if workers is not None and workers < 0:
        raise StudyError("WORKERS", f"{workers} workers", "0 or more", "leave --workers out for what fits")
    return Options(workers, "ray" if on == "ray" else "here", address, without_test, language)


Executor = Callable[[Scope, Sequence[Job], int, str, Board], Iterator[Job]]
EXECUTORS: dict[str, Executor] = {"serial": serial.execute, "workers": workers.execute, "ray": on_ray.execute}


def execute(scope: Scope, asked: Sequence[Job], options: Options) -> Iterator[Job]:
    """Have jobs done, and yield each as it is; those that are done already come first.

    Args:
        scope: The run.
        asked: The jobs.
        options: Who does them.

    Raises:
        SeimbangError: What a job raises, wherever it ran.
    """
    todo = []
    for job in asked:
        own = scope.of_job(job)
        if jobs.done(own, jobs.inputs(own)):
            yield job
        else:
            todo.append(job)
    if not todo:
        return
    number, reason = (options.workers, "as asked") if options.workers else fitting(scope, todo)
    kind = "ray" if options.on == "ray" else "workers" if number > 1 else "serial"
    if kind == "workers":
        say(f"{number} workers, {scope.threads} thread(s) each: {reason}.")
    with Board({job.name: job.title for job in todo}, number) as board:
        yield from EXECUTORS[kind](scope, todo, number, options.address, board)


def fitting(scope: Scope, todo: Sequence[Job]) -> tuple[int, str]:
    """Return how many workers fit this machine, and why so many, in words.

    One for each ``threads`` processors, as many as memory holds, and no more than there are jobs. On a GPU one: a job
    takes all of it.
    """
    import torch

    if torch.cuda.is_available() and any(job.plan.model.kind == "network" for job in todo):
        return 1, "one GPU"
    need = max(_memory(scope, job) for job in todo)
    by_cores, by_memory = cores() // scope.threads, int(available() // need)
    number = max(1, min(len(todo), by_cores, by_memory))
    sizes = f"{available() / GB:.0f} GB of memory free for about {need / GB:.1f} GB a worker"
    return number, f"{len(todo)} job(s), {cores()} processor(s), {sizes}"


def _memory(scope: Scope, job: Job) -> float:
    """Return about how many bytes a worker needs for a job."""
    height, width, channels = scope.prepared.shape
    numbers = 4.0 * height * width * channels
    if job.plan.model.kind == "network":
        return PROCESS + MAPS * job.plan.training.batch_size * numbers
    return PROCESS + COPIES * len(job.fold.train) * numbers


def available() -> float:
    """Return the bytes of memory that are free, or could be freed."""
    info = Path("/proc/meminfo")
    if info.is_file():
        lines = dict(line.split(":", 1) for line in info.read_text(encoding="utf-8").splitlines())
        return min(1024.0 * float(lines["MemAvailable"].split()[0]), _allowed())
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def _allowed() -> float:
    """Return what a container's limit leaves; without one, more than any machine has."""
    limit, used = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
    text = limit.read_text().strip() if limit.is_file() else "max"
    return float("inf") if text == "max" else float(text) - float(used.read_text())
