"""What becomes of the jobs of an arm: its predictions, its figures, its package and its facts."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from seimbang import __version__
from seimbang.balance.base import Recipe
from seimbang.checks.base import Finding
from seimbang.datasets.base import CaseTable, Dataset
from seimbang.evaluation import clinical, evaluate
from seimbang.evaluation.base import EvaluationSettings
from seimbang.evaluation.subgroups import by_subgroup
from seimbang.imaging.base import ImageSettings
from seimbang.record.arm import ArmFacts, Package
from seimbang.record.base import dump
from seimbang.record.clinical import Clinical
from seimbang.record.folder import Files
from seimbang.record.metrics import Metrics
from seimbang.record.seal import DIGESTS
from seimbang.runs.auditing import leaks_of
from seimbang.runs.model_input import ModelInput
from seimbang.runs.stages import Job, Result, Set, count, parts_of
from seimbang.splits.base import Rows
from seimbang.study.schema import Plan
from seimbang.training.base import HISTORY, SEARCH, Shape


def prediction_files(cases: Dataset, external: Mapping[str, Dataset], closed: bool, results: Sequence[Result]) -> Files:
    """Return what every job predicts of every case of every set."""
    frames = [frame for one in results for frame in frames_of(one, parts_of(cases, one.job.fold, external, closed))]
    return {"predictions.csv": pd.concat(frames).to_csv(index=False, float_format="%.9f")}


def frames_of(result: Result, parts: Sequence[Set]) -> list[pd.DataFrame]:
    """Return what a job predicts, one table a set."""
    blocks = np.split(result.probabilities, np.cumsum([len(rows) for *_, rows in parts])[:-1])
    return [
        _frame(name, result.job, one.cases, rows, block) for (name, one, rows), block in zip(parts, blocks, strict=True)
    ]


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


def metric_files(
    predictions: pd.DataFrame,
    classes: Sequence[str],
    decides: str,
    evaluation: EvaluationSettings,
    subgroups: Mapping[str, pd.DataFrame],
) -> Files:
    """Return every figure of the arm, from its predictions alone, and by the columns of the data."""
    tuned = decides == "tuned"
    figures = evaluate(predictions, classes, tuned=tuned, settings=evaluation)
    for name, columns in by_subgroup(predictions, subgroups, classes, tuned, evaluation).items():
        figures["sets"][name]["subgroups"] = columns
    return {"metrics.json": dump(Metrics.model_validate(figures))}


def clinical_files(
    predictions: pd.DataFrame, classes: Sequence[str], positive: str, evaluation: EvaluationSettings
) -> Files:
    """Return the figures for who decides by the arm's probabilities."""
    return {"clinical.json": dump(Clinical.model_validate(clinical(predictions, classes, positive, evaluation)))}


def search_files(results: Sequence[Result]) -> Files:
    """Return how the candidates of a grid did, on average over the folds; nothing where none were compared."""
    searches = [json.loads(one.content(SEARCH)) for one in results if SEARCH in one.files]
    rows = [row for one in searches for row in one["search"] if row["mean"] is not None]
    if not rows:
        return {}
    table = pd.DataFrame(rows)
    parameters = [str(name) for name in table if name not in ("mean", "sd", "by", "chosen")]
    table[parameters] = table[parameters].astype(str)  # a value may be a list
    over = table.groupby([*parameters, "by"], sort=False)
    mean = over.agg(mean=("mean", "mean"), sd=("sd", "mean"), chosen=("chosen", "sum")).reset_index()
    return {"search.csv": mean.to_csv(index=False)}


def package_files(
    plan: Plan,
    image: ImageSettings,
    cases: Dataset,
    model_input: ModelInput,
    metrics: Metrics,
    refusal_digest: str,
    results: Sequence[Result],
) -> Files:
    """Return what is needed to use the models of the first fold as they were trained."""
    file, classes = plan.model.file, cases.cases.classes
    package = Package(
        model=plan.model_settings,
        classes=list(classes),
        positive=classes[-1],
        image=image,
        table=model_input.preparer,
        threshold=metrics.threshold.value,
        decides=plan.balance.decides,
        files={f"{one.job.path}/{file}": one.files[file] for one in _served(results)},
        refusal=refusal_digest,
        seimbang=__version__,
    )
    return {"model.json": dump(package)}


def digest_files(results: Sequence[Result]) -> Files:
    """Return the sha256 of every file of every job of the arm."""
    digests = {f"{one.job.path}/{name}": digest for one in results for name, digest in one.files.items()}
    return {DIGESTS: dump(digests)}


def _served(results: Sequence[Result]) -> list[Result]:
    """Return the results of the first fold, whose models are used afterwards."""
    return [one for one in results if one.job.fold.name == results[0].job.fold.name]


def fact_files(
    plan: Plan,
    shape: Shape,
    cases: Dataset,
    recipe: Recipe,
    findings: Sequence[Finding],
    quick: bool,
    results: Sequence[Result],
) -> Files:
    """Return what the arm is, and what the audit says of it."""
    leaks, classes, y = leaks_of(plan, findings), cases.cases.classes, cases.cases.y
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
        before=count(y[results[0].job.fold.train], classes),
        after=count(recipe.y, classes),
        synthetic=len(recipe.i),
        layers=plan.model.describe(shape, len(classes)),
        quick=quick,
        best_epoch=_best_epoch(results[0], plan.training.keep),
        jobs=[one.job.path for one in results],
        served=[one.job.path for one in _served(results)],
    )
    return {"arm.json": dump(facts)}


def _best_epoch(result: Result, keep: str) -> int:
    """Return the epoch whose weights are kept; 0 where nothing is trained in epochs."""
    if HISTORY not in result.files:
        return 0
    history = pd.read_csv(result.folder / HISTORY)
    epochs = history.epoch[history.best == 1] if keep == "best" else history.epoch
    return int(epochs.iloc[-1]) if len(epochs) else 0
