"""Logit adjustment: class log-priors are added to the logits in training, so that the network does not learn them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from seimbang.balance.base import Balance, Ints

if TYPE_CHECKING:
    import torch


class LogitAdjustment(Balance):
    """Train on ``logits + tau * log(n_c / n)``; without the term, it predicts as if classes were balanced.

    Attributes:
        tau: 0 is plain cross-entropy; 1 is consistent for the balanced error.
    """

    title: ClassVar[str] = "logit adjustment"
    source: ClassVar[str] = "Menon et al. 2021, ICLR"
    tau: float = Field(1.0, ge=0, le=10)

    def adjust_logits(self, logits: torch.Tensor, counts: Ints) -> torch.Tensor:
        """Return ``float[b, classes]``; a class without rows counts as one row."""
        prior = np.maximum(counts, 1) / counts.sum()
        return logits + self.tau * logits.new_tensor(np.log(prior))
