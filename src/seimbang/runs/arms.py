"""The steps of one arm: train, predict, evaluate, show."""

import hashlib
from dataclasses import asdict
from typing import Any

import pandas as pd

from seimbang import __version__
from seimbang.classical.base import Estimator
from seimbang.datasets.base import CaseTable
from seimbang.evaluation import compare, evaluate, read
from seimbang.imaging.files import write_atomic
from seimbang.networks.base import Network
from seimbang.runs import estimators, networks
from seimbang.runs.context import Context
from seimbang.runs.pictures import examples, gallery
from seimbang.splits.base import Fold, Rows
from seimbang.study.schema import Plan

MEASURED = ("predictions.csv", "metrics.json", "gallery.json", "examples.json", "model.json")


def forget_others(run: Context) -> None:
    """Take away the figures of arms that were not measured as the study now is: no reader may set them beside others.

    Weights and predictions stay, so an arm that is as it was again is only evaluated again.
    """
    known = {plan.slug for plan in run.study.plans() if measured(run, plan)}
    for file in run.folder.path.glob("arms/*/metrics.json"):
        if file.parent.name not in known:
            run.folder.forget(_measuring(file.parent.name))
            file.unlink()
            (run.folder.path / "comparisons.json").unlink(missing_ok=True)


def train(run: Context, plan: Plan) -> None:
    """Train every fold that is not trained yet; the package of the arm holds what the first one learned."""
    inputs, model = run.inputs(plan), plan.model
    folds = [fold for fold in run.folds_of(plan) if not run.folder.done(_training(plan, fold), inputs)]
    if folds:
        run.folder.forget(_measuring(plan.slug))
    if isinstance(model, Network):
        for fold in folds:
            run.folder.finish(_training(plan, fold), inputs, networks.train(run, plan, model, fold, inputs))
        networks.package(run, plan, model)
    elif isinstance(model, Estimator):
        for fold, written in zip(folds, estimators.train(run, plan, model, folds), strict=True):
            run.folder.finish(_training(plan, fold), inputs, written)
        estimators.package(run, plan)


def _training(plan: Plan, fold: Fold) -> str:
    return f"{plan.slug}.train{fold.name}"


def measure(run: Context, plan: Plan) -> None:
    """Predict every set in every fold, evaluate the predictions, and write everything a reader needs of the arm."""
    if measured(run, plan):
        return
    folder = run.arm_folder(plan)
    predictions = pd.concat([_predict_fold(run, plan, fold) for fold in run.folds_of(plan)], ignore_index=True)
    write_atomic(folder / "predictions.csv", predictions.to_csv(index=False, float_format="%.9f"))
    saved = read(folder)
    tuned = plan.balance.decides == "tuned"
    metrics = evaluate(saved, run.data.cases.classes, tuned=tuned)
    first = run.recipes[plan.slug, run.folds_of(plan)[0].name]
    arm = f"arms/{plan.slug}"
    run.folder.json(f"{arm}/metrics.json", metrics)
    run.folder.json(f"{arm}/gallery.json", gallery(run, plan, first))
    run.folder.json(f"{arm}/examples.json", examples(run, plan, saved, metrics["threshold"]["folds"] if tuned else {}))
    run.folder.json(f"{arm}/model.json", _package(run, plan, metrics["threshold"]["value"]))
    pictures = (file for kind in ("gallery", "examples") for file in folder.glob(f"{kind}/*.png"))
    run.folder.finish(_measuring(plan.slug), run.inputs(plan), [*(folder / name for name in MEASURED), *pictures])


def _measuring(slug: str) -> str:
    return f"{slug}.measure"


def measured(run: Context, plan: Plan) -> bool:
    """Whether the figures of an arm are there, and are of the study as it now is."""
    return run.folder.done(_measuring(plan.slug), run.inputs(plan))


def compare_all(run: Context) -> None:
    """Test every pair of arms of a protocol that are measured, in this run or an earlier one."""
    found = {}
    for protocol in run.study.protocols:
        plans = [plan for plan in run.study.plans() if plan.protocol == protocol]
        done = [plan for plan in plans if measured(run, plan)]
        tables = {plan.name: read(run.arm_folder(plan)) for plan in done}
        tuned = [plan.name for plan in done if plan.balance.decides == "tuned"]
        nothing: dict[str, Any] = {"arms": [], "sets": {}}
        found[protocol.name] = compare(tables, run.data.cases.classes, tuned=tuned) if tables else nothing
    run.folder.json("comparisons.json", found)


def describe(run: Context, plan: Plan) -> None:
    """Write what the arm is, as found by the audit of this very run."""
    run.folder.json(f"arms/{plan.slug}/arm.json", _facts(run, plan))


def _predict_fold(run: Context, plan: Plan, fold: Fold) -> pd.DataFrame:
    parts = run.parts_of(plan, fold)
    if isinstance(plan.model, Network):
        found = networks.predictions(run, plan, plan.model, fold, parts)
    else:
        found = estimators.predictions(run, plan, fold, parts)
    frames = [_rows(name, fold.name, one.cases, rows, p) for (name, one, rows), p in zip(parts, found, strict=True)]
    return pd.concat(frames, ignore_index=True)


def _rows(name: str, fold: str, cases: CaseTable, rows: Rows, p: Any) -> pd.DataFrame:
    frame = cases.frame.iloc[rows][["case_id", "group", "label"]].reset_index(drop=True)
    frame.insert(2, "fold", fold)
    frame.insert(3, "set", name)
    return frame.assign(**{f"p_{klass}": p[:, k] for k, klass in enumerate(cases.classes)})


def _package(run: Context, plan: Plan, threshold: float | None) -> dict[str, object]:
    learned = (run.arm_folder(plan) / plan.model.file).read_bytes()
    preparer = run.model_input(plan, run.folds_of(plan)[0]).preparer
    return {
        "model": plan.model_settings,
        "classes": list(run.data.cases.classes),
        "positive": run.data.cases.classes[-1],
        "image": run.study.image.model_dump(mode="json"),
        "table": None if preparer is None else preparer.to_json(),
        "threshold": threshold,
        "decides": plan.balance.decides,
        "sha256": hashlib.sha256(learned).hexdigest(),
        "seimbang": __version__,
    }


def _facts(run: Context, plan: Plan) -> dict[str, object]:
    history = pd.read_csv(run.arm_folder(plan) / "history.csv")
    fold = run.folds_of(plan)[0]
    recipe = run.recipes[plan.slug, fold.name]
    best = history[history.best == 1].epoch if "best" in history and plan.training.keep == "best" else history.epoch
    leaks = run.leaks[plan.slug]
    return {
        "name": plan.name,
        "arm": plan.arm.name,
        "protocol": plan.protocol.name,
        "slug": plan.slug,
        "balance": {"method": plan.arm.balance["method"], **plan.balance.model_dump(mode="json")},
        "balance_title": plan.balance.title,
        "model": plan.model_settings,
        "model_title": plan.model.title,
        "model_kind": "network" if isinstance(plan.model, Network) else "estimator",
        "training": plan.training.model_dump(mode="json"),
        "leaky": bool(leaks),
        "leaks": leaks,
        "before": run.counts(run.data_of(plan.protocol).cases.y[fold.train]),
        "after": run.counts(recipe.y),
        "synthetic": len(recipe.i),
        "layers": [asdict(layer) for layer in plan.model.describe(run.shape, len(run.data.cases.classes))],
        "quick": run.quick,
        "best_epoch": int(best.iloc[-1]) if len(best) else 0,
    }
