"""A run as seen from the arm that predicts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seimbang.errors import StudyError
from seimbang.evaluation.base import EvaluationSettings
from seimbang.evaluation.evaluate import evaluate
from seimbang.evaluation.intervals import proportion
from seimbang.evaluation.predictions import outcomes, patients
from seimbang.record.data import ProtocolFacts
from seimbang.record.files import missing
from seimbang.record.metrics import Metrics
from seimbang.record.package import position_of, read_package
from seimbang.record.read import Arm, Run, read_predictions
from seimbang.record.read import read as read_run

if TYPE_CHECKING:
    import pandas as pd


class Experience(NamedTuple):
    """How often an answer was right: the count of such answers, of the right ones, and the interval of their share."""

    n: int
    right: int
    low: float = 0.0
    high: float = 1.0


@dataclass(frozen=True)
class Contents:
    """A finished run and the arm that predicts: with ``seed`` its model of that seed, with ``profile`` adapted."""

    run: Run
    arm: Arm
    seed: str = ""
    profile: str = ""

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

    def experience(self, name: str, label: str, confidence: float | None = None) -> Experience:
        """Return how many cases of a set were predicted to be of a class, and how many of these rightly.

        Args:
            name: ``test`` or ``external:<name>``.
            label: The class.
            confidence: Count only predictions with a confidence in the same tenth of [0, 1]; None for all.
        """
        table = self._outcomes
        table = table[(table.set == name) & (table.predicted == label)]
        if confidence is not None:
            table = table[table.confidence.map(tenth) == tenth(confidence)]
        if table.empty:
            return Experience(0, 0)
        right = table.right.to_numpy(np.bool_)
        low, high, _ = proportion(right, patients(table).factorize()[0])
        return Experience(len(table), int(right.sum()), low, high)

    @cached_property
    def _outcomes(self) -> pd.DataFrame:
        metrics = self.arm.metrics
        rows = read_predictions(self.arm.folder)
        rows = rows[rows.seed == self.seed] if self.seed else rows
        return outcomes(rows, metrics.classes, metrics.threshold.decides)


def read(folder: Path, slug: str, seed: str = "", profile: str = "") -> Contents:
    """Read the run folder ``folder`` and take its arm in the folder ``slug``.

    With ``seed`` the figures of the arm are those of its model of that seed, computed from its predictions.
    ``profile`` is the file of a local profile.

    Raises:
        IntegrityError: ``RUN_MISSING``, ``RUN_DAMAGED`` or ``RUN_UNFINISHED``.
        StudyError: ``SEED_UNKNOWN``, or ``TEST_CLOSED``: the run was made without its test part, whose figures are
            shown with each answer.
    """
    run = read_run(folder)
    arm = next((arm for arm in run.arms if arm.facts.slug == slug), None)
    if arm is None:
        raise missing(folder / "arms" / slug / "metrics.json")
    if run.openings.closed:
        found = f"{folder}, made without opening its test part"
        fix = f"open it first: seimbang run STUDY --out {folder}"
        raise StudyError("TEST_CLOSED", found, "a run with figures of its test part", fix)
    if seed:
        position_of(read_package(arm.folder)[0], seed)
        changed = (arm.folder / "predictions.csv").stat().st_mtime_ns
        decides = arm.metrics.threshold.decides
        metrics = _of_seed(arm.folder, seed, tuple(run.classes), decides, run.study.evaluation, changed)
        arm = replace(arm, metrics=metrics)
    return Contents(run, arm, seed, profile)


@lru_cache(maxsize=4)
def _of_seed(
    folder: Path, seed: str, classes: tuple[str, ...], tuned: bool, settings: EvaluationSettings, changed: int
) -> Metrics:
    """Return the figures of one seed; the page asks for them at each click."""
    rows = read_predictions(folder)
    rows = rows[rows.seed == seed].reset_index(drop=True)
    return Metrics.model_validate(evaluate(rows, classes, tuned=tuned, settings=settings))


def tenth(confidence: float) -> int:
    """Return in which tenth of [0, 1] a confidence lies: 9 for 0.93 and for 1."""
    return min(int(confidence * 10), 9)
