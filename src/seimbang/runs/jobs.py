"""One job, from its task to a folder that is there whole or not at all."""

import io
import os
import shutil
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from secrets import token_hex

import numpy as np

from seimbang.errors import DataError, StudyError
from seimbang.imaging.files import file_digest, write_atomic, write_error
from seimbang.record.base import dump
from seimbang.record.files import read_bytes
from seimbang.record.folder import Files
from seimbang.record.leases import Lease
from seimbang.record.openings import Ledger
from seimbang.record.seal import Marker
from seimbang.runs.engine import inputs_of, needs_of, values_of
from seimbang.runs.foresight import placed
from seimbang.runs.model_input import ModelInput
from seimbang.runs.parts import Scope
from seimbang.runs.provenance import peak_memory
from seimbang.runs.stages import MARKER, PROBABILITIES, Job, Result, Set
from seimbang.study.models import learner_of
from seimbang.threads import limited
from seimbang.training.base import Progress, Task

VERSION = 3
"""Raised when the same job is to give another result."""
SPARING = 50
"""So many times as long as writing a checkpoint took, none is written: they take a fiftieth of the time at most."""
Report = Callable[[Job, Progress], None]


def work(
    task: Task,
    sets: Sequence[Set],
    model_input: ModelInput,
    threads: int,
    *,
    state: bytes,
    opens: Callable[[], None],
) -> Generator[Progress, None, Files]:
    """Train, and predict every set; return the files of the job.

    The positional parameters are what a job needs, see ``engine``. ``state`` is where an earlier go at the same job
    came to; ``opens`` is called when the model is learned, before any set is predicted.
    """
    with limited(threads):
        learned = yield from learner_of(task.model).train(task, state)
        opens()
        p = [learned.classifier.probabilities(model_input.of(dataset), rows) for _, dataset, rows in sets]
    buffer = io.BytesIO()
    np.save(buffer, np.concatenate(p), allow_pickle=False)
    return {**learned.files, PROBABILITIES: buffer.getvalue()}


NEEDS = needs_of(work)


def inputs(scope: Scope) -> str:
    """Return the digest of everything that the result of a job depends on."""
    assert scope.job is not None
    known, which = scope.divided.inputs, (scope.job.name, scope.threads, scope.closed)
    if which not in known:
        known[which] = inputs_of("job", VERSION, NEEDS, scope)
    return known[which]


def done(scope: Scope, key: str) -> bool:
    """Whether a job is finished, with the inputs ``key``, and all that it wrote is there as it wrote it."""
    assert scope.job is not None
    result = Result.of(scope.job, scope.path)
    return result.inputs == key and result.whole()


@dataclass(frozen=True)
class Checkpoint:
    """Where an unfinished job keeps how far it is; its name holds the inputs, so it is never another job's.

    A job of which test parts stay closed keeps how it ended: the same job that opens them goes on from there.
    """

    file: Path

    @classmethod
    def of(cls, scope: Scope) -> "Checkpoint":
        """Return that of a job, the same whether its test parts are opened."""
        assert scope.job is not None
        key = inputs(replace(scope, closed=False))
        return cls(scope.folder.path / ".checkpoints" / f"{scope.job.name}.{key[:16]}")

    def read(self) -> bytes:
        """Return the state, empty where there is none."""
        return read_bytes(self.file) if self.file.is_file() else b""

    def sweep(self) -> None:
        """Take away what a killed go at the job had half written."""
        for file in self.file.parent.glob(f".{self.file.name[:60]}.*"):
            file.unlink(missing_ok=True)

    def write(self, state: bytes) -> None:
        """Keep a state."""
        if state:
            write_atomic(self.file, state)

    def keep(self, progress: Progress) -> float:
        """Keep the state of a step; return until when another one is not worth its time."""
        started = time.monotonic()
        self.write(progress.state())
        ended = time.monotonic()
        return ended + SPARING * (ended - started)

    def end(self, progress: Progress | None) -> None:
        """Keep the state of the last step of a training that is to go on to test parts, or of None take it away."""
        if progress:
            self.write(progress.state())
        else:
            self.file.unlink(missing_ok=True)


def run(scope: Scope, key: str, lease: Lease, report: Report) -> bool:
    """Do a job and put its folder in place.

    Args:
        scope: Of the job.
        key: What ``inputs`` returns.
        lease: Held by this process; where another process took it over meanwhile, nothing is written.
        report: Called with each step of the training.

    Returns:
        Whether the result is this process's.

    Raises:
        SeimbangError: What learners raise, with arm, fold and the names of classes.
    """
    job, started, checkpoint = scope.job, time.monotonic(), Checkpoint.of(scope)
    assert job is not None
    checkpoint.sweep()
    _sweep(scope.path / job.path)
    with limited(scope.threads):
        needed = values_of(NEEDS, scope)
    steps = work(**needed, state=checkpoint.read(), opens=partial(_open, scope))
    files: Files = {}
    due, last = 0.0, None
    while True:
        try:
            progress = last = next(steps)
        except StopIteration as end:
            files = end.value
            break
        except (DataError, StudyError) as error:
            raise placed(error, job, scope.divided.prepared.classes) from error
        if not lease.held():
            return False
        if time.monotonic() >= due:
            due = checkpoint.keep(progress)
        report(job, progress)
    if not lease.held():
        return False
    _publish(scope.path / job.path, key, files)
    checkpoint.end(last if scope.closed and not job.of_curve else None)
    facts = {"seconds": round(time.monotonic() - started, 3), "peak_memory_mb": peak_memory(), "pid": os.getpid()}
    scope.folder.log("job", arm=job.plan.slug, job=job.name, title=job.title, **facts)
    return True


def _open(scope: Scope) -> None:
    """Write down that the test parts of a job are opened, before they are."""
    if scope.closed or scope.opening is None:
        return
    for part in scope.opening.parts:
        if part.protocol in ("", scope.plan.protocol.name):
            for ledger in (Ledger.of_run(scope.folder.path), Ledger.of_user()):
                ledger.add(scope.opening, part)


def _sweep(folder: Path) -> None:
    """Take away what a killed go at the job had half written; who holds its lease is the only one who writes there."""
    for half in folder.parent.glob(f".{folder.name}.*"):
        shutil.rmtree(half, ignore_errors=True)


def _publish(folder: Path, key: str, files: Files) -> None:
    """Put a whole folder in the place of what is there."""
    beside = folder.with_name(f".{folder.name}.{token_hex(8)}")
    try:
        for name, content in files.items():
            write_atomic(beside / name, content)
        digests = {name: file_digest(beside / name) for name in files}
        write_atomic(beside / MARKER, dump(Marker(inputs=key, files=digests)))
        if folder.exists():
            shutil.rmtree(folder)
        os.rename(beside, folder)
    except OSError as error:
        raise write_error(folder, error) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
