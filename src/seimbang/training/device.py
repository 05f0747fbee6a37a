"""Where and in which number format a network runs."""

from __future__ import annotations

import copy
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy.typing as npt

from seimbang.threads import threads
from seimbang.training.layout import Layout, Steps, faster

if TYPE_CHECKING:
    import torch
    from torch import nn

M_MMAP_THRESHOLD, M_TRIM_THRESHOLD = -3, -1
"""Numbers of two parameters of glibc's ``mallopt``; both are bytes."""


@dataclass(frozen=True)
class Device:
    """Where and how a network runs.

    Attributes:
        name: CPU or GPU.
        reduced: Whether it computes in bfloat16.
        layout: Order of images and filters in memory.
    """

    name: Literal["cpu", "cuda"]
    reduced: bool
    layout: Layout = "contiguous"

    @property
    def memory_format(self) -> torch.memory_format:
        """What torch calls the layout."""
        import torch

        return torch.channels_last if self.layout == "channels_last" else torch.contiguous_format

    def place(self, module: nn.Module) -> nn.Module:
        """Move ``module`` here, in the memory layout that is fastest."""
        return module.to(self.name, memory_format=self.memory_format)  # type: ignore[call-overload,no-any-return]

    def put(self, rows: npt.NDArray[Any]) -> torch.Tensor:
        """Copy rows here as ``float32``, to a GPU without waiting for it."""
        import torch

        tensor = torch.as_tensor(rows, dtype=torch.float32)
        return tensor.pin_memory().to(self.name, non_blocking=True) if self.name == "cuda" else tensor

    def scale(self, images: torch.Tensor) -> torch.Tensor:
        """Bring images ``float32[b, c, h, w]`` from 0 ... 255 to [0, 1], as they are laid out here."""
        import torch

        return torch.div(images, 255, out=torch.empty_like(images, memory_format=self.memory_format))

    def autocast(self) -> AbstractContextManager[object]:
        """Return the context in which forward passes run."""
        import torch

        return torch.autocast(self.name, torch.bfloat16) if self.reduced else nullcontext()


def choose(
    module: nn.Module,
    precision: Literal["auto", "float32"],
    shape: tuple[int, ...] = (),
    layout: Layout | None = None,
    layouts: Path | None = None,
) -> Device:
    """Return a GPU when there is one; bfloat16 where convolutions gain by it (recurrent steps this small do not).

    Args:
        module: The network.
        precision: See ``TrainingSettings``.
        shape: Of a training batch, ``(b, c, h, w)``, on which the faster layout is measured, once per network and
            machine. Empty to take channels last, without measuring.
        layout: The layout to take instead.
        layouts: File that keeps which is faster for all who work on a run, see ``layout.faster``.
    """
    import torch
    from torch import nn

    name: Literal["cpu", "cuda"] = "cuda" if torch.cuda.is_available() else "cpu"
    convolves = any(isinstance(part, nn.Conv2d) for part in module.modules())
    prepare(convolves)
    if not convolves:
        return Device(name, False)
    device = Device(name, precision == "auto" and fast_bfloat16(name), layout or "channels_last")
    if layout or len(shape) != 4:
        return device
    weights = [[name, list(weight.shape), weight.requires_grad] for name, weight in module.named_parameters()]
    made_from = [repr(module), weights, list(shape), device.name, device.reduced]
    with torch.random.fork_rng():  # whether it is measured or known changes no later random number
        return replace(device, layout=faster(made_from, lambda: _steps(module, shape, device), layouts))


def _steps(module: nn.Module, shape: tuple[int, ...], device: Device) -> Steps:
    """Return a training step of a copy of ``module``, on a random batch, in each layout."""
    layouts: tuple[Layout, ...] = ("channels_last", "contiguous")
    devices = {layout: replace(device, layout=layout) for layout in layouts}
    return {
        layout: partial(_step, there.place(copy.deepcopy(module)).train(), there, there.scale(_random(shape, there)))
        for layout, there in devices.items()
    }


def _random(shape: tuple[int, ...], device: Device) -> torch.Tensor:
    import torch

    return torch.rand(shape, device=device.name) * 255


def _step(module: nn.Module, device: Device, images: torch.Tensor) -> None:
    """Compute the gradients, and wait for them."""
    import torch

    module.zero_grad()
    with device.autocast():
        logits = module(images)
    logits.float().square().mean().backward()
    if device.name == "cuda":
        torch.cuda.synchronize()


def prepare(convolves: bool) -> None:
    """Make torch ready to work on the CPU.

    Networks without convolutions get one thread: a second gains them nothing, and where another program is running its
    waiting for each other makes a step dozens of times slower.
    """
    import torch

    _keep_memory()
    torch.set_flush_denormal(True)  # vanishing gradients become denormals, which slow recurrent networks threefold
    torch.set_num_threads(threads() if convolves else 1)


@cache
def _keep_memory() -> None:
    """Have glibc keep freed memory for the next batch, not give it back: asking anew takes a fourth of the time."""
    import ctypes
    import platform

    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, 2**30)
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def fast_bfloat16(name: Literal["cpu", "cuda"]) -> bool:
    """Whether a processor or GPU multiplies matrices faster in bfloat16 than in float32."""
    import torch

    if name == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in ("amx_bf16", "avx512_bf16"))


def to_batch(rows: npt.NDArray[Any], device: Device) -> torch.Tensor:
    """Put rows on the device: pixels ``[b, h, w, c]`` in 0 ... 255 as ``float32[b, c, h, w]`` in [0, 1].

    Rows ``[b, f]`` of features or of a table stay as they are, ``float32[b, f]``.
    """
    batch = device.put(rows)
    return device.scale(batch.permute(0, 3, 1, 2)) if batch.dim() == 4 else batch


def mean_probabilities(module: nn.Module, images: torch.Tensor, mirrored: bool = False) -> torch.Tensor:
    """Return the probabilities ``float64[b, classes]`` of a batch ``float32[b, c, h, w]``.

    Args:
        module: In evaluation mode.
        images: On the device of the module.
        mirrored: Return the mean of those of the images and of the same images seen in a mirror, left for right.
    """
    import torch

    p = torch.softmax(module(images).double(), 1)
    return (p + torch.softmax(module(images.flip(3)).double(), 1)) / 2 if mirrored else p
