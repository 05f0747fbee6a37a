"""What training and every kind of model share: settings, facts of an epoch, and how a model describes itself."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, field_validator, model_serializer
from pydantic_core.core_schema import ValidationInfo

from seimbang.balance.base import Balance, Recipe
from seimbang.imaging.base import ImageSettings

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
        seed: Seed of weights, order and dropout.
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
    seed: int = Field(0, ge=0)

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

    @model_serializer(mode="wrap")
    def _without_extras_off(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # what was trained before there were such extras keeps its hash
        off = {"schedule": "constant", "warmup": 0.0, "label_smoothing": 0.0, "average": 0.0, "calibrate": False}
        return {key: value for key, value in dump(self).items() if key not in off or value != off[key]}


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


class Features(BaseModel):
    """What a model sees instead of pixels: a function of each image alone, in which nothing is learned from the data.

    Equal settings give equal features, so they are computed once and kept.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    def extract(self, X: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return the features ``float32[n, f]`` of images ``uint8[n, h, w, c]``, a block of images at a time."""
        raise NotImplementedError

    def width(self, shape: Shape) -> int:
        """Return how many features an image of ``shape`` has."""
        return int(np.prod(shape))


class Classifier(Protocol):
    """A trained model of any kind."""

    def probabilities(self, X: npt.NDArray[Any], rows: Ints | None = None) -> npt.NDArray[np.float64]:
        """Return the probabilities ``float64[n, classes]`` of ``rows`` of what the model sees, or of all of it."""


class Model(BaseModel):
    """Settings of a model.

    Class attributes:
        title: How reports call it.
        file: Name of the file that holds what was learned.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    title: ClassVar[str]
    file: ClassVar[str]

    @property
    def inputs(self) -> Features | None:
        """What the model sees instead of pixels; None for the pixels themselves, or the prepared rows of a table."""
        return None

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


@dataclass(frozen=True)
class Progress:
    """What a learner reports on the way.

    Attributes:
        line: For a reader.
        facts: For the log: plain values.
        state: With which ``train`` goes on from here after a kill; empty where it cannot.
    """

    line: str
    facts: dict[str, Any]
    state: bytes = b""


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
            state: Of the last ``Progress`` of the same task, to go on there; empty to begin.
        """

    @abstractmethod
    def load(self, model: Model, learned: bytes, shape: Shape, classes: int, image: ImageSettings) -> Classifier:
        """Return the classifier that ``model.file`` holds, for use on single cases: equal bytes give equal numbers.

        Raises:
            IntegrityError: MODEL_DAMAGED, MODEL_UNTRUSTED or MODEL_CLASSES.
        """
