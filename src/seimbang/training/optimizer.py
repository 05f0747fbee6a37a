"""What moves the weights: the optimizer, its learning rates, and the running average."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from seimbang.networks.base import Layered
from seimbang.training.base import TrainingSettings

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import ReduceLROnPlateau


def make_optimizer(module: nn.Module, settings: TrainingSettings) -> Optimizer:
    """Return the optimizer of all parameters that are ever trained; one that is frozen for now has no gradient."""
    from torch import optim

    trained = [weight for weight in module.parameters() if weight.requires_grad]
    groups = module.groups() if isinstance(module, Layered) else [(1.0, trained)]
    lr, decay = settings.learning_rate, settings.weight_decay
    weights = [{"params": part, "lr": lr * factor, "factor": factor} for factor, part in groups]
    if settings.optimizer == "adam":
        return optim.Adam(weights, lr, weight_decay=decay, fused=True)
    if settings.optimizer == "adamw":
        return optim.AdamW(weights, lr, weight_decay=decay, fused=True)
    return optim.SGD(weights, lr, momentum=0.9, nesterov=True, weight_decay=decay)


def restore_optimizer(optimizer: Optimizer, state: dict[str, Any]) -> None:
    """Load a state; what is kept of each weight is laid out as the weight is, which fused Adam takes for granted."""
    import torch

    optimizer.load_state_dict(state)
    for weight, kept in optimizer.state.items():
        for name, value in kept.items():
            if value is not None and value.shape == weight.shape:
                kept[name] = torch.empty_like(weight).copy_(value)


def plateau(optimizer: Optimizer, settings: TrainingSettings) -> ReduceLROnPlateau | None:
    """Return what lowers the learning rates when the validation loss stays."""
    from torch.optim.lr_scheduler import ReduceLROnPlateau

    return ReduceLROnPlateau(optimizer, patience=settings.reduce_lr - 1) if settings.reduce_lr else None


def set_rates(optimizer: Optimizer, settings: TrainingSettings, steps: int, per_epoch: int) -> None:
    """Set the learning rates of the step that follows ``steps`` others, where the schedule is a cosine.

    Args:
        optimizer: As ``make_optimizer`` returns it.
        settings: The ``[training]`` table.
        steps: Steps so far, in all epochs.
        per_epoch: Steps an epoch has.
    """
    if settings.schedule == "constant":
        return
    total = settings.epochs * per_epoch
    rise = settings.warmup * total
    if steps < rise:
        share = min(1.0, (steps + 1) / rise)
    else:
        share = (1 + math.cos(math.pi * (steps - rise) / (total - rise))) / 2
    for group in optimizer.param_groups:
        group["lr"] = settings.learning_rate * group["factor"] * share


def blend(average: nn.Module, module: nn.Module, decay: float) -> None:
    """Move each weight, mean and variance of ``average`` towards those of ``module``: ``decay`` of it stays."""
    now = module.state_dict()
    for name, value in average.state_dict().items():
        if value.is_floating_point():
            value.lerp_(now[name], 1 - decay)
        else:
            value.copy_(now[name])
