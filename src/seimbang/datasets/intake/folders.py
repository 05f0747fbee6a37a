"""What is understood of a folder of images, or of a zip archive of one."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from seimbang.datasets.base import REASONS, CaseTable, tally
from seimbang.datasets.folder import open_base, refuse_empty
from seimbang.datasets.groups import ByFolder, ByName
from seimbang.datasets.intake.base import Guess, Hints, Understanding
from seimbang.datasets.intake.positive import positive_class
from seimbang.datasets.layout import File, Layout, lay_out
from seimbang.datasets.names import part_of
from seimbang.datasets.sheets import TABLES
from seimbang.errors import DataError, ImageError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.notes import STRETCHED
from seimbang.imaging.store import Readable
from seimbang.imaging.worker import open_apart

SAMPLE = 50
"""Images that are opened to see how large they are, and whether they have colour."""

SIDE = 150
"""Larger images are reduced to this many pixels a side, in a first study."""

_NUMBERED = r"(?i)(?:^|[^a-z0-9])((?:patient|person|pasien|subject|subj|pat|sub|case|pid|p)[ _-]?\d+)"
_BEFORE_LAST = r"^(.*?\d.*?)[ _.-]+\(?\d+\)?(?:\.[^.]*)?$"
_COLOURED = 8  # grey values between channels that no codec adds to a grey image


@dataclass(frozen=True)
class _Rule:
    """One way to tell the patients, and whether it is sure enough to be taken."""

    settings: ByFolder | ByName
    likely: bool

    @property
    def said(self) -> str:
        """How ``Hints.group`` says it."""
        return self.settings.origin

    @property
    def table(self) -> dict[str, Any]:
        """The ``group`` table."""
        return self.settings.model_dump(by_alias=True)

    @property
    def toml(self) -> str:
        """The same as a line of a study file."""
        values = (
            f"{key} = {value}" if isinstance(value, int) else f"{key} = '{value}'" for key, value in self.table.items()
        )
        return f"group = {{ {', '.join(values)} }}"


def understand(path: Path, hints: Hints) -> Understanding:
    """Return what the ``[data]`` table of a first study says of a folder, or zip archive, with one folder a class.

    Args:
        path: The folder or archive.
        hints: What the user says; ``group`` is ``folder`` or ``name``.

    Raises:
        DataError: ``DATA_MISSING``, ``DATA_NOT_FOLDER``, ``DATA_ZIP``, ``DATA_EMPTY``, ``DATA_LAYOUT``, ``DATA_LINK``,
            ``DATA_NAME``, ``DATA_ONE_CLASS``, ``DATA_POSITIVE``, ``DATA_GROUP_PATTERN`` or ``DATA_GROUP_LEVEL``.
    """
    store = open_base(path)
    layout = lay_out(store, path.name)
    if not layout.files:
        refuse_empty(path, layout, asked=False)
    paths = [file.path for file in layout.files]
    rows = pd.DataFrame({"case_id": paths, "label": [file.folder for file in layout.files]})
    cases = CaseTable.build(rows, path)
    counts = {str(name): int(count) for name, count in cases.frame.label.value_counts().items()}
    positive = positive_class(path, counts, hints.positive)
    group, rule = _patients(layout.files, hints.group)
    data: dict[str, Any] = {"source": "folder", "path": path.resolve().name, "positive": positive.chosen}
    if rule:
        data["group"] = rule
    understood = (*_understood(layout, counts, cases), *_beside(path))
    return Understanding(data, image_keys(store, paths), understood, (positive, group))


def tables_in(path: Path) -> list[Path]:
    """Return the tables in a folder or in one directly below it, which may list its images; those in it come first."""
    files = [file for pattern in ("*", "*/*") for file in sorted(path.glob(pattern))]
    return [file for file in files if file.suffix.lower() in TABLES and not file.name.startswith((".", "~"))]


def _beside(path: Path) -> list[str]:
    tables = [table for table in tables_in(path) if table.parent == path]
    return [f"{table.name} lies beside the class folders and is not used." for table in tables]


def _understood(layout: Layout, counts: dict[str, int], cases: CaseTable) -> list[str]:
    """Return sentences on how the folder was read."""
    listing = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    said = [f"{len(layout.files):,} images in class folders: {listing}."]
    if layout.inside:
        said.append(f"The classes are in the folder {layout.inside}.")
    parts = Counter((file.part, part_of(file.part)) for file in layout.files if file.part)
    if parts:
        folders = ", ".join(f"{part} {count:,} (folder {folder})" for (folder, part), count in parts.items())
        said.append(f"The folders are parts: {folders}.")
    for name, spellings in cases.spellings.items():
        spelt = ", ".join(f"{spelling!r} {count:,}" for spelling, count in spellings.items())
        said.append(f"The class {name!r} is spelt {spelt}: taken as one class.")
    for label, code, count in tally(layout.left):
        said.append(f"Left out: {count:,} {label or 'in no class'}, {REASONS[code]} ({code}).")
    return said


def _patients(files: Sequence[File], said: str) -> tuple[Guess, dict[str, Any]]:
    """Return the guess of how to tell the patients, and the ``group`` table that says so; empty for none."""
    paths = [file.path for file in files]
    rules = [rule for rule in (_by_folder(files), *_by_name(paths)) if rule is not None]
    if said and not any(rule.said == said for rule in rules):
        _refuse(files, said)
    matching = (rule for rule in rules if (rule.said == said if said else rule.likely))
    chosen = next(matching, None)
    others = [rule for rule in rules if rule is not chosen]
    question = "Which images are of one patient?"
    lines = tuple(rule.toml for rule in others)
    names = tuple(rule.said for rule in others)
    return Guess("group", question, chosen.said if chosen else "", names, lines), chosen.table if chosen else {}


def _refuse(files: Sequence[File], said: str) -> None:
    """Raise the error for patients that are not where the user says they are."""
    if said == "name":
        ByName(pattern=_NUMBERED).patients([file.path for file in files])  # says which file has none
    shallow = min(files, key=lambda file: file.levels)
    found, fix = f"{shallow.path!r} with {shallow.levels} folders below its class", "give --group name, or none"
    raise DataError("DATA_GROUP_LEVEL", found, "one folder a patient below the class, equally deep", fix)


def _by_folder(files: Sequence[File]) -> _Rule | None:
    """Return the rule that the folder below the class is the patient, where every file lies in one."""
    levels = {file.levels for file in files}
    if len(levels) != 1 or 0 in levels:
        return None
    rule = ByFolder(level=levels.pop())
    sizes = Counter(rule.patients([file.path for file in files]))
    classes = len({file.folder for file in files})
    likely = len(sizes) >= 2 * classes and len(sizes) >= 0.02 * len(files)
    if len(sizes) <= classes:
        return None
    return _Rule(rule, likely)


def _by_name(paths: Sequence[str]) -> list[_Rule]:
    """Return the rules by which every file's name holds a patient, the surest first."""
    names = [PurePosixPath(path).name for path in paths]
    rules = []
    for pattern in (_NUMBERED, _BEFORE_LAST):
        matches = [match[1] if (match := re.search(pattern, name)) else "" for name in names]
        if all(matches):
            sizes = Counter(matches)
            several = sum(size for size in sizes.values() if size > 1)
            few = pattern == _BEFORE_LAST and (len(sizes) < 10 or max(sizes.values()) > max(50, 0.1 * len(names)))
            likely = not few and several >= (0.5 if pattern == _BEFORE_LAST else 0.05) * len(names)
            rules.append(_Rule(ByName(pattern=pattern), likely))
    return rules[:1] if rules and rules[0].likely else rules[-1:]


def image_keys(store: Readable, paths: Sequence[str]) -> dict[str, Any]:
    """Return ``size`` and ``channels`` that suit a sample of the images, and ``normalise`` for several bit depths."""
    chosen = np.linspace(0, len(paths) - 1, min(SAMPLE, len(paths))).astype(int)
    sides, coloured, deep = [], [], []
    for path in (paths[k] for k in chosen):
        try:
            image, note = open_apart(store.read(path), ImageSettings(channels=3), path)
            pixels = image.astype(np.int16)
        except ImageError:
            continue
        sides.append(min(pixels.shape[:2]))
        deep.append(note is not None and note.code == STRETCHED.code)
        coloured.append(bool(np.mean(np.ptp(pixels, axis=2) > _COLOURED) > 0.01))
    side = min(SIDE, int(median(sides))) if sides else SIDE
    alike = {"normalise": "minmax"} if any(deep) and not all(deep) else {}
    return {"size": [side, side], "channels": 3 if sum(coloured) > 0.1 * len(coloured) else 1} | alike
