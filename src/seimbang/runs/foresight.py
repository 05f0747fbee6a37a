"""What would stop a run, told before it begins: class, arm, fold, and a setting that works, by the labels alone."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from seimbang import balance
from seimbang.balance.interpolating import Interpolating
from seimbang.checks.base import Finding
from seimbang.errors import DataError, StudyError
from seimbang.imaging.cache import only_outline
from seimbang.runs.stages import Divided, Job, curve_of, jobs_of
from seimbang.study.load import inline
from seimbang.study.models import learner_of, make
from seimbang.study.schema import Plan
from seimbang.training.base import Labels

CODE, TITLE = "ARM_IMPOSSIBLE", "Arms that cannot be trained"
Error = DataError | StudyError
TRIED = 30
"""No larger number of neighbours is tried as a setting that works."""


@dataclass(frozen=True)
class Obstacle:
    """Why an arm cannot be trained, and what works instead.

    Attributes:
        plan: The arm.
        error: Of the first job that would fail, its classes and fold named.
    """

    plan: Plan
    error: Error


def obstacles(divided: Divided, plans: Sequence[Plan]) -> list[Obstacle]:
    """Return what would stop each arm; arms that can be trained, as far as labels tell, are left out."""
    return [Obstacle(plan, error) for plan in plans if (error := _obstacle(divided, plan))]


def require_possible(divided: Divided, plans: Sequence[Plan]) -> None:
    """Stop a run of which an arm would fail later.

    Raises:
        StudyError, DataError: What the first of its jobs would raise, with class, arm, fold and a setting that works;
            the other arms that would fail are named too.
    """
    every = [obstacle.error for obstacle in obstacles(divided, plans)]
    if every:
        found, fix = ("; ".join(dict.fromkeys(texts)) for texts in ([e.found for e in every], [e.fix for e in every]))
        raise type(every[0])(every[0].code, found, every[0].expected, fix)


def findings(divided: Divided, plans: Sequence[Plan]) -> list[Finding]:
    """Return the same as findings of the audit."""
    return [
        Finding(CODE, "error", TITLE, _sentence(obstacle.error), (), 1, obstacle.plan.name, obstacle.plan.protocol.name)
        for obstacle in obstacles(divided, plans)
    ]


def impossible_shares(divided: Divided, plan: Plan) -> dict[float, str]:
    """Return the shares of the training patients that an arm cannot be trained on, and why."""
    shares: dict[float, str] = {}
    for job in curve_of(divided, plan):
        try:
            if job.share not in shares:
                _rehearse(divided, plan, job)
        except (DataError, StudyError) as error:
            error = placed(error, job, divided.prepared.classes)
            shares[job.share] = f"{job.percent} % of the patients: {error.found}; needed: {error.expected}"
    return shares


def possible_curve(divided: Divided, plan: Plan) -> list[Job]:
    """Return the jobs of the learning curve of an arm, without the shares that it cannot be trained on."""
    without = impossible_shares(divided, plan)
    return [job for job in curve_of(divided, plan) if job.share not in without]


def _sentence(error: Error) -> str:
    fix = f"{error.fix[0].upper()}{error.fix[1:]}"
    return f"{error.found[0].upper()}{error.found[1:]}; needed: {error.expected} ({error.code}). {fix}."


def _obstacle(divided: Divided, plan: Plan) -> Error | None:
    first = _first(divided, plan)
    if first is None:
        return None
    job, error = first
    error = placed(error, job, divided.prepared.classes)
    works = next((text for text, changed in _changes(plan) if _first(divided, changed) is None), "")
    fix = f"what works in the arm {plan.name!r} is {works}" if works else error.fix
    return type(error)(error.code, error.found, error.expected, fix)


def _first(divided: Divided, plan: Plan) -> tuple[Job, Error] | None:
    """Return the first job of an arm that would fail, and how."""
    for job in jobs_of(divided, plan):
        try:
            _rehearse(divided, plan, job)
        except (DataError, StudyError) as error:
            return job, error
    return None


def _rehearse(divided: Divided, plan: Plan, job: Job) -> None:
    """Do all of a job that needs no value of any image.

    Raises:
        StudyError, DataError: What the job would raise.
    """
    data, fold, method = divided.cases(plan), job.fold, plan.balance
    shape: tuple[int, ...] = divided.prepared.shape if plan.model.extractor.images else (1,)
    if data.kind == "table":
        sees = divided.model_input(plan, fold)
        assert sees.preparer is not None
        method, shape = sees.balance(method), (len(sees.preparer.names),)
    rows = np.concatenate(list(fold.parts().values())) if method.scope == "all" else fold.train
    labels = Labels(data.cases.y[rows], data.cases.groups[rows], len(fold.validation), shape)
    training = plan.training.model_copy(update={"seed": job.seed})
    learner_of(plan.model).require(plan.model, training, method, labels)
    known = data.kind == "table" or (plan.model.extractor.images and not only_outline())
    if isinstance(method, Interpolating) and known:
        divided.recipe(plan, fold, job.seed)


def placed(error: Error, job: Job, classes: Sequence[str]) -> Error:
    """Return the error of a job with its arm and fold, and the names of classes of which it has the positions."""
    found = re.sub(r"\bclass (\d+)\b", lambda match: f"class {classes[int(match[1])]!r}", error.found)
    where = f", in the arm {job.plan.name!r}" + (f", fold {job.fold.name}" if job.fold.name else "")
    return type(error)(error.code, found + where, error.expected, error.fix)


def _changes(plan: Plan) -> Iterator[tuple[str, Plan]]:
    """Yield the arm with other settings, and the lines that say so: other numbers before another method or model."""
    tables, method = [[{}, *_balances(plan)], [{}, *_models(plan)]], plan.arm.balance.get("method")

    def cost(pair: tuple[dict[str, object], ...]) -> tuple[int, int, bool]:
        replaced = (pair[0].get("method", method) != method) + ("name" in pair[1])
        return replaced, sum(map(bool, pair)), bool(pair[1])

    for chosen in sorted(product(*tables), key=cost):
        lines = [
            f"{key} = {inline(values)}" for key, values in zip(("balance", "model"), chosen, strict=True) if values
        ]
        if lines:
            yield " and ".join(lines), _changed(plan, *chosen)


def _changed(plan: Plan, method: dict[str, object], model: dict[str, object]) -> Plan:
    update: dict[str, object] = {}
    if method:
        update["balance"] = balance.make(method)
    if model:
        kept = {} if "name" in model else plan.model_settings
        update["model"] = make({**kept, **model})
    other = plan.arm.model_copy(update={"name": f"{plan.arm.name}, {method}, {model}"})
    return plan.model_copy(update=update | {"arm": other})


def _balances(plan: Plan) -> list[dict[str, object]]:
    """Return methods that need fewer cases: with fewer neighbours, or without any."""
    method = plan.arm.balance.get("method")
    said = {"method": method, **plan.balance.model_dump(mode="json", exclude_defaults=True)}
    k = min(getattr(plan.balance, "k", 1) - 1, TRIED)
    return [said | {"k": fewer} for fewer in range(k, 0, -1)] + ([{"method": "oversample"}] if method != "none" else [])


def _models(plan: Plan) -> list[dict[str, object]]:
    """Return classical models that need fewer cases: with fewer neighbours, no grid, or nothing chosen inside."""
    if plan.model.kind != "classical":
        return []
    settings = plan.model_settings
    k = min(getattr(plan.model, "k", 1) - 1, TRIED)
    fewer: list[dict[str, object]] = [{"k": number} for number in range(k, 0, -1)]
    plain: list[dict[str, object]] = [{"grid": {}}] if settings["grid"] else []
    return [*fewer, *plain, {"name": "logistic"}]
