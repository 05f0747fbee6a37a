"""Fitting one fold of a classical arm: its choice among the candidates, its predictions, and its model."""

import io
import json
import time
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, cpu_count, delayed

from seimbang.classical.base import Estimator
from seimbang.classical.fit import fit
from seimbang.classical.saved import save
from seimbang.imaging.files import write_atomic
from seimbang.progress import live
from seimbang.runs.context import Context, Part
from seimbang.splits.base import Fold
from seimbang.study.schema import Plan

FIT, PROBABILITIES, SEARCH = "fit.json", "probabilities.npz", "search.csv"


@dataclass(frozen=True)
class Fit:
    """What is kept of one fold; the model as bytes only of the first one, which is served."""

    seconds: float
    engine: str
    search: list[dict[Hashable, Any]]
    probabilities: dict[str, npt.NDArray[np.float64]]
    model: bytes | None


def train(run: Context, plan: Plan, model: Estimator, folds: Sequence[Fold]) -> Iterator[list[Path]]:
    """Fit the folds, of a table several at once, and keep what each says of every set, and the first one's model.

    Yields:
        For each fold the files written.
    """
    work = (delayed(_fit)(*_task(run, plan, model, fold)) for fold in folds)
    jobs = cpu_count() if run.data.kind == "table" else 1
    with live(plan.name) as tick:
        for fold, found in zip(folds, Parallel(jobs, return_as="generator")(work), strict=True):
            folder = run.fold_folder(plan, fold)
            buffer = io.BytesIO()
            np.savez(buffer, allow_pickle=False, **found.probabilities)
            write_atomic(folder / PROBABILITIES, buffer.getvalue())
            kept = {"seconds": found.seconds, "engine": found.engine, "search": found.search}
            write_atomic(folder / FIT, json.dumps(kept))
            written = [folder / FIT, folder / PROBABILITIES]
            if found.model is not None:
                written.append(run.arm_folder(plan) / model.file)
                write_atomic(written[-1], found.model)
            run.folder.log("fit", arm=plan.name, fold=fold.name, seconds=found.seconds)
            tick(f"fold {fold.name or 1} of {len(run.folds_of(plan))} fitted and predicted ({found.seconds:.1f} s)")
            yield written


def _task(run: Context, plan: Plan, model: Estimator, fold: Fold) -> tuple[Any, ...]:
    """Return the arguments of ``_fit``."""
    data, model_input = run.data_of(plan.protocol), run.model_input(plan, fold)
    recipe, seen = run.recipes[plan.slug, fold.name], model_input.of(data)
    balance, seed = model_input.balance(plan.balance), plan.training.seed
    sets = {name: (seen if one is data else model_input.of(one), rows) for name, one, rows in run.parts_of(plan, fold)}
    first = fold is run.folds_of(plan)[0]
    return (model, recipe, seen, data.cases.y, data.cases.groups, balance, seed), sets, first


def _fit(
    arguments: tuple[Any, ...], sets: Mapping[str, tuple[npt.NDArray[Any], npt.NDArray[np.int64]]], first: bool
) -> Fit:
    started = time.perf_counter()
    fitted = fit(*arguments)
    probabilities = {name: fitted.probabilities(X[rows]) for name, (X, rows) in sets.items()}
    search = fitted.search.astype(object).where(fitted.search.notna(), None).to_dict("records")
    model = save(fitted) if first else None
    return Fit(time.perf_counter() - started, fitted.engine, search, probabilities, model)


def predictions(run: Context, plan: Plan, fold: Fold, sets: Sequence[Part]) -> Iterator[npt.NDArray[np.float64]]:
    """Yield the probabilities ``float64[n, classes]`` of each of ``sets``, as kept when the fold was fitted."""
    with np.load(run.fold_folder(plan, fold) / PROBABILITIES, allow_pickle=False) as kept:
        for name, _, _ in sets:
            yield kept[name]


def package(run: Context, plan: Plan) -> None:
    """Write how the candidates did, on average over the folds, as ``search.csv``, where there were several.

    Nothing is learned by epochs: the history is empty.
    """
    write_atomic(run.arm_folder(plan) / "history.csv", "epoch,loss,accuracy,val_loss,val_accuracy,val_recall\n")
    folds = run.folds_of(plan)
    rows = [pd.DataFrame(json.loads((run.fold_folder(plan, fold) / FIT).read_text())["search"]) for fold in folds]
    table = pd.concat(rows)
    parameters = [name for name in table if name not in ("mean", "sd", "metric", "chosen")]
    if not parameters:
        return
    over = table.groupby([*parameters, "metric"], sort=False, dropna=False)
    mean = over.agg(mean=("mean", "mean"), sd=("sd", "mean"), chosen=("chosen", "sum")).reset_index()
    write_atomic(run.arm_folder(plan) / SEARCH, mean.to_csv(index=False))
