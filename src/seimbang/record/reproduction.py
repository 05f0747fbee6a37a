"""``reproduction.json``: which figures of a run moved when it was run again from its capsule."""

from __future__ import annotations

from seimbang.record.base import Record
from seimbang.record.metrics import Value


class Figure(Record):
    """A figure of an arm as it was packed and as it came out again.

    Attributes:
        arm: Name of the arm.
        set: Such as ``test``.
        threshold: ``default`` or ``tuned``.
        metric: Its key; of one class with `` of <class>``.
        before: As packed.
        after: Of the new run.
    """

    arm: str
    set: str
    threshold: str
    metric: str
    before: Value
    after: Value

    @property
    def moved(self) -> float | None:
        """By how much; None where one of the two cannot be told, 0 where neither can."""
        if self.before.value is None and self.after.value is None:
            return 0.0
        if self.before.value is None or self.after.value is None:
            return None
        return self.after.value - self.before.value

    @property
    def within(self) -> bool:
        """Whether the new number is within the interval that was packed; without an interval, the same number."""
        if self.moved is None or self.moved == 0:
            return self.moved == 0
        low, high, value = self.before.low, self.before.high, self.after.value
        return low is not None and high is not None and value is not None and low <= value <= high


class Reproduction(Record):
    """The whole comparison.

    Attributes:
        capsule: sha256 of the file.
        title: Of the study.
        note: What was known of the run folder when it was packed.
        data: Cases whose file is another, is gone or was added, by set and id.
        divided_alike: Whether every case is in the part where it was.
        machine: What is not as it was then: name, then and now.
        probabilities: Largest difference of a probability, by arm; None where the predicted cases are others.
        figures: Every figure.
    """

    capsule: str
    title: str
    note: str
    data: list[str]
    divided_alike: bool
    machine: dict[str, tuple[str, str]]
    probabilities: dict[str, float | None]
    figures: list[Figure]

    @property
    def moved(self) -> list[Figure]:
        """The figures that are others, those outside their interval first, then the most moved ones."""
        moved = [figure for figure in self.figures if figure.moved != 0]
        return sorted(moved, key=lambda figure: (figure.within, -abs(figure.moved or 0)))

    @property
    def outside(self) -> list[Figure]:
        """The figures that left their interval."""
        return [figure for figure in self.moved if not figure.within]
