"""What a step can need, by name: what it is, and the plain values that decide what it is.

A part's token must change whenever its value may: the hash of every step is made of tokens.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from seimbang import evaluation
from seimbang.balance.base import Recipe
from seimbang.evaluation.predictions import checked
from seimbang.evaluation.units import of_unit
from seimbang.imaging.files import file_digest
from seimbang.record.arm import Package
from seimbang.record.cases import ExampleRow
from seimbang.record.choice import score
from seimbang.record.data import Audit
from seimbang.record.files import read_json
from seimbang.record.folder import RunFolder, digest
from seimbang.record.metrics import Metrics
from seimbang.record.openings import Ledger, Opening, Openings, counted
from seimbang.record.read import read_search
from seimbang.runs.arms import positive_of, references_of, tuned_of, unbalanced_of
from seimbang.runs.model_input import ModelInput
from seimbang.runs.provenance import events, worked
from seimbang.runs.stages import Divided, Job, Prepared, Result, Set, curve_of, fold_token, jobs_of, parts_of
from seimbang.splits.base import Fold
from seimbang.study.load import to_dict
from seimbang.study.schema import Plan
from seimbang.text import Language
from seimbang.training.base import Task, TrainingSettings


@dataclass(frozen=True)
class Scope:
    """What a step is about: the run, and for some steps an arm, or one job of it.

    Attributes:
        divided: The cases and how they are divided.
        folder: The run folder.
        threads: How many each job uses.
        arm: The arm, for its steps and jobs.
        job: The job.
        opening: What the run opens; None where nothing is to be predicted.
        closed: Whether nothing is predicted of test parts.
        finished: The arms whose every job is done, for the steps over all arms.
        language: Of the report.
    """

    divided: Divided
    folder: RunFolder
    threads: int
    arm: Plan | None = None
    job: Job | None = None
    opening: Opening | None = None
    closed: bool = False
    finished: tuple[Plan, ...] = ()
    language: Language = "en"

    @property
    def prepared(self) -> Prepared:
        """The stage before."""
        return self.divided.prepared

    @property
    def plan(self) -> Plan:
        """The arm."""
        assert self.arm is not None
        return self.arm

    @property
    def fold(self) -> Fold:
        """The job's fold, or the arm's first one."""
        return self.job.fold if self.job else self.divided.folds_of(self.plan)[0]

    @property
    def training(self) -> TrainingSettings:
        """The arm's settings, in a job with its own seed."""
        training = self.plan.training
        return training.model_copy(update={"seed": self.job.seed, "seeds": 1}) if self.job else training

    @property
    def path(self) -> Path:
        """The folder of the arm."""
        return self.folder.path / "arms" / self.plan.slug

    def of(self, plan: Plan) -> "Scope":
        """Return the scope of an arm."""
        return replace(self, arm=plan, job=None)

    def of_job(self, job: Job) -> "Scope":
        """Return the scope of a job."""
        return replace(self, arm=job.plan, job=job, closed=self.closed or job.of_curve)

    def over(self, finished: Collection[str]) -> "Scope":
        """Return the scope of the steps over all arms, by the slugs of those whose every job is done."""
        return replace(self, finished=tuple(plan for plan in self.prepared.study.plans() if plan.slug in finished))

    def jobs(self) -> list[Job]:
        """Return the jobs of the arm."""
        return jobs_of(self.divided, self.plan)


@dataclass(frozen=True)
class Part:
    """One thing that steps may need.

    Attributes:
        value: Returns it.
        token: Returns the plain values that decide it.
    """

    value: Callable[[Scope], Any]
    token: Callable[[Scope], Any]


def _plain(value: Callable[[Scope], Any]) -> Part:
    return Part(value, value)


def _file(name: str, read: Callable[[Path], Any], arm: bool = True) -> Part:
    def path(scope: Scope) -> Path:
        return (scope.path if arm else scope.folder.path) / name

    return Part(lambda scope: read(path(scope)), lambda scope: file_digest(path(scope)))


def _record(name: str, kind: Any) -> Part:
    """Return the part that a JSON file of the arm is."""
    return _file(name, lambda path: read_json(path, kind))


def _measures(path: Path) -> pd.DataFrame | None:
    """Return ``quality.csv`` by case; a table has none."""
    if not path.is_file():
        return None
    return pd.read_csv(path, dtype={"case_id": str}, keep_default_na=False).set_index("case_id")


def _plan_token(plan: Plan) -> list[Any]:
    arm, protocol = plan.arm.model_dump(mode="json"), plan.protocol.model_dump(mode="json")
    return [arm, protocol, _balance_token(plan), _model_token(plan), plan.training.model_dump(mode="json")]


def _balance_token(plan: Plan) -> list[Any]:
    return [plan.arm.balance["method"], plan.balance.model_dump(mode="json")]


