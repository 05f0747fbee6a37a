"""How the numbers of each column are written: decimal point or comma, with or without thousands separators.

A column is decided from all of its texts, and by the rest of the file where they do not say: ``1.234`` may be 1234 or
1.234. Where nothing says which, it is refused rather than guessed.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from seimbang.errors import DataError

MISSING = (
    "", "NA", "N/A", "n/a", "N.A.", "n.a.", "#N/A", "#NA", "<NA>", "NaN", "nan", "NULL", "Null", "null", "?", "-", "--",
    "–", "—", ".",
)  # fmt: skip
"""What stands in a cell whose value is missing; ``-`` is a value where ``+`` is one too."""

MISSING_NUMBERS = (*MISSING, "None", "none", "NONE", "na", "N/a")
"""What stands for a missing number: ``None`` and ``na`` may well be a class or a category level."""

_GROUP, _SPACES = r"[1-9]\d{0,2}", "'’ \u00a0\u2009\u202f"
_TOKEN = re.compile(
    rf"""[-+−]?(?:
      (?P<short>\d{{1,3}})
    | (?P<long>\d+)
    | (?P<spaced>{_GROUP}(?:[{_SPACES}]\d{{3}})+)
    | (?P<maybe_point>{_GROUP}\.\d{{3}})
    | (?P<maybe_comma>{_GROUP},\d{{3}})
    | (?P<grouped_point>{_GROUP}(?:,\d{{3}})+\.\d* | {_GROUP}(?:,\d{{3}}){{2,}} | {_GROUP}(?:[{_SPACES}]\d{{3}})+\.\d*)
    | (?P<grouped_comma>{_GROUP}(?:\.\d{{3}})+,\d* | {_GROUP}(?:\.\d{{3}}){{2,}} | {_GROUP}(?:[{_SPACES}]\d{{3}})+,\d*)
    | (?P<point>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)
    | (?P<comma>(?:\d+,\d*|,\d+)(?:[eE][-+]?\d+)?)
    )""",
    re.X,
)
_SURE = {".": ("point", "grouped_point"), ",": ("comma", "grouped_comma")}
_MAYBE = {".": "maybe_point", ",": "maybe_comma"}
_OTHER = {".": ",", ",": "."}
_SIGNS = {mark: str.maketrans({mark: ".", _OTHER[mark]: "", "−": "-"} | dict.fromkeys(_SPACES, "")) for mark in _OTHER}


def kind(text: str) -> str:
    """Return how a number is written, such as ``maybe_point`` for 1.234; ``""`` for what is no number."""
    match = _TOKEN.fullmatch(text)
    return str(match.lastgroup) if match else ""


@dataclass
class Evidence:
    """What the texts of a column say; blocks of rows are added one after the other.

    Attributes:
        first: For each kind of number the first text and its row.
        numbers: How many different numbers there were, block by block.
        texts: The same of what is neither a number nor missing.
        markers: What stood for missing values.
        plus: Whether ``+`` is a value, so that ``-`` is one too.
        minus: Whether a minus is not the one of the keyboard.
    """

    first: dict[str, tuple[str, int]] = field(default_factory=dict)
    numbers: int = 0
    texts: int = 0
    markers: set[str] = field(default_factory=set)
    plus: bool = False
    minus: bool = False

    def add(self, column: "pd.Series[str]") -> None:
        """Take in a block of a column; the index is the row in the file."""
        for text in column.unique():
            if text in MISSING_NUMBERS:
                self.markers.add(text)
            elif name := kind(text):
                self.numbers += 1
                self.minus |= text[0] == "−"
                if name not in self.first:
                    self.first[name] = (text, int(column.index[(column == text).to_numpy().argmax()]))
            else:
                self.texts += 1
                self.plus |= text == "+"

    @property
    def empty(self) -> bool:
        """Whether there is no value."""
        return not self.numbers + self.texts

    @property
    def numeric(self) -> bool:
        """Whether most of the values are numbers."""
        return self.numbers > self.texts

    def example(self, *kinds: str) -> str:
        """Return ``'1.5' in row 7``, the first number of these kinds."""
        text, row = next(self.first[name] for name in kinds if name in self.first)
        return f"{text!r} in row {row}"

    def has(self, *kinds: str) -> bool:
        """Return whether any number is of one of these kinds."""
        return any(name in self.first for name in kinds)

    def seen(self, markers: Iterable[str]) -> set[str]:
        """Return which of these markers stood for a missing value."""
        return self.markers & ({*markers} - ({"-"} if self.plus else set()))

    def sure(self) -> set[str]:
        """Return the decimal marks that the column itself leaves no doubt of."""
        return {mark for mark in _SURE if self.has(*_SURE[mark])}


@dataclass(frozen=True)
class Notation:
    """How the numbers of one column are written.

    Attributes:
        decimal: The decimal mark.
        grouped: Whether there are thousands separators, or signs that Python does not read.
        refused: What keeps them from being read, for the message; ``""`` where nothing does.
        either: Whether they could be read with either decimal mark, so that the user can say which.
    """

    decimal: str = "."
    grouped: bool = False
    refused: str = ""
    either: bool = False


def decide(columns: Mapping[str, Evidence], separator: str, decimal: str = "") -> dict[str, Notation]:
    """Return how the numbers of each column of numbers are written.

    Args:
        columns: What the texts of each column say.
        separator: What stands between the columns; where it is a comma, ``1.234`` has a decimal point.
        decimal: The decimal mark of columns that leave a doubt, where the user says it.
    """
    numeric = {name: evidence for name, evidence in columns.items() if evidence.numeric}
    shared = {mark for evidence in numeric.values() for mark in evidence.sure()}
    grouped = {mark for mark in _SURE if any(evidence.has(_SURE[mark][1]) for evidence in numeric.values())}
    return {name: _notation(evidence, decimal, shared, grouped, separator) for name, evidence in numeric.items()}


def _notation(evidence: Evidence, decimal: str, shared: set[str], grouped: set[str], separator: str) -> Notation:
    mark = decimal if decimal and evidence.sure() <= {decimal} else _mark(evidence, shared, grouped, separator)
    if not mark:
        marks = _marks(evidence)
        return Notation(refused=_doubt(evidence, marks), either=len(marks) == 1)
    signs = ("spaced", _SURE[mark][1], _MAYBE[_OTHER[mark]])
    return Notation(mark, evidence.has(*signs) or evidence.minus)


def _mark(evidence: Evidence, shared: set[str], grouped: set[str], separator: str) -> str:
    """Return the decimal mark of a column, or ``""`` where it has two or cannot be told."""
    sure, maybe = evidence.sure(), [mark for mark in _MAYBE if evidence.has(_MAYBE[mark])]
    if len(sure) == 1:
        (mark,) = sure
        # 1.5 beside 2,525 is more often a slip of the decimal mark than a thousand: groups must be seen elsewhere
        return mark if _OTHER[mark] not in maybe or mark in grouped else ""
    if sure or len(maybe) > 1:
        return ""
    if not maybe:
        return "."
    mark = "." if separator == "," and not shared else next(iter(shared)) if len(shared) == 1 else ""
    return "" if mark != maybe[0] and evidence.has("long") else mark  # 12345 beside 1,234: not grouped throughout


def _marks(evidence: Evidence) -> list[str]:
    return [mark for mark in _SURE if evidence.has(*_SURE[mark], _MAYBE[mark])]


def _doubt(evidence: Evidence, marks: list[str]) -> str:
    """Say what is wrong with a column whose decimal mark cannot be told."""
    if len(marks) > 1:
        return " and ".join(evidence.example(*_SURE[mark], _MAYBE[mark]) for mark in marks)
    text = evidence.example(_MAYBE[marks[0]])
    number = text.split("'")[1]
    whole, part = re.split("[.,]", number)
    return f"{text}, which may be {whole}{part} or {whole}.{part},"


def rewrite(column: "pd.Series[str]", notation: Notation) -> "pd.Series[str]":
    """Return a column whose numbers have a decimal point and no thousands separators; other texts stay.

    Raises:
        DataError: ``DATA_DECIMAL``: it cannot be told which mark is the decimal one.
    """
    if notation.refused:
        found = f"{notation.refused} of the column {str(column.name)!r}"
        say = ', or say which mark it is in the study: decimal = "." or decimal = ","' * notation.either
        fix = f"write its numbers alike{say}"
        raise DataError("DATA_DECIMAL", found, "one decimal mark in a column, and no doubt which", fix)
    if notation == Notation():
        return column
    wrong, signs = ("", *_SURE[_OTHER[notation.decimal]]), _SIGNS[notation.decimal]
    plain = {text: text.translate(signs) for text in column.unique() if kind(text) not in wrong}
    return pd.Series([plain.get(text, text) for text in column], column.index, str, column.name)
