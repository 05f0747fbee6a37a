"""What sources do alike: names of parts, renamed and left-out classes, decoding of files, the table."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple, NoReturn

import pandas as pd

from seimbang.datasets.base import LOST, CaseTable, Dataset, FileNote, SourceSettings, tally
from seimbang.datasets.names import SPLITS, class_key, part_of, same_class
from seimbang.errors import DataError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.cache import decode_all
from seimbang.imaging.decode import Pixels
from seimbang.imaging.notes import STRETCHED, Note
from seimbang.imaging.store import Readable, open_store


class Scan(NamedTuple):
    """What the headers of files say that hold several cases each, or whose paths are not to be told.

    Attributes:
        store: Where the files are read, by ``case_id``.
        frames: Number of the frame by ``case_id``; 0 where there is one.
        acquisition: Of DICOM: how the pictures were taken, by ``case_id``.
    """

    store: Readable
    frames: Mapping[str, int]
    acquisition: pd.DataFrame | None = None


def from_files(
    rows: pd.DataFrame,
    base: Path,
    settings: SourceSettings,
    image: ImageSettings,
    classes: tuple[str, ...] | None,
    left: Sequence[FileNote] = (),
    said: Iterable[FileNote] = (),
    scan: Scan | None = None,
) -> Dataset:
    """Decode the files of ``rows`` and return those that could be read as a data set; the others are left out.

    Args:
        rows: Columns ``case_id``, ``path`` and ``label``, perhaps ``group``, ``split`` and ``site``.
        base: Folder, or zip archive, that the paths are relative to.
        settings: The ``[data]`` table.
        image: The ``[image]`` table.
        classes: Classes of the internal set when this is an external one.
        left: Files beside them that are not used, and why.
        said: What there is to say of files that are used.
        scan: What the headers say, where ``path`` is the ``case_id``.

    Raises:
        DataError: ``DATA_UNREADABLE`` when no file, or none of a class, could be read; ``DATA_ZIP``, and what
            `CaseTable.build` raises.
        ResourceError: The cache cannot be written.
    """
    _require_any(rows.label, [note for note in left if not left_out(settings, "", note.label)])
    rows = rows.sort_values("case_id", kind="stable", ignore_index=True)
    labels = CaseTable.build(rows, base, settings.positive, classes).frame.label  # its faults come first
    store, frames = (scan.store, scan.frames) if scan else (open_store(base), None)
    decoded = decode_all(rows.path.tolist(), store, image, frames=frames)
    bad = [FileNote(rows.path[k], labels[k], error.code, str(error)) for k, error in decoded.errors.items()]
    good = rows.assign(digest=decoded.digests).drop(index=list(decoded.errors))
    _require_readable(labels, bad)
    notes = _worth_saying(decoded.notes, len(good), image).items()
    noted = tuple(FileNote(rows.path[k], labels[k], note.code, note.message) for k, note in notes)
    cases = CaseTable.build(good.assign(path="") if scan else good, base, settings.positive, classes)
    beside = [replace(note, label=same_class(note.label, cases.classes) or note.label) for note in left]
    return _made(cases, decoded.X, (*beside, *bad), (*said, *noted), settings.facts, scan)


def _made(
    cases: CaseTable,
    X: Pixels,
    left: tuple[FileNote, ...],
    noted: tuple[FileNote, ...],
    facts: dict[str, str],
    scan: Scan | None,
) -> Dataset:
    name = cases.root.name if cases.root.is_dir() else cases.root.stem
    taken = scan.acquisition.loc[cases.frame.case_id] if scan and scan.acquisition is not None else None
    return Dataset(cases, X, name, left_out=left, noted=noted, facts=facts, acquisition=taken)


def _require_any(labels: "pd.Series[str]", left: Sequence[FileNote]) -> None:
    """Raise ``DATA_UNREADABLE`` where a class has files that should be cases, and none of them can be used."""
    keys = {class_key(name) for name in labels.unique()}
    lost = [note for note in left if note.code in LOST and note.label and class_key(note.label) not in keys]
    if lost:
        of_class = [note for note in lost if note.label == lost[0].label]
        raise _gone(lost[0].label, of_class, f"{lost[0].path}: {lost[0].message}")


def _gone(label: str, notes: Sequence[FileNote], example: str) -> DataError:
    reasons = ", ".join(f"{count} {code}" for _, code, count in tally(notes))
    found = f"no file of the class {label!r} that can be read ({reasons}), such as {example}"
    fix = f"replace the files, or do without the class: leave_out = [{json.dumps(label, ensure_ascii=False)}] in [data]"
    return DataError("DATA_UNREADABLE", found, "images of every class", fix)


def _worth_saying(notes: Mapping[int, Note], files: int, image: ImageSettings) -> dict[int, Note]:
    """Return the notes without those of stretched images where these are treated as all others are."""
    stretched = sum(note.code == STRETCHED.code for note in notes.values())
    alike = stretched == files or image.normalise != "none"
    return {k: note for k, note in notes.items() if note.code != STRETCHED.code or not alike}


def _require_readable(labels: "pd.Series[str]", bad: list[FileNote]) -> None:
    """Raise ``DATA_UNREADABLE`` where none of the files, or none of those of a class, could be read."""
    for label in dict.fromkeys(note.label for note in bad):
        of_class = [note for note in bad if note.label == label]
        if len(of_class) == (labels == label).sum():
            raise _gone(label, of_class, of_class[0].message)


def require_columns(columns: Iterable[str], needed: Iterable[str]) -> None:
    """Raise ``DATA_COLUMN``, with the nearest name there is, unless all ``needed`` columns exist."""
    there = list(columns)
    for name in needed:
        if name not in there:
            near = get_close_matches(name, there, 1, 0.5)
            fix = (f"did you mean {near[0]!r}? " if near else "") + "name the column as the file does"
            raise DataError("DATA_COLUMN", f"the columns {', '.join(there)}", f"a column {name!r}", fix)


def check_renames(settings: SourceSettings, names: Iterable[str]) -> None:
    """Raise ``DATA_UNKNOWN_CLASS`` when a name in ``classes`` or ``leave_out`` does not occur in the data."""
    names = set(names)
    known, there = {class_key(name) for name in (*names, *settings.classes.values())}, sorted(names - {""})
    for name in (*settings.classes, *(name for name in settings.leave_out if not part_of(name))):
        if class_key(name) not in known:
            near = get_close_matches(name, there, 1, 0.5)
            fix = f"did you mean {near[0]!r}?" if near else "correct data.classes or data.leave_out"
            raise DataError("DATA_UNKNOWN_CLASS", f"{name!r} in the study", f"one of {', '.join(there)}", fix)


def parts(names: "pd.Series[str]") -> list[str]:
    """Return train, validation, test or ``""`` for each of these spellings; the index is the row in the file.

    Raises:
        DataError: ``DATA_SPLIT_NAME``.
    """
    for row, name in names.items():
        if name.strip() and not part_of(name):
            found = f"the split {name!r} in row {row}"
            raise DataError("DATA_SPLIT_NAME", found, f"one of {', '.join(SPLITS)}", "rename it")
    return [part_of(name) for name in names]


def renamed(settings: SourceSettings, name: str) -> str:
    """Return the name that a class has by the study's ``classes``, however the data spell it."""
    old = same_class(name, settings.classes)
    return name if old is None else settings.classes[old]


def left_out(settings: SourceSettings, split: str, *names: str) -> bool:
    """Return whether a case of this part (train, validation, test or ``""``) and these class names is left out."""
    parts = {part_of(name) for name in settings.leave_out} - {""}
    return split in parts or any(same_class(name, settings.leave_out) for name in names)


def missing(path: Path) -> NoReturn:
    """Raise ``DATA_MISSING`` for a path that does not exist."""
    near = next((parent for parent in path.parents if parent.is_dir()), Path())
    inside = ", ".join(sorted(entry.name for entry in near.iterdir())[:8]) or "nothing"
    fix = "give the folder that holds it with --data or $SEIMBANG_DATA, or correct data.path"
    raise DataError("DATA_MISSING", f"no {path}; {near} holds {inside}", "the data set there", fix)
