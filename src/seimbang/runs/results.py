"""What becomes of the jobs of an arm: its predictions, its figures, its package and its facts."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from seimbang import __version__
from seimbang.balance.base import Recipe
from seimbang.checks.base import Finding
from seimbang.datasets.base import CaseTable, Dataset
from seimbang.evaluation import evaluate
from seimbang.imaging.base import ImageSettings
from seimbang.record.arm import ArmFacts, Package
from seimbang.record.base import dump
from seimbang.record.folder import Files
from seimbang.record.metrics import Metrics
from seimbang.runs.auditing import leaks_of
from seimbang.runs.model_input import ModelInput
from seimbang.runs.stages import Job, count, parts_of
from seimbang.splits.base import Fold, Rows
from seimbang.study.schema import Plan
from seimbang.training.base import Model, Shape

Results = Sequence[tuple[Job, np.ndarray]]
Decides = Literal["default", "tuned"]


def prediction_files(cases: Dataset, external: Mapping[str, Dataset], results: Results) -> Files:
    """Return what every job predicts of every case of every set."""
    frames = [frame for job, p in results for frame in _frames(job, p, cases, external)]
    return {"predictions.csv": pd.concat(frames).to_csv(index=False, float_format="%.9f")}


def _frames(job: Job, p: np.ndarray, cases: Dataset, external: Mapping[str, Dataset]) -> list[pd.DataFrame]:
    parts = parts_of(cases, job.fold, external)
    blocks = np.split(p, np.cumsum([len(rows) for *_, rows in parts])[:-1])
    return [_frame(name, job, one.cases, rows, block) for (name, one, rows), block in zip(parts, blocks, strict=True)]


def _frame(name: str, job: Job, cases: CaseTable, rows: Rows, p: np.ndarray) -> pd.DataFrame:
    known = cases.frame.iloc[rows]
    columns = {
        "case_id": known.case_id,
        "group": known.group,
        "fold": job.fold.name,
        "seed": str(job.seed),
        "set": name,
    }
    probabilities = {f"p_{label}": p[:, k] for k, label in enumerate(cases.classes)}
    return pd.DataFrame({**columns, "label": known.label, **probabilities})


def metric_files(predictions: pd.DataFrame, classes: Sequence[str], decides: str) -> Files:
    """Return every figure of the arm, from its predictions alone."""
    return {"metrics.json": dump(Metrics.model_validate(evaluate(predictions, classes, tuned=decides == "tuned")))}


def search_files(arm_folder: Path, results: Results) -> Files:
    """Return how the candidates of a grid did, on average over the folds; nothing where there was no grid."""
    files = [arm_folder / job.path / "search.json" for job, _ in results]
    found = [pd.DataFrame(json.loads(file.read_text(encoding="utf-8"))["search"]) for file in files if file.is_file()]
    table = pd.concat(found) if found else pd.DataFrame()
    parameters = [name for name in table if name not in ("mean", "sd", "metric", "chosen")]
    if not parameters:
        return {}
    over = table.groupby([*parameters, "metric"], sort=False, dropna=False)
    mean = over.agg(mean=("mean", "mean"), sd=("sd", "mean"), chosen=("chosen", "sum")).reset_index()
    return {"search.csv": mean.to_csv(index=False)}


def package_files(
    model: Model,
    model_settings: Mapping[str, Any],
    image: ImageSettings,
    classes: Sequence[str],
    model_input: ModelInput,
    decides: Decides,
    metrics: Metrics,
    results: Results,
    job_files: Mapping[str, Mapping[str, str]],
) -> Files:
    """Return what is needed to use the models of the first fold as they were trained."""
    package = Package(
        model=dict(model_settings),
        classes=list(classes),
        positive=classes[-1],
        image=image,
        table=model_input.preparer,
        threshold=metrics.threshold.value,
        decides=decides,
        files={f"{path}/{model.file}": job_files[path][model.file] for path in _served([job for job, _ in results])},
        seimbang=__version__,
    )
    return {"model.json": dump(package)}


def _served(jobs: Sequence[Job]) -> list[str]:
    """Return the jobs of the first fold, whose models are used afterwards."""
    return [job.path for job in jobs if job.fold.name == jobs[0].fold.name]


def fact_files(
    plan: Plan,
    classes: tuple[str, ...],
    shape: Shape,
    cases: Dataset,
    fold: Fold,
    recipe: Recipe,
    findings: Sequence[Finding],
    quick: bool,
    results: Results,
    arm_folder: Path,
) -> Files:
    """Return what the arm is, and what the audit says of it."""
    leaks, jobs = leaks_of(plan, findings), [job for job, _ in results]
    facts = ArmFacts(
        name=plan.name,
        arm=plan.arm.name,
        protocol=plan.protocol.name,
        slug=plan.slug,
        balance={"method": plan.arm.balance["method"], **plan.balance.model_dump(mode="json")},
        balance_title=plan.balance.title,
        model=plan.model_settings,
        model_title=plan.model.title,
        model_kind=plan.model.kind,
        training=plan.training,
        leaky=bool(leaks),
        leaks=leaks,
        before=count(cases.cases.y[fold.train], classes),
        after=count(recipe.y, classes),
        synthetic=len(recipe.i),
        layers=plan.model.describe(shape, len(classes)),
        quick=quick,
        best_epoch=_best_epoch(arm_folder / jobs[0].path / "history.csv", plan.training.keep),
        jobs=[job.path for job in jobs],
        served=_served(jobs),
    )
    return {"arm.json": dump(facts)}


def _best_epoch(file: Path, keep: str) -> int:
    """Return the epoch whose weights are kept; 0 where nothing is trained in epochs."""
    if not file.is_file():
        return 0
    history = pd.read_csv(file)
    epochs = history.epoch[history.best == 1] if keep == "best" else history.epoch
    return int(epochs.iloc[-1]) if len(epochs) else 0
