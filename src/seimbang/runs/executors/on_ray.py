"""A Ray cluster does the jobs: each is a remote task, and the run folder is storage that all nodes share."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from seimbang.errors import ResourceError
from seimbang.progress import Board
from seimbang.record.folder import RunFolder
from seimbang.runs.executors.watch import Watch
from seimbang.runs.parts import Scope
from seimbang.runs.prepare import restore
from seimbang.runs.stages import Job
from seimbang.runs.work import take

TOKEN = Path.home() / ".ray" / "auth_token"
"""With which Ray lets programs of this user into a cluster."""
LOOK = 0.5
"""Seconds between two looks at the log while tasks run."""


def execute(scope: Scope, todo: Sequence[Job], number: int, address: str, board: Board) -> Iterator[Job]:
    """Have the jobs done by a cluster; a task whose node died is given to another.

    Args:
        scope: The run.
        todo: The jobs.
        number: Processors of a cluster that is started here, in units of the threads of a job.
        address: Of a running cluster.
        board: Shows how far each job is.

    Raises:
        ResourceError: EXTRA_MISSING, or RAY_UNREACHABLE.
        SeimbangError: What a job raises.
    """
    ray = _connect(address, number * scope.threads)
    gpus = 1 if ray.cluster_resources().get("GPU") else 0
    watch = Watch(scope.folder.path / "log.jsonl", board)
    folder = str(scope.folder.path.resolve())
    try:
        remote = ray.remote(do_job)
        tasks = {_submit(remote, job, folder, scope.threads, gpus): job for job in todo}
        while tasks:
            ready, _ = ray.wait(list(tasks), num_returns=1, timeout=LOOK)
            watch.events()
            for task in ready:
                _result(ray, task, watch)
                job = tasks.pop(task)
                board.finish(job.name)
                yield job
    finally:
        ray.shutdown()


def _submit(remote: Any, job: Job, folder: str, threads: int, gpus: int) -> Any:
    share = gpus if job.plan.model.kind == "network" else 0
    task = remote.options(name=job.name, num_cpus=threads, num_gpus=share, max_retries=-1, retry_exceptions=False)
    return task.remote(folder, job.name)


def _result(ray: Any, task: Any, watch: Watch) -> None:
    try:
        ray.get(task)
    except ray.exceptions.RayTaskError as error:
        watch.events()
        raise (watch.failed or error.cause) from None


def _connect(address: str, processors: int) -> Any:
    if address and TOKEN.is_file():
        # ``ray start`` asks for the token where there is one, but ``ray.init`` does not give it by itself
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    try:
        import ray
    except ImportError as error:
        fix = "pip install 'seimbang[ray]'"
        raise ResourceError("EXTRA_MISSING", "no package ray", "the package (extra 'ray')", fix) from error
    try:
        if address:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        else:
            # without "local", Ray joins whatever cluster runs on this machine, somebody else's too
            ray.init(
                address="local",
                num_cpus=processors,
                log_to_driver=False,
                logging_level=logging.ERROR,
                include_dashboard=False,
            )
    except (ConnectionError, ValueError, RuntimeError) as error:
        found = f"no Ray cluster at {address or 'this machine'} ({error})"
        raise ResourceError("RAY_UNREACHABLE", found, "a cluster that runs", "start one: ray start --head") from error
    return ray


def do_job(folder: str, name: str) -> bool:
    """Do one job of a prepared run, on the node that this is called on.

    Args:
        folder: The run folder, on storage that is the same everywhere.
        name: Of the job.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is loaded, see ``cli.main``
    scope, jobs = _restored(folder, (Path(folder) / "jobs.json").stat().st_mtime_ns)
    list(take(scope, [jobs[name]]))
    return True


@lru_cache(maxsize=1)
def _restored(folder: str, written: int) -> tuple[Scope, dict[str, Job]]:
    """Return what a run is about, loaded once a process unless the run was prepared anew."""
    scope, asked = restore(RunFolder(Path(folder)))
    return scope, {job.name: job for job in asked}
