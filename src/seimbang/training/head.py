"""Trains the last layer of a network again, alone, on features instead of images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from seimbang.balance.base import Recipe
from seimbang.errors import StudyError
from seimbang.training.base import TrainingSettings
from seimbang.training.device import Device, to_batch

if TYPE_CHECKING:
    import torch
    from torch import nn

EPOCHS, LEARNING_RATE = 10, 1e-2


def layer(module: nn.Module) -> nn.Linear:
    """Return the last layer of a network, which is called ``out``.

    Raises:
        StudyError: HEAD_MISSING: the network has no linear layer of that name.
    """
    from torch import nn

    last = getattr(module, "out", None)
    if isinstance(last, nn.Linear):
        return last
    raise StudyError(
        "HEAD_MISSING",
        f"a {type(module).__name__}, which does not end in a linear layer",
        "a network whose last layer can be trained alone",
        "use another model, or another balancing method",
    )


def features(
    module: nn.Module, recipe: Recipe, X: npt.NDArray[Any], device: Device, batch: int = 64
) -> npt.NDArray[np.float32]:
    """Return what reaches the last layer for each row of the recipe, without dropout, shape ``(m, f)``."""
    import torch

    inputs: list[torch.Tensor] = []
    hook = layer(module).register_forward_pre_hook(lambda _, given: inputs.append(given[0].float().cpu()))
    module.eval()
    with torch.inference_mode(), device.autocast():
        for start in range(0, len(recipe), batch):
            rows = recipe.draw(X, np.arange(start, min(start + batch, len(recipe))))
            module(to_batch(rows, device))
    hook.remove()
    return torch.cat(inputs).numpy()


def retrain(
    out: nn.Linear, recipe: Recipe, features: npt.NDArray[np.float32], settings: TrainingSettings
) -> dict[str, torch.Tensor]:
    """Train ``out`` with Adam, steps falling to 0, and cross-entropy; return its weights as the network names them.

    Args:
        out: The last layer, with the weights to start from.
        recipe: What to train on, as rows of ``features``.
        features: Shape ``(m, f)``.
        settings: The ``[training]`` table, of which seed and batch size count.
    """
    import torch
    from torch.nn.functional import cross_entropy

    rng, device = np.random.default_rng(settings.seed), out.weight.device
    optimizer = torch.optim.Adam(out.parameters(), LEARNING_RATE)
    scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, EPOCHS)
    for _ in range(EPOCHS):
        order = rng.permutation(len(recipe))
        for which in np.split(order, range(settings.batch_size, len(order), settings.batch_size)):
            logits = out(torch.from_numpy(recipe.draw(features, which)).to(device))
            optimizer.zero_grad(set_to_none=True)
            loss = cross_entropy(logits, torch.from_numpy(recipe.y[which]).to(device))
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        scheduler.step()
    return {f"out.{name}": value for name, value in out.state_dict().items()}
