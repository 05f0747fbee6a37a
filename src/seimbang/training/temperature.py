"""Temperature scaling: probabilities made as sure as the network is right, without another answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch

RANGE = (0.05, 20.0)


def temperature(p: npt.NDArray[np.float64], y: npt.NDArray[np.int64]) -> float:
    """Return the ``T`` for which ``softmax(ln p / T)`` has the smallest log loss (Guo et al. 2017, ICML, 1321-1330).

    Args:
        p: Probabilities of validation cases, shape ``(n, classes)``.
        y: Their labels, shape ``(n,)``.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    logits = np.log(np.clip(p, 1e-12, None))

    def loss(log_t: float) -> float:
        return -float(log_softmax(logits / np.exp(log_t), axis=1)[np.arange(len(y)), y].mean())

    return float(np.exp(minimize_scalar(loss, bounds=np.log(RANGE), method="bounded").x))


def scale_logits(weights: dict[str, torch.Tensor], t: float) -> dict[str, torch.Tensor]:
    """Return a network's weights with its last layer, ``out``, divided by ``t``, so that its logits are."""
    return {name: value / t if name.startswith("out.") else value for name, value in weights.items()}
