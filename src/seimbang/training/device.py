"""Where and in which number format a network runs."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch
    from torch import nn

M_MMAP_THRESHOLD, M_TRIM_THRESHOLD = -3, -1
"""Numbers of two parameters of glibc's ``mallopt``; both are bytes."""


@dataclass(frozen=True)
class Device:
    """A device and whether networks run in bfloat16 with channels last on it."""

    name: Literal["cpu", "cuda"]
    reduced: bool

    def place(self, module: nn.Module) -> nn.Module:
        """Move ``module`` here, in the memory layout that is fastest."""
        import torch

        moved = module.to(self.name)
        if self.reduced:
            for weight in moved.parameters():
                if weight.dim() == 4:
                    weight.data = weight.data.contiguous(memory_format=torch.channels_last)
        return moved

    def autocast(self) -> AbstractContextManager[object]:
        """Return the context in which forward passes run."""
        import torch

        return torch.autocast(self.name, torch.bfloat16) if self.reduced else nullcontext()


def choose(module: nn.Module, precision: Literal["auto", "float32"]) -> Device:
    """Return a GPU when there is one; bfloat16 where convolutions gain by it (recurrent steps this small do not)."""
    import torch
    from torch import nn

    name: Literal["cpu", "cuda"] = "cuda" if torch.cuda.is_available() else "cpu"
    convolves = any(isinstance(part, nn.Conv2d) for part in module.modules())
    prepare(convolves)
    return Device(name, precision == "auto" and convolves and _fast_bfloat16(name))


def prepare(convolves: bool) -> None:
    """Make torch ready to work on the CPU.

    Networks without convolutions get one thread: a second gains them nothing, and where another program is running its
    waiting for each other makes a step dozens of times slower.
    """
    import torch

    _keep_memory()
    torch.set_flush_denormal(True)  # vanishing gradients become denormals, which slow recurrent networks threefold
    threads = _all_threads()  # before it is changed, also where it is not used yet
    torch.set_num_threads(threads if convolves else 1)


@cache
def _keep_memory() -> None:
    """Have glibc keep freed memory for the next batch, not give it back: asking anew takes a fourth of the time."""
    import ctypes
    import platform

    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, 2**30)
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


@cache
def _all_threads() -> int:
    """Return the number of threads that torch began with."""
    import torch

    return torch.get_num_threads()


def _fast_bfloat16(name: str) -> bool:
    import torch

    if name == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu.get_capabilities().get("amx_bf16", False))


def to_batch(rows: object, device: Device) -> torch.Tensor:
    """Put rows on the device: pixels ``[b, h, w, c]`` in 0 ... 255 as ``float32[b, c, h, w]`` in [0, 1].

    Rows ``[b, f]`` of features or of a table stay as they are, ``float32[b, f]``.
    """
    import torch

    batch = torch.as_tensor(rows, dtype=torch.float32)
    return (batch.div_(255).permute(0, 3, 1, 2) if batch.dim() == 4 else batch).to(device.name)


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
