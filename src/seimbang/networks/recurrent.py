"""Recurrent networks that read an image row by row, or column by column, as a sequence."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from seimbang.networks.base import Network
from seimbang.training.base import Layer, Shape

if TYPE_CHECKING:
    from torch import Tensor, nn


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

    def build(self, shape: Shape, classes: int) -> nn.Sequential:
        """Return the module for images of ``shape`` (h, w, c), with fresh weights from torch's global seed."""
        return recurrent_net(self._layers(shape), self.axis, self.dense, self.dropout, classes)

    def describe(self, shape: Shape, classes: int) -> list[Layer]:
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

    def _layers(self, shape: Shape) -> list[nn.RNNBase]:
        from torch import nn

        kinds: dict[str, Callable[..., nn.RNNBase]] = {"rnn": tanh_rnn(), "lstm": nn.LSTM, "gru": nn.GRU}
        sizes = self._inputs(self._steps(shape)[1])
        return [
            kinds[self.cell](size, self.units, batch_first=True, bidirectional=self.bidirectional) for size in sizes
        ]

    def _steps(self, shape: Shape) -> tuple[int, int]:
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


def recurrent_net(
    layers: Sequence[nn.RNNBase], axis: Literal["rows", "columns"], dense: int, dropout: float, classes: int
) -> nn.Sequential:
    """Return an image read step by step: ``steps``, ``recurrent``, ``dense`` with ReLU, ``dropout`` and ``out``.

    Args:
        layers: Recurrent layers, ``batch_first``, each fitting the one before.
        axis: What a step is.
        dense: Units of the hidden dense layer.
        dropout: Fraction of its outputs set to 0 while training.
        classes: Number of logits.
    """
    from torch import nn

    top, (steps, reader) = layers[-1], _parts()
    parts: OrderedDict[str, nn.Module] = OrderedDict(
        steps=steps(axis),
        recurrent=reader(*layers),
        dense=nn.Linear(top.hidden_size * (2 if top.bidirectional else 1), dense),
        relu=nn.ReLU(),
        dropout=nn.Dropout(dropout),
        out=nn.Linear(dense, classes),
    )
    return nn.Sequential(parts).apply(initialise)


def initialise(module: nn.Module) -> None:
    """Draw the weights of a layer as Keras does, in which the published networks were made.

    Input weights are Glorot-uniform, recurrent ones orthogonal, biases 0, but 1 for the forget gate of an LSTM. The
    second bias that torch gives RNN and LSTM only adds to the first: it stays 0, untrained, as Keras has none.
    """
    from torch import nn

    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)
    if not isinstance(module, nn.RNNBase):
        return
    for name, value in module.named_parameters():
        if name.startswith("bias"):
            nn.init.zeros_(value)
            value.requires_grad_(isinstance(module, nn.GRU) or "_ih_" in name)
        elif "_ih_" in name:
            nn.init.xavier_uniform_(value)
        else:
            nn.init.orthogonal_(value)
        if isinstance(module, nn.LSTM) and name.startswith("bias_ih"):
            nn.init.ones_(value.data[module.hidden_size : 2 * module.hidden_size])


# torch takes seconds to import and a study is checked without it: what derives from its classes is made in functions


@cache
def _parts() -> tuple[type[nn.Module], type[nn.Sequential]]:
    """Return the classes of the first two parts of a network: images -> steps, and steps -> the last state."""
    import torch
    from torch import nn

    class Steps(nn.Module):
        """``float[b, c, h, w]`` -> ``float[b, steps, features]``: one step a row or column, channels side by side."""

        def __init__(self, axis: str) -> None:
            super().__init__()
            self.order = (0, 2, 1, 3) if axis == "rows" else (0, 3, 1, 2)

        def forward(self, images: Tensor) -> Tensor:
            return images.permute(self.order).flatten(2)

    class Reader(nn.Sequential):
        """``float[b, steps, features]`` -> the last state of the top layer, of both directions where there are two."""

        def forward(self, sequence: Tensor) -> Tensor:
            for layer in self:
                sequence, _ = layer(sequence)
            units = self[-1].hidden_size
            return torch.cat([sequence[:, -1, :units], sequence[:, 0, units:]], 1)

    return Steps, Reader


@cache
def tanh_rnn() -> type[nn.RNN]:
    """Return the class of one layer of ``nn.RNN(batch_first=True)``, the same weights and results, faster on a CPU."""
    import torch
    from torch import nn
    from torch.nn import functional

    class TanhRnn(nn.RNN):
        def forward(self, sequence: Tensor, hx: Tensor | None = None) -> tuple[Tensor, Tensor]:  # type: ignore[override]
            """Return all states ``[b, steps, u * directions]`` and the last ones; it always starts from 0."""
            if sequence.is_cuda or torch.onnx.is_in_onnx_export():  # ONNX has no loop of ours, but an RNN
                return super().forward(sequence)
            steps = sequence.transpose(0, 1)
            states = [self._direction(steps, "")]
            if self.bidirectional:
                states.append(self._direction(steps.flip(0), "_reverse").flip(0))
            last = torch.stack([states[0][-1], *(back[0] for back in states[1:])])
            return torch.cat(states, 2).transpose(0, 1), last

        def _direction(self, steps: Tensor, suffix: str) -> Tensor:
            names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            w_in, w, b_in, b = (getattr(self, f"{name}_l0{suffix}") for name in names)
            projected = functional.linear(steps, w_in, b_in + b).to(w.dtype)  # autocast would make it bfloat16
            states: Tensor = scan()(projected, w)
            return states

    return TanhRnn


@cache
def scan() -> Callable[[Tensor, Tensor], Tensor]:
    """Return the loop of a tanh RNN over time: ``h_t = tanh(projected_t + W h_{t-1})``, ``h_0 = 0``.

    It takes ``projected``, ``[steps, b, u]``, and ``W``, and returns all states. torch's own takes nearly twice as long
    on a CPU: here a step is two operations, and the gradient of W one product.
    """
    import torch

    class Scan(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, projected: Tensor, weight: Tensor) -> Tensor:
            states = projected.new_zeros(len(projected) + 1, *projected.shape[1:])
            transposed = weight.t()
            for before, now, drive in zip(states[:-1], states[1:], projected, strict=True):
                torch.addmm(drive, before, transposed, out=now).tanh_()
            ctx.save_for_backward(states, weight)
            return states[1:]

        @staticmethod
        def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
            states, weight = ctx.saved_tensors
            inner = 1 - states[1:] ** 2
            carried = torch.zeros_like(states[0])
            for slope, grad in zip(reversed(inner.unbind()), reversed(grads[0].unbind()), strict=True):
                slope *= carried.add_(grad)
                torch.mm(slope, weight, out=carried)
            return inner, inner.flatten(0, 1).t() @ states[:-1].flatten(0, 1)

    run: Callable[[Tensor, Tensor], Tensor] = Scan.apply
    return run
