"""A run folder, read into typed objects; a missing or damaged file is named, never guessed around."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from seimbang.errors import IntegrityError
from seimbang.record.shapes import (
    ArmFacts,
    Audit,
    BoxRow,
    Candidate,
    Comparison,
    Data,
    ExampleRow,
    GalleryRow,
    Heat,
    Importance,
    Metrics,
    Provenance,
    Quality,
    SetMetrics,
    Study,
)

T = TypeVar("T")
CURVES = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "val_recall")
MEND = "run the study again; finished steps are not repeated"


@dataclass(frozen=True)
class Arm:
    """A finished arm.

    Attributes:
        history: Each of CURVES as one number an epoch; empty where nothing was trained in epochs.
        heat: Heat maps; empty where the model is no network.
        quality: Errors by image quality; empty for tables.
        search: The candidates of a grid; empty where there was none.
        boxes: Columns of a table by class, before and after balancing; empty for images.
        importance: How much each column of a table matters; empty for images.
    """

    folder: Path
    facts: ArmFacts
    metrics: Metrics
    history: dict[str, list[float]]
    gallery: list[GalleryRow]
    examples: list[ExampleRow]
    heat: Heat
    quality: Quality
    search: list[Candidate]
    boxes: list[BoxRow]
    importance: list[Importance]

    @property
    def name(self) -> str:
        """Name in the study."""
        return self.facts.name

    @property
    def method(self) -> str:
        """Name of the balancing method."""
        return str(self.facts.balance.get("method", "none"))

    @property
    def test(self) -> SetMetrics | None:
        """What it reads on the internal test set."""
        return self.metrics.sets.get("test")


@dataclass(frozen=True)
class Run:
    """A whole run folder.

    Attributes:
        comparisons: Paired tests of the arms, by protocol; none before two arms are finished.
        unfinished: The study's arms that have no numbers yet, or were not compared yet with the others.
    """

    folder: Path
    study: Study
    toml: str
    data: Data
    audit: Audit
    arms: list[Arm]
    comparisons: dict[str, Comparison]
    unfinished: list[str]
    provenance: Provenance

    @property
    def protocols(self) -> dict[str, list[Arm]]:
        """The arms by the name of their protocol, ``""`` where there is only one."""
        return {one.name: [arm for arm in self.arms if arm.facts.protocol == one.name] for one in self.data.protocols}

    @property
    def classes(self) -> list[str]:
        """Class names, the positive one last."""
        return self.data.classes

    @property
    def positive(self) -> str:
        """The class that matters."""
        return self.data.positive or self.classes[-1]

    @property
    def quick(self) -> bool:
        """Whether this is a rough answer."""
        return self.provenance.quick or any(arm.facts.quick for arm in self.arms)

    @property
    def external(self) -> list[str]:
        """Names of the external sets, as in ``external:<name>``."""
        names = {name: None for arm in self.arms for name in arm.metrics.sets if name.startswith("external:")}
        return [name.removeprefix("external:") for name in names]


def read(folder: Path) -> Run:
    """Read a run folder.

    Raises:
        IntegrityError: RUN_MISSING (no such file), RUN_DAMAGED (not what it should be) or RUN_UNFINISHED (no arm
            has been evaluated and compared yet).
    """
    study = _json(folder / "study.json", Study)
    arms = [_arm(path) for path in sorted((folder / "arms").glob("*")) if (path / "metrics.json").is_file()]
    if not arms:
        raise _unfinished(folder)
    data = _json(folder / "data.json", Data)
    comparisons = _json(folder / "comparisons.json", dict[str, Comparison])
    compared = {name for one in comparisons.values() for name in one.arms}
    order = [(one.name, str(arm["name"])) for one in data.protocols for arm in study.arm if _under(one.name, arm)]
    measured = {(arm.facts.protocol, arm.facts.arm): arm for arm in arms if arm.name in compared}
    if not measured.keys() & set(order):
        raise _unfinished(folder)
    return Run(
        folder,
        study,
        _text(folder / "study.toml"),
        data,
        _json(folder / "audit.json", Audit),
        [measured[key] for key in order if key in measured],
        comparisons,
        [f"{arm} ({protocol})" if protocol else arm for protocol, arm in order if (protocol, arm) not in measured],
        _json(folder / "provenance.json", Provenance),
    )


def _under(protocol: str, arm: dict[str, Any]) -> bool:
    return protocol in (arm.get("protocols") or [protocol])


def image(folder: Path, file: str) -> bytes:
    """Return the bytes of a PNG that a JSON file of ``folder`` names.

    Raises:
        IntegrityError: It lies outside the folder, is missing, or is no PNG.
    """
    path = (folder / file).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise _damaged(folder / file, "a path inside the run folder", "a path that leads out of it")
    content = _bytes(path)
    if not content.startswith(b"\x89PNG\r\n\x1a\n"):
        raise _damaged(path, "a PNG image", "other content")
    return content


def _arm(folder: Path) -> Arm:
    return Arm(
        folder,
        _json(folder / "arm.json", ArmFacts),
        _json(folder / "metrics.json", Metrics),
        _history(folder / "history.csv"),
        _json(folder / "gallery.json", list[GalleryRow]),
        _json(folder / "examples.json", list[ExampleRow]),
        _json(folder / "heat.json", Heat) if (folder / "heat.json").is_file() else Heat(),
        _json(folder / "quality.json", Quality) if (folder / "quality.json").is_file() else Quality(),
        _search(folder / "search.csv") if (folder / "search.csv").is_file() else [],
        _json(folder / "boxes.json", list[BoxRow]) if (folder / "boxes.json").is_file() else [],
        _json(folder / "importance.json", list[Importance]) if (folder / "importance.json").is_file() else [],
    )


def _history(path: Path) -> dict[str, list[float]]:
    rows = list(csv.DictReader(io.StringIO(_text(path))))
    try:
        return {name: [float(row[name]) for row in rows] for name in CURVES}
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path, f"the columns {', '.join(CURVES)} with numbers", repr(error)) from error


def _search(path: Path) -> list[Candidate]:
    rows = [{key: value or None for key, value in row.items()} for row in csv.DictReader(io.StringIO(_text(path)))]
    known = Candidate.model_fields
    settings = [{key: value or "none" for key, value in row.items() if key not in known} for row in rows]
    try:
        return [Candidate.model_validate({**row, "settings": one}) for row, one in zip(rows, settings, strict=True)]
    except ValidationError as error:
        raise _damaged(path, "columns of settings, mean, sd and metric", str(error.errors()[0]["loc"])) from error


def _json(path: Path, kind: type[T]) -> T:
    try:
        return TypeAdapter(kind).validate_json(_bytes(path))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise _damaged(path, "what a finished run writes", f"{place}: {first['msg']}".lstrip(": ")) from error


def _text(path: Path) -> str:
    try:
        return _bytes(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise _damaged(path, "UTF-8 text", str(error)) from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        found = f"{path} cannot be read ({error.strerror})"
        raise IntegrityError("RUN_MISSING", found, "the file of a finished run", MEND) from error


def _unfinished(folder: Path) -> IntegrityError:
    found = f"no evaluated arm in {folder}"
    return IntegrityError("RUN_UNFINISHED", found, "at least one arm with metrics.json", MEND)


def _damaged(path: Path, expected: str, found: str) -> IntegrityError:
    return IntegrityError("RUN_DAMAGED", f"{path} damaged: {found}", expected, MEND)
