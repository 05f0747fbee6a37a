"""Settings and facts of training."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, field_validator, model_serializer
from pydantic_core.core_schema import ValidationInfo


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
