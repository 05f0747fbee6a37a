"""Convolutional networks as torch modules, initialised as Keras does, and described layer by layer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor, nn

from seimbang.training.base import Layer


class Stack:
    """Layers put one after the other, each fitting the map that the one before gives.

    Args:
        shape: Height, width and channels of the image.
    """

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.size, self.channels = shape[:2], shape[2]
        self.layers: OrderedDict[str, nn.Module] = OrderedDict()

    def convolve(self, width: int, kernel: int, stride: int = 1, norm: bool = True) -> None:
        """Add a convolution to ``width`` maps of the same size (divided by ``stride``), with ReLU."""
        self._add("conv", nn.Conv2d(self.channels, width, kernel, stride, kernel // 2, bias=not norm))
        self.size, self.channels = (-(-self.size[0] // stride), -(-self.size[1] // stride)), width
        if norm:
            self.normalise()
        self._add("relu", nn.ReLU())

    def normalise(self) -> None:
        """Add batch normalisation."""
        self._add("norm", nn.BatchNorm2d(self.channels))

    def pool(self, kind: Literal["average", "max"]) -> None:
        """Halve the map; a side of one pixel stays as it is."""
        block = (min(2, self.size[0]), min(2, self.size[1]))
        self._add("pool", nn.AvgPool2d(block) if kind == "average" else nn.MaxPool2d(block))
        self.size = (self.size[0] // block[0], self.size[1] // block[1])

    def drop(self, share: float) -> None:
        """Add dropout of single values."""
        self._add("drop", nn.Dropout(share))

    def _add(self, kind: str, layer: nn.Module) -> None:
        number = 1 + sum(name.startswith(kind) for name in self.layers)
        self.layers[f"{kind}{number}"] = layer


class ConvNet(nn.Module):
    """The convolutional part, the dense part, and ``out``, which turns features into logits.

    Args:
        stack: The convolutional part.
        dense: Units of the hidden dense layers.
        dropout: Fraction of the outputs of each of them set to 0 while training.
        classes: Number of logits.
        norm: Whether the hidden dense layers are batch-normalised.
    """

    def __init__(self, stack: Stack, dense: Sequence[int], dropout: float, classes: int, norm: bool = False) -> None:
        super().__init__()
        self.features = nn.Sequential(stack.layers)
        self.head = nn.Sequential(OrderedDict(flatten=nn.Flatten()))
        size = stack.channels * stack.size[0] * stack.size[1]
        for number, units in enumerate(dense, start=1):
            self.head.add_module(f"dense{number}", nn.Linear(size, units, bias=not norm))
            if norm:
                self.head.add_module(f"norm{number}", nn.BatchNorm1d(units))
            self.head.add_module(f"relu{number}", nn.ReLU())
            self.head.add_module(f"drop{number}", nn.Dropout(dropout))
            size = units
        self.out = nn.Linear(size, classes)
        self.apply(initialise)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits ``float[b, classes]`` of images ``float[b, c, h, w]`` in [0, 1]."""
        logits: Tensor = self.out(self.head(self.features(images)))
        return logits


def initialise(module: nn.Module) -> None:
    """Draw the weights of a layer as Keras does: Glorot-uniform, biases 0; channels last, a quarter faster on a CPU."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    if isinstance(module, nn.Conv2d):
        module.weight.data = module.weight.data.contiguous(memory_format=torch.channels_last)


def layers(module: nn.Module, shape: tuple[int, int, int]) -> list[Layer]:
    """Describe each layer of a network that ends in a dense layer, a ReLU together with the layer before it.

    Args:
        module: Its weights may lie on the device ``meta``: nothing is computed.
        shape: Height, width and channels of the image.
    """
    found = parts(module, shape)
    last = replace(found[-1], name="Dense (softmax)", purpose="Gives each class its probability.")
    return [*found[:-1], last]


def parts(module: nn.Module, shape: tuple[int, int, int]) -> list[Layer]:
    """Describe each layer of a part of a network; see ``layers``."""
    found: list[Layer] = []

    def note(layer: nn.Module, _: object, output: Tensor) -> None:
        if isinstance(layer, nn.ReLU):
            name, purpose = f"{found[-1].name} (ReLU)", f"{found[-1].purpose[:-1]}; ReLU keeps the positive part."
            found[-1] = replace(found[-1], name=name, purpose=purpose)
            return
        name, purpose = _explained(layer)
        size = tuple(output.shape[2:] + output.shape[1:2])
        found.append(Layer(name, size, sum(one.numel() for one in layer.parameters()), purpose))

    for layer in module.modules():
        if not list(layer.children()):
            layer.register_forward_hook(note)
    height, width, channels = shape
    module.eval()(torch.empty(1, channels, height, width, device=next(module.parameters()).device))
    return found


def _explained(layer: nn.Module) -> tuple[str, str]:
    """Return a layer's name and purpose."""
    if isinstance(layer, nn.Conv2d):
        (side, _), step = layer.kernel_size, " at every second pixel" if layer.stride[0] == 2 else ""
        return "Convolution", f"Looks for {layer.out_channels} learned patterns of {side} × {side} pixels{step}."
    if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
        return "Batch normalisation", "Brings the values to a common scale, so that training is faster and steadier."
    if isinstance(layer, nn.AvgPool2d):
        return "Average pooling", "Keeps the average of each small block: the map shrinks, small shifts matter less."
    if isinstance(layer, nn.MaxPool2d):
        return "Max pooling", "Keeps the largest value of each small block: the map shrinks, small shifts matter less."
    if isinstance(layer, nn.Dropout):
        return "Dropout", f"While training, sets {layer.p:.0%} of the values to 0: no single one is relied on."
    if isinstance(layer, nn.Flatten):
        return "Flatten", "Lays the maps out as one row of numbers."
    return "Dense", "Combines what the layers before found."
