"""Classes of a table: as its column says, by cut points, from several labels in a cell, or from columns of 0 and 1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, Field, model_validator

from seimbang.datasets.base import STRICT
from seimbang.datasets.columns import MISSING, numbers, refuse_text
from seimbang.errors import DataError
from seimbang.settings import nearest

SEPARATORS = ("|", ";", ",")
"""What stands between several labels in a cell: the first of these that any cell of the column holds."""
YES, NO = ("1", "1.0", "true", "yes", "ya"), ("0", "0.0", "false", "no", "tidak", "")
UNSURE = ("-1", "-1.0")
"""What CheXpert writes where a finding is neither affirmed nor denied."""
COUNTS_AS = {"drop": "", "positive": "1", "negative": "0"}
"""What that counts as, by the name of the policy; ``""`` where the case is left out."""


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


class ContainsLabel(BaseModel):
    """One label against the rest: the classes are ``contains`` and ``no <contains>``.

    Attributes:
        column: The column with the labels of a case, such as ``Mass|Edema``; what stands between them is ``|``, or
            ``;`` where no cell has that, or ``,`` where none has these.
        contains: The label, whole: ``Mass`` is not in ``Massive``.
    """

    model_config = STRICT
    column: str
    contains: str = Field(min_length=1)


class ColumnsLabel(BaseModel):
    """Classes from columns of 0 and 1, whose names they are; an empty cell is a 0.

    Attributes:
        columns: The columns; exactly one is 1 in each row.
        contains: One of the columns against the rest, whatever these hold: the classes are its name and ``no <name>``.
            Of one column alone, that.
        uncertain: What a -1 counts as, which CheXpert writes where a finding is neither affirmed nor denied:
            ``"positive"`` as 1, ``"negative"`` as 0; ``"drop"`` leaves the case out. The report counts them.
    """

    model_config = STRICT
    columns: tuple[str, ...] = Field(min_length=1, strict=False)
    contains: str = ""
    uncertain: Literal["drop", "positive", "negative"] = "drop"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(set(self.columns)) < len(self.columns):
            raise ValueError("with different columns")
        if self.contains and self.contains not in self.columns:
            raise ValueError(f"with one of its columns as contains{nearest(self.contains, self.columns)}")
        return self

    @property
    def finding(self) -> str:
        """The column that stands against the rest, if one does."""
        return self.contains or (self.columns[0] if len(self.columns) == 1 else "")

    @property
    def used(self) -> list[str]:
        """The columns that are looked at."""
        return [self.finding] if self.finding else list(self.columns)


Label = CutLabel | ContainsLabel | ColumnsLabel


def kind_of(values: Mapping[str, Any]) -> type[Label]:
    """Return which way of making classes the keys of a ``label`` table are for."""
    if "columns" in values:
        return ColumnsLabel
    return CutLabel if {"cuts", "names"} & set(values) else ContainsLabel


def columns_of(label: Label | None, column: str) -> tuple[str, ...]:
    """Return the columns that the classes are made from; ``column`` where there is no ``label`` table."""
    if label is None:
        return (column,)
    return label.columns if isinstance(label, ColumnsLabel) else (label.column,)


def finding_of(label: Label | None) -> str:
    """Return the finding that stands against the rest, or ``""``."""
    if isinstance(label, ColumnsLabel):
        return label.finding
    return label.contains if isinstance(label, ContainsLabel) else ""


def uncertain(table: pd.DataFrame, label: Label | None) -> pd.Series[bool]:
    """Return in which rows the label is neither affirmed nor denied (-1)."""
    if not isinstance(label, ColumnsLabel):
        return pd.Series(False, table.index)
    return table[label.used].isin(UNSURE).any(axis=1)


def labels(table: pd.DataFrame, label: Label | None, column: str, empty: str = "") -> pd.Series[str]:
    """Return the class of each row, ``""`` where it is left out; of several labels in a cell these, for `against_rest`.

    Args:
        table: Texts; the index is the row in the file.
        label: How the classes are made; None where they stand in ``column``.
        column: The column with the class.
        empty: The class of rows whose cell is empty, where that means something.

    Raises:
        DataError: ``DATA_LABEL_MISSING``; ``DATA_TEXT`` for what is no number where there are cut points;
            ``DATA_LABEL_COLUMNS`` for what is neither 0 nor 1, or a row with another number of ones than one.
    """
    if isinstance(label, ColumnsLabel):
        return _of_columns(table, label)
    cells = table[columns_of(label, column)[0]]
    if empty:
        cells = cells.mask(cells.isin(MISSING), empty)
    if gap := first_gap(cells):
        fix = 'fill it in, remove the row, or say what class it is: classes = { "" = "absent" }'
        raise DataError("DATA_LABEL_MISSING", f"no label {gap}", "a label in every row", fix)
    if not isinstance(label, CutLabel):
        return cells
    values, text = numbers(cells)
    refuse_text(text)
    return pd.Series(np.array(label.names)[np.searchsorted(label.cuts, values, side="right")], cells.index)


def _of_columns(table: pd.DataFrame, label: ColumnsLabel) -> pd.Series[str]:
    """Return the class of each row, ``""`` where it is uncertain and such rows are left out."""
    counted = table[label.used].replace(dict.fromkeys(UNSURE, COUNTS_AS[label.uncertain]))
    dropped = uncertain(table, label) & (label.uncertain == "drop")
    kept = counted[~dropped]
    made = _against(kept[label.finding]) if label.finding else _only(kept)
    return made.reindex(table.index, fill_value="")


def _against(column: pd.Series[str]) -> pd.Series[str]:
    """Return the name of a column of 0 and 1 where it is 1, ``no <name>`` where it is 0."""
    name, ones = str(column.name), _ones(column.to_frame())[:, 0]
    return pd.Series([name if one else f"no {name}" for one in ones], column.index)


def _only(table: pd.DataFrame) -> pd.Series[str]:
    """Return the name of the one column that is 1 in each row."""
    ones = _ones(table)
    number = ones.sum(1)
    if (number != 1).any():
        row = int((number != 1).argmax())
        which = ", ".join(table.columns[ones[row]]) or "none"
        found = f"{number[row]} columns of data.label with a 1 in row {table.index[row]} ({which})"
        fix = f'correct the row, or set one against the rest in data.label: contains = "{table.columns[0]}"'
        raise DataError("DATA_LABEL_COLUMNS", found, "exactly one 1 in each row", fix)
    return pd.Series(table.columns.to_numpy()[ones.argmax(1)], table.index)


def _ones(table: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return where columns of 0 and 1 are 1."""
    texts = table.apply(lambda column: column.str.casefold())
    ones = np.asarray(texts.isin(YES), np.bool_)
    odd = ~(ones | texts.isin(NO).to_numpy())
    if odd.any():
        row, k = np.argwhere(odd)[0]
        found = f"{table.iloc[row, k]!r} in row {table.index[row]} of the column {table.columns[k]!r}"
        raise DataError("DATA_LABEL_COLUMNS", found, "0 or 1", "correct the cell, or take the column out of data.label")
    return ones


