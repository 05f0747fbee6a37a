"""Processes on this machine, each taking free jobs from the folder; the decoded images are shared by them all."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from seimbang.errors import ResourceError
from seimbang.progress import Board
from seimbang.record.leases import Leases
from seimbang.runs import jobs
from seimbang.runs.executors.watch import Watch
from seimbang.runs.parts import Scope
from seimbang.runs.stages import Job

LOOK = 0.1
"""Seconds between two looks at the workers."""
SCAN = 3.0
"""Seconds between two looks at every job: a worker may have died before it could say that its job is done."""
DEATHS = 5
"""So many workers may die over one job without a step of progress between."""


def execute(scope: Scope, todo: Sequence[Job], number: int, address: str, board: Board) -> Iterator[Job]:
    """Have the jobs done by ``number`` processes; one that dies is replaced, and its job is taken over.

    Raises:
        ResourceError: JOB_DIED: one job killed its worker again and again.
        SeimbangError: What a job raises.
    """
    crew = Crew(scope, todo, min(number, len(todo)), Watch(scope.folder.path / "log.jsonl", board))
    try:
        while crew.left:
            for job in crew.look():
                board.finish(job.name)
                yield job
            time.sleep(LOOK)
    finally:
        crew.dismiss()


@dataclass
class Crew:
    """The workers of a run and what is left to do."""

    scope: Scope
    todo: Sequence[Job]
    number: int
    watch: Watch
    left: dict[str, tuple[Job, str]] = field(init=False)
    processes: list[subprocess.Popen[bytes]] = field(init=False, default_factory=list)
    deaths: Counter[str] = field(init=False, default_factory=Counter)
    scanned: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self.left = {job.name: (job, jobs.inputs(self.scope.of_job(job))) for job in self.todo}
        self.processes = [self._start() for _ in range(self.number)]

    def look(self) -> list[Job]:
        """Return the jobs that were finished since the last look, and replace workers that died."""
        events = self.watch.events()
        for event in events:
            self.deaths.pop(event.get("job", ""), None)
        names = [event["job"] for event in events if event["event"] == "job" and event["job"] in self.left]
        gone = [process for process in self.processes if process.poll() is not None]
        if gone or time.monotonic() - self.scanned > SCAN:
            self.scanned, names = time.monotonic(), list(self.left)
        done = [name for name in dict.fromkeys(names) if self._is_done(*self.left[name])]
        finished = [self.left.pop(name)[0] for name in done]
        for process in gone:
            self._replace(process)
        return finished

    def dismiss(self) -> None:
        """End the workers; what they have not finished is kept as far as it is."""
        for process in self.processes:
            process.kill()  # every file is whole, and the latest checkpoint kept
        for process in self.processes:
            process.wait()

    def _is_done(self, job: Job, key: str) -> bool:
        return jobs.done(self.scope.of_job(job), key)

    def _replace(self, process: subprocess.Popen[bytes]) -> None:
        self.processes.remove(process)
        if self.watch.failed:
            raise self.watch.failed
        if not self.left:
            return
        leases = Leases(self.scope.folder.path / ".leases")
        mine = [name for name in self.left if leases.holder(name).get("pid") == process.pid]
        self.deaths.update(mine or ["no job"])
        often = [name for name, times in self.deaths.items() if times >= DEATHS]
        if often:
            title = self.left[often[0]][0].title if often[0] in self.left else "the start of a worker"
            found = f"{DEATHS} workers died over {title} (the last with exit status {process.returncode})"
            fix = "free memory, use fewer --workers or smaller images; log.jsonl says how far each job came"
            raise ResourceError("JOB_DIED", found, "a machine with enough memory", fix)
        self.processes.append(self._start())

    def _start(self) -> subprocess.Popen[bytes]:
        threads = str(self.scope.threads)
        command = [sys.executable, "-m", "seimbang.runs.executors.worker", str(self.scope.folder.path)]
        environment = os.environ | {"OMP_NUM_THREADS": threads, "OMP_WAIT_POLICY": "PASSIVE"}
        return subprocess.Popen(command, stdin=subprocess.PIPE, env=environment)
