"""Where the names of the columns stand: below title rows, in one row or two, or nowhere."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from seimbang.datasets.notation import MISSING_NUMBERS, kind

ROWS = 60
"""Rows at the top of a file that are looked at."""

FULL = 0.6
"""A row of names fills at least this share of the columns; a title does not."""

DATE = re.compile(r"(?:\d{4}([-/])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2(?:\d{4}|\d{2}))(?:[ T]\d{1,2}:\d{2}.*)?")
"""A date: year, month and day, or day, month and year."""

Row = Sequence[str]


@dataclass(frozen=True)
class Header:
    """Where the names are.

    Attributes:
        first: Row of the file with the first names, counted from 1; 0 where there are no names.
        rows: How many rows hold names: 0, 1 or 2.
        names: Of all columns; one without a name is called ``column`` and its number.
        named: How many columns the rows of names go to.
    """

    first: int
    rows: int
    names: tuple[str, ...]
    named: int

    @property
    def data(self) -> int:
        """The row of the file in which the data begin, counted from 1."""
        return self.first + self.rows


def find(top: Sequence[Row]) -> Header:
    """Return where the names are.

    Args:
        top: The first rows of the file as texts without blanks around them, at least one of them not empty; a row may
            end with its last cell.
    """
    width = max(len(row) for row in top)
    rows = [_whole(row, width) for row in top]
    at = _anchor(rows)
    if _is_data(rows, at):
        return _nameless(rows, at, width)
    start, end = (at - 1 if _is_above(rows, at) else at), (at + 2 if _goes_on(rows, at) else at + 1)
    start = at if end > at + 1 else start
    named = max(_end(row) for row in rows[start:end])
    names = _joined(rows[start], rows[end - 1]) if end - start > 1 else rows[at]
    return Header(start + 1, end - start, _called(names), named)


def _whole(row: Row, width: int) -> list[str]:
    return [*row, *[""] * (width - len(row))]


def _end(row: Row) -> int:
    return max((k + 1 for k, cell in enumerate(row) if cell), default=0)


def _anchor(rows: Sequence[Row]) -> int:
    """Return the first row that fills most columns and is no comment."""
    usual = Counter(_end(row) for row in rows if _end(row) > 1).most_common(1)
    needed = FULL * usual[0][0] if usual else 1
    filled = [sum(map(bool, row)) * (not row[0].startswith("#")) for row in rows]
    return next((k for k, n in enumerate(filled) if n >= needed), 0) if any(filled) else 0


def _number(cell: str) -> bool:
    return bool(kind(cell) or DATE.fullmatch(cell))


def _below(rows: Sequence[Row], at: int) -> list[list[str]]:
    """Return the values of each column below a row, without the missing ones."""
    columns = zip(*rows[at + 1 :], strict=True) if len(rows) > at + 1 else [()] * len(rows[0])
    return [[cell for cell in column if cell not in MISSING_NUMBERS] for column in columns]


def _of_numbers(below: Sequence[Row]) -> list[bool]:
    return [sum(map(_number, column)) > len(column) / 2 for column in below]


def _is_data(rows: Sequence[Row], at: int) -> bool:
    """Tell whether a row is one of the data, and the file has no names: each cell is like those below it."""
    below = _below(rows, at)
    numbers, cells = _of_numbers(below), rows[at]
    pairs = [(cell, number, column) for cell, number, column in zip(cells, numbers, below, strict=True) if cell]
    if not any(numbers) or not all(_number(cell) if number else cell in column for cell, number, column in pairs):
        return False
    whole = [int(cell) for cell in cells if cell.isascii() and cell.isdigit()]
    counted = len(whole) == len(pairs) and whole == sorted(set(whole)) and len(whole) > 1
    return not counted  # 0, 1, 2, ... are names that a program gave, wavelengths are names too


def _nameless(rows: Sequence[Row], at: int, width: int) -> Header:
    above = rows[at - 1] if at else []
    if at and above[0].startswith("#") and all(above[: _end(rows[at])]):  # names in the last line of comments
        return Header(at, 1, _called([above[0].lstrip("# "), *above[1:]]), _end(above))
    return Header(at + 1, 0, _called([""] * width), width)


def _is_above(rows: Sequence[Row], at: int) -> bool:
    """Tell whether the row above the names holds names too: it fills their gaps, or heads groups of columns."""
    if not at or rows[at - 1][0].startswith("#"):
        return False
    above, names = rows[at - 1], rows[at]
    heads = [k for k, cell in enumerate(above) if cell]
    if any(above[k] and not names[k] for k in range(len(names))):
        return len(heads) > 1
    spread = heads != list(range(len(heads)))  # cells side by side at the left are a title and its date
    return len(heads) > 1 and spread and not any(_number(above[k]) for k in heads)


def _goes_on(rows: Sequence[Row], at: int) -> bool:
    """Tell whether the row below the names holds more of them, such as units or the parts of a group."""
    if at + 2 >= len(rows):
        return False
    names, more, below = rows[at], rows[at + 1], _below(rows, at + 1)
    numbers = _of_numbers(below)
    if any(_number(cell) or cell in column for cell, column in zip(more, below, strict=True) if cell):
        return False
    fills = any(cell and not name for cell, name in zip(more, names, strict=True))
    texts = sum(
        number and bool(cell) and cell not in MISSING_NUMBERS for cell, number in zip(more, numbers, strict=True)
    )
    return texts > 0 if fills else texts > 1


def _joined(upper: Row, lower: Row) -> list[str]:
    """Return the names of two rows together; a merged name holds for the columns to its right that have a second."""
    names, head = [], ""
    for above, below in zip(upper, lower, strict=True):
        head = above if above else head if below else ""
        names.append(f"{head} {below}".strip())
        head = head if below else ""
    return names


def _called(names: Row) -> tuple[str, ...]:
    return tuple(" ".join(name.split()) or f"column {k}" for k, name in enumerate(names, 1))
