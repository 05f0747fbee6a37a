"""A whole run: prepares it, has its jobs done, and does each step whose parts have changed."""

import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from seimbang.errors import ResourceError, StudyError
from seimbang.imaging.files import write_error
from seimbang.progress import working
from seimbang.record.folder import RunFolder
from seimbang.record.leases import Leases
from seimbang.record.openings import Ledger
from seimbang.record.seal import EDITS
from seimbang.runs import jobs
from seimbang.runs.auditing import require_no_leak
from seimbang.runs.describe import divide, require_unchanged
from seimbang.runs.engine import do, undo, up_to_date
from seimbang.runs.executors import Options, execute
from seimbang.runs.file_table import show_prepared
from seimbang.runs.forecast import Speeds, choose_cut, say_how_long
from seimbang.runs.foresight import possible_curve, require_possible
from seimbang.runs.openings import opening_of, require_closed, require_validation
from seimbang.runs.parts import PARTS, Scope
from seimbang.runs.prepare import prepare, read_plan, restore, threads_of, write_plan
from seimbang.runs.quick import Cut, cut_down, recall, remembered
from seimbang.runs.quick import quick as quickened
from seimbang.runs.stages import Job, curve_of, jobs_of
from seimbang.runs.steps import AFTER, BEFORE, EACH_ARM
from seimbang.settings import nearest
from seimbang.study.schema import Plan, Study
from seimbang.threads import cores, limited

ALONE = Options(workers=1)
"""This process does every job."""
COORDINATOR = "run"
"""Name of the lease of the process that prepares a run and writes its report."""


def run(
    study: Study,
    root: Path,
    out: Path,
    only: tuple[str, ...] = (),
    quick: bool | Cut = False,
    alike: Study | None = None,
    options: Options = ALONE,
) -> Path:
    """Run a study, or what is left of it, and return the path of its report.

    Args:
        study: The study.
        root: Folder that its data paths are relative to.
        out: The run folder; what it holds already is not done again.
        only: Names of the arms to run; all of them where none is named.
        quick: Cut everything down to a rough answer: so that it comes within a minute, or as much as is said.
        alike: The study from whose images patients are guessed, so that two studies divide the same cases alike.
        options: Who does the jobs.

    Returns:
        The path of the report; of the run folder where the run was only prepared for workers.

    Raises:
        StudyError: STUDY_FINDINGS: the study is over several findings, each of which is a run of its own. TEST_OPENED
            or VALIDATION_MISSING: it cannot be run without its test part.
        SeimbangError: What the stages raise; everything finished until then stays.
    """
    if study.data.findings_in(root):
        fix = "give it to `seimbang run`, or name one finding: label = { column = ..., contains = ... }"
        raise StudyError("STUDY_FINDINGS", "data.findings, so a study over several findings", "a study of one", fix)
    choose(study.plans(), only)  # a wrong name is said before anything is written
    begun = time.monotonic()
    folder = RunFolder(out)
    with coordinated(folder):
        folder.sweep()
        (out / EDITS).unlink(missing_ok=True)
        scope, cut, speeds = _divided(study, root, folder, only, quick, alike, begun)
        scope = replace(scope, closed=options.without_test, language=options.language)
        chosen = choose(scope.prepared.study.plans(), only)
        if scope.closed:
            require_closed(folder, scope.divided, chosen)
        asked = _asked(scope, chosen)
        say_how_long(scope, asked, options.workers or cores(), speeds)
        for step in BEFORE:
            do(step, scope)
        require_no_leak(PARTS["findings"].value(scope), chosen)
        write_plan(scope, root, asked, cut)
        withdraw(scope)
        if options.workers == 0:
            return out
        return finish(scope, execute(scope, asked, options))


def _asked(scope: Scope, chosen: list[Plan]) -> list[Job]:
    """Return the jobs of the arms, those of learning curves last."""
    jobs_of_arms = [job for plan in chosen for job in jobs_of(scope.divided, plan)]
    if scope.prepared.study.evaluation.learning_curve:
        require_validation(scope.divided, chosen, "leave evaluation.learning_curve out")
    return jobs_of_arms + [job for plan in chosen for job in possible_curve(scope.divided, plan)]


def _divided(
    study: Study,
    root: Path,
    folder: RunFolder,
    only: tuple[str, ...],
    quick: bool | Cut,
    alike: Study | None,
    begun: float,
) -> tuple[Scope, dict[str, Any], Speeds]:
    """Load and divide the cases; return also how a quick run was cut, and how fast its models are."""
    small = quickened(study) if quick else study
    folder.log("start", quick=bool(quick), arms=[plan.name for plan in choose(small.plans(), only)])
    guesses = any(protocol.group == "auto" for protocol in study.protocols)
    with working("Loading the cases"):
        prepared = prepare(small, root, bool(quick), alike or (study if guesses and quick else None))
        require_unchanged(prepared, folder)
    show_prepared(prepared)
    with working("Dividing the cases"):
        divided = divide(prepared)
    require_possible(divided, choose(small.plans(), only))
    threads = threads_of(folder, sum(len(jobs_of(divided, one)) for one in small.plans()))
    opening = opening_of(study, divided, only, bool(quick))
    if not quick:
        return Scope(divided, folder, threads, opening=opening), {}, {}
    speeds: Speeds = {}
    slugs = {plan.slug for plan in choose(small.plans(), only)}
    cut = quick if isinstance(quick, Cut) else recall(read_plan(folder).get("cut", {}), small)
    if cut is None:
        with working("Trying how fast this machine is"):
            cut = choose_cut(divided, slugs, threads, time.monotonic() - begun, speeds)
    smaller = cut_down(divided, cut)
    require_possible(smaller, choose(smaller.prepared.study.plans(), only))
    return Scope(smaller, folder, threads, opening=opening), remembered(cut, small), speeds


