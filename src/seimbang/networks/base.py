"""What every network's settings offer: how it is built, and a description of its layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from seimbang.training.base import Model, Shape

if TYPE_CHECKING:
    from torch import Tensor, nn


class Network(Model):
    """Settings of a network; ``build`` turns them into a module of ``float[b, c, h, w]`` in [0, 1] -> logits.

    The last layer is an ``nn.Linear`` called ``out``.
    """

    kind = "network"
    file: ClassVar[str] = "model.safetensors"
    takes_rows: ClassVar[bool] = False

    def build(self, shape: Shape, classes: int) -> nn.Module:
        """Return the module for images of ``shape``, ready to be trained; new weights are from torch's global seed."""
        raise NotImplementedError

    def skeleton(self, shape: Shape, classes: int) -> nn.Module:
        """Return the same module for weights that are still to be loaded into it."""
        return self.build(shape, classes)

    def trained(self, shape: Shape, classes: int) -> nn.Module:
        """Return what is trained on what ``extractor`` gives of images of ``shape``: all of the module, or its head."""
        return self.build(shape, classes)

    def whole(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the weights of the module, given those of what was ``trained``."""
        return weights


@runtime_checkable
class Layered(Protocol):
    """A network whose layers learn at different rates, or begin to learn at different times."""

    def groups(self) -> list[tuple[float, list[nn.Parameter]]]:
        """Return the parameters that are ever trained, each list with the factor of its learning rate."""

    def begin_epoch(self, epoch: int) -> None:
        """Freeze and unfreeze what epoch 1, 2, ... trains; called before it, also where a training goes on."""
