"""What every model's settings offer: how it is made, what it sees, and a description of its layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from torch import Tensor, nn

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


class Classifier(Protocol):
    """A trained model of any kind."""

    def probabilities(self, X: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return the probabilities ``float64[n, classes]`` of rows as the model sees them."""


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


class Network(Model):
    """Settings of a network; ``build`` turns them into a module of ``float[b, c, h, w]`` in [0, 1] -> logits.

    The last layer is an ``nn.Linear`` called ``out``.
    """

    file: ClassVar[str] = "model.safetensors"

    def build(self, shape: Shape, classes: int) -> nn.Module:
        """Return the module for images of ``shape``, ready to be trained; new weights are from torch's global seed."""
        raise NotImplementedError

    def skeleton(self, shape: Shape, classes: int) -> nn.Module:
        """Return the same module for weights that are still to be loaded into it."""
        return self.build(shape, classes)

    def head(self, width: int, classes: int) -> nn.Module:
        """Return what is trained on ``inputs``, ``float[b, width]`` -> logits; only asked where there are any."""
        raise NotImplementedError

    def whole(self, head: dict[str, Tensor], shape: Shape, classes: int) -> dict[str, Tensor]:
        """Return the weights of the module with those of a trained ``head`` put in."""
        raise NotImplementedError


class Estimator(Model):
    """Settings of a classical model, which is fitted at once; see ``training/classical.py``."""

    file: ClassVar[str] = "model.skops"


@runtime_checkable
class Layered(Protocol):
    """A network whose layers learn at different rates, or begin to learn at different times."""

    def groups(self) -> list[tuple[float, list[nn.Parameter]]]:
        """Return the parameters that are ever trained, each list with the factor of its learning rate."""

    def begin_epoch(self, epoch: int) -> None:
        """Freeze and unfreeze what epoch 1, 2, ... trains; called before it, also where a training goes on."""