def _model_token(plan: Plan) -> list[Any]:
    """Return the settings of a model, and the content of each file that they name."""
    return [plan.model_settings, [file_digest(file) for file in plan.model.reads()]]


def _divided_token(scope: Scope) -> list[Any]:
    protocols = [one.model_dump(mode="json") for one in scope.prepared.study.protocols]
    alike, data = scope.prepared.alike, scope.prepared.data
    uses = [[use.name, use.use, use.note] for use in data.uses]
    return [scope.divided.token, protocols, uses, list(data.meant), [] if alike is None else list(alike.X.shape)]


def _recipe(scope: Scope) -> Recipe:
    return scope.divided.recipe(scope.plan, scope.fold, scope.training.seed)


def _model_input(scope: Scope) -> ModelInput:
    return scope.divided.model_input(scope.plan, scope.fold)


def _input_token(scope: Scope) -> list[Any]:
    everything = scope.plan.balance.scope == "all"
    return [_model_token(scope.plan), _image(scope), _cases_token(scope), fold_token(scope.fold), everything]


def _recipe_token(scope: Scope) -> list[Any]:
    return [_balance_token(scope.plan), _input_token(scope), scope.training.seed]


def _image(scope: Scope) -> Any:
    return scope.prepared.study.image.model_dump(mode="json")


def _cases_token(scope: Scope) -> str:
    return scope.divided.tokens[scope.plan.protocol.name]


def _task(scope: Scope) -> Task:
    assert scope.job is not None
    cases, sees = scope.divided.cases(scope.plan), _model_input(scope)
    return Task(
        model=scope.plan.model,
        training=scope.training,
        balance=sees.balance(scope.plan.balance),
        recipe=_recipe(scope),
        X=sees.of(cases),
        y=cases.cases.y,
        groups=cases.cases.groups,
        validation=scope.fold.validation,
        shape=scope.prepared.shape,
        classes=len(cases.cases.classes),
        image=scope.prepared.study.image,
        title=scope.job.title,
        kept=scope.job.served,
        layouts=scope.folder.path / ".layouts.json",
    )


def _task_token(scope: Scope) -> list[Any]:
    """Return what decides the result; the title does not."""
    assert scope.job is not None
    training = scope.training.model_dump(mode="json")
    return [_recipe_token(scope), training, list(scope.prepared.shape), scope.job.served]


def _sets(scope: Scope) -> list[Set]:
    cases = scope.divided.cases(scope.plan)
    if scope.job and scope.job.of_curve:
        return [("validation", cases, scope.fold.validation)]
    return parts_of(cases, scope.fold, scope.prepared.external, scope.closed)


def _sets_token(scope: Scope) -> list[Any]:
    return [_cases_token(scope), fold_token(scope.fold), scope.prepared.token, scope.closed]


def _results(scope: Scope) -> list[Result]:
    return [Result.of(job, scope.path) for job in scope.jobs()]


def _results_token(scope: Scope) -> list[Any]:
    return [[one.job.path, one.inputs, dict(one.files)] for one in _results(scope)]


def _curves(scope: Scope) -> dict[str, list[Result]]:
    """Return the results of the learning curve of each finished arm, as far as they are there."""
    every = {plan.name: (scope.of(plan).path, curve_of(scope.divided, plan)) for plan in scope.finished}
    results = {name: [Result.of(job, path) for job in jobs] for name, (path, jobs) in every.items()}
    return {name: [result for result in of_arm if result.inputs] for name, of_arm in results.items()}


def _curves_token(scope: Scope) -> list[Any]:
    curves = _curves(scope).items()
    return [[name, [[one.job.path, one.inputs, dict(one.files)] for one in results]] for name, results in curves]


def _of_cases(scope: Scope) -> dict[str, dict[str, pd.DataFrame]]:
    """Return the predictions of the finished arms by protocol and name."""
    tables: dict[str, dict[str, pd.DataFrame]] = {one.name: {} for one in scope.prepared.study.protocols}
    for plan in scope.finished:
        table = checked(evaluation.read(scope.of(plan).path), scope.prepared.classes)
        tables[plan.protocol.name][plan.name] = table
    return tables


def _predictions(scope: Scope) -> dict[str, dict[str, pd.DataFrame]]:
    """Return the same of what figures are of."""
    classes, settings = scope.prepared.classes, scope.prepared.study.evaluation
    return {
        protocol: {arm: of_unit(table, classes, settings) for arm, table in tables.items()}
        for protocol, tables in _of_cases(scope).items()
    }


def _predictions_token(scope: Scope) -> list[Any]:
    arms = [[plan.name, file_digest(scope.of(plan).path / "predictions.csv")] for plan in scope.finished]
    settings = scope.prepared.study.evaluation
    return [[one.name for one in scope.prepared.study.protocols], arms, settings.unit, settings.combine]


