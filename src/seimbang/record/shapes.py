"""What the JSON files of a run folder hold."""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
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


class PerClass(BaseModel):
    """One class against the rest."""

    precision: Value
    recall: Value
    specificity: Value
    f1: Value
    support: int


class Average(BaseModel):
    """Averages over the classes."""

    precision: Value
    recall: Value
    f1: Value


class Bin(BaseModel):
    """One bin of predicted probabilities."""

    low: float
    high: float
    n: int
    predicted: float
    observed: float


class Ranking(BaseModel):
    """One class against the rest: the area under its ROC curve, and the curve."""

    auc: Value
    curve: list[tuple[float, float]]


class Measures(BaseModel):
    """What one decision rule gives on one set; ``confusion`` has true classes as rows."""

    confusion: list[list[int]]
    metrics: dict[str, Value]
    per_class: dict[str, PerClass]
    macro: Average
    weighted: Average
    calibration: list[Bin] = []
    roc: list[tuple[float, float]] = []
    one_vs_rest: dict[str, Ranking] = {}


class SetMetrics(BaseModel):
    """One set; ``tuned`` uses the threshold chosen on validation."""

    n: int
    groups: int
    default: Measures
    tuned: Measures | None = None


class Threshold(BaseModel):
    """Which thresholds were chosen on validation, one a fold, how, and whether the arm answers by them."""

    value: float | None
    folds: dict[str, float] = {}
    rule: str
    decides: bool = False

    @property
    def text(self) -> str:
        """The threshold, or the range of those of the folds."""
        numbers = sorted({_two(value) for value in self.folds.values()})
        return f"{numbers[0]} to {numbers[-1]}, one a fold" if len(numbers) > 1 else "".join(numbers) or "none"


class Folded(BaseModel):
    """Figures of each fold by itself; mean and sd of those folds, ``measured`` of them, that have the figure."""

    each: list[dict[str, Any]]
    measured: dict[str, int]
    mean: dict[str, float | None]
    sd: dict[str, float | None]


class Metrics(BaseModel):
    """``metrics.json`` of an arm."""

    classes: list[str]
    positive: str
    threshold: Threshold
    sets: dict[str, SetMetrics]
    folds: dict[str, Folded] = {}
    gaps: dict[str, dict[str, Value]] = {}


class Outcome(BaseModel):
    """What one test says of a pair: first minus second, its 95 % interval, p, and p after Holm's correction."""

    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    holm: float | None
    method: str
    why: str

    @property
    def apart(self) -> bool:
        """Whether the test tells the two arms apart."""
        return self.holm is not None and self.holm < 0.05

    @property
    def sign(self) -> int:
        """Which arm is shown to be better: 1 the first, -1 the second, 0 neither."""
        return (1 if (self.difference or 0) > 0 else -1) if self.apart else 0

    def __str__(self) -> str:
        return str(Value(value=self.difference, low=self.low, high=self.high, why=self.why))

    def turned(self) -> Outcome:
        """Return it as second minus first."""
        difference, low, high = (None if x is None else -x for x in (self.difference, self.high, self.low))
        return self.model_copy(update={"difference": difference, "low": low, "high": high})


class Pair(BaseModel):
    """Two arms on the same cases; ``only_first`` cases only the first arm has right."""

    first: str
    second: str
    only_first: int
    only_second: int
    balanced_accuracy: Outcome
    accuracy: Outcome
    mcnemar: Outcome
    auc: Outcome
    folds: Outcome
    folds_accuracy: Outcome


class Compared(BaseModel):
    """Every pair on one set."""

    n: int
    groups: int
    pairs: list[Pair]

    def between(self, first: str, second: str, test: str = "balanced_accuracy") -> Outcome:
        """Return what a test says of two different arms, first minus second."""
        found = next(pair for pair in self.pairs if {pair.first, pair.second} == {first, second})
        outcome: Outcome = getattr(found, test)
        return outcome if found.first == first else outcome.turned()


class Comparison(BaseModel):
    """One protocol of ``comparisons.json``, by the names of its arms and sets."""

    arms: list[str]
    sets: dict[str, Compared]


class LayerRow(BaseModel):
    """One line of the architecture."""

    name: str
    shape: list[int]
    parameters: int
    purpose: str


class ArmFacts(BaseModel):
    """``arm.json``; ``name`` is that of the arm and its protocol together."""

    name: str
    arm: str = ""
    protocol: str = ""
    slug: str
    balance: dict[str, Any]
    balance_title: str
    model: dict[str, Any]
    model_title: str
    training: dict[str, Any]
    leaky: bool
    leaks: list[str]
    before: dict[str, int]
    after: dict[str, int]
    synthetic: int
    layers: list[LayerRow]
    quick: bool
    best_epoch: int
    model_kind: str = "network"


