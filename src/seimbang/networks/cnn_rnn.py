"""A hybrid: convolutions find patterns, a recurrent layer reads them row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from seimbang.networks.base import Network
from seimbang.networks.cnn import Stack, Width, initialise, layers
from seimbang.networks.recurrent import Gru, Lstm, Recurrent
from seimbang.training.base import Layer, Shape

if TYPE_CHECKING:
    from torch import nn


class CnnRnn(Network):
    """Convolution, batch normalisation, ReLU and pooling in each stage; the maps' rows are the steps of an LSTM or GRU.

    Attributes:
        widths: Filters of each convolution, one a stage; a stage halves height and width.
        cell: What reads the rows.
        units: Length of the state of the recurrent layer and direction.
        bidirectional: Whether it also reads from the last row to the first.
        dense: Units of the hidden dense layer.
        dropout: Fraction of the hidden dense layer's outputs set to 0 while training.
    """

    title: ClassVar[str] = "convolutional network read by a recurrent one"
    widths: tuple[Width, ...] = Field((16, 32, 64), min_length=1, max_length=8, strict=False)
    cell: Literal["lstm", "gru"] = "lstm"
    units: int = Field(128, ge=1, le=4096)
    bidirectional: bool = False
    dense: int = Field(64, ge=1, le=4096)
    dropout: float = Field(0.5, ge=0, lt=1)

    def build(self, shape: Shape, classes: int) -> nn.Sequential:
        """Return the module for images of ``shape`` (h, w, c), with fresh weights from torch's global seed."""
        from torch import nn

        stack = self._stack(shape)
        module = self._reader().build((*stack.size, stack.channels), classes)
        module.steps = nn.Sequential(*stack.layers.values(), module.get_submodule("steps")).apply(initialise)
        return module

    def describe(self, shape: Shape, classes: int) -> list[Layer]:
        """Describe each layer of what ``build`` returns; shapes are (h, w, maps), (steps, values) or (values,)."""
        import torch
        from torch import nn

        with torch.device("meta"):
            stack = self._stack(shape)
            convolutions = layers(nn.Sequential(stack.layers), shape)
        return [*convolutions, *self._reader().describe((*stack.size, stack.channels), classes)]

    def _stack(self, shape: Shape) -> Stack:
        stack = Stack(shape)
        for width in self.widths:
            stack.convolve(width, 3)
            stack.pool("max")
        return stack

    def _reader(self) -> Recurrent:
        """Return the settings of the part that reads the maps."""
        kind = {"lstm": Lstm, "gru": Gru}[self.cell]
        return kind(units=self.units, bidirectional=self.bidirectional, dense=self.dense, dropout=self.dropout)