def _scores(scope: Scope) -> dict[str, float]:
    """Return what each finished arm is chosen by."""
    folders = {plan.name: scope.of(plan).path for plan in scope.finished}
    return {name: score(read_json(path / "metrics.json", Metrics), read_search(path)) for name, path in folders.items()}


def _scores_token(scope: Scope) -> list[Any]:
    files = [scope.of(plan).path / name for plan in scope.finished for name in ("metrics.json", "search.csv")]
    return [file_digest(file) for file in files]


def _record_token(scope: Scope) -> Any:
    """Return the digest of every file that a reader of the run folder may read."""
    names = (
        "*.json",
        "*.toml",
        "*.csv",
        "clusters.png",
        "samples/*",
        "labels/*",
        "arms/*/*.json",
        "arms/*/*.csv",
        "arms/*/*/*.png",
    )
    files = {file for pattern in (*names, "arms/*/jobs/*/*/history.csv") for file in scope.folder.path.glob(pattern)}
    own = scope.folder.path / "metrics.csv"
    known = {file.relative_to(scope.folder.path).as_posix(): file_digest(file) for file in sorted(files - {own})}
    return digest(known)


def _openings(scope: Scope) -> Openings:
    assert scope.opening is not None
    return counted(scope.opening.parts, scope.closed, Ledger.of_run(scope.folder.path), Ledger.of_user())


def _log(scope: Scope) -> list[dict[str, Any]]:
    return events(scope.folder.path / "log.jsonl")


PARTS: Mapping[str, Part] = {
    "study": Part(lambda scope: scope.prepared.study, lambda scope: to_dict(scope.prepared.study)),
    "closed": _plain(lambda scope: scope.closed),
    "openings": Part(_openings, lambda scope: _openings(scope).model_dump(mode="json")),
    "quick": _plain(lambda scope: scope.prepared.quick),
    "classes": Part(lambda scope: scope.prepared.classes, lambda scope: list(scope.prepared.classes)),
    "positive": _plain(lambda scope: positive_of(scope.prepared.study, scope.prepared.classes)),
    "data": Part(lambda scope: scope.prepared.data, lambda scope: scope.prepared.token),
    "external": Part(lambda scope: scope.prepared.external, lambda scope: scope.prepared.token),
    "divided": Part(lambda scope: scope.divided, _divided_token),
    "plans": Part(
        lambda scope: scope.prepared.study.plans(),
        lambda scope: [_plan_token(plan) for plan in scope.prepared.study.plans()],
    ),
    "shape": Part(lambda scope: scope.prepared.shape, lambda scope: list(scope.prepared.shape)),
    "image": Part(lambda scope: scope.prepared.study.image, _image),
    "findings": _file("audit.json", lambda path: read_json(path, Audit).findings, arm=False),
    "measures": _file("quality.csv", _measures, arm=False),
    "threads": _plain(lambda scope: scope.threads),
    # of an arm, or of a job of it
    "plan": Part(lambda scope: scope.plan, lambda scope: _plan_token(scope.plan)),
    "cases": Part(lambda scope: scope.divided.cases(scope.plan), _cases_token),
    "fold": Part(lambda scope: scope.fold, lambda scope: fold_token(scope.fold)),
    "model_input": Part(_model_input, _input_token),
    "recipe": Part(_recipe, _recipe_token),
    "evaluation": Part(
        lambda scope: scope.prepared.study.evaluation,
        lambda scope: scope.prepared.study.evaluation.model_dump(mode="json"),
    ),
    "subgroups": Part(
        lambda scope: scope.prepared.subgroups,
        lambda scope: {name: digest(frame.to_csv()) for name, frame in scope.prepared.subgroups.items()},
    ),
    "decides": _plain(lambda scope: scope.plan.balance.decides),
    "task": Part(_task, _task_token),
    "sets": Part(_sets, _sets_token),
    "results": Part(_results, _results_token),
    "predictions": _file("predictions.csv", lambda path: evaluation.read(path.parent)),
    "metrics": _record("metrics.json", Metrics),
    "refusal_digest": _file("refusal.json", file_digest),
    "examples": _record("examples.json", list[ExampleRow]),
    "package": _record("model.json", Package),
    # of all finished arms
    "predicted_cases": Part(_of_cases, _predictions_token),
    "predicted": Part(_predictions, _predictions_token),
    "tuned": _plain(lambda scope: tuned_of(scope.finished)),
    "unbalanced": _plain(lambda scope: unbalanced_of(scope.finished)),
    "curves": Part(_curves, _curves_token),
    "scores": Part(_scores, _scores_token),
    "references": _plain(lambda scope: references_of(scope.finished)),
    "finished_arms": Part(lambda scope: scope.finished, lambda scope: [plan.slug for plan in scope.finished]),
    "log": Part(_log, lambda scope: worked(_log(scope))),
    "data_digest": _plain(lambda scope: scope.prepared.token),
    "language": _plain(lambda scope: scope.language),
    "run_folder": Part(lambda scope: scope.folder.path, _record_token),
}
