"""Convolutional networks: a general one, a standard one, and the one published for kidney stones."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from seimbang.networks.base import Network
from seimbang.training.base import Layer, Shape

if TYPE_CHECKING:
    from torch import Tensor, nn

Width = Annotated[int, Field(ge=1, le=4096)]

NORM = ("Batch normalisation", "Brings the values to a common scale, so that training is faster and steadier")
SHRINKS = "of each small block: the map shrinks, small shifts matter less"
PATTERNS = "Looks for {0.out_channels} learned patterns of {0.kernel_size[0]} × {0.kernel_size[1]} pixels"
EXPLAINED = {
    "Conv2d": ("Convolution", PATTERNS),
    "BatchNorm1d": NORM,
    "BatchNorm2d": NORM,
    "AvgPool2d": ("Average pooling", f"Keeps the average {SHRINKS}"),
    "MaxPool2d": ("Max pooling", f"Keeps the largest value {SHRINKS}"),
    "Dropout": ("Dropout", "While training, sets {0.p:.0%} of the values to 0: no single one is relied on"),
    "Flatten": ("Flatten", "Lays the maps out as one row of numbers"),
    "Linear": ("Dense", "Combines what the layers before found"),
}
"""Name and purpose of each kind of layer."""


class Convolutional(Network):
    """What both kinds share; see ``Cnn`` and ``KidneyCnn``."""

    def describe(self, shape: Shape, classes: int) -> list[Layer]:
        """Describe each layer of what ``build`` returns; shapes are (h, w, maps) or (values,)."""
        import torch

        with torch.device("meta"):
            *others, last = layers(self.build(shape, classes), shape)
        return [*others, replace(last, name="Dense (softmax)", purpose="Gives each class its probability.")]


class Cnn(Convolutional):
    """Stages of convolutions, each ending in pooling and dropout, then dense layers (LeCun 1998, Simonyan 2015).

    A stage halves height and width; a side that is one pixel long stays so. Dropout before batch normalisation makes
    the variances it keeps too large for evaluation (Li et al. 2019): where both are on, keep ``dropout`` small.

    Attributes:
        widths: Filters of each convolution, one number a stage.
        convolutions: Convolutions of each stage.
        kernel: Side of a filter in pixels.
        pooling: What is kept of each 2 x 2 block at the end of a stage.
        batch_norm: Whether each convolution is batch-normalised.
        dropout: Fraction of a stage's outputs set to 0 while training.
        dense: Units of the hidden dense layers; none is allowed.
        head_dropout: Fraction of the outputs of each of them set to 0 while training.
    """

    title: ClassVar[str] = "convolutional network"
    widths: tuple[Width, ...] = Field((8, 16, 32, 64), min_length=1, max_length=8, strict=False)
    convolutions: int = Field(1, ge=1, le=8)
    kernel: Literal[1, 3, 5, 7] = 3
    pooling: Literal["average", "max"] = "max"
    batch_norm: bool = True
    dropout: float = Field(0.1, ge=0, lt=1)
    dense: tuple[Width, ...] = Field((128,), max_length=4, strict=False)
    head_dropout: float = Field(0.5, ge=0, lt=1)

    def build(self, shape: Shape, classes: int) -> nn.Sequential:
        """Return the module for images of ``shape`` (h, w, c), with fresh weights from torch's global seed."""
        stack = Stack(shape)
        for width in self.widths:
            for _ in range(self.convolutions):
                stack.convolve(width, self.kernel, norm=self.batch_norm)
            stack.pool(self.pooling)
            stack.drop(self.dropout)
        return conv_net(stack, self.dense, self.head_dropout, classes)


class StandardCnn(Cnn):
    """The network that studies of images call a standard one: convolution, ReLU, pooling, then dense and dropout."""

    title: ClassVar[str] = "standard convolutional network"
    widths: tuple[Width, ...] = Field((32, 64, 128), min_length=1, max_length=8, strict=False)
    batch_norm: bool = False
    dropout: float = Field(0.0, ge=0, lt=1)


class KidneyCnn(Convolutional):
    """The network published for kidney stones on CT.

    It has 7 convolutions, 9 batch normalisations, 4 average poolings, 5 dropouts and 2 dense layers. The publication
    gives these counts only; order, widths and filter sizes are ours: the image is normalised and goes through four
    stages, their maps through a hidden dense layer, normalised too. A stage halves height and width (a side of one
    pixel stays so); the first convolution does so once more, or an epoch would take more than twice as long.
    Shapes of an image of 224 x 224 with the default settings:

    ========  ==============================================================  ============
    part      layers                                                          output
    ========  ==============================================================  ============
    input     normalisation                                                   224 x 224 x 1
    stage 1   convolution 5 x 5 at every second pixel; pooling, dropout      56 x 56 x 8
    stage 2   convolution 3 x 3, twice; pooling, dropout                      28 x 28 x 16
    stage 3   convolution 3 x 3, twice; pooling, dropout                      14 x 14 x 32
    stage 4   convolution 3 x 3, twice; pooling, dropout                      7 x 7 x 64
    dense     flattening (3136), dense, normalisation, ReLU, dropout          128
    out       dense, softmax                                                  classes
    ========  ==============================================================  ============

    After each convolution come normalisation and ReLU.

    Attributes:
        width: Filters of the first stage; each further stage has twice as many as the one before.
        dropout: Fraction of a stage's outputs set to 0 while training; small, see ``Cnn``.
        dense: Units of the hidden dense layer.
        head_dropout: Fraction of its outputs set to 0 while training.
    """

    title: ClassVar[str] = "convolutional network of the kidney-stone study"
    width: Width = 8
    dropout: float = Field(0.1, ge=0, lt=1)
    dense: Width = 128
    head_dropout: float = Field(0.5, ge=0, lt=1)

    def build(self, shape: Shape, classes: int) -> nn.Sequential:
        """Return the module for images of ``shape`` (h, w, c), with fresh weights from torch's global seed."""
        stack = Stack(shape)
        stack.normalise()
        stack.convolve(self.width, 5, stride=2)
        for stage in range(4):
            if stage:
                for _ in range(2):
                    stack.convolve(self.width * 2**stage, 3)
            stack.pool("average")
            stack.drop(self.dropout)
        return conv_net(stack, (self.dense,), self.head_dropout, classes, norm=True)


