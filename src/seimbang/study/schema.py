"""The study file: what is common, then arms, each naming what it changes. Unknown keys are mistakes."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from seimbang import balance, models
from seimbang.balance.base import Balance
from seimbang.datasets.base import DataSettings
from seimbang.errors import StudyError
from seimbang.imaging.base import ImageSettings
from seimbang.models.base import Model
from seimbang.settings import build, invalid, mistakes, nearest
from seimbang.splits.base import SplitSettings
from seimbang.training.base import TrainingSettings

PLAIN = "accuracy balanced_accuracy auc average_precision kappa mcc g_mean log_loss brier sensitivity"
BY_CLASS = "precision recall specificity f1"
AVERAGED = " ".join(f"{kind}_{name}" for kind in ("macro", "weighted") for name in ("precision", "recall", "f1"))
PUBLISHED = frozenset(f"{PLAIN} {BY_CLASS} {AVERAGED}".split())
Figures = dict[str, float | dict[str, float]]


class Arm(BaseModel):
    """One ``[[arm]]``: a name and what it changes of the study's model, training and balancing.

    Attributes:
        name: How reports call it.
        balance: ``method`` and its settings.
        model: Changes to ``[model]``; another ``name`` replaces it.
        training: Changes to ``[training]``.
        leaky: The arm leaks on purpose, to show what the leak is worth; reports mark it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    name: str = Field(min_length=1, max_length=80)
    balance: dict[str, Any] = Field(default_factory=lambda: {"method": "none"})
    model: dict[str, Any] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)
    leaky: bool = False

    @property
    def slug(self) -> str:
        """Name of the arm's folder."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-") or "arm"


class External(DataSettings):
    """One ``[[external]]`` set: a name and what a ``[data]`` table holds."""

    name: str = Field(min_length=1, max_length=80)


class Published(BaseModel):
    """One ``[[published]]`` table: an arm, a set and the paper's figures, ``recall`` or ``recall.CLASS``."""

    model_config = ConfigDict(extra="allow", frozen=True)
    arm: str
    set: str = "test"

    @model_validator(mode="after")
    def _known(self) -> Published:
        for name, value in self.figures.items():
            if name not in PUBLISHED:
                raise ValueError(f"known figures only, not {name!r}{nearest(name, PUBLISHED)}")
            numbers = value.values() if isinstance(value, dict) else [value]
            if not all(isinstance(number, int | float) for number in numbers):
                raise ValueError(f"a number, or a table of numbers by class, for {name!r}")
        return self

    @property
    def figures(self) -> Figures:
        """The paper's numbers by name."""
        return self.model_extra or {}


class Plan(BaseModel):
    """An arm with everything resolved: what is really run."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)
    arm: Arm
    balance: Balance
    model: Model
    model_settings: dict[str, Any]
    training: TrainingSettings


class Study(BaseModel):
    """A whole study file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    title: str = Field(min_length=1)
    question: str = ""
    cost: str = ""
    data: DataSettings
    image: ImageSettings = ImageSettings()
    split: SplitSettings = SplitSettings()
    model: dict[str, Any] = Field(default_factory=lambda: {"name": "rnn"})
    training: TrainingSettings = TrainingSettings()
    arm: tuple[Arm, ...] = Field(min_length=1, strict=False)
    external: tuple[External, ...] = Field((), strict=False)
    published: tuple[Published, ...] = Field((), strict=False)

    def plans(self) -> list[Plan]:
        """Resolve every arm.

        Raises:
            StudyError: STUDY_INVALID with the mistakes of all arms.
        """
        found, wrong = [], []
        for number, arm in enumerate(self.arm):
            try:
                found.append(self._plan(arm, f"arm[{number}]"))
            except StudyError as error:
                wrong.append(error.found)
        if wrong:
            raise invalid(wrong)
        return found

    def _plan(self, arm: Arm, where: str) -> Plan:
        same = arm.model.get("name", self.model.get("name")) == self.model.get("name")
        settings = {**self.model, **arm.model} if same else arm.model
        training = build(TrainingSettings, {**self.training.model_dump(), **arm.training}, f"{where}.training")
        method = balance.make(arm.balance, f"{where}.balance")
        model = models.make(settings, f"{where}.model")
        full = {"name": settings["name"], **model.model_dump(mode="json")}
        return Plan(arm=arm, balance=method, model=model, model_settings=full, training=training)


def parse(values: dict[str, Any]) -> Study:
    """Return the study that ``values`` describe.

    Raises:
        StudyError: STUDY_INVALID, naming every mistake at once.
    """
    wrong: list[str] = []
    study: Study | None = None
    try:
        study = Study.model_validate(values)
    except ValueError as error:
        wrong += mistakes(error, Study, "")  # type: ignore[arg-type]
    wrong += _mistakes_in_arms(values) if study is None else _cross(study)
    if wrong or study is None:
        raise invalid(wrong)
    return study


def _mistakes_in_arms(values: dict[str, Any]) -> list[str]:
    """Look into the arms of a study that is wrong elsewhere, so that all mistakes are said at once."""
    arms = values.get("arm")
    wrong = []
    for number, arm in enumerate(arms if isinstance(arms, list) else []):
        chosen = arm.get("balance") if isinstance(arm, dict) else None
        if isinstance(chosen, dict):
            try:
                balance.make(chosen, f"arm[{number}].balance")
            except StudyError as error:
                wrong.append(error.found)
    return wrong


def _cross(study: Study) -> list[str]:
    """Return the mistakes that only show when tables are seen together."""
    wrong = []
    try:
        study.plans()
    except StudyError as error:
        wrong.append(error.found)
    slugs = [arm.slug for arm in study.arm]
    wrong += [f"two arms called {name!r}" for name in sorted({name for name in slugs if slugs.count(name) > 1})]
    names = [arm.name for arm in study.arm]
    for number, entry in enumerate(study.published):
        if entry.arm not in names:
            wrong.append(f"published[{number}].arm = {entry.arm!r} is no arm{nearest(entry.arm, names)}")
    sets = [external.name for external in study.external]
    wrong += [f"two external sets called {name!r}" for name in sorted({name for name in sets if sets.count(name) > 1})]
    for key in ("test", "validation"):
        value = getattr(study.split, key)
        if isinstance(value, float) and not 0 < value < 1:
            wrong.append(f"split.{key} = {value} should be between 0 and 1")
    if study.split.folds == 1:
        wrong.append("split.folds = 1 should be 0 (one split) or at least 2")
    return wrong
