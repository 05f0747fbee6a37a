"""The recurrent networks as torch modules, initialised as Keras does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional


class Sequence(nn.Module):
    """``float[b, c, h, w]`` -> ``float[b, steps, features]``: one step a row or column, channels side by side."""

    def __init__(self, axis: Literal["rows", "columns"]) -> None:
        super().__init__()
        self.order = (0, 2, 1, 3) if axis == "rows" else (0, 3, 1, 2)

    def forward(self, images: Tensor) -> Tensor:
        """Return the steps."""
        return images.permute(self.order).flatten(2)


class _Scan(torch.autograd.Function):
    """The loop of a tanh RNN over time: ``h_t = tanh(projected_t + W h_{t-1})``, ``h_0 = 0``, all ``[steps, b, u]``.

    torch's own takes nearly twice as long on a CPU: here a step is two operations, and the gradient of W one product.
    """

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


class TanhRnn(nn.RNN):
    """One layer of ``nn.RNN(batch_first=True)``, the same weights and results, in less time on a CPU."""

    def forward(self, sequence: Tensor, hx: Tensor | None = None) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """Return all states ``[b, steps, u * directions]`` and the last ones; it always starts from 0."""
        if sequence.is_cuda:
            return super().forward(sequence)
        steps = sequence.transpose(0, 1)
        states = [self._direction(steps, "")]
        if self.bidirectional:
            states.append(self._direction(steps.flip(0), "_reverse").flip(0))
        last = torch.stack([states[0][-1], *(back[0] for back in states[1:])])
        return torch.cat(states, 2).transpose(0, 1), last

    def _direction(self, steps: Tensor, suffix: str) -> Tensor:
        w_in, w, b_in, b = (getattr(self, f"{n}_l0{suffix}") for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
        projected = functional.linear(steps, w_in, b_in + b).to(w.dtype)  # autocast would make it bfloat16
        states: Tensor = _Scan.apply(projected, w)  # type: ignore[no-untyped-call]
        return states


CELLS: dict[str, Callable[..., nn.RNNBase]] = {"rnn": TanhRnn, "lstm": nn.LSTM, "gru": nn.GRU}


class RecurrentNet(nn.Module):
    """An image read step by step; the last state goes through Dense ReLU, Dropout and Dense to the logits.

    Args:
        steps: Turns images into sequences ``float[b, steps, features]``.
        layers: Recurrent layers, ``batch_first``, each fitting the one before.
        dense: Units of the hidden dense layer.
        dropout: Fraction of its outputs set to 0 while training.
        classes: Number of logits.
    """

    def __init__(self, steps: nn.Module, layers: list[nn.RNNBase], dense: int, dropout: float, classes: int) -> None:
        super().__init__()
        top = layers[-1]
        self.steps = steps
        self.recurrent = nn.ModuleList(layers)
        self.dense = nn.Linear(top.hidden_size * (2 if top.bidirectional else 1), dense)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(dense, classes)
        self.units = top.hidden_size
        self.apply(initialise)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits ``float[b, classes]`` of images ``float[b, c, h, w]`` in [0, 1]."""
        sequence = self.steps(images)
        for layer in self.recurrent:
            sequence, _ = layer(sequence)
        last = torch.cat([sequence[:, -1, : self.units], sequence[:, 0, self.units :]], 1)
        logits: Tensor = self.out(self.dropout(functional.relu(self.dense(last))))
        return logits


def initialise(module: nn.Module) -> None:
    """Draw the weights of a layer as Keras does, in which the published networks were made.

    Input weights are Glorot-uniform, recurrent ones orthogonal, biases 0, but 1 for the forget gate of an LSTM. The
    second bias that torch gives RNN and LSTM only adds to the first: it stays 0, untrained, as Keras has none.
    """
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
