"""A run as seen from the arm that predicts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from seimbang.errors import StudyError
from seimbang.evaluation.predictions import outcomes
from seimbang.record.data import ProtocolFacts
from seimbang.record.files import missing
from seimbang.record.read import Arm, Run, read_predictions
from seimbang.record.read import read as read_run

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Contents:
    """A finished run and the arm that predicts."""

    run: Run
    arm: Arm

    @property
    def quick(self) -> bool:
        """Whether the figures are rough ones."""
        return self.run.provenance.quick or self.arm.facts.quick

    @property
    def protocol(self) -> ProtocolFacts:
        """How the cases were divided for the arm."""
        return next(protocol for protocol in self.run.data.protocols if protocol.name == self.arm.facts.protocol)

    @property
    def externals(self) -> list[str]:
        """Names of the external sets that the arm was measured on."""
        return [name.removeprefix("external:") for name in self.arm.metrics.sets if name.startswith("external:")]

    def experience(self, name: str, confidence: float) -> tuple[int, int]:
        """Return how many cases of a set were predicted with a confidence like this one, and how many of these right.

        Args:
            name: ``test`` or ``external:<name>``.
            confidence: In [0, 1]; alike is what lies in the same tenth.
        """
        outcomes = self._outcomes
        alike = outcomes[(outcomes.set == name) & (outcomes.confidence.map(tenth) == tenth(confidence))]
        return len(alike), int(alike.right.sum())

    @cached_property
    def _outcomes(self) -> pd.DataFrame:
        metrics = self.arm.metrics
        return outcomes(read_predictions(self.arm.folder), metrics.classes, metrics.threshold.decides)


def read(folder: Path, slug: str) -> Contents:
    """Read the run folder ``folder`` and take its arm in the folder ``slug``.

    Raises:
        IntegrityError: ``RUN_MISSING``, ``RUN_DAMAGED`` or ``RUN_UNFINISHED``.
        StudyError: ``TEST_CLOSED``: it was made without its test part, whose figures are shown with each answer.
    """
    run = read_run(folder)
    arm = next((arm for arm in run.arms if arm.facts.slug == slug), None)
    if arm is None:
        raise missing(folder / "arms" / slug / "metrics.json")
    if run.openings.closed:
        found = f"{folder}, made without opening its test part"
        fix = f"open it first: seimbang run STUDY --out {folder}"
        raise StudyError("TEST_CLOSED", found, "a run with figures of its test part", fix)
    return Contents(run, arm)


def tenth(confidence: float) -> int:
    """Return in which tenth of [0, 1] a confidence lies: 9 for 0.93 and for 1."""
    return min(int(confidence * 10), 9)
