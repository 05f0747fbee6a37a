"""Recurrent networks that read an image row by row, or column by column, as a sequence."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from seimbang.networks.base import Network
from seimbang.training.base import Layer

if TYPE_CHECKING:
    from seimbang.networks.recurrent_net import RecurrentNet


class Recurrent(Network):
    """What the three kinds share; see ``Rnn``, ``Lstm`` and ``Gru``.

    Attributes:
        units: Length of the state of each recurrent layer and direction.
        layers: Recurrent layers on top of each other.
        bidirectional: Whether each layer also reads from the last step to the first.
        axis: What one time step is: a row of pixels or a column.
        dense: Units of the hidden dense layer.
        dropout: Fraction of the hidden dense layer's outputs set to 0 while training.
    """

    cell: ClassVar[Literal["rnn", "lstm", "gru"]]
    layer_name: ClassVar[str]
    gates: ClassVar[int]
    biases: ClassVar[int] = 1
    purpose: ClassVar[str]
    units: int = Field(128, ge=1, le=4096)
    layers: int = Field(1, ge=1, le=8)
    bidirectional: bool = False
    axis: Literal["rows", "columns"] = "rows"
    dense: int = Field(64, ge=1, le=4096)
    dropout: float = Field(0.5, ge=0, lt=1)

    def build(self, shape: tuple[int, int, int], classes: int) -> RecurrentNet:
        """Return the module for images of ``shape`` (h, w, c), with fresh weights from torch's global seed."""
        from seimbang.networks.recurrent_net import CELLS, RecurrentNet, Sequence

        kind = CELLS[self.cell]
        stack = [
            kind(size, self.units, batch_first=True, bidirectional=self.bidirectional)
            for size in self._inputs(self._steps(shape)[1])
        ]
        return RecurrentNet(Sequence(self.axis), stack, self.dense, self.dropout, classes)

    def describe(self, shape: tuple[int, int, int], classes: int) -> list[Layer]:
        """Describe each layer of what ``build`` returns; parameters are the trained ones."""
        steps, features = self._steps(shape)
        width = self._width()
        read = f"Turns the image into {steps} time steps, one for each of its {self.axis}."
        layers = [Layer("Reshape", (steps, features), 0, read)]
        for number, size in enumerate(self._inputs(features), start=1):
            output = (width,) if number == self.layers else (steps, width)
            layers.append(Layer(self._layer_name(), output, self._parameters(size), self.purpose))
        dense = (width + 1) * self.dense
        out = (self.dense + 1) * classes
        rest = "Combines what the recurrent part remembered; ReLU keeps the positive part."
        drop = f"While training, sets {self.dropout:.0%} of the values to 0: no single one is relied on."
        return [
            *layers,
            Layer("Dense (ReLU)", (self.dense,), dense, rest),
            Layer("Dropout", (self.dense,), 0, drop),
            Layer("Dense (softmax)", (classes,), out, "Gives each class its probability."),
        ]

    def _steps(self, shape: tuple[int, int, int]) -> tuple[int, int]:
        """Return the number of time steps and the length of one."""
        height, width, channels = shape
        return (height, width * channels) if self.axis == "rows" else (width, height * channels)

    def _width(self) -> int:
        return self.units * (2 if self.bidirectional else 1)

    def _inputs(self, features: int) -> list[int]:
        return [features] + [self._width()] * (self.layers - 1)

    def _layer_name(self) -> str:
        return f"Bidirectional {self.layer_name}" if self.bidirectional else self.layer_name

    def _parameters(self, inputs: int) -> int:
        return self.gates * self._width() * (inputs + self.units + self.biases)


class Rnn(Recurrent):
    """SimpleRNN: ``h_t = tanh(W x_t + U h_{t-1} + b)``, the last state is the summary (Elman 1990)."""

    title: ClassVar[str] = "simple recurrent network"
    cell = "rnn"
    layer_name = "SimpleRNN (tanh)"
    gates = 1
    purpose = "Reads the steps in order; each new state mixes the step with what was remembered so far."


class Lstm(Recurrent):
    """LSTM: a memory cell with input, forget and output gates (Hochreiter & Schmidhuber 1997)."""

    title: ClassVar[str] = "long short-term memory network"
    cell = "lstm"
    layer_name = "LSTM"
    gates = 4
    purpose = "Reads the steps in order; gates decide what its memory takes in, keeps and gives out."


class Gru(Recurrent):
    """GRU: reset and update gates, the reset after the product with the state (Cho et al. 2014)."""

    title: ClassVar[str] = "gated recurrent unit network"
    cell = "gru"
    layer_name = "GRU"
    gates = 3
    biases = 2
    purpose = "Reads the steps in order; gates decide how much of the remembered state each step replaces."