class GalleryRow(BaseModel):
    """One synthetic image and the two originals it was made from; paths are relative to the arm."""

    first: str
    second: str
    synthetic: str
    delta: float
    label: str
    first_id: str
    second_id: str


class ExampleRow(BaseModel):
    """One test case with what the model said."""

    file: str
    case_id: str
    label: str
    predicted: str
    confidence: float
    right: bool


class HeatRow(ExampleRow):
    """A test case with its heat maps by method, and those of a network with random weights."""

    maps: dict[str, str]
    random: dict[str, str]


class Sanity(BaseModel):
    """How alike the maps of a method and those of a network with random weights are, as a mean rank correlation."""

    similarity: float
    passed: bool


class Heat(BaseModel):
    """``heat.json``; ``sanity`` by method."""

    cases: list[HeatRow] = []
    sanity: dict[str, Sanity] = {}


class Quarter(BaseModel):
    """The images of one quarter of a measure of quality, and how often they were wrong."""

    low: float
    high: float
    n: int
    errors: int
    rate: Value


class QualityRow(BaseModel):
    """Errors by one measure, from low to high; ``holm`` is p of no dependence, corrected for the number of measures."""

    measure: str
    quarters: list[Quarter]
    p: float | None
    holm: float | None

    @property
    def depends(self) -> bool:
        """Whether errors depend on it beyond chance."""
        return self.holm is not None and self.holm < 0.05


class Quality(BaseModel):
    """``quality.json``: errors by quality, and the surest errors."""

    measures: list[QualityRow] = []
    worst: list[ExampleRow] = []


class Candidate(BaseModel):
    """One line of ``search.csv``: settings, their score inside the training part, how many folds took them."""

    settings: dict[str, str]
    mean: float
    sd: float | None = None
    metric: str
    chosen: int = 0


class BoxRow(BaseModel):
    """One column of ``boxes.json``: smallest value, quartiles and largest by class, before and after balancing."""

    column: str
    unit: str = ""
    before: dict[str, list[float]]
    after: dict[str, list[float]] = {}


class Importance(BaseModel):
    """One row of ``importance.json``: balanced accuracy lost without a column, mean and standard deviation."""

    column: str
    drop: float
    sd: float


class Sample(BaseModel):
    """One image of the data set."""

    file: str
    label: str
    case_id: str


class Unreadable(BaseModel):
    """A file that was left out."""

    path: str
    code: str
    message: str


class Protocol(BaseModel):
    """One way of dividing the cases; ``counts`` are of its first fold."""

    name: str
    leaky: bool
    split: dict[str, Any]
    folds: int
    groups: int = 0
    counts: dict[str, dict[str, int]]


class TableColumn(BaseModel):
    """One column of a table: its words, or its range."""

    name: str
    unit: str
    categories: list[str]
    low: float
    high: float


class Data(BaseModel):
    """``data.json``."""

    name: str
    kind: str = "image"
    synthetic: bool
    classes: list[str]
    positive: str | None
    facts: dict[str, str]
    size: list[int]
    channels: int
    groups: int
    clusters: str = ""
    counts: dict[str, dict[str, int]]
    protocols: list[Protocol]
    external: dict[str, dict[str, int]] = {}
    unreadable: list[Unreadable] = []
    samples: list[Sample] = []
    columns: list[TableColumn] = []


class Finding(BaseModel):
    """One finding of the audit."""

    code: str
    severity: Literal["info", "warning", "leak", "error"]
    title: str
    sentence: str
    cases: list[str] = []
    count: int = 0
    arm: str = ""
    protocol: str = ""


class Audit(BaseModel):
    """``audit.json``."""

    findings: list[Finding]


class PublishedFigures(BaseModel):
    """One ``[[published]]`` table; the figures are its other keys."""

    model_config = ConfigDict(extra="allow")
    arm: str
    protocol: str = ""
    set: str = "test"


class Study(BaseModel):
    """``study.json``, as far as the report shows it."""

    title: str
    question: str = ""
    cost: str = ""
    image: dict[str, Any] = {}
    arm: list[dict[str, Any]] = []
    protocol: list[dict[str, Any]] = []
    published: list[PublishedFigures] = []


class Provenance(BaseModel):
    """``provenance.json``."""

    seimbang: str
    python: str
    libraries: dict[str, str]
    platform: str
    cpu: str
    threads: int
    device: str
    seed: int
    command: str
    started: str
    finished: str
    seconds: float
    peak_memory_mb: float | None
    arms: dict[str, dict[str, float | None]]
    data_digest: str
    quick: bool


def _two(number: float) -> str:
    text = f"{number:.2f}"
    return text.replace("-", "−") if float(text) else "0.00"
