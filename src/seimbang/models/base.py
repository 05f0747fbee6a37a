"""What every model's settings offer: a builder and a description of its layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Layer:
    """One line of the architecture as a reader sees it: name, output shape without the batch, parameters, purpose."""

    name: str
    shape: tuple[int, ...]
    parameters: int
    purpose: str


class Model(BaseModel):
    """Settings of a network; ``build`` turns them into a module of ``float[b, c, h, w]`` in [0, 1] -> logits."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    title: ClassVar[str]

    def build(self, shape: tuple[int, int, int], classes: int) -> nn.Module:
        """Return the module for images of ``shape`` (h, w, c), with fresh weights from torch's global seed."""
        raise NotImplementedError

    def describe(self, shape: tuple[int, int, int], classes: int) -> list[Layer]:
        """Describe each layer of what ``build`` returns."""
        raise NotImplementedError
