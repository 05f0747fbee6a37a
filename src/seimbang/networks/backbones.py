"""The pretrained backbones by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from seimbang.errors import StudyError
from seimbang.networks.backbone import Backbone, missing
from seimbang.networks.freezing import residual_steps
from seimbang.networks.timm_backbones import timm_backbone

if TYPE_CHECKING:
    from torch import Tensor, nn

    State = dict[str, Tensor]

LITE = ((127 / 255,) * 3, (128 / 255,) * 3)

SMALLEST = 32
"""Sides of an image from which on each backbone's last map has a pixel."""


def _resnet(block: str, blocks: list[int]) -> nn.Module:
    """Return MONAI's ResNet with torchvision's layers and names, without the classifier."""
    from monai.networks.nets.resnet import ResNet

    return ResNet(
        block,
        blocks,
        [64, 128, 256, 512],
        spatial_dims=2,
        conv1_t_size=7,
        conv1_t_stride=2,
        bias_downsample=False,
        feed_forward=False,
    )


def _densenet121() -> nn.Module:
    from monai.networks.nets.densenet import DenseNet121
    from torch import nn

    module = DenseNet121(spatial_dims=2, in_channels=3, out_channels=1)
    module.class_layers.out = nn.Identity()
    return module


def _densenet_names(state: State) -> State:
    """Name torchvision's weights as MONAI does; the published file writes ``norm.1`` for ``norm1``."""
    return {
        re.sub(r"(denselayer\d+)\.(norm|conv)\.?([12])\.", r"\1.layers.\2\3.", key): tensor
        for key, tensor in state.items()
    }


def _efficientnet_b0() -> nn.Module:
    """Return MONAI's EfficientNet-B0 as torchvision computes it: symmetric padding, its constants of batch norm."""
    from monai.networks.nets.efficientnet import EfficientNetBN
    from torch import nn

    norm = ("batch", {"eps": 1e-5, "momentum": 0.1})
    module: Any = EfficientNetBN("efficientnet-b0", pretrained=False, norm=norm)
    for part in list(module.modules()):
        for name, child in list(part.named_children()):
            if name.endswith("_padding"):
                setattr(part, name, nn.Identity())
            elif name == "_swish":
                setattr(part, name, nn.SiLU(inplace=True))
            elif isinstance(child, nn.Conv2d):
                child.padding = (child.kernel_size[0] // 2, child.kernel_size[1] // 2)
    return _headless(module)


def _headless(module: Any) -> nn.Module:
    """Return an EfficientNet without its dropout and classifier."""
    from torch import nn

    module._dropout, module._fc = nn.Identity(), nn.Identity()
    network: nn.Module = module
    return network


def _efficientnet_names(state: State) -> State:
    """Name torchvision's weights of EfficientNet-B0 as MONAI does.

    torchvision numbers the parts of a block: the first block has no expansion, so its numbers are one less.
    """
    stem = {"features.0.0": "_conv_stem", "features.0.1": "_bn0", "features.8.0": "_conv_head", "features.8.1": "_bn1"}
    repeats, parts = (1, 2, 2, 3, 3, 4, 1), ("_expand_conv _bn0", "_depthwise_conv _bn1", "", "_project_conv _bn2")
    number = 0
    for stage, count in enumerate(repeats):
        for block in range(count):
            theirs, ours = f"features.{stage + 1}.{block}.block", f"_blocks.{stage}.{number}"
            for at, pair in enumerate(parts if stage else parts[1:]):
                names = pair.split() or ["_se_reduce", "_se_expand"]
                ends = ("0", "1") if pair else ("fc1", "fc2")
                stem |= {f"{theirs}.{at}.{end}": f"{ours}.{name}" for end, name in zip(ends, names, strict=True)}
            number += 1
    renamed = {}
    for key, tensor in state.items():
        layer, _, kind = key.rpartition(".")
        renamed[f"{stem.get(layer, layer)}.{kind}"] = tensor
    return renamed


def _efficientnet_lite0() -> nn.Module:
    """Return the network of the package ``efficientnet-lite-pytorch``, without dropout and classifier."""
    try:
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise missing("efficientnet-lite-pytorch", "pretrained") from error
    return _headless(EfficientNet.from_name("efficientnet-lite0"))


def check_size(name: str, shape: tuple[int, ...]) -> None:
    """See that images of ``shape`` (h, w, c) are large enough for a backbone.

    Raises:
        StudyError: MODEL_SIZE: they are not.
    """
    if min(shape[:2]) < SMALLEST:
        found, expected = f"images of {shape[0]} x {shape[1]} pixels for {name}", f"{SMALLEST} x {SMALLEST} at least"
        raise StudyError("MODEL_SIZE", found, expected, "set a larger image.size, or another network")


def _residual(block: str, blocks: list[int], features: int, weights: str) -> Backbone:
    stages = (("conv1", "bn1", "act", "maxpool"), *((f"layer{stage}.",) for stage in range(1, 5)))
    layers = len(residual_steps(block, blocks))
    return Backbone(lambda: _resnet(block, blocks), features, layers, stages, weights, residual=(block, blocks))


def _stages(prefix: str, ends: list[int]) -> tuple[tuple[str, ...], ...]:
    """Return the names of blocks that are numbered through, the stages ending before the numbers in ``ends``."""
    return tuple(
        tuple(f"{prefix}{number}." for number in range(start, end))
        for start, end in zip([0, *ends], ends, strict=False)
    )


BACKBONES = {
    "resnet18": _residual("basic", [2, 2, 2, 2], 512, "resnet18-f37072fd.pth"),
    "resnet34": _residual("basic", [3, 4, 6, 3], 512, "resnet34-b627a593.pth"),
    "resnet50": _residual("bottleneck", [3, 4, 6, 3], 2048, "resnet50-11ad3fa6.pth"),
    "resnet101": _residual("bottleneck", [3, 4, 23, 3], 2048, "resnet101-cd907fc2.pth"),
    "densenet121": Backbone(
        _densenet121,
        1024,
        425,
        (
            ("features.conv0", "features.norm0", "features.relu0", "features.pool0"),
            *((f"features.denseblock{n}.", f"features.transition{n}.") for n in range(1, 4)),
            ("features.denseblock4.", "features.norm5", "class_layers.relu"),
        ),
        "densenet121-a639ec97.pth",
        "classifier",
        _densenet_names,
    ),
    "efficientnet_b0": Backbone(
        _efficientnet_b0,
        1280,
        205,
        (("_conv_stem", "_bn0"), *((f"_blocks.{n}.",) for n in range(7)), ("_conv_head", "_bn1")),
        "efficientnet_b0_rwightman-7f5810bc.pth",
        "classifier.1",
        _efficientnet_names,
    ),
    "efficientnet_lite0": Backbone(
        _efficientnet_lite0,
        1280,
        158,
        (("_conv_stem", "_bn0"), *_stages("_blocks.", [1, 3, 5, 8, 11, 15, 16]), ("_conv_head", "_bn1")),
        "efficientnet-lite0-57934424.pth",
        "_fc",
        normal=LITE,
    ),
}


def named(name: str) -> Backbone:
    """Return the backbone called ``name``: one of ``BACKBONES``, or ``timm:`` and timm's name.

    Raises:
        StudyError, ResourceError: See ``timm_backbone``.
    """
    return timm_backbone(name.removeprefix("timm:")) if name.startswith("timm:") else BACKBONES[name]
