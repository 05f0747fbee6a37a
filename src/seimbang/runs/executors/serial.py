"""This process does the jobs, one after the other."""

from collections.abc import Iterator, Sequence

from seimbang.progress import Board
from seimbang.runs.parts import Scope
from seimbang.runs.provenance import peak_memory
from seimbang.runs.stages import Job
from seimbang.runs.work import take
from seimbang.training.base import Progress


def execute(scope: Scope, todo: Sequence[Job], number: int, address: str, board: Board) -> Iterator[Job]:
    """Do the jobs; see ``executors.execute``."""

    def report(job: Job, progress: Progress) -> None:
        board.update(job.name, progress.line, peak_memory())

    for job in take(scope, todo, report):
        board.finish(job.name)
        yield job
