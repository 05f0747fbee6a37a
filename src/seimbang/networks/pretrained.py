"""Networks pretrained on ImageNet, fine-tuned: which layers stay as they are, and where the weights come from."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, field_validator

from seimbang.errors import StudyError
from seimbang.networks.backbone import Backbone, Fetch
from seimbang.networks.backbones import BACKBONES, SMALLEST, check_size, named
from seimbang.networks.base import Network
from seimbang.networks.freezing import Step
from seimbang.networks.network_features import NetworkFeatures
from seimbang.networks.weights import initialise, named_file
from seimbang.training.base import Features, Layer, Pixels, Shape

if TYPE_CHECKING:
    from torch import Tensor, nn

    from seimbang.networks.pretrained_net import PretrainedNet


class Pretrained(Network):
    """A network pretrained on ImageNet, with a new last layer; greyscale is repeated to three channels.

    Frozen batch normalisation keeps the statistics it was pretrained with.

    Attributes:
        weights: File of weights, ``.safetensors`` or ``.pth``; empty for the published ones, ``"random"`` for none.
        fetch: Whether published weights may be downloaded: ``"never"``, ``"when needed"`` (they are not in torch's
            cache), or ``"only"`` (anew, whatever is in the cache). A file and a package are never downloaded.
        freeze: How many of the first layers stay as they are, counted as Keras counts them (ResNet-50 has 175: input,
            padding, convolution, normalisation, activation and sum are each one), or ``"stage2"`` for all up to that
            stage (``"stage0"`` is the stem), or ``"all"``: only the last layer is trained, on features computed once.
        unfreeze_every: Train only the last layer at first, and one stage more after each so many epochs, from the last
            down to what ``freeze`` names; 0 trains all from the beginning (Howard & Ruder 2018).
        decay: Each stage learns at this fraction of the rate of the one above it; 1 at the same.
        dropout: Fraction of the features set to 0 while training.
    """

    backbone: ClassVar[str]
    smallest: ClassVar[int] = SMALLEST
    weights: str = ""
    fetch: Fetch = "when needed"
    freeze: int | str = 0
    unfreeze_every: int = Field(0, ge=0)
    decay: float = Field(1.0, gt=0, le=1)
    dropout: float = Field(0.2, ge=0, lt=1)

    @field_validator("freeze")
    @classmethod
    def _within_layers(cls, freeze: int | str) -> int | str:
        backbone = BACKBONES.get(cls.backbone)
        if backbone and (wrong := not_frozen(freeze, backbone)):
            raise ValueError(wrong)
        return freeze

    @property
    def of(self) -> str:
        """Name of the backbone, see ``backbones.named``."""
        return self.backbone

    @property
    def extractor(self) -> Features:
        """The features of the backbone where all of it is frozen, else the pixels."""
        return self._features if self.freeze == "all" else Pixels()

    @property
    def _features(self) -> NetworkFeatures:
        return NetworkFeatures(backbone=self.of, weights=self.weights, fetch=self.fetch)

    def reads(self) -> tuple[Path, ...]:
        """Return the file of weights, where one is named."""
        return named_file(self.weights)

    def build(self, shape: Shape, classes: int) -> nn.Module:
        """Return the module with its pretrained weights and a new last layer, drawn from torch's global seed.

        Raises:
            StudyError: MODEL_SIZE, WEIGHTS_ARCHITECTURE, WEIGHTS_CLASSES or WEIGHTS_FETCH.
            IntegrityError: WEIGHTS_DIGEST or WEIGHTS_UNREADABLE.
            ResourceError: WEIGHTS_MISSING or EXTRA_MISSING.
        """
        module = self.skeleton(shape, classes)
        initialise(module, named(self.of), self.weights, self.fetch)
        return module

    def skeleton(self, shape: Shape, classes: int) -> PretrainedNet:
        """Return the module with random weights, frozen as it is trained.

        Raises:
            StudyError: MODEL_SIZE: the images are too small for the network. FREEZE_BEYOND: it has fewer layers.
            ResourceError: EXTRA_MISSING.
        """
        from seimbang.networks.pretrained_net import PretrainedNet

        check_size(self.of, shape)
        backbone = named(self.of)
        if wrong := not_frozen(self.freeze, backbone):
            raise StudyError("FREEZE_BEYOND", f"freeze = {self.freeze!r} for {self.of}", wrong, "set another 'freeze'")
        module = PretrainedNet(backbone, self.dropout, classes)
        steps = backbone.steps(module.body)
        # in order, as the optimizer of a resumed training knows its state by place
        stages = [
            list(dict.fromkeys(step.part for step in steps if step.stage == n and step.part))
            for n in range(len(backbone.stages))
        ]
        module.freeze({step.part for step in self._frozen(steps) if step.part}, stages)
        module.decay, module.unfreeze_every = self.decay, self.unfreeze_every
        return module

    def trained(self, shape: Shape, classes: int) -> nn.Module:
        """Return what ``build`` does, or where all but the last layer is frozen, dropout and that layer alone."""
        from torch import nn

        if self.freeze != "all":
            return self.build(shape, classes)
        out = nn.Linear(named(self.of).features, classes)
        return nn.Sequential(OrderedDict(dropout=nn.Dropout(self.dropout), out=out))

    def whole(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the weights of the whole network, its last layer the trained one."""
        return {**self._features.network().state_dict(), **weights} if self.freeze == "all" else weights

    def describe(self, shape: Shape, classes: int) -> list[Layer]:
        """Describe each stage; parameters are the trained ones, shapes are (h, w, maps) or (values,)."""
        import torch

        backbone = named(self.of)
        with torch.device("meta"):
            module = self.skeleton(shape, classes)
            traced = backbone.traced(module.body, shape[:2])
        size = (*shape[:2], 3)
        layers = [
            Layer("Input normalisation", size, 0, "Brings the colours to the scale the network was pretrained on.")
        ]
        parts = dict(module.body.named_modules())
        for number, trained in enumerate(module.stages):
            stage = [step for step in traced if step.stage == number]
            names = {step.part for step in stage if step.part}
            weights = [weight for name in names for weight in parts[name].parameters()]
            maps = stage[-1].shape
            layers.append(_stage(number, (*maps[1:], maps[0]), _size(trained), _size(weights)))
        features, out = backbone.features, (backbone.features + 1) * classes
        drop = f"While training, sets {self.dropout:.0%} of the values to 0: no single one is relied on."
        return [
            *layers,
            Layer("Average pooling", (features,), 0, "Keeps the average of each map."),
            Layer("Dropout", (features,), 0, drop),
            Layer("Dense (softmax)", (classes,), out, "Gives each class its probability."),
        ]

    def _frozen(self, steps: list[Step]) -> list[Step]:
        """Return the layers that stay as they are."""
        if isinstance(self.freeze, int):
            return steps[: self.freeze]
        last = steps[-1].stage if self.freeze == "all" else int(self.freeze.removeprefix("stage"))
        return [step for step in steps if step.stage <= last]


