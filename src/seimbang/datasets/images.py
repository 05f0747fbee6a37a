"""What sources do alike: names of parts, renamed and left-out classes, decoding of files, the table."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn

import pandas as pd

from seimbang.datasets.base import CaseTable, Dataset, SourceSettings, Unreadable
from seimbang.errors import DataError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.cache import decode_all

SPLITS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
    "latih": "train",
    "pelatihan": "train",
    "validasi": "validation",
    "uji": "test",
    "pengujian": "test",
}
"""Spellings of the three parts, in lower case."""


def from_files(
    rows: pd.DataFrame, base: Path, settings: SourceSettings, image: ImageSettings, classes: tuple[str, ...] | None
) -> Dataset:
    """Decode the files of ``rows`` and return those that could be read as a data set, the others as unreadable.

    Args:
        rows: Columns ``case_id``, ``path`` and ``label``, perhaps ``group``, ``split`` and ``site``.
        base: Folder that the paths are relative to.
        settings: The ``[data]`` table.
        image: The ``[image]`` table.
        classes: Classes of the internal set when this is an external one.

    Raises:
        DataError: ``DATA_UNREADABLE`` when no file could be read, and what `CaseTable.build` raises.
        ResourceError: The cache cannot be written.
    """
    rows = rows.sort_values("case_id", kind="stable", ignore_index=True)
    CaseTable.build(rows, base, settings.positive, classes)  # what is wrong with the table is said before decoding
    decoded = decode_all(rows.path.tolist(), base, image)
    bad = tuple(Unreadable(rows.path[k], error.code, str(error)) for k, error in decoded.errors.items())
    if len(bad) == len(rows):
        raise DataError("DATA_UNREADABLE", bad[0].message, "images that can be read", "replace the files")
    good = rows.assign(digest=decoded.digests).drop(index=list(decoded.errors))
    cases = CaseTable.build(good, base, settings.positive, classes)
    return Dataset(cases, decoded.X, base.name, unreadable=bad, facts=settings.facts)


def require_columns(columns: Iterable[str], needed: list[str]) -> None:
    """Raise ``DATA_COLUMN``, with the nearest name there is, unless all ``needed`` columns exist."""
    there = list(columns)
    for name in needed:
        if name not in there:
            near = get_close_matches(name, there, 1, 0.5)
            fix = f"did you mean {near[0]!r}? Name the column in [data]" if near else "name the column in [data]"
            raise DataError("DATA_COLUMN", f"the columns {', '.join(there)}", f"a column {name!r}", fix)


def check_renames(settings: SourceSettings, names: Iterable[str]) -> None:
    """Raise ``DATA_UNKNOWN_CLASS`` when a name in ``classes`` or ``leave_out`` does not occur in the data."""
    there = sorted(set(names))
    known = {*there, *SPLITS, *settings.classes.values()}
    for name in (*settings.classes, *(name for name in settings.leave_out if name.lower() not in SPLITS)):
        if name not in known:
            near = get_close_matches(name, there, 1, 0.5)
            fix = f"did you mean {near[0]!r}?" if near else "correct data.classes or data.leave_out"
            raise DataError("DATA_UNKNOWN_CLASS", f"{name!r} in the study", f"one of {', '.join(there)}", fix)


def parts(names: Iterable[str]) -> list[str]:
    """Return train, validation, test or ``""`` for each of these spellings.

    Raises:
        DataError: ``DATA_SPLIT_NAME``.
    """
    spellings = {"": "", **SPLITS}
    names = list(names)
    for name in names:
        if name.strip().lower() not in spellings:
            raise DataError("DATA_SPLIT_NAME", f"the split {name!r}", f"one of {', '.join(SPLITS)}", "rename it")
    return [spellings[name.strip().lower()] for name in names]


def left_out(settings: SourceSettings, split: str, *names: str) -> bool:
    """Return whether a case of this part (train, validation, test or ``""``) and these class names is left out."""
    left_parts = {SPLITS.get(name.lower()) for name in settings.leave_out}
    return split in left_parts or any(name in settings.leave_out for name in names)


def missing(path: Path) -> NoReturn:
    """Raise ``DATA_MISSING`` for a path that does not exist."""
    near = next((parent for parent in path.parents if parent.is_dir()), Path())
    inside = ", ".join(sorted(entry.name for entry in near.iterdir())[:8]) or "nothing"
    fix = "give the folder that holds it with --data or $SEIMBANG_DATA, or correct data.path"
    raise DataError("DATA_MISSING", f"no {path}; {near} holds {inside}", "the data set there", fix)
