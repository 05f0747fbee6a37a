"""How long a run will take on this machine: each of its models is tried on a few cases first."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from seimbang import balance
from seimbang.balance.base import Balance, Recipe
from seimbang.classical.base import Estimator
from seimbang.progress import note, working
from seimbang.runs.parts import Scope
from seimbang.runs.quick import CUTS, Cut, cut_down
from seimbang.runs.stages import Divided, Job, Result, jobs_of
from seimbang.study.models import learner_of
from seimbang.study.schema import Plan
from seimbang.threads import cores, limited
from seimbang.training.base import Classifier, Task

MINUTE = 60.0
LEAST = 10.0
"""Seconds of training that a quick run takes beyond the least, also where loading the cases took the whole minute."""
TRIED = {"network": 16, "classical": 32}
"""Cases of each class that a model is tried on; passing over them takes a network as long each time."""
SMALL = 2_500
"""Rows that a run may train on in all before it is worth trying its models."""
WATCHED = 8
"""Cases that are validated on in a trial."""
PREDICTING = 3.0
"""A row is predicted so many times as fast as a network is trained on it."""
TOGETHER = 1.15
"""Workers that share a processor's memory take so many times as long as one alone."""
START, END = 6.0, 6.0
"""Seconds until workers work, and that the comparisons and the report take."""
AUDIT_OF_IMAGE = 0.003
"""Seconds that the audit takes with each image."""
STEPS, STEPS_OF_CASE = 2.0, 0.003
"""Seconds of what is done with each arm after its training, and in addition of each tested case."""


@dataclass(frozen=True)
class Speed:
    """What a model takes, in seconds.

    Attributes:
        rows: How many rows it was tried on.
        training: Passing over these once, or fitting to them.
        power: Fitting to twice as many takes 2 to the power of this as long.
        predicting: Predicting one row.
        seeing: Computing the features of one image, where it sees features.
    """

    rows: int
    training: float
    power: float
    predicting: float
    seeing: float = 0.0


Speeds = dict[str, Speed]


