"""What the cells of a column of a table hold, and so what is made of it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from seimbang.datasets.columns import Floats
from seimbang.datasets.counters import counts_cases
from seimbang.datasets.headers import DATE
from seimbang.datasets.roles import plain
from seimbang.datasets.uses import ColumnUse

LEVELS = 20
"""A column of words with more levels is no category."""

DATES = ("date", "tanggal", "tgl", "datum", "dob", "birthdate")
"""Words in the name of a column whose numbers such as 20240131 are dates."""

_MEASURE = re.compile(r"[<>≤≥~≈±]*\s*[-+−]?\d[\d.,' ]*\D{0,20}")


def compact_dates(name: str, low: float, high: float) -> bool:
    """Tell whether the whole numbers of a column are dates such as 20240131, by its name and their range."""
    return any(word in plain(name) for word in DATES) and low >= 19000101 and high <= 20991231


def dates(texts: Iterable[str]) -> bool:
    """Tell whether every text is a date."""
    return all(DATE.fullmatch(text) for text in texts)


def measures(texts: Iterable[str]) -> bool:
    """Tell whether every text is a number with something beside it, such as a unit."""
    return all(_MEASURE.fullmatch(text) for text in texts)


@dataclass
class Cells:
    """What the cells of a column hold, block by block.

    Attributes:
        name: Of the column.
        first: Its first text that is no number; empty where there is none.
        numbers: How many numbers there are.
        levels: Its different texts, one more than ``LEVELS`` at most.
        dates: Whether all texts are dates.
        measures: Whether all texts are numbers with something beside them.
        whole: Its numbers, as long as all of them are whole.
    """

    name: str
    first: "pd.Series[str]" = field(default_factory=lambda: pd.Series(dtype=str))
    numbers: int = 0
    levels: set[str] = field(default_factory=set)
    dates: bool = True
    measures: bool = True
    whole: list[Floats] | None = field(default_factory=list)

    def add(self, values: Floats, text: "pd.Series[str]") -> None:
        """Take in a block: its numbers, NaN where there is none, and the texts that are none."""
        there = values[~np.isnan(values)]
        self.numbers += len(there)
        if self.whole is not None:
            self.whole = [*self.whole, values] if (there == np.round(there)).all() else None
        if len(text):
            self.first = self.first if len(self.first) else text.iloc[:1]
            different = text.unique().tolist()
            self.dates, self.measures = self.dates and dates(different), self.measures and measures(different)
            self.levels |= set(different[: LEVELS + 1 - len(self.levels)])

    def use(self) -> ColumnUse:
        """Return what is made of the column where the study does not list the features."""
        if len(self.first):
            example = f"such as {self.first.iloc[0]!r} in row {self.first.index[0]}"
            if self.dates or self.measures:
                return ColumnUse(self.name, "date" if self.dates else "measure", example)
            many = len(self.levels) > LEVELS
            return ColumnUse(self.name, *(("text", example) if many else ("words", ", ".join(sorted(self.levels)))))
        values = np.concatenate(self.whole) if self.whole and self.numbers else np.empty(0)
        if counts_cases(self.name, values):
            return ColumnUse(self.name, "counter")
        if len(values) and compact_dates(self.name, np.nanmin(values), np.nanmax(values)):
            return ColumnUse(self.name, "date")
        return ColumnUse(self.name, "number")
