"""``metrics.json``: the figures of an arm in each set, with their intervals."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from seimbang.evaluation.intervals import newcombe
from seimbang.evaluation.table import METRICS
from seimbang.record.base import Record
from seimbang.text import marks, recorded, tr

DECIMALS = range(2, 10)
"""As many as a number may be written with."""

LIMITS = {metric.key: metric.limits for metric in METRICS}
ROUNDING = 1e-9
"""By so much a figure may pass its limit: 1 is not always 1 after a sum."""


class Value(Record):
    """A number with its 95 % interval, or the reason why there is none of one or of both.

    ``of_seeds`` is the share of its variance that lies between seeds, where there are several; the rest is of patients.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    interval: str = ""
    why: str = ""
    of_seeds: float | None = None

    @property
    def number(self) -> str:
        """The number to two decimals, or ``not estimable``."""
        return tr("not estimable") if self.value is None else fixed(self.value)

    @property
    def withheld(self) -> bool:
        """Whether the number is known, and for a reason not its interval, so that nothing follows from it."""
        return self.value is not None and self.low is None and bool(self.why)

    @property
    def range(self) -> str:
        """The interval to two decimals, or ``""``."""
        return self._range(DECIMALS[0])

    def _range(self, decimals: int) -> str:
        """Return the interval, or ``""``; ``to`` where a minus sign would meet a dash."""
        if self.value is None or self.low is None or self.high is None:
            return ""
        low, high = fixed(self.low, decimals), fixed(self.high, decimals)
        return tr("{low} to {high}", low=low, high=high) if self.low < 0 else f"{low}–{high}"

    def __str__(self) -> str:
        return self._text(DECIMALS[0])

    def _text(self, decimals: int) -> str:
        if self.value is None:
            return tr("not estimable ({why})", why=recorded(self.why)) if self.why else tr("not estimable")
        number, edges = fixed(self.value, decimals), self._range(decimals)
        beside = edges or recorded(self.why)
        return f"{number} ({beside})" if beside else number

    def beside(self, level: float) -> tuple[str, str]:
        """Return it and a level as text, with so many decimals that the reader sees on which side each number lies."""
        numbers = [number for number in (self.value, self.low, self.high) if number is not None]
        decimals = decimals_beside(level, numbers)
        return self._text(decimals), fixed(level, decimals)

    def side_of(self, number: float) -> int:
        """Return 0 when the interval contains ``number``, 1 when it lies above it, -1 below; bare values count.

        A value whose interval is withheld is on no side.
        """
        if self.withheld:
            return 0
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
        low, high, way = newcombe(self.value, (self.low, self.high), other.value, (other.low, other.high))
        return Value(value=difference, low=low, high=high, interval=way)


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
    """One class against the rest: the area under its ROC curve, that curve, and the one of recall and precision."""

    auc: Value
    curve: list[tuple[float, float]]
    precision_recall: list[tuple[float, float]]


class Band(Record):
    """A curve with its pointwise 95 % band: the interval of each height by itself, not of the whole curve.

    Attributes:
        x: Where it is measured.
        value: Its heights; the mean over seeds.
        low: Lower ends; none where there are too few patients.
        high: Upper ends.
        why: Why there are none.
    """

    x: list[float]
    value: list[float]
    low: list[float]
    high: list[float]
    why: str = ""


class Bands(Record):
    """The curves of one class against the rest.

    Attributes:
        roc: Sensitivity at false positive rates.
        precision_recall: Precision at recalls.
    """

    roc: Band
    precision_recall: Band


class Measures(Record):
    """What one decision rule gives on one set; ``confusion`` has true classes as rows, and is a mean over the seeds."""

    confusion: list[list[float]]
    metrics: dict[str, Value]
    per_class: dict[str, PerClass]
    macro: dict[str, Value]
    weighted: dict[str, Value]
    calibration: list[Bin]
    roc: list[tuple[float, float]]
    precision_recall: list[tuple[float, float]]
    one_vs_rest: dict[str, Ranking]

    @model_validator(mode="after")
    def _can_be(self) -> Self:
        """Refuse figures that there cannot be, such as an accuracy of 2."""
        tables = [self.metrics, self.macro, self.weighted, *(each.metrics for each in self.per_class.values())]
        for key, value in ((key, value) for table in tables for key, value in table.items() if key in LIMITS):
            low, high = LIMITS[key]
            for number in (value.value, value.low, value.high):
                if number is not None and not low - ROUNDING <= number <= high + ROUNDING:
                    raise ValueError(f"{key} is {number:g}, which is not from {low:g} to {high:g}")
        return self


class Local(Record):
    """An external set with a threshold set anew there: chosen on one half of its patients, judged on the other.

    ``gain`` is the balanced accuracy with it minus that of each other rule, ``default`` and ``tuned``.
    """

    measures: Measures
    gain: dict[str, Value]


class Level(Record):
    """One value, or band, of a subgroup column.

    Attributes:
        name: Of the value or band.
        n: Number of cases, or of patients where these are the unit.
        groups: Number of patients.
        support: Number of each class, by its name.
        values: The headline figures; none where there are too few patients.
        why: Why there are none.
    """

    name: str
    n: int
    groups: int
    support: dict[str, int]
    values: dict[str, Value]
    why: str


