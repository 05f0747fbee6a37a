"""The study file: what is common, then arms, each naming what it changes. Unknown keys are mistakes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any
from unicodedata import normalize

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializeAsAny,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from seimbang import balance, datasets
from seimbang.balance.base import Balance
from seimbang.datasets.base import SourceSettings
from seimbang.errors import StudyError
from seimbang.evaluation.base import EvaluationSettings
from seimbang.evaluation.figures import figures
from seimbang.imaging.base import ImageSettings
from seimbang.settings import build, invalid, mistakes, nearest
from seimbang.splits.base import SplitSettings
from seimbang.study.models import make as make_model
from seimbang.training.base import Model, TrainingSettings

_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(-.*)?")

Figures = dict[str, float | dict[str, float]]


class Arm(BaseModel):
    """One ``[[arm]]``: a name and what it changes of the study's model, training and balancing.

    Attributes:
        name: How reports call it.
        balance: ``method`` and its settings.
        model: Changes to ``[model]``; another ``name`` replaces it.
        training: Changes to ``[training]``.
        leaky: The arm leaks on purpose, to show what the leak is worth; reports mark it.
        protocols: Names of the protocols it is run under; without any, all of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    name: str = Field(min_length=1, max_length=80)
    balance: dict[str, Any] = Field(default_factory=lambda: {"method": "none"})
    model: dict[str, Any] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)
    leaky: bool = False
    protocols: tuple[str, ...] = Field((), strict=False)

    @property
    def slug(self) -> str:
        """Name of the arm's folder."""
        return slug(self.name)


class Protocol(SplitSettings):
    """One ``[[protocol]]``: a way of dividing the cases; every arm is run under each.

    Attributes:
        name: How reports call it.
        leaky: It leaks on purpose, as a published split of slices did; reports mark it.
        balance: How the whole table is balanced before it is divided, as publications did: synthetic cases are then
            tested too, and are made from test cases. It leaks. Without it nothing happens before the division.
    """

    name: str = Field("", max_length=80)
    leaky: bool = False
    balance: dict[str, Any] = Field(default_factory=dict)

    @property
    def split(self) -> SplitSettings:
        """The settings of the split alone."""
        return SplitSettings.model_validate(self.model_dump(include=set(SplitSettings.model_fields)))


class External(BaseModel):
    """One ``[[external]]`` set: a name and, beside it in the file, the keys of a ``[data]`` table.

    Attributes:
        name: How reports call it.
        data: Where the cases come from.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    name: str = Field(min_length=1, max_length=80)
    data: SerializeAsAny[SourceSettings]

    @model_serializer(mode="wrap")
    def _as_in_the_file(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values = dump(self)
        return {"name": values["name"], **values["data"]}


class Published(BaseModel):
    """One ``[[published]]`` table: an arm, a set and the paper's figures, ``recall`` or ``recall.CLASS``.

    Attributes:
        arm: Name of the arm that does what the paper did.
        protocol: Name of the protocol that does; ``""`` where the study has only one split.
        set: ``test``, ``train``, ``validation`` or ``external:<name>``.
    """

    model_config = ConfigDict(extra="allow", frozen=True)
    arm: str
    protocol: str = ""
    set: str = "test"

    @model_validator(mode="after")
    def _known(self) -> Published:
        for name, value in self.figures.items():
            if name not in (known := figures()):
                raise ValueError(f"known figures only, not {name!r}{nearest(name, known)}")
            numbers = value.values() if isinstance(value, dict) else [value]
            if not all(type(number) in (int, float) and isfinite(number) for number in numbers):
                raise ValueError(f"a number, or a table of numbers by class, for {name!r}")
        return self

    @property
    def figures(self) -> Figures:
        """The paper's numbers by name."""
        return self.model_extra or {}


