"""From a study, or from a run folder that was prepared before, to what jobs and steps are about."""

import io
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic_core import to_jsonable_python

from seimbang import datasets, splits
from seimbang.datasets.base import Dataset, SourceSettings
from seimbang.errors import DataError, IntegrityError, StudyError
from seimbang.evaluation.base import EvaluationSettings
from seimbang.record.base import dump
from seimbang.record.files import read_bytes, read_json
from seimbang.record.folder import RunFolder, digest
from seimbang.record.openings import Opening
from seimbang.record.over_findings import require_one_finding
from seimbang.record.seal import require_as_written
from seimbang.runs.parts import Scope
from seimbang.runs.prebalanced import prebalance
from seimbang.runs.quick import Cut
from seimbang.runs.stages import Divided, Job, Prepared, curve_of, jobs_of
from seimbang.splits.base import Fold
from seimbang.study.load import to_dict
from seimbang.study.schema import Protocol, Study
from seimbang.threads import cores

PLAN, STEP = "jobs.json", "plan"


def load(settings: SourceSettings, study: Study, root: Path, classes: tuple[str, ...] | None = None) -> Dataset:
    """Load one data set of a study."""
    return datasets.load(settings, study.image, root, classes)


def prepare(study: Study, root: Path, quick: bool = False, alike: Study | None = None) -> Prepared:
    """Load the cases of a study.

    Args:
        study: As resolved; cut down already where ``quick``.
        root: Folder that its data paths are relative to.
        quick: Whether only a rough answer was asked for.
        alike: The study from whose images patients are guessed, so that two studies divide the same cases alike.
    """
    internal = load(study.data, study, root)
    external = {one.name: load(one.data, study, root, internal.cases.classes) for one in study.external}
    other = load(study.data, alike, root) if alike else None
    _require_patients(study.evaluation, internal, external)
    return Prepared(study, internal, external, quick, other, _subgroups(study, root, internal))


def _require_patients(settings: EvaluationSettings, internal: Dataset, external: Mapping[str, Dataset]) -> None:
    """Check that patients can be what figures are of.

    Raises:
        StudyError: EVALUATION_PATIENTS: they are not known. EVALUATION_COMBINE: more than two classes.
    """
    classes = len(internal.cases.classes)
    if settings.combine != "mean" and classes > 2:
        found = f"evaluation.combine = {settings.combine!r} and {classes} classes"
        expected = "two classes, of which it takes the probability of the positive one"
        raise StudyError("EVALUATION_COMBINE", found, expected, 'set evaluation.combine = "mean"')
    unknown = [name for name, data in {"data": internal, **external}.items() if not data.cases.has_groups]
    if settings.unit == "patient" and unknown:
        found = f'evaluation.unit = "patient" and no patient known in {", ".join(unknown)}'
        fix = 'say where patients are written, as in seimbang init DATA --group COLUMN, or set evaluation.unit = "case"'
        raise StudyError("EVALUATION_PATIENTS", found, "the patient of each case", fix)


def _subgroups(study: Study, root: Path, internal: Dataset) -> dict[str, pd.DataFrame]:
    """Return the columns that figures are shown by, of the internal set and of the external sets that have them.

    Raises:
        DataError: DATA_COLUMN: the internal set lacks one.
        StudyError: EVALUATION_SUBGROUPS: one tells each patient from every other.
    """
    names = study.evaluation.subgroups
    if not names:
        return {}
    columns = {"": study.data.columns_by_case(root, names)}
    own = columns[""].reindex(internal.cases.frame.case_id)
    for name in names:
        stated = own[name].dropna()[lambda texts: texts != ""]
        if len(np.unique(internal.cases.groups)) <= stated.nunique() and not _measured(stated):
            found = f"evaluation.subgroups: {name!r} has {stated.nunique()} values, another for each patient or case"
            fix = "name a column with few values, such as sex or scanner, or one of measurements, such as age"
            raise StudyError("EVALUATION_SUBGROUPS", found, "values that many patients share", fix)
    for one in study.external:
        with suppress(DataError):  # another hospital need not know them
            columns[f"external:{one.name}"] = one.data.columns_by_case(root, names)
    return columns


def _measured(texts: "pd.Series[str]") -> bool:
    """Whether a column holds measurements, with decimals; whole numbers, each there once, count cases."""
    numbers = pd.to_numeric(texts, errors="coerce")
    return bool(numbers.notna().all() and (numbers % 1 != 0).any())