class Gap(Record):
    """The largest difference of balanced accuracy between two values of a column, and whether it may be chance.

    Attributes:
        highest: The value with the highest.
        lowest: That with the lowest.
        difference: Between them; None where fewer than two values can be compared.
        p: Of the permutation test of the largest difference.
        corrected: p corrected for the number of columns (Holm).
        why: Why there is none.
    """

    highest: str
    lowest: str
    difference: float | None
    p: float | None
    corrected: float | None
    why: str


class Subgroups(Record):
    """The figures by one column.

    Attributes:
        column: Its name.
        bands: Whether its numbers were cut at the quartiles of the training cases.
        levels: Its values, or bands.
        gap: The largest gap between two of them.
    """

    column: str
    bands: bool
    levels: list[Level]
    gap: Gap


class OtherUnit(Record):
    """The same set by the other unit: of patients where figures are of cases, of cases where they are of patients.

    Attributes:
        n: Number of these.
        default: By the arm's own rule.
        tuned: By the threshold chosen on validation, by the same unit.
    """

    n: int
    default: Measures
    tuned: Measures | None


class SetMetrics(Record):
    """One set.

    Attributes:
        n: Number of cases; of patients where these are the unit.
        groups: Number of patients.
        default: By the arm's own rule.
        tuned: By the threshold chosen on validation.
        ensemble: Of the models of all seeds together, which is what is served; None with one seed.
        ensemble_tuned: The same by their threshold chosen on validation.
        seeds: Number of seeds, over which the figures are means: what to expect of one training.
        local: With a threshold set anew on an external set.
        other: By the other unit, where patients have several cases.
        subgroups: By the columns that the study names.
        bands: Of the curves of the positive class, of more than two classes of each; on tested sets only.
    """

    n: int
    groups: int
    default: Measures
    tuned: Measures | None = None
    ensemble: Measures | None = None
    ensemble_tuned: Measures | None = None
    seeds: int = 1
    local: Local | None = None
    other: OtherUnit | None = None
    subgroups: list[Subgroups] = Field(default_factory=list)
    bands: dict[str, Bands] = Field(default_factory=dict)

    @property
    def served(self) -> Measures:
        """The figures of what is served."""
        return self.ensemble or self.default

    @property
    def served_tuned(self) -> Measures | None:
        """The same by the threshold chosen on validation."""
        return self.ensemble_tuned if self.ensemble else self.tuned

    def by(self, tuned: bool) -> Measures | None:
        """Return the figures by the threshold chosen on validation, or by the arm's own rule."""
        return self.tuned if tuned else self.default


class Thresholds(Record):
    """Which thresholds were chosen on validation, how, and whether the arm decides by them.

    Attributes:
        value: That of the models that are served.
        folds: Of the models of all seeds of each fold together.
        trainings: With several seeds that of each training, by which its figures are.
        rule: How they were chosen.
        decides: Whether the arm's own answer is by them.
    """

    value: float | None
    folds: dict[str, float]
    trainings: list[float] = Field(default_factory=list)
    rule: str
    decides: bool

    @property
    def text(self) -> str:
        """The threshold, or the range of those of the folds or trainings."""
        numbers = sorted({fixed(value) for value in self.trainings or self.folds.values()})
        if len(numbers) < 2:
            return "".join(numbers) or tr("none")
        low, high = numbers[0], numbers[-1]
        if self.trainings:
            return tr("{low} to {high}, one per training", low=low, high=high)
        return tr("{low} to {high}, one per fold", low=low, high=high)


class Folded(Record):
    """Figures of each fold by itself; mean and sd of those folds, ``measured`` of them, that have the figure."""

    each: list[dict[str, Any]]
    measured: dict[str, int]
    mean: dict[str, float | None]
    sd: dict[str, float | None]


class Metrics(Record):
    """``metrics.json`` of an arm; gaps are each external set minus the internal test, by the two rules of a set.

    ``unit`` is what figures are of, and ``combine`` how the probabilities of a patient's cases become one.
    """

    unit: Literal["case", "patient"] = "case"
    combine: str = "mean"
    classes: list[str]
    positive: str
    threshold: Thresholds
    sets: dict[str, SetMetrics]
    folds: dict[str, Folded]
    gaps: dict[str, dict[str, Value]]
    tuned_gaps: dict[str, dict[str, Value]]

    def gap(self, part: str, metric: str, tuned: bool) -> Value:
        """Return how a figure changes outside."""
        gaps = self.tuned_gaps if tuned else self.gaps
        return gaps.get(part, {}).get(metric, Value(value=None))


def fixed(value: float, decimals: int = DECIMALS[0]) -> str:
    """Return a number with so many decimals, a typographic minus, and no minus before nothing."""
    text = f"{value:.{decimals}f}"
    return marks(text.replace("-", "−") if float(text) else f"{0:.{decimals}f}")


def decimals_beside(level: float, numbers: Iterable[float]) -> int:
    """Return the fewest decimals with which each number is written as on the side of ``level`` where it lies."""

    def shown(decimals: int) -> bool:
        return all(_side(round(number, decimals), round(level, decimals)) == _side(number, level) for number in known)

    known = list(numbers)
    return next((decimals for decimals in DECIMALS if shown(decimals)), DECIMALS[-1])


def _side(number: float, level: float) -> int:
    difference = round(number - level, DECIMALS[-1])
    return (difference > 0) - (difference < 0)