class Plan(BaseModel):
    """An arm under a protocol with everything resolved: what is really run."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)
    arm: Arm
    protocol: Protocol
    balance: Balance
    model: Model
    model_settings: dict[str, Any]
    training: TrainingSettings

    @property
    def name(self) -> str:
        """How reports call it: the arm, and the protocol where there are several."""
        return f"{self.arm.name} ({self.protocol.name})" if self.protocol.name else self.arm.name

    @property
    def slug(self) -> str:
        """Name of its folder."""
        return slug(self.name)

    @property
    def names(self) -> set[str]:
        """What it may be called when asked for; without the protocol it is meant under each."""
        return {self.name, self.slug, self.arm.name, self.arm.slug}

    @property
    def leaky(self) -> bool:
        """Whether it leaks on purpose."""
        return self.arm.leaky or self.protocol.leaky or self.balance.scope == "all"


class Study(BaseModel):
    """A whole study file.

    Attributes:
        title: Heading of the report.
        question: What the study is to answer, in one sentence.
        title_id: The title in Indonesian, for the web page; without it the page shows ``title`` in both languages.
        question_id: The question in Indonesian, likewise.
        cost: How long it takes, for ``seimbang studies``.
        then: Names of shipped studies, or files, to run after it: the same question to other data. Those that they name
            in turn are not run.
        data: Where the cases come from.
        image: What is made of each image.
        split: How the cases are divided.
        model: ``name`` and the settings of the network.
        training: How it is trained.
        evaluation: Of what figures are.
        arm: What is compared.
        protocol: Several ways of dividing the cases, instead of ``split``.
        external: Sets of other hospitals, only ever tested on.
        published: The paper's own figures, to stand beside ours.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    title: str = Field(min_length=1)
    question: str = ""
    title_id: str = ""
    question_id: str = ""
    cost: str = ""
    then: tuple[str, ...] = Field((), strict=False)
    data: SerializeAsAny[SourceSettings]
    image: ImageSettings = ImageSettings()
    split: SplitSettings = SplitSettings()
    model: dict[str, Any] = Field(default_factory=lambda: {"name": "rnn"})
    training: TrainingSettings = TrainingSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    arm: tuple[Arm, ...] = Field(min_length=1, strict=False)
    protocol: tuple[Protocol, ...] = Field((), strict=False)
    external: tuple[External, ...] = Field((), strict=False)
    published: tuple[Published, ...] = Field((), strict=False)

    @property
    def protocols(self) -> tuple[Protocol, ...]:
        """The ``[[protocol]]`` tables, or the one of ``[split]``."""
        return self.protocol or (Protocol.model_validate(self.split.model_dump()),)

    def plans(self) -> list[Plan]:
        """Resolve every arm under every protocol.

        Raises:
            StudyError: STUDY_INVALID with the mistakes of all arms.
        """
        plans, wrong = [], []
        for number, arm in enumerate(self.arm):
            try:
                plans.append(self.plan(arm, f"arm[{number}]"))
            except StudyError as error:
                wrong.append(error.found)
        if wrong:
            raise invalid(wrong)
        return [
            plan.model_copy(update={"protocol": protocol})
            for protocol in self.protocols
            for plan in plans
            if protocol.name in (plan.arm.protocols or [protocol.name])
        ]

    def plan(self, arm: Arm, where: str) -> Plan:
        """Resolve an arm under the first protocol.

        Args:
            arm: The arm.
            where: Its place in the study, for messages.

        Raises:
            StudyError: STUDY_INVALID with the mistakes of one of its tables.
        """
        same = arm.model.get("name", self.model.get("name")) == self.model.get("name")
        settings = {**self.model, **arm.model} if same else arm.model
        training = build(TrainingSettings, {**self.training.model_dump(), **arm.training}, f"{where}.training")
        method = balance.make(arm.balance, f"{where}.balance")
        model = make_model(settings, f"{where}.model")
        full = {"name": settings["name"], **model.model_dump(mode="json")}
        first = self.protocols[0]
        return Plan(arm=arm, protocol=first, balance=method, model=model, model_settings=full, training=training)


def slug(name: str) -> str:
    """Return a name as a folder is called: its Latin letters and digits, in lower case and without accents.

    Where a letter or digit of another script is lost on the way, or nothing is left, a digest keeps names apart; one
    also follows a name that Windows keeps for devices.
    """
    letters = [letter for letter in normalize("NFKD", name.lower()) if letter.isalnum() or letter.isascii()]
    plain = re.sub(r"[^a-z0-9]+", "-", "".join(letters).lower()).strip("-")
    if plain and all(letter.isascii() for letter in letters) and not _DEVICE.fullmatch(plain):
        return plain
    digest = hashlib.sha256(normalize("NFC", name.lower()).encode()).hexdigest()
    return f"{plain or 'arm'}-{digest[:8]}"


def parse(values: dict[str, Any]) -> Study:
    """Return the study that ``values`` describe.

    Raises:
        StudyError: STUDY_INVALID, naming every mistake at once.
    """
    study: Study | None = None
    values, wrong = _with_sources(values)
    try:
        study = Study.model_validate(values)
    except ValueError as error:
        wrong += mistakes(error, Study, "")  # type: ignore[arg-type]
    wrong += _mistakes_in_arms(values) if study is None else _cross(study)
    if wrong or study is None:
        raise invalid(wrong)
    return _resolved(study)