def work(out: Path, root: Path | None = None) -> Path | None:
    """Do free jobs of a run that was prepared, until none is left; the last one to leave writes the report.

    Args:
        out: The run folder.
        root: Folder that the data paths are relative to; by default the one the run was prepared with.

    Returns:
        The path of the report, or None where another process, which runs the study, writes it.
    """
    folder = RunFolder(out)
    scope, asked = restore(folder, root)
    for _ in execute(scope, asked, ALONE):
        pass
    lease = Leases(out / ".leases").take(COORDINATOR)
    if lease is None:
        return None
    with lease:
        return finish(scope, asked)


@contextmanager
def coordinated(folder: RunFolder) -> Iterator[None]:
    """Be the one process that prepares a run and writes its report; a killed one leaves no lock behind.

    Raises:
        ResourceError: RUN_LOCKED, naming the holder; NOT_WRITABLE.
    """
    leases = Leases(folder.path / ".leases")
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(folder.path, error) from error
    lease = leases.take(COORDINATOR)
    if lease is None:
        holder = leases.holder(COORDINATOR)
        who = "process {pid} on {host} since {since}".format_map({"pid": "?", "host": "?", "since": "?", **holder})
        fix = f"wait, use --out, or help it with: seimbang work {folder.path}"
        raise ResourceError("RUN_LOCKED", f"{folder.path} in use by {who}", "a run folder of its own", fix)
    with lease:
        yield


def choose(plans: list[Plan], only: tuple[str, ...]) -> list[Plan]:
    """Return the arms of these names, under all protocols or under one, as the study orders them; all where none is.

    Raises:
        StudyError: ARM_UNKNOWN: no arm has one of the names.
    """
    unknown = [name for name in only if not any(name in plan.names for plan in plans)]
    if unknown:
        names = [plan.name for plan in plans]
        found = f"no arm {' or '.join(map(repr, unknown))}"
        fix = f"name one of them{nearest(unknown[0], names)}"
        raise StudyError("ARM_UNKNOWN", found, f"one of {', '.join(names)}", fix)
    return [plan for plan in plans if not only or not plan.names.isdisjoint(only)]


def withdraw(scope: Scope) -> None:
    """Take away what was said of arms that are not, or not any more, as the study now is; trained models stay.

    So no reader ever sets figures of two studies beside each other, and an arm that is as it was again need not be
    trained again. Jobs of folds and seeds that an arm no longer has are taken away, and a report on other arms too.
    """
    plans = {plan.slug: plan for plan in scope.prepared.study.plans()}
    kept = []
    for folder in sorted(scope.folder.path.glob("arms/*")):
        plan = plans.get(folder.name)
        if plan is not None:
            _drop_jobs(folder, {job.path for job in _every(scope, plan)})
        if plan is not None and complete(scope.of(plan)):
            kept.append(plan.slug)
            continue
        for step in EACH_ARM:
            undo(step, scope.folder, folder.name)
    over = scope.over(kept)
    for step in AFTER:
        if not up_to_date(step, over):
            undo(step, scope.folder)
    _drop_checkpoints(scope)


def _drop_checkpoints(scope: Scope) -> None:
    """Take away how far trainings were that the study as it now is does not have."""
    every = [scope.of_job(job) for plan in scope.prepared.study.plans() for job in _every(scope, plan)]
    wanted = {jobs.Checkpoint.of(one).file.name for one in every}
    for file in scope.folder.path.glob(".checkpoints/*"):
        if file.name not in wanted:
            file.unlink(missing_ok=True)


def _every(scope: Scope, plan: Plan) -> list[Job]:
    return jobs_of(scope.divided, plan) + curve_of(scope.divided, plan)


def _drop_jobs(folder: Path, wanted: set[str]) -> None:
    for job in (*folder.glob("jobs/*/*"), *folder.glob("curve/*/*/*")):
        if job.relative_to(folder).as_posix() not in wanted:
            shutil.rmtree(job)


def complete(scope: Scope) -> bool:
    """Whether every job of an arm is done as the study now is."""
    return all(jobs.done(one, jobs.inputs(one)) for one in (scope.of_job(job) for job in scope.jobs()))


def finish(scope: Scope, done: Iterable[Job]) -> Path:
    """Do the steps of each arm as its last job is done, and in the end those over all arms.

    Args:
        scope: The run.
        done: Jobs, as each is finished; all that were asked for.

    Returns:
        The path of the report.
    """
    plans = scope.prepared.study.plans()
    left = {plan.slug: {job.name for job in jobs_of(scope.divided, plan)} for plan in plans}
    finished = set()
    for job in done:
        if job.of_curve:
            continue
        left[job.plan.slug].discard(job.name)
        if not left[job.plan.slug]:
            finish_arm(scope.of(job.plan))
            finished.add(job.plan.slug)
    for plan in plans:  # of an earlier go, not asked for now
        if plan.slug not in finished and complete(scope.of(plan)):
            finish_arm(scope.of(plan))
            finished.add(plan.slug)
    Ledger.of_run(scope.folder.path).copy_to(Ledger.of_user())
    for step in AFTER:
        do(step, scope.over(finished))
    Leases(scope.folder.path / ".leases").sweep()
    scope.folder.log("finish")
    return scope.folder.path / "report.html"


def finish_arm(scope: Scope) -> None:
    """Do the steps of an arm; with one thread, so that no bit of them depends on how many a job may use."""
    with limited(1):
        for step in EACH_ARM:
            do(step, scope)
