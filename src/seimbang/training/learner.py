"""What is done with a network: trained epoch by epoch, to go on where it was, and loaded for single cases."""

from __future__ import annotations

import io
from collections.abc import Generator
from dataclasses import asdict, dataclass
from functools import partial
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from seimbang.balance.base import Balance
from seimbang.errors import IntegrityError, StudyError
from seimbang.imaging.augment import UNCHANGED
from seimbang.imaging.base import ImageSettings
from seimbang.networks.base import Network
from seimbang.training.base import (
    HISTORY,
    Epoch,
    Ints,
    Labels,
    Learned,
    Learner,
    Model,
    Progress,
    Shape,
    Task,
    TrainingSettings,
    to_tensor,
    unfit,
)
from seimbang.training.device import Device, mean_probabilities
from seimbang.training.loop import Trainer, predict
from seimbang.training.loss import require_one_loss

if TYPE_CHECKING:
    from torch import nn

DAMAGED = (RuntimeError, KeyError, TypeError, ValueError, EOFError, UnpicklingError)
"""What torch raises on bytes that are not, or no longer, what it saved."""


class NetworkLearner(Learner):
    """Trains a network, or its last layer alone where the rest is frozen."""

    def train(self, task: Task, state: bytes = b"") -> Generator[Progress, None, Learned]:
        """Train, yielding after each epoch.

        Raises:
            StudyError: VALIDATION_MISSING: there are no cases to choose the epoch on.
            IntegrityError: CHECKPOINT_DAMAGED: ``state`` cannot be read, or is of another network.
            DataError: TRAIN_DIVERGED.
        """
        _require_validation(len(task.validation))
        trainer = _trainer(task)
        history = _restore(trainer, state) if state else []
        for epoch in trainer.epochs():
            facts = asdict(epoch)
            history.append({key: value for key, value in facts.items() if key != "seconds"})
            yield Progress(_line(epoch, task.training.epochs), facts, partial(_state, trainer, history))
        return _learned(task, trainer, history)

    def require(self, model: Model, training: TrainingSettings, balance: Balance, labels: Labels) -> None:
        """Check the validation part, the loss and what the balancing method needs.

        Raises:
            StudyError: VALIDATION_MISSING, LOSS_SMOOTHED.
            DataError: See ``Balance.require``.
        """
        _require_validation(labels.validation)
        require_one_loss(training.label_smoothing, balance)
        balance.require(labels.shape, labels.y)

    def load(self, model: Model, learned: bytes, shape: Shape, classes: int, image: ImageSettings) -> OneByOne:
        """Return the whole network, also where only its last layer was trained.

        Raises:
            IntegrityError: MODEL_DAMAGED: these are no weights. MODEL_CLASSES: they are none of this network.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load

        network = cast(Network, model).skeleton(shape, classes)
        try:
            weights = load(learned)
        except (SafetensorError, *DAMAGED) as error:
            found = f"weights that cannot be read ({type(error).__name__})"
            raise IntegrityError("MODEL_DAMAGED", found, "the file as it was saved", "run the study again") from error
        try:
            network.load_state_dict(weights)
        except RuntimeError as error:
            raise unfit(model, classes) from error
        return OneByOne(network.eval(), _mirrored(model, image))


def _require_validation(cases: int) -> None:
    if not cases:
        fix = "set validation to a fraction such as 0.2"
        raise StudyError("VALIDATION_MISSING", "no validation cases", "some, for a network", fix)


@dataclass(frozen=True)
class InBatches:
    """A trained network as a ``Classifier`` of many cases.

    Attributes:
        module: The network, or the last layer of one, which takes features.
        device: Where it is.
        mirrored: Whether the mean of an image and its mirror image counts.
    """

    module: nn.Module
    device: Device
    mirrored: bool

    def probabilities(self, X: npt.NDArray[Any], rows: Ints | None = None) -> npt.NDArray[np.float64]:
        """Return the probabilities ``float64[n, classes]`` of ``rows`` of what it was trained on, or of all."""
        which = np.arange(len(X)) if rows is None else rows
        return predict(self.module, X, which, self.device, mirrored=self.mirrored)

    @property
    def network(self) -> nn.Module:
        """What was trained."""
        return self.module


@dataclass(frozen=True)
class OneByOne:
    """A network as a ``Classifier`` that sees one image at a time: no other image changes the last digits.

    Attributes:
        network: In evaluation mode.
        mirrored: Whether the mean of an image and its mirror image counts.
    """

    network: nn.Module
    mirrored: bool

    def probabilities(self, X: npt.NDArray[Any], rows: Ints | None = None) -> npt.NDArray[np.float64]:
        """Return the probabilities ``float64[n, classes]`` of ``rows`` of images ``uint8[n, h, w, c]``, or of all."""
        import torch

        images = to_tensor(X if rows is None else X[rows])
        with torch.inference_mode():
            p = [mean_probabilities(self.network, image[None], self.mirrored)[0].numpy() for image in images]
        return np.stack(p)


def _trainer(task: Task) -> Trainer:
    """Return the trainer of a task, its weights drawn from the seed."""
    import torch

    model, image = cast(Network, task.model), task.image
    torch.set_num_threads(1)  # an orthogonal matrix has other last bits with more; the trainer then takes its own
    torch.manual_seed(task.training.seed)
    return Trainer(
        model.trained(task.shape, task.classes),
        task.recipe,
        task.X,
        task.validation,
        task.y,
        task.balance,
        task.training,
        image.augment if model.extractor.images else UNCHANGED,
        image.normalise,
        layouts=task.layouts,
    )


def _mirrored(model: Model, image: ImageSettings) -> bool:
    return image.flip_test and model.extractor.images


def _state(trainer: Trainer, history: list[dict[str, Any]]) -> bytes:
    import torch

    buffer = io.BytesIO()
    torch.save({"history": history, "trainer": trainer.state()}, buffer)
    return buffer.getvalue()


def _restore(trainer: Trainer, state: bytes) -> list[dict[str, Any]]:
    """Have the trainer go on from ``state``; return the history so far."""
    import torch

    try:
        content = torch.load(io.BytesIO(state), map_location="cpu", weights_only=True)
        trainer.restore(content["trainer"])
        history: list[dict[str, Any]] = content["history"]
    except DAMAGED as error:
        found = f"a checkpoint that cannot be read ({type(error).__name__})"
        fix = "delete it; that arm is then trained from the start"
        raise IntegrityError("CHECKPOINT_DAMAGED", found, "the checkpoint of this arm", fix) from error
    return history


def _learned(task: Task, trainer: Trainer, history: list[dict[str, Any]]) -> Learned:
    from safetensors.torch import save

    model, weights = cast(Network, task.model), trainer.result()
    trainer.module.load_state_dict(weights)
    classifier = InBatches(trainer.module, trainer.device, _mirrored(model, task.image))
    files = {HISTORY: pd.DataFrame(history).astype({"best": int}).to_csv(index=False).encode()}
    if task.kept:
        whole = model.whole(weights)
        files[model.file] = save({name: value.contiguous() for name, value in whole.items()})
    return Learned(classifier, files)


def _line(epoch: Epoch, epochs: int) -> str:
    """Say how an epoch went, what matters most first: a narrow terminal shows only the beginning."""
    validation = f"validation loss {epoch.val_loss:.3f}, accuracy {epoch.val_accuracy:.3f}"
    train = f"training loss {epoch.loss:.3f}, accuracy {epoch.accuracy:.3f}"
    best = ", best so far" if epoch.best else ""
    done = f"epoch {epoch.epoch}/{epochs}: minority recall {epoch.val_recall:.3f}"
    return f"{done}; {validation}; {train}{best} ({epoch.seconds:.1f} s)"
