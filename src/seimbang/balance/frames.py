"""A DataFrame with columns of any type as numbers for the samplers, and synthetic rows in its types again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from seimbang.balance.base import Blocks, Floats
from seimbang.errors import DataError

MAX_LEVELS = 1000
"""A column with more different words names the cases rather than describes them."""


@dataclass(frozen=True)
class CodedFrame:
    """The numbers of a DataFrame.

    Attributes:
        frame: As it was given.
        matrix: ``float64[n, f']``: numbers and yes/no in one column each, words in one column per level.
        spans: First column of ``matrix`` for each column of the frame, and the one after its last.
        levels: The different values of each column of words; None for numbers.
    """

    frame: pd.DataFrame
    matrix: Floats
    spans: Blocks
    levels: tuple[pd.Index[Any] | None, ...]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> CodedFrame:
        """Code a DataFrame.

        Raises:
            DataError: ``BALANCE_COLUMN``: a column has dates, gaps or infinite numbers, or nearly only different words.
        """
        columns = [_coded(frame.iloc[:, k]) for k in range(frame.shape[1])]
        ends = np.cumsum([values.shape[1] for values, _ in columns]).tolist()
        spans = tuple(zip([0, *ends[:-1]], ends, strict=True))
        return cls(
            frame,
            np.concatenate([values for values, _ in columns], axis=1),
            spans,
            tuple(kinds for _, kinds in columns),
        )

    @property
    def blocks(self) -> Blocks:
        """The columns of ``matrix`` that belong to words."""
        return tuple(span for span, levels in zip(self.spans, self.levels, strict=True) if levels is not None)

    def with_rows(self, real: npt.NDArray[np.int64], drawn: Floats) -> pd.DataFrame:
        """Return rows of the frame and, below them, synthetic ones: whole numbers rounded, words of the nearer parent.

        Args:
            real: Positions of rows of the frame.
            drawn: Synthetic rows, as in ``matrix``.
        """
        made = [self._column(k, drawn[:, start:stop]) for k, (start, stop) in enumerate(self.spans)]
        synthetic = pd.concat(made, axis=1).set_axis(self.frame.columns, axis=1)
        return pd.concat([self.frame.iloc[real], synthetic], ignore_index=True)

    def _column(self, k: int, values: Floats) -> pd.Series[Any]:
        column, levels = self.frame.iloc[:, k], self.levels[k]
        if levels is not None:
            return pd.Series(levels.take(values.argmax(axis=1))).astype(column.dtype)
        dtype: Any = column.infer_objects().dtype
        plain = np.dtype(getattr(dtype, "subtype", None) or getattr(dtype, "numpy_dtype", dtype))
        return pd.Series(as_type(values[:, 0], plain)).astype(dtype).astype(column.dtype)


def _coded(column: pd.Series[Any]) -> tuple[Floats, pd.Index[Any] | None]:
    """Return the numbers of a column, shape ``(n, 1)`` or ``(n, levels)``, and its levels where it holds words."""
    inferred = column.infer_objects()
    if inferred.isna().any():
        raise _unsuited(column, "missing values", "fill them in first, for example with scikit-learn's SimpleImputer")
    if is_numeric_dtype(inferred) or is_bool_dtype(inferred):
        values = inferred.to_numpy(np.float64)
        if not np.isfinite(values).all():
            raise _unsuited(column, "infinite numbers", "correct them")
        return values[:, None], None
    if not isinstance(inferred.dtype, pd.CategoricalDtype) and inferred.dtype.kind in "mM":
        raise _unsuited(column, "dates", "make a number of days of them")
    codes, levels = pd.factorize(inferred)
    if len(levels) > MAX_LEVELS:
        raise _unsuited(column, f"{len(levels):,} different words", "leave it out")
    return np.eye(len(levels))[codes], pd.Index(levels)


def _unsuited(column: pd.Series[Any], found: str, fix: str) -> DataError:
    expected = "numbers, yes or no, or words of a few kinds, without gaps"
    fix = f"{fix}, or take RandomOverSampler or RandomUnderSampler"
    return DataError("BALANCE_COLUMN", f"{found} in the column {str(column.name)!r}", expected, fix)


def as_type(values: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return floats as ``dtype``: whole numbers rounded and clipped to its range, yes or no by the nearer."""
    if dtype.kind in "iub":
        low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        values = np.rint(values).clip(low, high)
    return values.astype(dtype)
