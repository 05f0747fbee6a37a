"""Columns of a table: texts to numbers, category levels to positions, with the row and column of what is wrong."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from seimbang.datasets.base import Column
from seimbang.datasets.images import require_columns
from seimbang.errors import DataError

Floats = npt.NDArray[np.float64]

MISSING = ("",)
"""What a cell whose value is missing holds once the table is read, whatever stood there."""


def numbers(column: "pd.Series[str]") -> tuple[Floats, "pd.Series[str]"]:
    """Return the numbers of a column, NaN where there is none, and the texts that are neither number nor missing."""
    gap = column.isin(MISSING)
    values = pd.to_numeric(column.mask(gap), errors="coerce").to_numpy(np.float64, na_value=np.nan)
    with np.errstate(over="ignore"):
        text = ~np.isfinite(values.astype(np.float32)) & ~gap.to_numpy()
    return np.where(text, np.nan, values), column[text]


def refuse_text(text: "pd.Series[str]") -> None:
    """Raise ``DATA_TEXT`` for the first text in a column of numbers, if there is one."""
    if len(text):
        found = f"{text.iloc[0]!r} in row {text.index[0]} of the column {text.name!r}"
        fix = "correct the cell, leave it empty, make a number of days of a date, or name the column in data.categories"
        raise DataError("DATA_TEXT", found, "a number, or nothing where it is missing", fix)


def positions(column: "pd.Series[str]", categories: Sequence[str]) -> Floats:
    """Return the position of each level in ``categories``, NaN where it is missing.

    Raises:
        DataError: ``DATA_CATEGORY``.
    """
    codes = pd.Index(categories).get_indexer(pd.Index(column)).astype(np.float64)
    gap = column.isin(MISSING).to_numpy()
    unknown = column[(codes < 0) & ~gap]
    if len(unknown):
        found = f"{unknown.iloc[0]!r} in row {unknown.index[0]} of the column {unknown.name!r}"
        fix = "correct the cell, or leave it empty"
        raise DataError("DATA_CATEGORY", found, f"one of {', '.join(categories)}", fix)
    return np.where(gap, np.nan, codes)


def encode(table: pd.DataFrame, columns: Sequence[Column]) -> npt.NDArray[np.float32]:
    """Return new rows as a data set with these ``columns`` holds them, ``float32[n, f]``.

    Args:
        table: Texts, the row in the file as index; other columns than those wanted may be there.
        columns: Of the data set.

    Raises:
        DataError: ``DATA_COLUMN``, ``DATA_TEXT`` or ``DATA_CATEGORY``.
    """
    require_columns(table.columns, [column.name for column in columns])
    return np.stack([_encoded(table[column.name], column) for column in columns], axis=1).astype(np.float32)


def _encoded(texts: "pd.Series[str]", column: Column) -> Floats:
    if column.kind == "category":
        return positions(texts, column.categories)
    values, text = numbers(texts)
    refuse_text(text)
    return values


def align(X: npt.NDArray[np.float32], own: Sequence[Column], wanted: Sequence[Column]) -> npt.NDArray[np.float32]:
    """Return rows of one table as another holds them: its columns in its order, its positions of category levels.

    Args:
        X: Shape ``(n, f)``.
        own: What the columns of ``X`` hold.
        wanted: Columns of the other table.

    Raises:
        DataError: ``DATA_COLUMN`` or ``DATA_CATEGORY``; or ``DATA_TEXT`` where category levels stand in for numbers.
    """
    if [_holds(column) for column in own] == [_holds(column) for column in wanted]:
        return X
    table = pd.DataFrame({column.name: _texts(X[:, k], column) for k, column in enumerate(own)}, dtype=str)
    return encode(table, wanted)


def _holds(column: Column) -> tuple[str, str, tuple[str, ...]]:
    return column.name, column.kind, column.categories


def _texts(values: npt.NDArray[np.float32], column: Column) -> list[str]:
    if column.kind == "category":
        return ["" if np.isnan(value) else column.categories[int(value)] for value in values]
    return ["" if np.isnan(value) else repr(float(value)) for value in values]


def ranges(X: npt.NDArray[np.float32], columns: Iterable[Column]) -> tuple[Column, ...]:
    """Return ``columns`` with the smallest and largest number of each in ``X``.

    Raises:
        DataError: ``DATA_ALL_MISSING``: a column without any value.
    """
    return tuple(_range(X[:, k], column) for k, column in enumerate(columns))


def _range(values: npt.NDArray[np.float32], column: Column) -> Column:
    if np.isnan(values).all():
        found, fix = f"no value in the column {column.name!r}", "leave it out of data.features, or fill it in"
        raise DataError("DATA_ALL_MISSING", found, "a value in some rows at least", fix)
    if column.kind == "category":
        return column
    low, high = (float(str(end)) for end in (np.nanmin(values), np.nanmax(values)))  # the shortest float32: 3.87
    return replace(column, low=low, high=high)