class Stack:
    """Layers put one after the other, each fitting the map that the one before gives.

    Args:
        shape: Height, width and channels of the image.
    """

    def __init__(self, shape: Shape) -> None:
        self.size, self.channels = shape[:2], shape[2]
        self.layers: OrderedDict[str, nn.Module] = OrderedDict()

    def convolve(self, width: int, kernel: int, stride: int = 1, norm: bool = True) -> None:
        """Add a convolution to ``width`` maps of the same size (divided by ``stride``), with ReLU."""
        from torch import nn

        self._add("conv", nn.Conv2d(self.channels, width, kernel, stride, kernel // 2, bias=not norm))
        self.size, self.channels = (-(-self.size[0] // stride), -(-self.size[1] // stride)), width
        if norm:
            self.normalise()
        self._add("relu", nn.ReLU())

    def normalise(self) -> None:
        """Add batch normalisation."""
        from torch import nn

        self._add("norm", nn.BatchNorm2d(self.channels))

    def pool(self, kind: Literal["average", "max"]) -> None:
        """Halve the map; a side of one pixel stays as it is."""
        from torch import nn

        block = (min(2, self.size[0]), min(2, self.size[1]))
        self._add("pool", nn.AvgPool2d(block) if kind == "average" else nn.MaxPool2d(block))
        self.size = (self.size[0] // block[0], self.size[1] // block[1])

    def drop(self, share: float) -> None:
        """Add dropout of single values."""
        from torch import nn

        self._add("drop", nn.Dropout(share))

    def _add(self, kind: str, layer: nn.Module) -> None:
        number = 1 + sum(name.startswith(kind) for name in self.layers)
        self.layers[f"{kind}{number}"] = layer


def conv_net(stack: Stack, dense: Sequence[int], dropout: float, classes: int, norm: bool = False) -> nn.Sequential:
    """Return ``features``, the convolutional part, ``head``, the dense part, and ``out``, which gives the logits.

    Args:
        stack: The convolutional part.
        dense: Units of the hidden dense layers.
        dropout: Fraction of the outputs of each of them set to 0 while training.
        classes: Number of logits.
        norm: Whether the hidden dense layers are batch-normalised.
    """
    from torch import nn

    head: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
    size = stack.channels * stack.size[0] * stack.size[1]
    for number, units in enumerate(dense, start=1):
        head[f"dense{number}"] = nn.Linear(size, units, bias=not norm)
        if norm:
            head[f"norm{number}"] = nn.BatchNorm1d(units)
        head[f"relu{number}"] = nn.ReLU()
        head[f"drop{number}"] = nn.Dropout(dropout)
        size = units
    features, out = nn.Sequential(stack.layers), nn.Linear(size, classes)
    return nn.Sequential(OrderedDict(features=features, head=nn.Sequential(head), out=out)).apply(initialise)


def initialise(module: nn.Module) -> None:
    """Draw the weights of a layer as Keras does: Glorot-uniform, biases 0; channels last, a quarter faster on a CPU."""
    import torch
    from torch import nn

    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    if isinstance(module, nn.Conv2d):
        module.weight.data = module.weight.data.contiguous(memory_format=torch.channels_last)


def layers(module: nn.Module, shape: Shape) -> list[Layer]:
    """Describe each layer of a network or of a part of one, a ReLU together with the layer before it.

    Args:
        module: Its weights may lie on the device ``meta``: nothing is computed.
        shape: Height, width and channels of the image.
    """
    import torch

    described: list[Layer] = []

    def note(layer: nn.Module, _: object, output: Tensor) -> None:
        if type(layer).__name__ == "ReLU":
            before = described.pop()
            purpose = f"{before.purpose[:-1]}; ReLU keeps the positive part."
            described.append(replace(before, name=f"{before.name} (ReLU)", purpose=purpose))
            return
        size = tuple(output.shape[2:] + output.shape[1:2])
        name, purpose = _explained(layer)
        described.append(Layer(name, size, sum(weight.numel() for weight in layer.parameters()), purpose))

    for layer in module.modules():
        if not list(layer.children()):
            layer.register_forward_hook(note)
    height, width, channels = shape
    module.eval()(torch.empty(1, channels, height, width, device=next(module.parameters()).device))
    return described


def _explained(layer: Any) -> tuple[str, str]:
    """Return a layer's name and purpose."""
    name, purpose = EXPLAINED[type(layer).__name__]
    step = " at every second pixel" if name == "Convolution" and layer.stride[0] == 2 else ""
    return name, f"{purpose.format(layer)}{step}."