def threads_of(folder: RunFolder, jobs: int) -> int:
    """Return how many threads each job uses: the processors divided by the jobs, at least one.

    The number decides the last bits of a training, so it is written down, and stays while the number of jobs does: more
    or fewer workers, or another machine, change nothing.
    """
    plan = read_plan(folder)
    if plan and plan["count"] == jobs:
        return int(plan["threads"])
    return max(1, cores() // max(1, jobs))


def write_plan(scope: Scope, root: Path, jobs: list[Job], cut: dict[str, Any]) -> None:
    """Write ``jobs.json``: what workers need to know, the jobs that were asked for, and how a quick run was cut."""
    every = [job for plan in scope.prepared.study.plans() for job in jobs_of(scope.divided, plan)]
    plan = {
        "study": digest(to_dict(scope.prepared.study)),
        "root": str(root.resolve()),
        "quick": scope.prepared.quick,
        "threads": scope.threads,
        "count": len(every),
        "cases": scope.prepared.token,
        "divided": scope.divided.token,
        "cut": cut,
        "closed": scope.closed,
        "language": scope.language,
        "opening": to_jsonable_python(scope.opening),
        "jobs": [{"arm": job.plan.slug, "path": job.path, "name": job.name} for job in jobs],
    }
    if not scope.folder.done(STEP, digest(plan)):
        scope.folder.publish(STEP, digest(plan), "", (PLAN,), {PLAN: dump(plan)})


def read_plan(folder: RunFolder) -> dict[str, Any]:
    """Return ``jobs.json``, empty where there is none that is as it was written."""
    if not folder.whole(STEP):
        return {}
    plan: dict[str, Any] = json.loads(read_bytes(folder.path / PLAN))
    return plan


def cut_of(out: Path) -> Cut | None:
    """Return how the quick run in this folder was cut down, None where it was not."""
    cut = read_plan(RunFolder(out)).get("cut")
    return Cut(cut["cases"], cut["epochs"]) if cut else None


def restore(folder: RunFolder, root: Path | None = None) -> tuple[Scope, list[Job]]:
    """Return what a prepared run is about, and the jobs that were asked for; the folds are those in ``splits.csv``.

    Args:
        folder: The run folder.
        root: Folder that the data paths are relative to; by default the one the run was prepared with.

    Raises:
        StudyError: RUN_OVER_FINDINGS: it holds several runs.
        IntegrityError: RUN_UNPREPARED: nobody prepared it. RUN_EDITED: its files were changed by hand.
            DATA_CHANGED or DIVISION_CHANGED: the cases, or who is in which part, are not what they were then.
    """
    require_one_finding(folder.path)
    for name in (PLAN, "study.json", "splits.csv"):
        require_as_written(folder.path / name)
    plan = read_plan(folder)
    if not plan:
        fix = "prepare it first: seimbang run STUDY --out FOLDER --workers 0"
        raise IntegrityError("RUN_UNPREPARED", f"no {PLAN} in {folder.path}", "a run that was prepared", fix)
    study = read_json(folder.path / "study.json", Study)
    prepared = prepare(study, root or Path(plan["root"]), plan["quick"])
    splits_csv = io.BytesIO(read_bytes(folder.path / "splits.csv"))
    frame = pd.read_csv(splits_csv, dtype=str, keep_default_na=False)
    divided = _divided(prepared, frame)
    if plan["cases"] != prepared.token:
        raise IntegrityError("DATA_CHANGED", *_other("cases", folder))
    if plan["divided"] != divided.token:
        raise IntegrityError("DIVISION_CHANGED", *_other("splits", folder))
    opening = Opening.model_validate(plan["opening"])
    scope = Scope(divided, folder, plan["threads"], opening=opening, closed=plan["closed"], language=plan["language"])
    asked = {job["name"] for job in plan["jobs"]}
    every = [job for of in (jobs_of, curve_of) for one in study.plans() for job in of(divided, one)]
    return scope, [job for job in every if job.name in asked]


def _other(what: str, folder: RunFolder) -> tuple[str, str, str]:
    found = f"{what} that are not those {folder.path} was prepared with"
    return found, "the same files, study and splits", "run the study again"


def _divided(prepared: Prepared, frame: pd.DataFrame) -> Divided:
    seed, protocols = prepared.study.training.seed, prepared.study.protocols
    prebalanced = {one.name: prebalance(prepared.data, one, seed) for one in protocols if one.balance}
    sets: dict[str, Dataset] = {}
    folds: dict[str, tuple[Fold, ...]] = {}
    for one in protocols:
        data = prebalanced[one.name].data if one.balance else prepared.data
        sets[one.name], folds[one.name] = _restored(data, one, frame[frame.protocol == one.name])
    return Divided(prepared, sets, folds, prebalanced)


def _restored(data: Dataset, protocol: Protocol, frame: pd.DataFrame) -> tuple[Dataset, tuple[Fold, ...]]:
    cases, folds = splits.from_frame(frame, data.cases)
    guessed = protocol.group == "auto" and not protocol.balance
    return replace(data, cases=cases) if guessed else data, tuple(folds)
