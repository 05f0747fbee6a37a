"""Training one fold of a network arm, so that it goes on where it was, and predicting with it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from seimbang.errors import IntegrityError, StudyError
from seimbang.imaging.augment import UNCHANGED
from seimbang.imaging.files import write_atomic
from seimbang.networks.base import Network
from seimbang.progress import live
from seimbang.runs.context import Context, Part
from seimbang.splits.base import Fold
from seimbang.study.schema import Plan
from seimbang.training.base import Epoch
from seimbang.training.device import Device, choose
from seimbang.training.loop import Trainer, predict

if TYPE_CHECKING:
    from torch import nn

HISTORY = "history.csv"


def train(run: Context, plan: Plan, model: Network, fold: Fold, inputs: str) -> list[Path]:
    """Train one fold, keeping a checkpoint after each epoch, and go on from the one that is there.

    Returns:
        The files written: weights and history.

    Raises:
        StudyError: VALIDATION_MISSING: there are no cases to choose the epoch on.
    """
    import torch
    from safetensors.torch import save

    if not len(fold.validation):
        fix = "set validation to a fraction such as 0.2"
        raise StudyError("VALIDATION_MISSING", f"no validation cases for {plan.name}", "some, for a network", fix)
    folder = run.fold_folder(plan, fold)
    trainer = _trainer(run, plan, model, fold)
    checkpoint = folder / "checkpoint.pt"
    history = _restore(trainer, checkpoint, inputs)
    with live(run.title(plan, fold)) as tick:
        for epoch in trainer.epochs():
            history.append(asdict(epoch))
            state = {"inputs": inputs, "history": history, "trainer": trainer.state()}
            buffer = io.BytesIO()
            torch.save(state, buffer)
            write_atomic(checkpoint, buffer.getvalue())
            run.folder.log("epoch", arm=plan.name, fold=fold.name, **asdict(epoch))
            tick(_line(epoch, plan.training.epochs))
    weights = trainer.result()
    if model.inputs is not None:
        whole = model.whole(weights, run.shape, len(run.data.cases.classes))
        weights = {name: value.contiguous() for name, value in whole.items()}
    write_atomic(folder / HISTORY, pd.DataFrame(history).astype({"best": int}).to_csv(index=False))
    write_atomic(folder / model.file, save(weights))
    checkpoint.unlink(missing_ok=True)
    return [folder / model.file, folder / HISTORY]


def _trainer(run: Context, plan: Plan, model: Network, fold: Fold) -> Trainer:
    import torch

    data, classes = run.data_of(plan.protocol), len(run.data.cases.classes)
    X = run.model_input(plan, fold).of(data)
    torch.manual_seed(plan.training.seed)
    on_features = model.inputs is not None
    module = model.head(X.shape[1], classes) if on_features else model.build(run.shape, classes)
    image = run.study.image
    augmentation = UNCHANGED if on_features else image.augment
    recipe = run.recipes[plan.slug, fold.name]
    return Trainer(
        module, recipe, X, fold.validation, data.cases.y, plan.balance, plan.training, augmentation, image.normalise
    )


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
        fix = "delete it; that arm is then trained from the start"
        raise IntegrityError("CHECKPOINT_DAMAGED", found, "the checkpoint of this arm", fix) from error
    history: list[dict[str, Any]] = state["history"]
    return history


def _line(epoch: Epoch, epochs: int) -> str:
    train = f"loss {epoch.loss:.3f}, accuracy {epoch.accuracy:.3f}"
    validation = f"validation loss {epoch.val_loss:.3f}, accuracy {epoch.val_accuracy:.3f}"
    best = ", best so far" if epoch.best else ""
    recall = f"minority recall {epoch.val_recall:.3f}"
    return f"epoch {epoch.epoch}/{epochs}: {train}; {validation}, {recall}{best} ({epoch.seconds:.1f} s)"


def predictions(
    run: Context, plan: Plan, model: Network, fold: Fold, sets: Sequence[Part]
) -> Iterator[npt.NDArray[np.float64]]:
    """Yield the probabilities ``float64[n, classes]`` of each of ``sets`` by the network of a fold."""
    model_input = run.model_input(plan, fold)
    classes = len(run.data.cases.classes)
    if model.inputs is not None:
        module = model.head(model_input.of(run.data).shape[1], classes)
    else:
        module = model.skeleton(run.shape, classes)
    device = learned(run, plan, model, fold, module)
    mirrored = run.study.image.flip_test and model.inputs is None
    for _, data, rows in sets:
        yield predict(module, model_input.of(data), rows, device, mirrored=mirrored)


def learned(run: Context, plan: Plan, model: Network, fold: Fold, module: nn.Module) -> Device:
    """Load what ``module``, the network of a fold or its head, has learned, and return the device that it is put on."""
    from safetensors.torch import load

    weights = load((run.fold_folder(plan, fold) / model.file).read_bytes())
    if model.inputs is not None:  # the module may be the head alone
        weights = {name: weights[name] for name in module.state_dict()}
    module.load_state_dict(weights)
    device = choose(module, plan.training.precision)
    device.place(module)
    return device


def package(run: Context, plan: Plan, model: Network) -> None:
    """Have the folder of the arm hold the weights and the history of its first fold."""
    first = run.fold_folder(plan, run.folds_of(plan)[0])
    if first != run.arm_folder(plan):
        for name in (model.file, HISTORY):
            write_atomic(run.arm_folder(plan) / name, (first / name).read_bytes())
