"""``metrics.json``: the figures of an arm in each set, with their intervals."""

from __future__ import annotations

import math
from typing import Any

from pydantic import ConfigDict

from seimbang.record.base import Record


class Value(Record):
    """A number with its 95 % interval, or the reason why there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None
    interval: str = ""
    why: str = ""

    @property
    def number(self) -> str:
        """The number to two decimals, or ``not estimable``."""
        return "not estimable" if self.value is None else _two(self.value)

    @property
    def range(self) -> str:
        """The interval to two decimals, or ``""``; ``to`` where a minus sign would meet a dash."""
        if self.value is None or self.low is None or self.high is None:
            return ""
        return f"{_two(self.low)}{' to ' if self.low < 0 else '–'}{_two(self.high)}"

    def __str__(self) -> str:
        if self.value is None:
            return f"not estimable ({self.why})" if self.why else "not estimable"
        return f"{self.number} ({self.range})" if self.range else self.number

    def side_of(self, number: float) -> int:
        """Return 0 when the interval contains ``number``, 1 when it lies above it, -1 below; bare values count."""
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        if low is None or high is None:
            return 0
        return (low > number) - (high < number)

    def beats(self, other: Value) -> bool:
        """Whether this interval lies wholly above the other's."""
        highest = other.value if other.high is None else other.high
        return self.value is not None and highest is not None and self.side_of(highest) > 0

    def minus(self, other: Value) -> Value:
        """Return the difference to a value of other cases, with the interval that both make (Newcombe 1998)."""
        if self.value is None or other.value is None:
            return Value(value=None, why=self.why or other.why)
        difference = self.value - other.value
        if self.low is None or self.high is None or other.low is None or other.high is None:
            return Value(value=difference)
        below = math.hypot(self.value - self.low, other.high - other.value)
        above = math.hypot(self.high - self.value, other.value - other.low)
        return Value(value=difference, low=difference - below, high=difference + above, interval="Newcombe")


class PerClass(Record):
    """One class against the rest: how many cases it has, and each metric of a class."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Value]
    support: int

    @property
    def metrics(self) -> dict[str, Value]:
        """The metrics by key."""
        return self.__pydantic_extra__


class Bin(Record):
    """One bin of predicted probabilities."""

    low: float
    high: float
    n: int
    predicted: float
    observed: float


class Ranking(Record):
    """One class against the rest: the area under its ROC curve, and the curve."""

    auc: Value
    curve: list[tuple[float, float]]


class Measures(Record):
    """What one decision rule gives on one set; ``confusion`` has true classes as rows."""

    confusion: list[list[int]]
    metrics: dict[str, Value]
    per_class: dict[str, PerClass]
    macro: dict[str, Value]
    weighted: dict[str, Value]
    calibration: list[Bin]
    roc: list[tuple[float, float]]
    one_vs_rest: dict[str, Ranking]


class SetMetrics(Record):
    """One set; ``tuned`` uses the threshold chosen on validation."""

    n: int
    groups: int
    default: Measures
    tuned: Measures | None = None


class Thresholds(Record):
    """Which thresholds were chosen on validation, one per fold, how, and whether the arm decides by them."""

    value: float | None
    folds: dict[str, float]
    rule: str
    decides: bool

    @property
    def text(self) -> str:
        """The threshold, or the range of those of the folds."""
        numbers = sorted({_two(value) for value in self.folds.values()})
        return f"{numbers[0]} to {numbers[-1]}, one per fold" if len(numbers) > 1 else "".join(numbers) or "none"


class Folded(Record):
    """Figures of each fold by itself; mean and sd of those folds, ``measured`` of them, that have the figure."""

    each: list[dict[str, Any]]
    measured: dict[str, int]
    mean: dict[str, float | None]
    sd: dict[str, float | None]


class Metrics(Record):
    """``metrics.json`` of an arm."""

    classes: list[str]
    positive: str
    threshold: Thresholds
    sets: dict[str, SetMetrics]
    folds: dict[str, Folded]
    gaps: dict[str, dict[str, Value]]


def _two(number: float) -> str:
    text = f"{number:.2f}"
    return text.replace("-", "−") if float(text) else "0.00"
