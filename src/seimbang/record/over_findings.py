"""``findings.json``: the arms in each finding of a study over findings, and their averages."""

from __future__ import annotations

from seimbang.record.base import Record
from seimbang.record.metrics import Value


class FindingTest(Record):
    """An arm minus the first arm in one metric, by the Bayesian bootstrap of patients.

    Attributes:
        difference: None where there is none.
        low: Lower end of its interval, which is without 0 exactly where ``holm`` is below .05.
        high: Its upper end.
        p: Before correction.
        holm: p corrected over the findings; for the averages, over the arms (Holm 1979).
        why: Why there is no p.
    """

    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    holm: float | None
    why: str

    @property
    def sign(self) -> int:
        """Which is shown to be higher: 1 the arm, -1 the first one, 0 neither."""
        significant = self.holm is not None and self.holm < 0.05
        return (1 if (self.difference or 0) > 0 else -1) if significant else 0

    @property
    def value(self) -> Value:
        """The difference with its interval."""
        return Value(value=self.difference, low=self.low, high=self.high, why=self.why)


class FindingRow(Record):
    """An arm in one finding, or on the average of all.

    Attributes:
        finding: Name of the finding; ``""`` for the average.
        protocol: ``""`` where the study has only one split.
        arm: Name of the arm.
        leaky: Whether it leaks on purpose.
        values: Each averaged metric on the test set.
        against: The same metrics less those of the first arm; nothing for the first arm itself.
    """

    finding: str
    protocol: str
    arm: str
    leaky: bool
    values: dict[str, Value]
    against: dict[str, FindingTest]


class FindingRun(Record):
    """The run of one finding.

    Attributes:
        finding: Its name.
        folder: Its run folder, below that of the study, as POSIX.
        cases: Cases of the test set.
        positives: Those that have the finding.
        why: Why there are no figures; ``""`` where there are.
    """

    finding: str
    folder: str
    cases: int = 0
    positives: int = 0
    why: str = ""


class OverFindings(Record):
    """``findings.json``.

    Attributes:
        title: That of the study.
        quick: Whether the figures are rough ones.
        synthetic: Whether the data are of no patients.
        metrics: Keys of the metrics.
        runs: The findings, as the study lists them.
        rows: Every arm in each finding.
        averages: Every arm over all findings that have figures, each finding counting alike.
    """

    title: str
    quick: bool
    synthetic: bool
    metrics: list[str]
    runs: list[FindingRun]
    rows: list[FindingRow]
    averages: list[FindingRow]

    @property
    def measured(self) -> list[FindingRun]:
        """The findings that have figures."""
        return [run for run in self.runs if not run.why]
