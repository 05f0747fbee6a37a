"""What is made of each column of a table: a feature, a role, or nothing, and then why."""

from collections.abc import Iterable
from dataclasses import dataclass

USES = {
    "number": "number",
    "category": "category",
    "class": "the class, or what it is made from",
    "case": "names the case",
    "patient": "names the patient",
    "part": "divides the cases",
    "site": "names the site",
    "join": "joins the tables",
    "unlisted": "not in data.features",
    "empty": "no value",
    "constant": "one value only",
    "counter": "counts the rows, or numbers the cases; data.features would use it",
    "date": "dates; an age or a duration made of them could be used",
    "mixed": "words among its numbers",
    "measure": "numbers with something else in the cell; write the numbers alone to use them",
    "words": "words; data.categories would use them",
    "text": "free text",
}
"""What a column can be, in words."""

LEFT_OUT = ("counter", "date", "measure", "words", "text")
"""What is left out of the features although nobody asked for it."""


@dataclass(frozen=True)
class ColumnUse:
    """What was made of one column.

    Attributes:
        name: As in the file.
        use: A key of ``USES``.
        note: What else there is to say, such as how its numbers are written; ``""`` for nothing.
    """

    name: str
    use: str
    note: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.note})" if self.note else self.name


def by_use(uses: Iterable[ColumnUse]) -> dict[str, list[ColumnUse]]:
    """Return columns together that have one use, in the order of ``USES``."""
    every = list(uses)
    kinds = {use: [column for column in every if column.use == use] for use in USES}
    return {use: columns for use, columns in kinds.items() if columns}
