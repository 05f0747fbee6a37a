"""Who works: takes free jobs of a run, one after the other, until none is left."""

import time
from collections.abc import Iterator, Sequence

from seimbang.errors import SeimbangError
from seimbang.record.leases import Leases
from seimbang.runs import jobs
from seimbang.runs.parts import Scope
from seimbang.runs.provenance import peak_memory
from seimbang.runs.stages import Job
from seimbang.training.base import Progress

POLL = 0.5
"""Seconds between two looks at jobs that others hold."""


def take(scope: Scope, todo: Sequence[Job], report: jobs.Report | None = None) -> Iterator[Job]:
    """Do jobs until all of ``todo`` are done, by this process or another; yield each as it is.

    A job that another living process holds is left to it; one whose holder died is taken over.

    Args:
        scope: The run.
        todo: The jobs.
        report: Called with each step of a training of this process, after it is logged.
    """
    leases = Leases(scope.folder.path / ".leases")
    left = {job.name: scope.of_job(job) for job in todo}
    keys = {name: jobs.inputs(one) for name, one in left.items()}

    def log(job: Job, progress: Progress) -> None:
        event = "epoch" if "epoch" in progress.facts else "fit"
        about = {"arm": job.plan.slug, "job": job.name, "title": job.title, "line": progress.line}
        scope.folder.log(event, **about, **progress.facts, peak_memory_mb=peak_memory())
        if report:
            report(job, progress)

    while left:
        progressed = False
        for name in list(left):
            if _done(left[name], keys[name], leases, log):
                progressed = True
                job = left.pop(name).job
                assert job is not None
                yield job
        if not progressed:
            time.sleep(POLL)


def _done(scope: Scope, key: str, leases: Leases, report: jobs.Report) -> bool:
    """Do a job if it is free; return whether it is done."""
    job = scope.job
    assert job is not None
    if jobs.done(scope, key):
        return True
    lease = leases.take(job.name)
    if lease is None:
        return False
    with lease:
        if jobs.done(scope, key):  # by the one who held it a moment ago
            return True
        try:
            return jobs.run(scope, key, lease, report)
        except SeimbangError as error:
            facts = {"code": error.code, "found": error.found, "expected": error.expected, "fix": error.fix}
            scope.folder.log("failed", job=job.name, title=job.title, kind=type(error).__name__, **facts)
            raise
