"""What an arm is, how its model is used, and what a table adds to it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from seimbang.datasets.prepare import TablePreparer
from seimbang.imaging.base import ImageSettings
from seimbang.record.base import Record
from seimbang.training.base import Layer, TrainingSettings


class ArmFacts(Record):
    """``arm.json``.

    Attributes:
        name: That of the arm and its protocol together.
        arm: Its name in the study.
        protocol: Name of its protocol; ``""`` where the study has only one split.
        slug: Name of its folder.
        balance: ``method`` and its settings.
        model: ``name`` and its settings.
        training: The ``[training]`` table of the arm.
        leaks: Sentences that say how it leaks.
        before: Training cases of each class in the first fold, before balancing.
        after: The same after balancing.
        synthetic: How many of these are synthetic.
        best_epoch: Whose weights were kept in the first job; 0 where nothing is learned by epochs.
        jobs: Folders of its jobs, relative to the arm's, as POSIX: fold by fold and seed by seed, the first fold first.
        served: Those of the first fold, one per seed: their models predict together.
    """

    name: str
    arm: str
    protocol: str
    slug: str
    balance: dict[str, Any]
    balance_title: str
    model: dict[str, Any]
    model_title: str
    model_kind: Literal["network", "classical"]
    training: TrainingSettings
    leaky: bool
    leaks: list[str]
    before: dict[str, int]
    after: dict[str, int]
    synthetic: int
    layers: list[Layer]
    quick: bool
    best_epoch: int
    jobs: list[str] = Field(min_length=1)
    served: list[str] = Field(min_length=1)

    @property
    def method(self) -> str:
        """Name of the balancing method."""
        return str(self.balance["method"])


class Package(Record):
    """``model.json``: what is needed to use the models of an arm as they were trained.

    Attributes:
        model: ``name`` and its settings.
        classes: In the order of the probabilities.
        positive: The class that matters.
        image: How images are prepared.
        table: How rows of a table are prepared; None for images.
        threshold: Probability of the positive class from which on the tuned prediction is that class; None where no
            threshold was chosen.
        decides: Whether the arm predicts the most probable class, or by its threshold.
        files: sha256 of each served model's file, by its path relative to the arm's folder, as POSIX; one per seed.
        refusal: sha256 of ``refusal.json``, which says when the models should not answer.
        seimbang: Version that made it.
    """

    model: dict[str, Any]
    classes: list[str]
    positive: str
    image: ImageSettings
    table: TablePreparer | None
    threshold: float | None = Field(ge=0, le=1)
    decides: Literal["default", "tuned"]
    files: dict[str, str]
    refusal: str
    seimbang: str


class Candidate(Record):
    """One line of ``search.csv``: settings, their score inside the training part, how many folds chose them."""

    settings: dict[str, str]
    mean: float
    sd: float | None = None
    by: str
    chosen: int = 0


class BoxRow(Record):
    """One column of ``boxes.json``: smallest value, quartiles and largest by class, before and after balancing."""

    column: str
    unit: str
    before: dict[str, list[float]]
    after: dict[str, list[float]]


class Importance(Record):
    """One row of ``importance.json``: balanced accuracy lost without a column, mean and standard deviation."""

    column: str
    drop: float
    sd: float