def _with_sources(values: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the values with settings for ``data`` and for each ``external``, and the mistakes in these tables."""
    wrong: list[str] = []

    def made(table: Any, where: str) -> Any:
        if not isinstance(table, Mapping):
            return table
        try:
            return datasets.make(table, where)
        except StudyError as error:
            wrong.append(error.found)
            return SourceSettings()  # so that the mistakes elsewhere are seen too

    def external(table: Any, where: str) -> Any:
        if not isinstance(table, Mapping):
            return table
        name = {key: table[key] for key in ("name",) if key in table}
        return name | {"data": made({key: value for key, value in table.items() if key != "name"}, where)}

    ready = dict(values)
    if "data" in values:
        ready["data"] = made(values["data"], "data")
    if isinstance(values.get("external"), list | tuple):
        ready["external"] = [external(table, f"external[{k}]") for k, table in enumerate(values["external"])]
    return ready, wrong


def _resolved(study: Study) -> Study:
    """Return the study with every default of its methods and models written out."""
    arms = []
    for arm in study.arm:
        plan = study.plan(arm, "arm")
        arms.append(arm.model_copy(update={"balance": _full(arm.balance), "model": plan.model_settings}))
    protocols = [one.model_copy(update={"balance": _full(one.balance)}) for one in study.protocol]
    return study.model_copy(update={"arm": tuple(arms), "protocol": tuple(protocols)})


def _full(method: dict[str, Any]) -> dict[str, Any]:
    """Return a balancing method with all its settings, as plain values; of none, none."""
    made = balance.make(method).model_dump(mode="json") if method else {}
    return {"method": method["method"], **made} if method else {}


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
    arms, protocols = [arm.name for arm in study.arm], [protocol.name for protocol in study.protocol]
    twice = _twice("arms", arms, slug) + _twice("protocols", protocols, slug)
    together = [f"{arm} ({protocol})" for protocol in protocols for arm in arms]
    wrong += twice or _twice("arms with their protocols", together, slug)
    wrong += _twice("external sets", [external.name for external in study.external], str)
    if study.protocol and "split" in study.model_fields_set:
        wrong.append("both [split] and [[protocol]] divide the cases: keep one of them")
    for number, entry in enumerate(study.published):
        for key in ("arm", "protocol"):
            names = [table.name for table in getattr(study, key)] or [""]
            named = getattr(entry, key)
            if named not in names:
                wrong.append(f"published[{number}].{key} = {named!r} is no {key}{nearest(named, names)}")
    for arm in study.arm:
        unknown = [name for name in arm.protocols if name not in protocols]
        wrong += [f"arm {arm.name!r} names no protocol with {name!r}{nearest(name, protocols)}" for name in unknown]
    for protocol in study.protocols:
        wrong += _mistakes_in_split(protocol, f"protocol {protocol.name!r}" if study.protocol else "split")
    return wrong


def _twice(what: str, names: list[str], read: Callable[[str], str]) -> list[str]:
    """Return which names are one name when ``read`` as a folder is called, or as they are."""
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(read(name), []).append(name)
    return [
        f"two {what} called {name!r}" + (f": {' and '.join(map(repr, same))}" if set(same) != {name} else "")
        for name, same in sorted(alike.items())
        if len(same) > 1
    ]


def _mistakes_in_split(protocol: Protocol, where: str) -> list[str]:
    wrong = []
    for key in ("test", "validation"):
        value = getattr(protocol, key)
        if isinstance(value, float) and not 0 < value < 1 and (key, value) != ("validation", 0):
            wrong.append(f"{where}.{key} = {value} should be between 0 and 1")
    if protocol.balance:
        try:
            balance.make(protocol.balance, f"{where}.balance")
        except StudyError as error:
            wrong.append(error.found)
    if protocol.folds == 1:
        wrong.append(f"{where}.folds = 1 should be 0 (one split) or at least 2")
    if protocol.folds and protocol.test == "provided":
        wrong.append(f'{where}.test = "provided" and {where}.folds divide the cases in two ways: keep one of them')
    if protocol.repeats > 1 and not protocol.folds:
        wrong.append(f"{where}.repeats = {protocol.repeats} repeats nothing without {where}.folds")
    return wrong
