"""The steps of one arm: train, predict, evaluate, show."""

import hashlib
import io
from dataclasses import asdict
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import pandas as pd

from seimbang import __version__
from seimbang.datasets.base import CaseTable, Dataset
from seimbang.errors import IntegrityError
from seimbang.evaluation import compare, evaluate, read
from seimbang.imaging.files import write_atomic
from seimbang.progress import live
from seimbang.runs.context import Context
from seimbang.runs.pictures import examples, gallery
from seimbang.splits.base import Fold, Rows
from seimbang.study.schema import Plan
from seimbang.training.base import Epoch
from seimbang.training.device import choose
from seimbang.training.loop import Trainer, predict

WEIGHTS = "model.safetensors"
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
    """Train every fold that is not trained yet; the package of the arm holds the first one's weights."""
    for fold in run.folds_of(plan):
        step, inputs = f"{plan.slug}.train{fold.name}", run.inputs(plan)
        if not run.folder.done(step, inputs):
            run.folder.forget(_measuring(plan.slug))
            _train_fold(run, plan, fold, inputs)
            run.folder.finish(step, inputs, [run.fold_folder(plan, fold) / name for name in (WEIGHTS, "history.csv")])
    first = run.fold_folder(plan, run.folds_of(plan)[0])
    if first != run.arm_folder(plan):
        for name in (WEIGHTS, "history.csv"):
            write_atomic(run.arm_folder(plan) / name, (first / name).read_bytes())


def _train_fold(run: Context, plan: Plan, fold: Fold, inputs: str) -> None:
    """Train one fold, keeping a checkpoint after each epoch, and go on from the one that is there."""
    import torch
    from safetensors.torch import save

    folder = run.fold_folder(plan, fold)
    checkpoint = folder / "checkpoint.pt"
    torch.manual_seed(plan.training.seed)
    module = plan.model.build(run.shape, len(run.data.cases.classes))
    recipe = run.recipes[plan.slug, fold.name]
    y, augmentation = run.data.cases.y, run.study.image.augment
    trainer = Trainer(module, recipe, run.data.X, fold.validation, y, plan.balance, plan.training, augmentation)
    history = _restore(trainer, checkpoint, inputs)
    title = f"{plan.name}{f', fold {fold.name}' if fold.name else ''}"
    with live(title) as tick:
        for epoch in trainer.epochs():
            history.append(asdict(epoch))
            state = {"inputs": inputs, "history": history, "trainer": trainer.state()}
            buffer = io.BytesIO()
            torch.save(state, buffer)
            write_atomic(checkpoint, buffer.getvalue())
            run.folder.log("epoch", arm=plan.name, fold=fold.name, **asdict(epoch))
            tick(_line(epoch, plan.training.epochs))
    write_atomic(folder / "history.csv", pd.DataFrame(history).astype({"best": int}).to_csv(index=False))
    write_atomic(folder / WEIGHTS, save(trainer.result()))
    checkpoint.unlink(missing_ok=True)


def _restore(trainer: Trainer, checkpoint: Path, inputs: str) -> list[dict[str, Any]]:
    """Go on from the checkpoint when it is of the same inputs; return the history so far."""
    import torch

    if not checkpoint.is_file():
        return []
    try:
        state = torch.load(checkpoint, weights_only=True)
        if state["inputs"] != inputs:
            return []
        trainer.restore(state["trainer"])
    except (RuntimeError, KeyError, ValueError, EOFError, UnpicklingError) as error:
        found = f"{checkpoint} cannot be read ({type(error).__name__})"
        mend = "delete it; that arm is then trained from the start"
        raise IntegrityError("CHECKPOINT_DAMAGED", found, "the checkpoint of this arm", mend) from error
    history: list[dict[str, Any]] = state["history"]
    return history


def _line(epoch: Epoch, epochs: int) -> str:
    train = f"loss {epoch.loss:.3f}, accuracy {epoch.accuracy:.3f}"
    validation = f"validation loss {epoch.val_loss:.3f}, accuracy {epoch.val_accuracy:.3f}"
    best = ", best so far" if epoch.best else ""
    recall = f"minority recall {epoch.val_recall:.3f}"
    return f"epoch {epoch.epoch}/{epochs}: {train}; {validation}, {recall}{best} ({epoch.seconds:.1f} s)"


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
    from safetensors.torch import load

    module = plan.model.build(run.shape, len(run.data.cases.classes))
    module.load_state_dict(load((run.fold_folder(plan, fold) / WEIGHTS).read_bytes()))
    device = choose(module, plan.training.precision)
    module = device.place(module)
    data = run.data_of(plan.protocol)
    sets: list[tuple[str, Dataset, Rows]] = [
        ("train", data, fold.train),
        ("validation", data, fold.validation),
        ("test", data, fold.test),
        *((f"external:{name}", one, np.arange(len(one.cases))) for name, one in run.external.items()),
    ]
    frames = [_rows(name, fold.name, one.cases, rows, predict(module, one.X, rows, device)) for name, one, rows in sets]
    return pd.concat(frames, ignore_index=True)


def _rows(name: str, fold: str, cases: CaseTable, rows: Rows, p: Any) -> pd.DataFrame:
    frame = cases.frame.iloc[rows][["case_id", "group", "label"]].reset_index(drop=True)
    frame.insert(2, "fold", fold)
    frame.insert(3, "set", name)
    return frame.assign(**{f"p_{klass}": p[:, k] for k, klass in enumerate(cases.classes)})


def _package(run: Context, plan: Plan, threshold: float | None) -> dict[str, object]:
    weights = (run.arm_folder(plan) / WEIGHTS).read_bytes()
    return {
        "model": plan.model_settings,
        "classes": list(run.data.cases.classes),
        "positive": run.data.cases.classes[-1],
        "image": run.study.image.model_dump(mode="json"),
        "threshold": threshold,
        "decides": plan.balance.decides,
        "sha256": hashlib.sha256(weights).hexdigest(),
        "seimbang": __version__,
    }


def _facts(run: Context, plan: Plan) -> dict[str, object]:
    history = pd.read_csv(run.arm_folder(plan) / "history.csv")
    fold = run.folds_of(plan)[0]
    recipe = run.recipes[plan.slug, fold.name]
    last = history[history.best == 1] if plan.training.keep == "best" else history
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
        "training": plan.training.model_dump(mode="json"),
        "leaky": bool(leaks),
        "leaks": leaks,
        "before": run.counts(run.data.cases.y[fold.train]),
        "after": run.counts(recipe.y),
        "synthetic": len(recipe.i),
        "layers": [asdict(layer) for layer in plan.model.describe(run.shape, len(run.data.cases.classes))],
        "quick": run.quick,
        "best_epoch": int(last.epoch.iloc[-1]),
    }
