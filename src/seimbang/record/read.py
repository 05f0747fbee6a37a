"""A run folder, read into typed objects; a missing or damaged file is named, never guessed around."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from seimbang.errors import IntegrityError
from seimbang.evaluation import read as parse
from seimbang.evaluation.predictions import checked
from seimbang.evaluation.threshold import by_training
from seimbang.record.arm import ArmFacts, BoxRow, Candidate, Importance
from seimbang.record.cases import ExampleRow, GalleryRow, Heat, Quality
from seimbang.record.clinical import AgainstNone, Clinical
from seimbang.record.comparison import Comparison
from seimbang.record.data import Audit, Data, Provenance
from seimbang.record.files import MEND, damaged, missing, read_json, read_text
from seimbang.record.labels import Labels
from seimbang.record.levers import Levers
from seimbang.record.metrics import Metrics, SetMetrics
from seimbang.record.openings import Openings
from seimbang.record.over_findings import require_one_finding
from seimbang.record.refusal import Refusal
from seimbang.record.sample_size import SampleSize
from seimbang.record.seal import Seal, require_unedited, sealed
from seimbang.study.schema import Study

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
D = TypeVar("D")
CURVES = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "val_recall")


@dataclass(frozen=True)
class Arm:
    """A finished arm.

    Attributes:
        folder: Where it is.
        clinical: Figures for who decides by the probabilities.
        history: Each of CURVES as one number per epoch, of the first job; empty where nothing is learned by epochs.
        heat: Heat maps; empty where the model is no network.
        quality: Errors by image quality; empty for tables.
        search: The candidates of a grid; empty where there was none.
        boxes: Columns of a table by class, before and after balancing; empty for images.
        importance: How much each column of a table matters; empty for images.
        refusal: When its models should not answer.
    """

    folder: Path
    facts: ArmFacts
    metrics: Metrics
    clinical: Clinical
    history: dict[str, list[float]]
    gallery: list[GalleryRow]
    examples: list[ExampleRow]
    heat: Heat
    quality: Quality
    search: list[Candidate]
    boxes: list[BoxRow]
    importance: list[Importance]
    refusal: Refusal

    @property
    def name(self) -> str:
        """Name of the arm, and of its protocol where there are several."""
        return self.facts.name

    @property
    def method(self) -> str:
        """Name of the balancing method."""
        return self.facts.method

    @property
    def networked(self) -> bool:
        """Whether its model is a network."""
        return self.facts.model_kind == "network"

    @property
    def repeated(self) -> bool:
        """Whether it was trained more than once, with several seeds or in several folds: its figures are a method's."""
        return len(self.facts.jobs) > 1

    @property
    def test(self) -> SetMetrics | None:
        """Its figures on the internal test set."""
        return self.metrics.sets.get("test")


@dataclass(frozen=True)
class Run:
    """A whole run folder.

    Attributes:
        folder: Where it is.
        toml: The study file as it was run.
        comparisons: Paired tests of the arms, by protocol; none before two arms are finished.
        probabilities: What balancing did to the probabilities of each arm that balances.
        unfinished: The study's arms that have no numbers yet, or were not compared yet with the others.
        openings: How often the test parts have been opened.
        sample_sizes: How many patients would tell the two best arms of each protocol apart.
        labels: Labels that look wrong; None where every arm leaks.
        levers: Learning curves, by protocol; none unless the study asks for them.
        seal: What was changed by hand since the run.
    """

    folder: Path
    study: Study
    toml: str
    data: Data
    audit: Audit
    arms: list[Arm]
    comparisons: dict[str, Comparison]
    probabilities: list[AgainstNone]
    unfinished: list[str]
    provenance: Provenance
    openings: Openings
    sample_sizes: list[SampleSize]
    labels: Labels | None
    levers: list[Levers]
    seal: Seal

    @property
    def protocols(self) -> dict[str, list[Arm]]:
        """The arms by the name of their protocol, ``""`` where there is only one."""
        names = [protocol.name for protocol in self.data.protocols]
        return {name: [arm for arm in self.arms if arm.facts.protocol == name] for name in names}

    @property
    def classes(self) -> list[str]:
        """Class names, the positive one last."""
        return self.data.classes

    @property
    def positive(self) -> str:
        """The class that matters."""
        return self.data.positive

    @property
    def shown(self) -> str:
        """The internal set whose figures are shown: the test part, or where that stayed closed, the validation part."""
        return "validation" if self.openings.closed else "test"

    @property
    def tabular(self) -> bool:
        """Whether the cases are rows of a table, not images."""
        return self.data.kind == "table"

    @property
    def units(self) -> str:
        """What figures are of: cases or patients."""
        return f"{self.study.evaluation.unit}s"

    @property
    def quick(self) -> bool:
        """Whether this is a rough answer."""
        return self.provenance.quick or any(arm.facts.quick for arm in self.arms)

    @property
    def external(self) -> list[str]:
        """Names of the external sets that were measured on, as in ``external:<name>``."""
        names = {name: None for arm in self.arms for name in arm.metrics.sets if name.startswith("external:")}
        return [name.removeprefix("external:") for name in names]


