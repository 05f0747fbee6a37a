"""Which layers of a network are frozen: counted as Keras counts them, or by stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

STEM = ["input", "conv1_pad", "conv1_conv", "conv1_bn", "conv1_relu", "pool1_pad", "pool1_pool"]
STEM_PARTS = {"conv1_conv": "conv1", "conv1_bn": "bn1", "conv1_relu": "act", "pool1_pool": "maxpool"}
BLOCKS = {
    "bottleneck": [
        "1_conv",
        "1_bn",
        "1_relu",
        "2_conv",
        "2_bn",
        "2_relu",
        "0_conv",
        "3_conv",
        "0_bn",
        "3_bn",
        "add",
        "out",
    ],
    "basic": ["1_conv", "1_bn", "1_relu", "0_conv", "2_conv", "0_bn", "2_bn", "add", "out"],
}
SHORTCUT = {"0_conv": "downsample.0", "0_bn": "downsample.1"}
JOINS = {"add": "add", "__add__": "add", "add_": "add", "cat": "concatenate"}


@dataclass(frozen=True)
class Step:
    """One layer as it is counted.

    Attributes:
        name: How it is called.
        part: The module that it is; ``""`` where there is none, as for the input, padding and sums.
        stage: 0 for the stem, then 1, 2, ...
        shape: Shape of its output without the batch, channels first; ``()`` where it was not computed.
    """

    name: str
    part: str
    stage: int
    shape: tuple[int, ...] = ()


def residual_steps(block: str, blocks: Sequence[int]) -> list[Step]:
    """Return the layers of a ResNet in the order and with the names of ``keras.applications``.

    Keras sorts a network's layers by their distance from the output, so the shortcut's convolution comes beside the
    last one of its block. ResNet-50 has 175 without its classifier. Keras has no ResNet-18 and 34: theirs follow suit.
    """
    steps = [Step(name, STEM_PARTS.get(name, ""), 0) for name in STEM]
    for stage, count in enumerate(blocks, start=1):
        for number in range(count):
            shortcut = number == 0 and (block == "bottleneck" or stage > 1)
            for name in BLOCKS[block]:
                if shortcut or name not in SHORTCUT:
                    part = f"layer{stage}.{number}.{_part(name)}" if name != "add" else ""
                    steps.append(Step(f"conv{stage + 1}_block{number + 1}_{name}", part, stage))
    return steps


def _part(name: str) -> str:
    """Return the module that Keras's layer of a block is, such as ``conv2`` for ``2_conv``."""
    number, _, kind = name.partition("_")
    return SHORTCUT.get(name) or ("act" if name == "out" or kind == "relu" else f"{kind}{number}")


def traced_steps(body: nn.Module, stages: Sequence[Sequence[str]], size: tuple[int, int]) -> list[Step]:
    """Return the layers of any network in the order in which they act, each with the shape of its output.

    The input counts, each module that computes something, and each sum or concatenation of what others gave, up to
    the last map: the pooling of whole maps at the end does not.

    Args:
        body: The network; its weights may lie on the device ``meta``, where nothing is computed.
        stages: Beginnings of the names of the modules of the stem and of each stage.
        size: Height and width of the image in pixels.
    """
    steps, stage = [], 0
    for name, part, shape in _trace(body, size):
        named = (n for n, starts in enumerate(stages) if part and part.startswith(tuple(starts)))
        stage = next(named, stage)
        steps.append(Step(name, part, stage, shape))
    while len(steps[-1].shape) < 3 or "pool" in steps[-1].name:
        steps.pop()
    return steps


def _trace(body: nn.Module, size: tuple[int, int]) -> list[tuple[str, str, tuple[int, ...]]]:
    """Return name, module and output shape of each layer, as one forward pass in evaluation mode meets them."""
    import torch
    from torch.overrides import TorchFunctionMode

    steps: list[tuple[str, str, tuple[int, ...]]] = [("input", "", (3, *size))]

    class Joins(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            output = func(*args, **(kwargs or {}))
            if func.__name__ in JOINS and isinstance(output, torch.Tensor) and output.dim() == 4:
                steps.append((JOINS[func.__name__], "", tuple(output.shape[1:])))
            return output

    def note(name: str) -> Any:
        return lambda _, __, output: steps.append((name, name, tuple(output.shape[1:])))

    hooks = [
        part.register_forward_hook(note(name))
        for name, part in body.named_modules()
        if list(part.parameters(recurse=False)) or not (list(part.children()) or type(part).__name__ == "Identity")
    ]
    image = torch.empty(1, 3, *size, device=next(body.parameters()).device)
    training = body.training
    with torch.no_grad(), Joins():
        body.eval()(image)
    body.train(training)
    for hook in hooks:
        hook.remove()
    return steps
