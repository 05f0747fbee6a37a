"""The training loop: a generator of facts. Who calls it prints and saves."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from seimbang.balance.base import Balance, Recipe
from seimbang.errors import DataError
from seimbang.imaging.augment import UNCHANGED, Augmentation, augment
from seimbang.imaging.base import Normalise
from seimbang.imaging.cache import release
from seimbang.imaging.prepare import rescale_batch
from seimbang.networks.base import Layered
from seimbang.training import head
from seimbang.training.ahead import ahead
from seimbang.training.base import Epoch, State, TrainingSettings
from seimbang.training.device import Device, choose, mean_probabilities, to_batch
from seimbang.training.layout import Layout
from seimbang.training.loss import require_one_loss, weighted_smooth
from seimbang.training.optimizer import blend, make_optimizer, plateau, restore_optimizer, set_rates
from seimbang.training.temperature import scale_logits, temperature

if TYPE_CHECKING:
    import torch
    from torch import nn

Ints = npt.NDArray[np.int64]
Batch = tuple["torch.Tensor", "torch.Tensor"]
PARTS = 32
"""After so many batches the pixels read so far are let go."""


@dataclass
class Trainer:
    """Trains one network on one recipe.

    Every epoch draws its order, its dropout and the changes of its images from ``(seed, epoch)`` alone, so a run that
    was stopped after any epoch ends with the same weights as one that never was.

    Attributes:
        module: The network, with fresh weights.
        recipe: What to train on, as rows of ``X``.
        X: Pixels ``uint8[n, h, w, c]``, or rows ``float32[n, f]`` of features or of a table, which are never changed.
        validation: Rows of ``X`` to watch, never to train on.
        y: Labels of all rows of ``X``.
        balance: Gives class weights, loss, mixing, logit and head hooks.
        settings: The ``[training]`` table.
        augmentation: How training images are changed at random.
        normalise: The common scale to which they are brought once more, so that images in use are on theirs.
        layout: Of images in memory; measured unless given.
        layouts: File that keeps which layout is faster for all who work on a run.
        judged: What is validated and kept: the module itself, or one with the running average of its weights.
    """

    module: nn.Module
    recipe: Recipe
    X: npt.NDArray[Any]
    validation: Ints
    y: Ints
    balance: Balance
    settings: TrainingSettings
    augmentation: Augmentation = UNCHANGED
    normalise: Normalise = "none"
    layout: Layout | None = None
    layouts: Path | None = None
    device: Device = field(init=False)
    judged: nn.Module = field(init=False)
    best: dict[str, Any] = field(init=False, default_factory=dict)
    waited: int = field(init=False, default=0)
    done: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        shape = batch_shape(self.X.shape, self.settings.batch_size)
        self.device = choose(self.module, self.settings.precision, shape, self.layout, self.layouts)
        self.module = self.device.place(self.module)
        self.counts = np.bincount(self.recipe.y, minlength=int(self.y.max()) + 1).astype(np.int64)
        self.rarest = int(np.argmin(np.bincount(self.y[self.validation], minlength=len(self.counts))))
        self.criterion = self._criterion()
        if self.balance.retrains_head or self.settings.calibrate:
            head.layer(self.module)
        self.optimizer = make_optimizer(self.module, self.settings)
        self.scheduler = plateau(self.optimizer, self.settings)
        self.judged = copy.deepcopy(self.module) if self.settings.average else self.module

    def state(self) -> State:
        """Return what ``restore`` needs to go on after the last finished epoch."""
        return {
            "module": self.module.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict() if self.scheduler else {},
            "average": self.judged.state_dict() if self.settings.average else {},
            "best": self.best,
            "waited": self.waited,
            "done": self.done,
        }

    def restore(self, state: State) -> None:
        """Go on where ``state`` was taken."""
        self.module.load_state_dict(state["module"])
        restore_optimizer(self.optimizer, state["optimizer"])
        if self.scheduler:
            self.scheduler.load_state_dict(state["scheduler"])
        if self.settings.average:
            self.judged.load_state_dict(state["average"])
        self.best, self.waited, self.done = dict(state["best"]), state["waited"], state["done"]

    def epochs(self) -> Iterator[Epoch]:
        """Train, yielding after each epoch; stops early when the settings say so.

        Raises:
            DataError: The loss is no longer a finite number.
        """
        patience = self.settings.early_stopping
        while self.done < self.settings.epochs and not (patience and self.waited >= patience):
            started = time.perf_counter()
            loss, accuracy = self._pass(self.done + 1)
            val_loss, val_accuracy, val_recall = self._validate()
            lr = max(float(group["lr"]) for group in self.optimizer.param_groups)
            self.done += 1
            best = self._remember(val_loss)
            if self.scheduler:
                self.scheduler.step(val_loss)
            seconds = time.perf_counter() - started
            yield Epoch(self.done, loss, accuracy, val_loss, val_accuracy, val_recall, lr, seconds, best)

    def result(self) -> dict[str, torch.Tensor]:
        """Return the weights to keep, on the CPU, the last layer trained again and calibrated where that is wanted."""
        weights = self.best["weights"] if self.settings.keep == "best" else self.judged.state_dict()
        if self.balance.retrains_head:
            weights = {**weights, **self._head(weights)}
        if self.settings.calibrate:
            module = copy.deepcopy(self.module)
            module.load_state_dict(weights)
            p = predict(module, self.X, self.validation, self.device)
            weights = scale_logits(weights, temperature(p, self.y[self.validation]))
        return {name: value.detach().cpu().contiguous() for name, value in weights.items()}

    def _head(self, weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return the weights of the last layer, trained again on rows that ``balance`` makes of the features."""
        module = copy.deepcopy(self.module)
        module.load_state_dict(weights)
        features = head.features(module, self.recipe, self.X, self.device)
        rows = self.balance.head_rows(features, self.recipe.y, np.random.RandomState(self.settings.seed))
        return {} if rows is None else head.retrain(head.layer(module), rows, features, self.settings)

    def _criterion(self) -> nn.Module:
        import torch
        from torch import nn

        smoothing, loss = self.settings.label_smoothing, self.balance.loss(self.counts)
        require_one_loss(smoothing, self.balance)
        weights = self.balance.class_weights(self.counts)
        tensor = None if weights is None else torch.as_tensor(weights, dtype=torch.float32, device=self.device.name)
        if tensor is not None and smoothing:
            return weighted_smooth(tensor, smoothing)
        return loss or nn.CrossEntropyLoss(weight=tensor, label_smoothing=smoothing)

    def _pass(self, epoch: int) -> tuple[float, float]:
        """Train on every row once; return the mean loss and accuracy as they were while training."""
        import torch

        rng = np.random.default_rng([self.settings.seed, epoch])
        torch.manual_seed(int(rng.integers(2**31)))
        order, size = rng.permutation(len(self.recipe)), self.settings.batch_size
        first = int(rng.integers(2**62))
        if isinstance(self.module, Layered):
            self.module.begin_epoch(epoch)
        self.module.train()
        parts = np.split(order, range(size, len(order) - 1, size))  # a row left over joins the last batch
        sums = torch.zeros(2, dtype=torch.float64, device=self.device.name)  # read once: a GPU is not waited for
        makers: Iterator[Callable[[], Batch]] = (partial(self._batch, which, first, rng) for which in parts)
        with closing(ahead(makers)) as batches:
            for steps, batch in enumerate(batches, start=(epoch - 1) * len(parts)):
                set_rates(self.optimizer, self.settings, steps, len(parts))
                sums += self._step(*batch)
                if self.settings.average:
                    blend(self.judged, self.module, min(self.settings.average, (1 + steps) / (10 + steps)))
                if steps % PARTS == 0:
                    release(self.X)
        loss, accuracy = (sums / len(order)).tolist()
        if not np.isfinite(loss):
            raise DataError(
                "TRAIN_DIVERGED", f"a loss of {loss} in epoch {epoch}", "a finite loss", "lower the learning_rate"
            )
        return loss, accuracy

    def _batch(self, which: Ints, first: int, rng: np.random.Generator) -> Batch:
        """Make images ``float32[b, c, h, w]`` and labels ``int64[b]``, or ``float32[b, classes]`` where rows are mixed.

        Row ``k`` of the recipe is changed from the seed ``first + k``; a partner mixed in, from one of its own.
        """
        import torch

        y = self.recipe.y
        rows, labels = self._rows(which, first + which), torch.as_tensor(y[which])
        mixed = self.balance.mix(which, y, rng)
        if mixed:
            partners, delta = mixed[0], torch.as_tensor(mixed[1], dtype=torch.float32)
            others = self._rows(partners, first + len(y) + which)
            rows = rows + delta.to(rows.device).view(-1, *[1] * (rows.dim() - 1)) * (others - rows)
            one_hot = torch.eye(len(self.counts))
            labels = torch.lerp(one_hot[labels], one_hot[y[partners]], delta[:, None])
        return self.device.scale(rows) if rows.dim() == 4 else rows, labels.to(self.device.name)

    def _rows(self, which: Ints, seeds: Ints) -> torch.Tensor:
        """Return rows on the device; images as ``float32[b, c, h, w]`` in 0 ... 255, changed at random."""
        rows = self.device.put(self.recipe.draw(self.X, which))
        if rows.dim() != 4:
            return rows
        images = augment(rows.permute(0, 3, 1, 2), seeds, self.augmentation)
        return images if self.normalise == "none" else rescale_batch(images, self.normalise)

    def _step(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Move the weights; return the sum of the losses and how many answers are right, ``float64[2]``."""
        import torch

        with self.device.autocast():
            logits = self.module(images)
        loss = self.criterion(self.balance.adjust_logits(logits.float(), self.counts), labels)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        most = labels.argmax(1) if labels.is_floating_point() else labels
        right = (logits.detach().argmax(1) == most).sum()
        return torch.stack([loss.detach().double() * len(labels), right.double()])

    def _validate(self) -> tuple[float, float, float]:
        """Return loss, accuracy and recall of the rarest class on the validation rows."""
        y = self.y[self.validation]
        p = predict(self.judged, self.X, self.validation, self.device)
        hit = p.argmax(1) == y
        loss = -np.log(np.clip(p[np.arange(len(y)), y], 1e-12, None)).mean()
        return float(loss), float(hit.mean()), float(hit[y == self.rarest].mean())

    def _remember(self, val_loss: float) -> bool:
        """Keep a copy of the weights when the validation loss is the lowest so far."""
        better = not self.best or val_loss < self.best["loss"]
        self.waited = 0 if better else self.waited + 1
        if better:
            weights = {name: value.detach().clone() for name, value in self.judged.state_dict().items()}
            self.best = {"loss": val_loss, "epoch": self.done, "weights": weights}
        return better


def batch_shape(shape: tuple[int, ...], batch: int) -> tuple[int, ...]:
    """Return the shape ``(b, c, h, w)`` of a training batch of images ``[n, h, w, c]``; empty for other rows."""
    return (batch, shape[3], *shape[1:3]) if len(shape) == 4 else ()


def predict(
    module: nn.Module, X: npt.NDArray[Any], rows: Ints, device: Device, batch: int = 64, mirrored: bool = False
) -> npt.NDArray[np.float64]:
    """Return probabilities ``float64[len(rows), classes]`` of these rows of ``X``.

    With ``mirrored``, of images only, each is the mean of those of the image and of its mirror image.
    """
    import torch

    module.eval()
    parts = []
    with torch.inference_mode(), device.autocast():
        for start in range(0, len(rows), batch):
            release(X)
            images = to_batch(X[rows[start : start + batch]], device)
            parts.append(mean_probabilities(module, images, mirrored).cpu().numpy())
    return np.concatenate(parts)