def read(folder: Path) -> Run:
    """Read a run folder.

    Raises:
        IntegrityError: RUN_MISSING (no such folder or file), RUN_EDITED (changed by hand), RUN_DAMAGED (not what it
            should be) or RUN_UNFINISHED (no arm has been evaluated and compared yet).
    """
    measured = read_arms(folder)
    if not measured:
        raise _unfinished(folder)
    comparisons = read_json(folder / "comparisons.json", dict[str, Comparison])
    compared = {name for comparison in comparisons.values() for name in comparison.arms}
    arms = {(arm.facts.protocol, arm.facts.arm): arm for arm in measured if arm.name in compared}
    if not arms:
        raise _unfinished(folder)
    study, data = _study(folder)
    left = [(protocol, arm) for protocol, arm in _order(study, data) if (protocol, arm) not in arms]
    return Run(
        folder,
        study,
        read_text(folder / "study.toml"),
        data,
        read_json(folder / "audit.json", Audit),
        list(arms.values()),
        comparisons,
        read_json(folder / "probabilities.json", list[AgainstNone]),
        [f"{arm} ({protocol})" if protocol else arm for protocol, arm in left],
        read_json(folder / "provenance.json", Provenance),
        read_json(folder / "openings.json", Openings),
        read_json(folder / "sample_size.json", list[SampleSize]),
        _optional(folder / "labels.json", Labels, None),
        _optional(folder / "levers.json", list[Levers], []),
        sealed(folder),
    )


def read_arms(folder: Path) -> list[Arm]:
    """Read the arms of a run folder that have been evaluated, in the order of the study; the run may go on.

    Raises:
        IntegrityError: RUN_MISSING, RUN_EDITED or RUN_DAMAGED.
        StudyError: RUN_OVER_FINDINGS.
    """
    if not folder.is_dir():
        raise missing(folder / "study.json")
    require_one_finding(folder)
    require_unedited(folder)
    order = _order(*_study(folder))
    folders = [path for path in sorted((folder / "arms").glob("*")) if (path / "metrics.json").is_file()]
    arms = {(arm.facts.protocol, arm.facts.arm): arm for arm in map(_arm, folders)}
    return [arms[key] for key in order if key in arms]


def read_predictions(arm_folder: Path) -> pd.DataFrame:
    """Read ``predictions.csv`` of an arm: ``case_id, group, fold, seed, set, label`` and ``p_<class>`` of each class.

    Raises:
        IntegrityError: RUN_MISSING or RUN_DAMAGED.
    """
    try:
        return parse(arm_folder)
    except OSError as error:
        raise missing(arm_folder / "predictions.csv", str(error.strerror)) from error
    except ValueError as error:
        raise damaged(arm_folder / "predictions.csv", "a CSV file", str(error)) from error


def threshold_of(arm_folder: Path, classes: Sequence[str], seed: str) -> float | None:
    """Return the threshold that was chosen on the validation part for the model of a seed, of the first fold.

    Raises:
        IntegrityError: RUN_MISSING, RUN_DAMAGED, or the predictions are not what a run writes.
    """
    rows = read_predictions(arm_folder)
    return next(iter(by_training(checked(rows[rows.seed == seed], classes), classes).values()), None)


def read_search(arm_folder: Path) -> list[Candidate]:
    """Read ``search.csv`` of an arm: the candidates of its grid; none where none were compared.

    Raises:
        IntegrityError: RUN_MISSING or RUN_DAMAGED.
    """
    path, known = arm_folder / "search.csv", Candidate.model_fields
    if not path.is_file():
        return []
    rows = [{key: value or None for key, value in row.items()} for row in csv.DictReader(io.StringIO(read_text(path)))]
    try:
        return [
            Candidate.model_validate(
                {key: value for key, value in row.items() if key in known}
                | {"settings": {key: value or "none" for key, value in row.items() if key not in known}}
            )
            for row in rows
        ]
    except ValidationError as error:
        raise damaged(path, "columns of settings, mean, sd and by", str(error.errors()[0]["loc"])) from error


def _study(folder: Path) -> tuple[Study, Data]:
    return read_json(folder / "study.json", Study), read_json(folder / "data.json", Data)


def _order(study: Study, data: Data) -> list[tuple[str, str]]:
    """Return protocol and arm of all that the study asks for, protocol by protocol."""
    names = [protocol.name for protocol in data.protocols]
    return [(name, arm.name) for name in names for arm in study.arm if name in (arm.protocols or [name])]


def _arm(folder: Path) -> Arm:
    facts = read_json(folder / "arm.json", ArmFacts)
    network = facts.model_kind == "network"
    return Arm(
        folder,
        facts,
        read_json(folder / "metrics.json", Metrics),
        read_json(folder / "clinical.json", Clinical),
        _history(folder / facts.served[0] / "history.csv") if network else {name: [] for name in CURVES},
        read_json(folder / "gallery.json", list[GalleryRow]),
        read_json(folder / "examples.json", list[ExampleRow]),
        _optional(folder / "heat.json", Heat, Heat(cases=[], sanity={})),
        _optional(folder / "quality.json", Quality, Quality(measures=[], worst=[])),
        read_search(folder),
        _optional(folder / "boxes.json", list[BoxRow], []),
        _optional(folder / "importance.json", list[Importance], []),
        read_json(folder / "refusal.json", Refusal),
    )


def _optional(path: Path, kind: type[T], otherwise: D) -> T | D:
    return read_json(path, kind) if path.is_file() else otherwise


def _history(path: Path) -> dict[str, list[float]]:
    rows = list(csv.DictReader(io.StringIO(read_text(path))))
    try:
        return {name: [float(row[name]) for row in rows] for name in CURVES}
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(path, f"the columns {', '.join(CURVES)} with numbers", repr(error)) from error


def _unfinished(folder: Path) -> IntegrityError:
    found = f"no evaluated arm in {folder}"
    return IntegrityError("RUN_UNFINISHED", found, "at least one arm with metrics.json", MEND)
