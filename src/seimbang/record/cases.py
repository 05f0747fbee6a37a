"""Single cases that a run keeps for its readers: examples, errors, heat maps, synthetic images."""

from __future__ import annotations

from seimbang.record.base import Record
from seimbang.record.metrics import Value


class GalleryRow(Record):
    """One row of ``gallery.json``: a synthetic image and the two originals it was made from.

    The files are relative to the arm's folder.
    """

    first: str
    second: str
    synthetic: str
    delta: float
    label: str
    first_id: str
    second_id: str


class ExampleRow(Record):
    """One row of ``examples.json``: a test case with what the model predicted."""

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


class Sanity(Record):
    """How alike the maps of a method and those of a network with random weights are, as a mean rank correlation.

    ``passed`` says that the maps depend on the weights, not that they show anything of a disease.
    """

    similarity: float
    passed: bool


class Heat(Record):
    """``heat.json``; ``sanity`` by method."""

    cases: list[HeatRow]
    sanity: dict[str, Sanity]


class Quarter(Record):
    """The images of one quarter of a measure of quality, and how often they were wrong."""

    low: float
    high: float
    n: int
    errors: int
    rate: Value


class QualityRow(Record):
    """Errors by one measure, from low to high; ``holm`` is p of no dependence, corrected for the number of measures."""

    measure: str
    quarters: list[Quarter]
    p: float | None
    holm: float | None

    @property
    def depends(self) -> bool:
        """Whether errors depend on it beyond chance."""
        return self.holm is not None and self.holm < 0.05


class Quality(Record):
    """``quality.json``: errors by image quality, and the most confident errors."""

    measures: list[QualityRow]
    worst: list[ExampleRow]