def not_frozen(freeze: int | str, backbone: Backbone) -> str:
    """Say what ``freeze`` should be where it does not fit the network; ``""`` where it does."""
    last = len(backbone.stages) - 1
    if isinstance(freeze, int):
        fits = 0 <= freeze <= backbone.layers
        return "" if fits else f"from 0 to {backbone.layers}, the layers without the classifier"
    if freeze == "all" or (re.fullmatch(r"stage\d+", freeze) and int(freeze[5:]) <= last):
        return ""
    return f"a number of layers, 'stage0' to 'stage{last}', or 'all'"


def _size(weights: Iterable[nn.Parameter]) -> int:
    return sum(weight.numel() for weight in weights)


def _stage(number: int, shape: tuple[int, ...], trained: int, total: int) -> Layer:
    """Describe the stem or a stage, of whose weights some or none may be trained."""
    patterns = "larger and more complex patterns in what was found so far" if number else "edges and colours"
    share = "its" if not trained else f"{total - trained:,} of its {total:,}"
    kept = f"; {share} weights stay as they were pretrained" if trained < total else ""
    name = f"Convolution stage {number}" if number else "Convolution stem"
    return Layer(name, shape, trained, f"Looks for {patterns}{kept}.")


class Resnet18(Pretrained):
    """ResNet-18: two convolutions a block, their result added to the block's input (He et al. 2016)."""

    title: ClassVar[str] = "ResNet-18, pretrained on ImageNet"
    backbone = "resnet18"


class Resnet34(Pretrained):
    """ResNet-34, see ``Resnet18``."""

    title: ClassVar[str] = "ResNet-34, pretrained on ImageNet"
    backbone = "resnet34"


class Resnet50(Pretrained):
    """ResNet-50: three convolutions a block, the stride in the second (He et al. 2016)."""

    title: ClassVar[str] = "ResNet-50, pretrained on ImageNet"
    backbone = "resnet50"


class Resnet101(Pretrained):
    """ResNet-101, see ``Resnet50``."""

    title: ClassVar[str] = "ResNet-101, pretrained on ImageNet"
    backbone = "resnet101"


class Densenet121(Pretrained):
    """DenseNet-121: each layer sees the maps of all layers before it in its block (Huang et al. 2017)."""

    title: ClassVar[str] = "DenseNet-121, pretrained on ImageNet"
    backbone = "densenet121"


class EfficientnetB0(Pretrained):
    """EfficientNet-B0: separable convolutions that weigh their maps (Tan & Le 2019)."""

    title: ClassVar[str] = "EfficientNet-B0, pretrained on ImageNet"
    backbone = "efficientnet_b0"


class EfficientnetLite0(Pretrained):
    """EfficientNet-Lite0: B0 without the weighing of maps, with ReLU6; its weights come in a package."""

    title: ClassVar[str] = "EfficientNet-Lite0, pretrained on ImageNet"
    backbone = "efficientnet_lite0"


class Timm(Pretrained):
    """A network of the library timm, made by ``name = "timm:resnet50d"``; convolutional ones take any size.

    Its stages are what its modules of the highest level are.

    Attributes:
        network: timm's name of it.
    """

    title: ClassVar[str] = "network of timm, pretrained on ImageNet"
    backbone = "timm"
    network: str = "resnet18"

    @property
    def of(self) -> str:
        """Name of the backbone, see ``backbones.named``."""
        return f"timm:{self.network}"