def against_rest(cells: pd.Series[str], label: Label | None) -> pd.Series[str]:
    """Return the classes of a whole column that `labels` returned, its several labels in a cell made two classes.

    Raises:
        DataError: ``DATA_LABEL_UNKNOWN``: no cell has the label.
    """
    if not isinstance(label, ContainsLabel):
        return cells
    split = splitter(cells)
    has = {cell: label.contains in split(cell) for cell in cells.unique()}
    if not any(has.values()):
        names = counts(cells)
        known = ", ".join(f"{name} ({count})" for name, count in names.most_common(15))
        fix = f"correct data.label{nearest(label.contains, names)}"
        found = f"no label {label.contains!r} in the column {label.column!r}"
        raise DataError("DATA_LABEL_UNKNOWN", found, f"one of {known}", fix)
    return cells.map(has).map({True: label.contains, False: f"no {label.contains}"})


def splitter(cells: pd.Series[str]) -> Callable[[str], list[str]]:
    """Return the function that divides a cell of this column into its labels."""
    whole = "\n".join(cells.unique())
    separator = next((mark for mark in SEPARATORS if mark in whole), SEPARATORS[0])
    return lambda cell: [name for name in (part.strip() for part in cell.split(separator)) if name]


def counts(cells: pd.Series[str]) -> Counter[str]:
    """Return in how many cells of a column each label is."""
    split, number = splitter(cells), Counter[str]()
    for cell, rows in cells.value_counts().items():
        for name in dict.fromkeys(split(str(cell))):
            number[name] += int(rows)
    return number


def first_gap(column: pd.Series[str]) -> str:
    """Return where the first missing value of a column is, or ``""``."""
    gap = column.index[column.isin(MISSING)]
    return f"in row {gap[0]} of the column {column.name!r}" if len(gap) else ""
