"""``findings.json``: the arms in each finding of a study over findings, and their averages."""

from __future__ import annotations

from pathlib import Path

from seimbang.errors import StudyError, first_few
from seimbang.record.base import Record
from seimbang.record.comparison import Difference
from seimbang.record.metrics import Value

TABLE, BELOW = "findings.json", "findings"
"""Name of the file, and of the folder beside it with the run of each finding."""


class FindingRow(Record):
    """An arm in one finding, or on the average of all.

    Attributes:
        finding: Name of the finding; ``""`` for the average.
        protocol: ``""`` where the study has only one split.
        arm: Name of the arm.
        leaky: Whether it leaks on purpose.
        values: Each averaged metric on the test set.
        against: The same metrics less those of the first arm, corrected over the findings, or for the average over the
            arms; nothing for the first arm itself.
    """

    finding: str
    protocol: str
    arm: str
    leaky: bool
    values: dict[str, Value]
    against: dict[str, Difference]


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


def runs_of_findings(folder: Path) -> list[Path]:
    """Return the run folder of each finding below that of a study over findings; none below a run of one study."""
    return (
        []
        if (folder / "study.json").is_file()
        else sorted(file.parent for file in folder.glob(f"{BELOW}/*/study.json"))
    )


def require_one_finding(folder: Path) -> None:
    """See that a run folder is not that of a study over findings, which holds a run of each.

    Raises:
        StudyError: RUN_OVER_FINDINGS, naming the runs.
    """
    runs = runs_of_findings(folder)
    if runs:
        fix = f"give the folder of a finding instead: {first_few(runs)}"
        raise StudyError("RUN_OVER_FINDINGS", f"{folder}, a study over several findings", "the run of one finding", fix)
