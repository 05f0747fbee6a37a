"""A table made ready for a model, as its training rows teach: gaps filled, category levels to 0 and 1, z-scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seimbang.datasets.base import Column
from seimbang.datasets.columns import ranges
from seimbang.errors import DataError

Rows = npt.NDArray[np.float32]

NEAR_NORMAL = 0.5
"""A column whose skewness is at most this, in size, is fairly symmetrical (Bulmer 1979, Principles of Statistics)."""


@dataclass(frozen=True)
class TablePreparer:
    """What was learned from training rows; equal for every row it is then used on.

    Attributes:
        columns: What the columns of the rows hold; the ranges are those of the training rows.
        fill: What stands in for a missing value: of numbers the mean where they are near normal, else the median; of
            a category the position of the most frequent level.
        by: How it was chosen: ``mean``, ``median`` or ``mode``.
        centre: Mean of each column with its gaps filled; 0 for a category.
        scale: Standard deviation (n - 1) of each column with its gaps filled; 1 for a category and a constant.
    """

    columns: tuple[Column, ...]
    fill: tuple[float, ...]
    by: tuple[str, ...]
    centre: tuple[float, ...]
    scale: tuple[float, ...]

    @classmethod
    def fit(cls, X: Rows, columns: Sequence[Column]) -> TablePreparer:
        """Learn from training rows.

        Args:
            X: Shape ``(n, f)``, NaN where a value is missing.
            columns: What its columns hold.

        Raises:
            DataError: ``DATA_ALL_MISSING``: a column has no value in these rows.
        """
        known = ranges(X, columns)
        learned = [_learn(X[:, k].astype(np.float64), column) for k, column in enumerate(known)]
        fill, by, centre, scale = zip(*learned, strict=True)
        return cls(known, fill, by, centre, scale)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns of prepared rows; those of a category are like ``sex = F``."""
        made = [[f"{c.name} = {level}" for level in c.categories] if c.categories else [c.name] for c in self.columns]
        return tuple(name for names in made for name in names)

    @property
    def blocks(self) -> tuple[tuple[int, int], ...]:
        """First and last-but-one column of prepared rows for each category: exactly one of a block is 1, the rest 0."""
        widths = [len(column.categories) or 1 for column in self.columns]
        ends = np.cumsum(widths).tolist()
        spans = zip(ends, widths, self.columns, strict=True)
        return tuple((end - width, end) for end, width, column in spans if column.kind == "category")

    def transform(self, X: Rows) -> Rows:
        """Return the prepared rows ``float32[n, f']``.

        Raises:
            DataError: ``DATA_CATEGORY``: a position that is no level of the column.
        """
        made = [self._column(X[:, k].astype(np.float64), k) for k in range(len(self.columns))]
        return np.concatenate(made, axis=1, dtype=np.float32)

    def _column(self, values: npt.NDArray[np.float64], k: int) -> npt.NDArray[np.float64]:
        column, values = self.columns[k], np.where(np.isnan(values), self.fill[k], values)
        if column.kind == "number":
            return np.asarray((values - self.centre[k]) / self.scale[k])[:, None]
        known = np.arange(len(column.categories))
        if not np.isin(values, known).all():
            found = f"an unknown level in the column {column.name!r}"
            raise DataError("DATA_CATEGORY", found, f"one of {', '.join(column.categories)}", "correct the table")
        return np.equal.outer(values, known).astype(np.float64)


def _learn(values: npt.NDArray[np.float64], column: Column) -> tuple[float, str, float, float]:
    there = values[~np.isnan(values)]
    if column.kind == "category":
        return float(np.bincount(there.astype(np.int64)).argmax()), "mode", 0.0, 1.0
    by = "mean" if abs(skewness(there)) <= NEAR_NORMAL else "median"
    fill = float(there.mean() if by == "mean" else np.median(there))
    filled = np.where(np.isnan(values), fill, values)
    spread = float(filled.std(ddof=1)) if len(filled) > 1 else 0.0
    return fill, by, float(filled.mean()), spread or 1.0


def skewness(values: npt.NDArray[np.float64]) -> float:
    """Return the third standardised moment of ``values[n]``; 0 where they are all equal."""
    off = values - values.mean()
    spread = float(np.sqrt((off**2).mean()))
    return float(((off / spread) ** 3).mean()) if spread else 0.0
