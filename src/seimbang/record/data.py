"""What a run says once, of all its arms: the data, the audit, and how it was made."""

from __future__ import annotations

from typing import Literal

from seimbang.checks.base import Finding
from seimbang.datasets.base import Column, FileNote
from seimbang.datasets.uses import ColumnUse
from seimbang.record.base import Record
from seimbang.splits.base import SplitSettings


class Sample(Record):
    """One image of the data set; ``file`` is relative to the run folder."""

    file: str
    label: str
    case_id: str


class ProtocolFacts(Record):
    """How one protocol divided the cases.

    Attributes:
        name: ``""`` where the study has only one split.
        folds: How many there are, 1 for one split.
        groups: Patients, or pseudo-patients; 0 where none is known.
        counts: Cases of each class in each part of the first fold.
    """

    name: str
    leaky: bool
    split: SplitSettings
    folds: int
    groups: int
    counts: dict[str, dict[str, int]]


class Data(Record):
    """``data.json``.

    Attributes:
        name: How reports call the data set.
        classes: The positive one of two is the last.
        positive: The class that matters.
        facts: Source, licence and the like.
        size: Height and width of an image.
        groups: Known patients; 0 where none is known.
        clusters: Picture of some pseudo-patients; ``""`` where there are none.
        counts: Cases of each class in each part of the first fold, by the first protocol that does not balance first.
        columns: Of a table: what the models see.
        uses: Of a table: what was made of each column of the file.
        external: Cases of each class in each external set.
        left_out: Every file that is not used, and why, by set: ``""`` is the internal one, others are external.
        noted: Files that are used although there is something to say of them, by set.
        samples: A few training images of each class.
    """

    name: str
    kind: Literal["image", "table"]
    synthetic: bool
    classes: list[str]
    positive: str
    facts: dict[str, str]
    size: list[int]
    channels: int
    groups: int
    clusters: str
    counts: dict[str, dict[str, int]]
    columns: list[Column]
    uses: list[ColumnUse]
    protocols: list[ProtocolFacts]
    external: dict[str, dict[str, int]]
    left_out: dict[str, list[FileNote]]
    noted: dict[str, list[FileNote]]
    samples: list[Sample]


class Audit(Record):
    """``audit.json``."""

    findings: list[Finding]


class Provenance(Record):
    """``provenance.json``; times are of all goes at the run, and ``arms`` holds those of each arm, by slug."""

    seimbang: str
    python: str
    libraries: dict[str, str]
    platform: str
    cpu: str
    threads: int
    device: str
    seed: int
    command: str
    started: str
    finished: str
    seconds: float
    peak_memory_mb: float | None
    arms: dict[str, dict[str, float | None]]
    data_digest: str
    quick: bool
