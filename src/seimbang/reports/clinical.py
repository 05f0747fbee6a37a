"""Figures for who decides by the probabilities, as tables of the report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from seimbang.record.clinical import Prior
from seimbang.record.metrics import Value
from seimbang.record.read import Arm, Run
from seimbang.text import marked

PROBABILITIES = {
    "auc": marked("AUC"),
    "slope": marked("Calibration slope"),
    "intercept": marked("Calibration intercept"),
    "brier": marked("Brier score"),
    "log_loss": marked("Log loss"),
    "instability": marked("Instability over seeds"),
}
"""Columns of the table of what balancing did to probabilities."""


@dataclass(frozen=True)
class ProbabilityRow:
    """The figures of an arm's probabilities, or with a ``reference`` their differences to those of that arm."""

    arm: Arm
    reference: str
    values: dict[str, Value]

    @property
    def label(self) -> str:
        """Its name."""
        return f"{self.arm.name} − {self.reference}" if self.reference else self.arm.name


def probability_rows(run: Run, protocol: str, part: str) -> list[ProbabilityRow]:
    """Return the figures of each arm's probabilities on a set, each followed by what balancing changed."""
    arms = [arm for arm in run.arms if arm.facts.protocol == protocol and part in arm.metrics.sets]
    return [row for arm in arms for row in _rows(run, arm, part)]


def _rows(run: Run, arm: Arm, part: str) -> Iterator[ProbabilityRow]:
    figures = dict(arm.metrics.sets[part].default.metrics)
    if part in arm.clinical.sets:
        calibration = arm.clinical.sets[part].calibration
        figures |= {key: getattr(calibration, key) for key in type(calibration).model_fields}
    yield ProbabilityRow(arm, "", {key: figures[key] for key in PROBABILITIES if key in figures})
    for against in run.probabilities:
        if (against.protocol, against.arm) == (arm.facts.protocol, arm.name) and part in against.sets:
            yield ProbabilityRow(arm, against.reference, against.sets[part])


def shifted(run: Run) -> list[tuple[Arm, str, Prior]]:
    """Return where the share of the positive class was estimated."""
    sets = [(arm, part, of_set.prior) for arm in run.arms for part, of_set in arm.clinical.sets.items()]
    return [(arm, part, prior) for arm, part, prior in sets if prior is not None]
