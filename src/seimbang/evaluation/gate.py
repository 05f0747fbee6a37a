"""Whether a case is of the kind that a model learned from: the distance to the training cases like it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from seimbang.evaluation.conformal import upper_limit
from seimbang.evaluation.predictions import Floats, Ints

NEIGHBOURS = 5
BLOCK = 500
"""Cases whose distances are computed at a time: 10 MB."""
MOST = 5000
"""Training cases that are compared with: more would make the answer slow and its file large."""
PASS = 0.98
"""Share of the patients of validation that are to pass."""
FEWEST = 10
"""Patients of validation below which no limit is set."""
NARROWEST = 0.1
"""No number counts for more than if its spread were this share of the mean spread: in a corner that is always black,
every speck would."""
Rows = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Gate:
    """Training cases, to be compared with.

    Attributes:
        rows: What describes each, in units of the spread, ``float32[n, f]``.
        scale: The spread of each number, ``float32[f]``.
    """

    rows: Rows
    scale: Rows

    @classmethod
    def of(cls, described: Rows) -> Gate:
        """Return the gate of training cases, ``float32[n, f]``."""
        spread = described.std(0)
        scale = np.maximum(spread, max(NARROWEST * float(spread.mean()), 1e-6)).astype(np.float32)
        return cls((described / scale).astype(np.float32), scale)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Gate:
        """Return what `arrays` were of."""
        return cls(arrays["rows"], arrays["scale"])

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return all that it is, by name."""
        return {"rows": self.rows, "scale": self.scale}

    def distances(self, described: Rows) -> Floats:
        """Return the distance of each case to its fifth nearest training case, shape ``(n,)``."""
        own = described / self.scale
        return np.concatenate([self._distances(own[start : start + BLOCK]) for start in range(0, len(own), BLOCK)])

    def _distances(self, own: Rows) -> Floats:
        k = min(NEIGHBOURS, len(self.rows)) - 1
        squares = (own**2).sum(1)[:, None] + (self.rows**2).sum(1) - 2 * own @ self.rows.T
        return np.asarray(np.sqrt(np.partition(squares, k, axis=1)[:, k].clip(0)), np.float64)


def pass_limit(distances: Floats, group: Ints) -> tuple[float, float] | None:
    """Return the largest distance at which a case passes, and which share of patients is to pass; None of too few.

    Args:
        distances: Of the validation cases, shape ``(n,)``.
        group: Their patients, shape ``(n,)``.
    """
    patients = len(np.unique(group))
    if patients < FEWEST:
        return None
    level = min(PASS, patients / (patients + 1))
    return upper_limit(distances, group, level), level
