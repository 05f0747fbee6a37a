"""Occlusion: how much less probable a class becomes when a part of the image is covered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seimbang.explain.base import Maps, evaluating, normalise

if TYPE_CHECKING:
    from torch import Tensor, nn

BATCH = 64
ROUNDING = 1e-5


def occlusion(module: nn.Module, images: Tensor, targets: Tensor, patch: float = 0.2, stride: float = 0.1) -> Maps:
    """Return by how much covering a pixel lowers the log-odds ``s = ln(p / (1 - p))`` of the class, from 0 to 1.

    A patch of the image's mean colour is moved over the image; a pixel gets the mean of ``max(0, s - s_covered)`` over
    the patches that cover it (Zeiler & Fergus 2014, ECCV, 818-833). The paper takes ``p``, which hardly changes where a
    network is confident, so that other regions seem more important. Works for every network. Takes about
    ``1 / stride**2`` predictions per image, of which ``BATCH`` are in memory at a time.

    Args:
        module: A network on the device of the images; it is not changed.
        images: ``float32[b, c, h, w]`` in [0, 1].
        targets: ``int64[b]``, the class to explain in each image.
        patch: Height and width of the patch, as fractions of the image's, in (0, 1].
        stride: Distance between patches, likewise; at most a patch, so that every pixel is covered.

    Returns:
        ``float32[b, h, w]``; 0 everywhere where covering lowers ``s`` by no more than rounding does.
    """
    import torch

    down, across = ((_length(side, patch), _starts(side, patch, stride)) for side in images.shape[2:])
    boxes = [(slice(y, y + down[0]), slice(x, x + across[0])) for y in down[1] for x in across[1]]
    with evaluating(module), torch.inference_mode():
        return normalise(torch.stack([_mean_drop(module, *pair, boxes) for pair in zip(images, targets, strict=True)]))


def _length(side: int, share: float) -> int:
    return max(1, round(share * side))


def _starts(side: int, patch: float, stride: float) -> list[int]:
    """Return where patches begin along a side; the last one ends with the image."""
    last = side - _length(side, patch)
    return [*range(0, last, _length(side, min(stride, patch))), last]


def _mean_drop(module: nn.Module, image: Tensor, target: Tensor, boxes: list[tuple[slice, slice]]) -> Tensor:
    """Return the mean drop ``float64[h, w]`` of ``image``, ``[c, h, w]``."""
    import torch

    mean = image.mean((1, 2), keepdim=True)
    uncovered = _log_odds(module(image[None]), target)
    total = image.new_zeros(image.shape[1:], dtype=torch.float64)
    coverage = torch.zeros_like(total)
    for first in range(0, len(boxes), BATCH):
        batch = boxes[first : first + BATCH]
        covered = image.repeat(len(batch), 1, 1, 1)
        for copy, box in zip(covered, batch, strict=True):
            copy[(slice(None), *box)] = mean
        drops = uncovered - _log_odds(module(covered), target)
        for drop, box in zip(drops.where(drops > ROUNDING, 0), batch, strict=True):
            total[box] += drop
            coverage[box] += 1
    return total / coverage


def _log_odds(logits: Tensor, target: Tensor) -> Tensor:
    """Return the log-odds of the class, ``float64[b]``, exact also where ``p`` rounds to 1."""
    import torch

    others = torch.arange(logits.shape[1], device=logits.device) != target
    return logits[:, target].double() - logits[:, others].double().logsumexp(1)