def choose_cut(divided: Divided, slugs: Collection[str], threads: int, spent: float, known: Speeds) -> Cut:
    """Return how much a quick run keeps so that it ends within a minute.

    Args:
        divided: Of the study that is cut down whatever the machine.
        slugs: Of the arms that are asked for.
        threads: Of each job.
        spent: Seconds since the run began.
        known: How fast models are that were tried before; what is tried now is added.
    """
    tried = {cut: cut_down(divided, cut) for cut in CUTS}
    jobs = {cut: [job for job in _jobs(smaller) if job.plan.slug in slugs] for cut, smaller in tried.items()}
    if small(tried[CUTS[0]], jobs[CUTS[0]]):
        return CUTS[0]
    measure(tried[CUTS[0]], jobs[CUTS[0]], threads, known)
    seconds = {cut: total(smaller, jobs[cut], known, threads, cores() // threads) for cut, smaller in tried.items()}
    limit = max(MINUTE - spent, seconds[CUTS[-1]] + LEAST)
    return next(cut for cut in CUTS if seconds[cut] <= limit)


def _jobs(divided: Divided) -> list[Job]:
    return [job for plan in divided.prepared.study.plans() for job in jobs_of(divided, plan)]


def say_how_long(scope: Scope, asked: Sequence[Job], workers: int, known: Speeds) -> None:
    """Tell how long the jobs that are not done yet, and what follows from them, will take at most.

    Args:
        scope: Of the run.
        asked: Its jobs.
        workers: How many may be done at once.
        known: See `choose_cut`.
    """
    left = [job for job in asked if not Result.of(job, scope.of(job.plan).path).inputs]
    if not left:
        return
    number, seconds = max(1, min(workers, len(left), cores() // scope.threads)), MINUTE / 2
    if not small(scope.divided, left):
        with working("Trying how fast this machine is"):
            measure(scope.divided, left, scope.threads, known)
        seconds = total(scope.divided, left, known, scope.threads, number)
    note(in_words(seconds, number * scope.threads))


def in_words(seconds: float, workers: int) -> str:
    """Return a forecast as it is told."""
    if seconds < 1.5 * MINUTE:
        long = "about a minute" if seconds > 0.75 * MINUTE else "less than a minute"
    elif seconds < 90 * MINUTE:
        long = f"about {seconds / MINUTE:.0f} minutes"
    else:
        long = f"about {seconds / MINUTE / 60:.1f} hours"
    return f"Forecast: {long} on {workers} core{'s' * (workers != 1)}."


def small(divided: Divided, jobs: Sequence[Job]) -> bool:
    """Whether a run is over in no time, so that trying its models would only delay it."""
    return sum(_passes(divided, job) for job in jobs) <= SMALL


def _passes(divided: Divided, job: Job) -> float:
    times = job.plan.training.epochs if job.plan.model.kind == "network" else _fits(job.plan)
    return float(times * _training_rows(divided, job))


def _fits(plan: Plan) -> int:
    """Return how often a classical model is fitted: each candidate in each inner fold, and the chosen one."""
    model = cast(Estimator, plan.model)
    candidates = int(np.prod([len(values) for values in model.grid.values()])) if model.grid else 0
    return candidates * model.search.folds * model.search.repeats + 1


def _training_rows(divided: Divided, job: Job) -> int:
    """Return about how many rows a job trains on: methods that add rows make all classes as large as the largest."""
    cases, train = divided.cases(job.plan).cases, job.fold.train
    adds = type(job.plan.balance).rows is not Balance.rows and "under" not in job.plan.arm.balance["method"]
    counts = np.bincount(cases.y[train], minlength=len(cases.classes))
    return int(counts.max() * (counts > 0).sum()) if adds else len(train)


def total(divided: Divided, jobs: Sequence[Job], speeds: Speeds, threads: int, workers: int) -> float:
    """Return the seconds of jobs by ``workers``, and of what is done before and after them."""
    number = max(1, min(workers, len(jobs), cores() // threads))
    work = sum(_seconds(divided, job, speeds[_key(job.plan)]) for job in jobs)
    shared = work / number * TOGETHER + START if number > 1 else work
    tested = {job.plan.slug: sum(len(fold.test) for fold in divided.folds_of(job.plan)) for job in jobs}
    outside = sum(len(one.cases) for one in divided.prepared.external.values())
    n = len(divided.used) + outside
    seeing = {repr(job.plan.model.extractor): n * speeds[_key(job.plan)].seeing for job in jobs}
    steps = sum(STEPS + STEPS_OF_CASE * (cases + outside) for cases in tested.values())
    if divided.prepared.data.kind == "image":
        steps += AUDIT_OF_IMAGE * (len(divided.prepared.data.cases) + outside)
    return shared + sum(seeing.values()) + steps + END


def _seconds(divided: Divided, job: Job, speed: Speed) -> float:
    """Return the seconds of a job."""
    rows, seen = _training_rows(divided, job), sum(map(len, job.fold.parts().values()))
    seen += sum(len(one.cases) for one in divided.prepared.external.values())
    times = job.plan.training.epochs if job.plan.model.kind == "network" else _fits(job.plan)
    watched = times * len(job.fold.validation) if job.plan.model.kind == "network" else 0
    return float(times * speed.training * (rows / speed.rows) ** speed.power + speed.predicting * (seen + watched))


def _key(plan: Plan) -> str:
    return repr((plan.model_settings, plan.training.batch_size, plan.training.precision))


def measure(divided: Divided, jobs: Sequence[Job], threads: int, known: Speeds) -> None:
    """Try each model that the jobs have, and that is not known yet, on a few of their cases."""
    first = {_key(job.plan): job for job in reversed(jobs) if _key(job.plan) not in known}
    with limited(threads):
        known |= {key: _try(divided, job) for key, job in first.items()}


def _try(divided: Divided, job: Job) -> Speed:
    data, fold, most = divided.cases(job.plan), job.fold, TRIED[job.plan.model.kind]
    few = np.concatenate(
        [fold.train[data.cases.y[fold.train] == k][:most] for k in np.unique(data.cases.y[fold.train])]
    )
    extractor = job.plan.model.extractor
    seeing = 0.0
    X: npt.NDArray[Any] = data.X[few]
    if data.kind == "table":
        X = divided.model_input(job.plan, fold).of(data)[few]
    elif not extractor.images:
        extractor.extract(X[:2])  # loads what it needs
        X, seconds = _timed(lambda: extractor.extract(X))
        seeing = seconds / len(few)
    task = _task(divided, job, X, data.cases.y[few], few)
    return _try_network(task, seeing) if job.plan.model.kind == "network" else _try_classical(task, seeing)


def _task(
    divided: Divided, job: Job, X: npt.NDArray[Any], y: npt.NDArray[np.int64], few: npt.NDArray[np.int64]
) -> Task:
    rows, model = np.arange(len(few)), job.plan.model
    once = {"epochs": 2, "early_stopping": 0, "seeds": 1}
    return Task(
        model=model.model_copy(update={"grid": {}}) if model.kind == "classical" else model,
        training=job.plan.training.model_copy(update=once),
        balance=balance.make({"method": "none"}),
        recipe=Recipe.of_real(rows, y),
        X=X,
        y=y,
        groups=rows.astype(str),
        validation=rows[:: max(1, len(rows) // WATCHED)],
        shape=divided.prepared.shape,
        classes=len(divided.prepared.classes),
        image=divided.prepared.study.image,
        title=job.title,
        kept=False,
    )


def _try_network(task: Task, seeing: float) -> Speed:
    """Train for two epochs; the first one also warms up."""
    steps = learner_of(task.model).train(task)
    next(steps)
    _, seconds = _timed(lambda: next(steps))
    steps.close()
    return Speed(len(task.y), seconds, 1.0, seconds / len(task.y) / PREDICTING, seeing)


def _try_classical(task: Task, seeing: float) -> Speed:
    """Fit to all rows and to half of them."""
    half = np.arange(0, len(task.y), 2)
    _, before = _timed(lambda: _fitted(task, half))
    _, before = _timed(lambda: _fitted(task, half))
    classifier, seconds = _timed(lambda: _fitted(task, np.arange(len(task.y))))
    _, predicting = _timed(lambda: classifier.probabilities(task.X))
    power = float(np.clip(np.log2(seconds / before), 1.0, 2.5))
    return Speed(len(task.y), seconds, power, predicting / len(task.y), seeing)


def _fitted(task: Task, rows: npt.NDArray[np.int64]) -> Classifier:
    steps = learner_of(task.model).train(replace(task, recipe=Recipe.of_real(rows, task.y[rows])))
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return cast(Classifier, end.value.classifier)


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    started = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started
