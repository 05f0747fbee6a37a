"""Grad-CAM: where the last convolution finds evidence for a class."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from seimbang.errors import StudyError
from seimbang.explain.base import Maps, evaluating, normalise

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

BATCH = 16


def grad_cam(module: nn.Module, images: Tensor, targets: Tensor) -> Maps:
    """Return ``ReLU(sum_k a_k A_k)``, ``a_k = mean_ij dy / dA_k,ij``, bilinearly upsampled, each map from 0 to 1.

    ``A_k`` are the feature maps of the last convolution whose output is larger than one pixel, as they are after the
    normalisation and ReLU that follow it; ``y`` is the logit of the class (Selvaraju et al. 2017, ICCV, 618-626).

    Args:
        module: A network with convolutions, on the device of the images; it is not changed.
        images: ``float32[b, c, h, w]`` in [0, 1].
        targets: ``int64[b]``, the class to explain in each image.

    Returns:
        ``float32[b, h, w]``; 0 everywhere where there is no evidence for the class.

    Raises:
        StudyError: EXPLAIN_LAYER: the network has no such convolution, as recurrent ones have none.
    """
    import torch

    with evaluating(module), torch.enable_grad():
        batches = [slice(first, first + BATCH) for first in range(0, len(images), BATCH)]
        return normalise(torch.cat([_batch(module, images[rows], targets[rows]) for rows in batches]))


def _batch(module: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    import torch
    from torch.nn.functional import interpolate

    with _last_feature_maps(module) as feature_maps:
        # gradients start at the images, so that frozen layers have them too
        logits = module(images.detach().clone().requires_grad_())
    if not feature_maps:
        raise _no_layer(module)
    score = logits.gather(1, targets[:, None]).sum()
    (gradients,) = torch.autograd.grad(score, feature_maps)
    weights = gradients.mean((2, 3), keepdim=True)
    maps = (weights * feature_maps[0].detach()).sum(1, keepdim=True).relu()
    return interpolate(maps, images.shape[2:], mode="bilinear", align_corners=False)[:, 0]


@contextmanager
def _last_feature_maps(module: nn.Module) -> Iterator[list[torch.Tensor]]:
    """Yield a list that holds, after a forward pass, the last output of the same size as the last convolution's."""
    import torch
    from torch import nn

    feature_maps: list[torch.Tensor] = []

    def keep(layer: nn.Module, _: object, output: object) -> None:
        if not isinstance(output, torch.Tensor) or output.dim() != 4 or output.shape[2:].numel() == 1:
            return
        if isinstance(layer, nn.Conv2d) or (feature_maps and output.shape[2:] == feature_maps[0].shape[2:]):
            feature_maps[:] = [output]

    hooks = [layer.register_forward_hook(keep) for layer in module.modules()]
    try:
        yield feature_maps
    finally:
        for hook in hooks:
            hook.remove()


def _no_layer(module: nn.Module) -> StudyError:
    return StudyError(
        "EXPLAIN_LAYER",
        f"a {type(module).__name__} without a convolution whose output is larger than one pixel",
        "a convolutional network, for Grad-CAM",
        "use occlusion, which works for every network",
    )
