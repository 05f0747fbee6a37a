"""What was understood of a file with a table: decided once for the whole file, and said in a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from seimbang.datasets.notation import MISSING, MISSING_NUMBERS, Notation, rewrite
from seimbang.errors import first_few

NAMED = 8
"""At most this many columns are named."""
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass(frozen=True)
class Dialect:
    """How a table is written down.

    Attributes:
        encoding: Of the text; ``""`` for a workbook.
        separator: Between the columns; ``""`` for a workbook.
        sheet: Of the workbook; ``""`` for text.
        others: The other sheets with rows.
        row: Row of the file with the first names, counted from 1; where the data begin if there are no names.
        header: How many rows hold names.
        columns: Names of the columns that are used: those that have a name or a value.
        numbers: How the numbers of each column of numbers are written.
        missing: What stands for missing values, besides an empty cell.
        signs: Columns in which ``+`` is a value, and therefore ``-``.
        texts: Columns of a workbook with numbers that are stored as text.
    """

    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    others: tuple[str, ...] = ()
    row: int = 1
    header: int = 1
    columns: tuple[str, ...] = ()
    numbers: Mapping[str, Notation] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()

    def values(self, column: "pd.Series[str]") -> "pd.Series[str]":
        """Return a column with nothing in the cells whose value is missing."""
        name = str(column.name)
        markers = set(MISSING_NUMBERS if name in self.numbers else MISSING) - ({"-"} if name in self.signs else set())
        gap = column.isin(markers & {*self.missing, ""})
        return column.mask(gap, "") if gap.any() else column

    def plain(self, column: "pd.Series[str]") -> "pd.Series[str]":
        """Return a column whose numbers are as Python writes them.

        Raises:
            DataError: ``DATA_DECIMAL``: it cannot be told which mark is the decimal one.
        """
        name = str(column.name)
        return rewrite(column, self.numbers[name]) if name in self.numbers else column

    def sentences(self) -> tuple[str, ...]:
        """Return what was understood."""
        where = f"Read from the sheet {self.sheet!r}" if self.sheet else self._text()
        names = {0: f"no names, data from row {self.row}", 1: f"names in row {self.row}"}
        rows = names.get(self.header, f"names in rows {self.row} and {self.row + 1}, joined")
        said = [f"{where}; {rows}."]
        if self.others:
            said.append(f"Of the other sheets ({', '.join(self.others)}) nothing is read; sheet takes another.")
        for words, mark, one in (("decimal commas", ",", "1,5"), ("decimal points", ".", "1,000.5")):
            names_so = [name for name, notation in self.numbers.items() if _as(notation, mark)]
            said += [f"Numbers with {words} (as in {one}): {first_few(names_so, NAMED)}."] if names_so else []
        if self.texts:
            said.append(f"Numbers stored as text are read as numbers: {first_few(self.texts, NAMED)}.")
        if self.missing:
            said.append(f"Missing values: {' '.join(self.missing)} and empty cells.")
        return tuple(said)

    def _text(self) -> str:
        encoding = self.encoding.removesuffix("-sig").upper()
        return f"Read as text in {encoding}, with {SEPARATORS[self.separator]} between the columns"


def _as(notation: Notation, mark: str) -> bool:
    return not notation.refused and notation.decimal == mark and (mark == "," or notation.grouped)
