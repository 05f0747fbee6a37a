"""Classes of a table: as its column says, or made from a number by cut points."""

from __future__ import annotations

from typing import Self

import numpy as np
import pandas as pd
from pydantic import BaseModel, Field, model_validator

from seimbang.datasets.base import STRICT
from seimbang.datasets.columns import MISSING, numbers, refuse_text
from seimbang.errors import DataError


class CutLabel(BaseModel):
    """Classes made from a number: below the first cut point, from there to below the second, and so on.

    Attributes:
        column: The column with the number; it is no feature.
        cuts: Cut points in rising order; a case on one belongs to the class above it.
        names: Names of the classes, from the lowest numbers up: one more than there are cut points.
    """

    model_config = STRICT
    column: str
    cuts: tuple[float, ...] = Field(min_length=1, strict=False)
    names: tuple[str, ...] = Field(strict=False)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if list(self.cuts) != sorted(set(self.cuts)):
            raise ValueError("with cuts in rising order")
        if len(set(self.names)) != len(self.cuts) + 1 or len(self.names) != len(self.cuts) + 1:
            raise ValueError(f"with {len(self.cuts) + 1} different names for {len(self.cuts)} cuts")
        return self


def labels(column: pd.Series[str], cut: CutLabel | None) -> pd.Series[str]:
    """Return the class of each row; on a cut point it is the one above.

    Raises:
        DataError: ``DATA_LABEL_MISSING``, or ``DATA_TEXT`` for what is no number where there are cut points.
    """
    if gap := first_gap(column):
        raise DataError(
            "DATA_LABEL_MISSING", f"no label {gap}", "a label in every row", "fill it in, or remove the row"
        )
    if cut is None:
        return column
    values, text = numbers(column)
    refuse_text(text)
    return pd.Series(np.array(cut.names)[np.searchsorted(cut.cuts, values, side="right")], column.index)


def first_gap(column: pd.Series[str]) -> str:
    """Return where the first missing value of a column is, or ``""``."""
    gap = column.index[column.isin(MISSING)]
    return f"in row {gap[0]} of the column {column.name!r}" if len(gap) else ""
