"""What training and every kind of model share: settings, facts of an epoch, and what is done with a model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core.core_schema import ValidationInfo

from seimbang.balance.base import Balance, Recipe
from seimbang.errors import IntegrityError, ResourceError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.files import file_digest

if TYPE_CHECKING:
    from torch import Tensor, nn

Ints = npt.NDArray[np.int64]


class TrainingSettings(BaseModel):
    """The ``[training]`` table of a study.

    Attributes:
        optimizer: Adam, AdamW or SGD (with Nesterov momentum 0.9).
        learning_rate: Step size at the start.
        weight_decay: L2 penalty (decoupled for AdamW).
        epochs: Upper bound on passes over the training rows.
        batch_size: Rows a step.
        early_stopping: Stop after this many epochs without a lower validation loss; 0 never stops early.
        reduce_lr: Multiply the learning rate by 0.1 after this many epochs without a lower validation loss; 0 never.
        schedule: How the learning rate goes on: ``constant``, or along a ``cosine`` to 0 at the end of the last epoch.
        warmup: Share of the epochs in which the learning rate of the cosine first rises from 0, batch by batch.
        label_smoothing: Share of each label that is given to all classes alike; only with cross-entropy.
        average: Decay of a running average of the weights, such as 0.99, which is then validated and kept instead of
            the weights themselves; 0 for none.
        keep: Which weights are the result: those of the epoch with the lowest validation loss, or the last ones.
        calibrate: Whether the logits are divided by the temperature that makes the validation loss smallest; the
            likeliest class stays, its probability comes to mean what it says.
        precision: ``"auto"`` uses bfloat16 (and channels_last) where the network has convolutions and the machine
            computes in bfloat16; ``"float32"`` never does.
        seed: Seed of weights, order, dropout, balancing and augmentation.
        seeds: How many trainings of each fold, with ``seed``, ``seed + 1``, ...: what a method gives varies with it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    learning_rate: float = Field(1e-3, gt=0, le=10)
    weight_decay: float = Field(0.0, ge=0)
    epochs: int = Field(50, ge=1, le=10_000)
    batch_size: int = Field(16, ge=2, le=4096)
    early_stopping: int = Field(0, ge=0)
    reduce_lr: int = Field(0, ge=0)
    schedule: Literal["constant", "cosine"] = "constant"
    warmup: float = Field(0.0, ge=0, le=0.9)
    label_smoothing: float = Field(0.0, ge=0, le=1)
    average: float = Field(0.0, ge=0, lt=1)
    keep: Literal["best", "last"] = "best"
    calibrate: bool = False
    precision: Literal["auto", "float32"] = "auto"
    seed: int = Field(0, ge=0, le=2**31 - 1)
    seeds: int = Field(1, ge=1, le=100)

    @field_validator("schedule")
    @classmethod
    def _one_hand(cls, schedule: str, info: ValidationInfo) -> str:
        if schedule == "cosine" and info.data.get("reduce_lr"):
            raise ValueError("'constant' where reduce_lr lowers the learning rate")
        return schedule

    @field_validator("warmup")
    @classmethod
    def _warms_up_a_cosine(cls, warmup: float, info: ValidationInfo) -> float:
        if warmup and info.data.get("schedule") == "constant":
            raise ValueError("0 with a constant schedule")
        return warmup


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training rows gave; ``val_recall`` is that of the class rarest in validation."""

    epoch: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    val_recall: float
    lr: float
    seconds: float
    best: bool


State = Mapping[str, Any]
"""Everything a stopped training needs to go on: plain containers and tensors, safe to load with ``weights_only``."""

Shape = tuple[int, int, int]
"""Height, width and channels of an image; a row of a table is ``(1, f, 1)``."""


@dataclass(frozen=True)
class Layer:
    """One line of the architecture as a reader sees it: name, output shape without the batch, parameters, purpose."""

    name: str
    shape: tuple[int, ...]
    parameters: int
    purpose: str


def to_tensor(rows: npt.NDArray[Any]) -> Tensor:
    """Return pixels ``[b, h, w, c]`` in 0 ... 255 as ``float32[b, c, h, w]`` in [0, 1], as every network takes them.

    Rows ``[b, f]`` of features or of a table stay as they are, ``float32[b, f]``.
    """
    import torch

    batch = torch.from_numpy(np.asarray(rows, np.float32))
    return batch.div(255).permute(0, 3, 1, 2) if batch.dim() == 4 else batch


def digest(path: Path) -> str:
    """Return the sha256 of a file that a user names, such as one of weights.

    Raises:
        ResourceError: WEIGHTS_MISSING: there is no such file.
    """
    sha256 = file_digest(path)
    if not sha256:
        found = f"no readable file {path}"
        raise ResourceError("WEIGHTS_MISSING", found, "a .safetensors or .pth file", "correct 'weights'")
    return sha256


class Features(BaseModel):
    """What a model sees of an image: a function of each image alone, in which nothing is learned from the data.

    Equal keys give equal features, so they are computed once and kept.

    Class attributes:
        images: Whether they are images still, which training may change at random and prediction may mirror.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    images: ClassVar[bool] = False

    def extract(self, X: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
        """Return the features ``float32[n, f]`` of images ``uint8[n, h, w, c]``, a block of images at a time."""
        raise NotImplementedError

    def layer(self, shape: Shape) -> Layer:
        """Describe what is made of an image of ``shape``: the shape is that of one row, its purpose a sentence."""
        raise NotImplementedError

    def reads(self) -> tuple[Path, ...]:
        """Return the files, named by the user, whose content decides what the features are."""
        return ()

    def key(self) -> list[str]:
        """Return all that the features depend on besides the images: settings, and the digest of each file read."""
        return [type(self).__name__, self.model_dump_json(), *map(digest, self.reads())]


class Pixels(Features):
    """The pixels as they are, or the prepared columns of a table."""

    images: ClassVar[bool] = True

    def extract(self, X: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return ``X`` itself."""
        return X

    def layer(self, shape: Shape) -> Layer:
        """Describe an image as one row of numbers; ``(1, f, 1)`` is a row of a table."""
        if shape[0] == shape[2] == 1:
            return Layer("Columns", (shape[1],), 0, "Takes the prepared columns of a case.")
        return Layer("Pixels", (int(np.prod(shape)),), 0, "Lays the pixels out as one row of numbers.")


class Classifier(Protocol):
    """A trained model of any kind."""

    def probabilities(self, X: npt.NDArray[Any], rows: Ints | None = None) -> npt.NDArray[np.float64]:
        """Return the probabilities ``float64[n, classes]`` of ``rows`` of what the model sees, or of all of it."""

    @property
    def network(self) -> nn.Module | None:
        """The network, ``float[b, c, h, w]`` in [0, 1] -> logits; None of a classical model."""


class Model(BaseModel):
    """Settings of a model.

    Class attributes:
        kind: Which ``Learner`` trains it.
        title: How reports call it.
        file: Name of the file that holds what was learned.
        takes_rows: Whether it can learn from the rows of a table; from images every model can.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    kind: ClassVar[Literal["network", "classical"]]
    title: ClassVar[str]
    file: ClassVar[str]
    takes_rows: ClassVar[bool]

    @property
    def extractor(self) -> Features:
        """What the model sees of an image while it is trained."""
        return Pixels()

    def reads(self) -> tuple[Path, ...]:
        """Return the files, named by the user, whose content decides what is learned."""
        return self.extractor.reads()

    def describe(self, shape: Shape, classes: int) -> list[Layer]:
        """Describe each layer or stage for inputs of ``shape``."""
        raise NotImplementedError


@dataclass(frozen=True)
class Task:
    """All that a learner is told of a job; equal tasks give equal bits, whoever works on them.

    Attributes:
        model: What to train.
        training: The ``[training]`` table of the arm, its seed that of the job.
        balance: Gives class weights, loss, mixing, logit and head hooks.
        recipe: What to train on, as rows of ``X``.
        X: What the model sees of all cases: ``uint8[n, h, w, c]`` or ``float32[n, f]``; never changed.
        y: Labels of all rows of ``X``.
        groups: Which rows belong together, such as a patient's, for all rows of ``X``.
        validation: Rows of ``X`` to choose an epoch on, never to train on.
        shape: Height, width and channels of an image, also where the model sees features of it.
        classes: How many there are.
        image: The ``[image]`` table.
        title: How progress calls the job.
        kept: Whether the model itself is wanted afterwards, not only what it predicts.
        layouts: File that keeps which memory layout is faster for all who work on the run; None for the cache folder's.
    """

    model: Model
    training: TrainingSettings
    balance: Balance
    recipe: Recipe
    X: npt.NDArray[Any]
    y: Ints
    groups: npt.NDArray[Any]
    validation: Ints
    shape: Shape
    classes: int
    image: ImageSettings
    title: str
    kept: bool = True
    layouts: Path | None = None


@dataclass(frozen=True)
class Labels:
    """What is known of a task before any value of a case is.

    Attributes:
        y: Labels of the training rows.
        groups: Which of them belong together.
        validation: How many cases there are to choose an epoch on.
        shape: Of what the model sees of one case.
    """

    y: Ints
    groups: npt.NDArray[Any]
    validation: int
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Progress:
    """What a learner reports on the way.

    Attributes:
        line: For a reader.
        facts: For the log: plain values.
        state: Returns with what ``train`` goes on from here after a kill, empty where it cannot; to be called before
            the next step is asked for.
    """

    line: str
    facts: dict[str, Any]
    state: Callable[[], bytes] = bytes


HISTORY, SEARCH = "history.csv", "search.json"
"""Files of a job: the epochs of a network; the candidates of a classical model and how each did."""


@dataclass(frozen=True)
class Learned:
    """What came out of a job.

    Attributes:
        classifier: Ready to predict.
        files: What is kept, by file name: the model's own file where it was wanted, the history of a network, the
            search of a classical model. No times: equal tasks give equal bytes.
    """

    classifier: Classifier
    files: dict[str, bytes]


class Learner(ABC):
    """What is done with a model of one kind; there is one for networks and one for classical models."""

    @abstractmethod
    def train(self, task: Task, state: bytes = b"") -> Generator[Progress, None, Learned]:
        """Train, yielding after each step that can be said or kept, and return what was learned.

        Args:
            task: What to do.
            state: Of a ``Progress`` of the same task, to go on there; empty to begin.
        """

    @abstractmethod
    def require(self, model: Model, training: TrainingSettings, balance: Balance, labels: Labels) -> None:
        """Check, without training, what can be told from the labels alone.

        Raises:
            StudyError, DataError: What ``train`` would raise.
        """

    @abstractmethod
    def load(self, model: Model, learned: bytes, shape: Shape, classes: int, image: ImageSettings) -> Classifier:
        """Return the classifier that ``model.file`` holds, for use on single cases: equal bytes give equal numbers.

        It takes images ``uint8[n, h, w, c]``, or the prepared rows of a table, also where the model was trained on
        features of the images.

        Raises:
            IntegrityError: MODEL_DAMAGED, MODEL_UNTRUSTED or MODEL_CLASSES.
        """


def unfit(model: Model, classes: int) -> IntegrityError:
    """Return the error for a file that holds another model than its package says."""
    found = f"a {model.title} in {model.file} that does not fit the settings and {classes} classes of its package"
    return IntegrityError("MODEL_CLASSES", found, "the classes it was trained on", "run the study again")
