"""Convolutional networks: a general one, a standard one, and the one published for kidney stones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from seimbang.networks.base import Network
from seimbang.training.base import Layer

if TYPE_CHECKING:
    from seimbang.networks.cnn_net import ConvNet

Width = Annotated[int, Field(ge=1, le=4096)]


class Convolutional(Network):
    """What both kinds share; see ``Cnn`` and ``KidneyCnn``."""

    def describe(self, shape: tuple[int, int, int], classes: int) -> list[Layer]:
        """Describe each layer of what ``build`` returns; shapes are (h, w, maps) or (values,)."""
        import torch

        from seimbang.networks.cnn_net import layers

        with torch.device("meta"):
            return layers(self.build(shape, classes), shape)


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

    def build(self, shape: tuple[int, int, int], classes: int) -> ConvNet:
        """Return the module for images of ``shape`` (h, w, c), with fresh weights from torch's global seed."""
        from seimbang.networks.cnn_net import ConvNet, Stack

        stack = Stack(shape)
        for width in self.widths:
            for _ in range(self.convolutions):
                stack.convolve(width, self.kernel, norm=self.batch_norm)
            stack.pool(self.pooling)
            stack.drop(self.dropout)
        return ConvNet(stack, self.dense, self.head_dropout, classes)


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

    def build(self, shape: tuple[int, int, int], classes: int) -> ConvNet:
        """Return the module for images of ``shape`` (h, w, c), with fresh weights from torch's global seed."""
        from seimbang.networks.cnn_net import ConvNet, Stack

        stack = Stack(shape)
        stack.normalise()
        stack.convolve(self.width, 5, stride=2)
        for stage in range(4):
            if stage:
                for _ in range(2):
                    stack.convolve(self.width * 2**stage, 3)
            stack.pool("average")
            stack.drop(self.dropout)
        return ConvNet(stack, (self.dense,), self.head_dropout, classes, norm=True)
