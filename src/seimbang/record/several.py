"""Several runs beside each other."""

from __future__ import annotations

from seimbang.record.base import Record
from seimbang.record.metrics import Value


class SeveralRow(Record):
    """An arm of a run under one decision rule.

    Attributes:
        run: Name of the run.
        arm: Name of the arm, and of the rule where it is the second one.
        leaky: Whether it leaks.
        quick: Whether its figures are rough ones.
        cases: Cases it was tested on.
        part: Digest of what it was tested on: the cases, their classes, and what figures are of.
        rank: By balanced accuracy, 1 for the highest; None where rows are not ranked, and for an arm that leaks.
        values: Its headline figures.
    """

    run: str
    arm: str
    leaky: bool
    quick: bool
    cases: int
    part: str
    rank: int | None
    values: dict[str, Value]


class Several(Record):
    """The whole table; ``why`` says why it is not ranked, ``""`` where it is."""

    runs: dict[str, str]
    metrics: list[str]
    rows: list[SeveralRow]
    why: str
