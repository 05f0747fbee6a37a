"""What every source of image files does alike: splits and patients by name, decoding, the table."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import NoReturn

import pandas as pd

from seimbang.datasets.base import CaseTable, Dataset, DataSettings, Group, Unreadable
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
}
"""Spellings of the three parts, in lower case."""


def from_files(
    rows: pd.DataFrame, base: Path, settings: DataSettings, image: ImageSettings, classes: tuple[str, ...] | None
) -> Dataset:
    """Decode the files of ``rows`` and return those that could be read as a data set, the others as unreadable.

    Args:
        rows: Columns ``case_id``, ``path`` and ``label``, perhaps ``split``, ``site`` and others (for groups).
        base: Folder that the paths are relative to.
        settings: The ``[data]`` table.
        image: The ``[image]`` table.
        classes: Classes of the internal set when this is an external one.

    Raises:
        DataError: ``DATA_UNREADABLE`` when no file could be read, and what `CaseTable.build` and `patients` raise.
        ResourceError: The cache cannot be written.
    """
    rows = rows.assign(group=patients(rows, settings.group)).sort_values("case_id", kind="stable", ignore_index=True)
    CaseTable.build(rows, base, settings.positive, classes)  # what is wrong with the table is said before decoding
    decoded = decode_all(rows.path.tolist(), base, image)
    bad = tuple(Unreadable(rows.path[k], error.code, str(error)) for k, error in decoded.refused.items())
    if len(bad) == len(rows):
        raise DataError("DATA_UNREADABLE", bad[0].message, "images that can be read", "replace the files")
    good = rows.assign(digest=decoded.digests).drop(index=list(decoded.refused))
    cases = CaseTable.build(good, base, settings.positive, classes)
    return Dataset(cases, decoded.X, base.name, unreadable=bad, facts=settings.facts)


def patients(rows: pd.DataFrame, group: Group | None) -> list[str]:
    """Return the patient of each row; without a rule, unknown (``""``).

    Raises:
        DataError: ``DATA_GROUP_PATTERN`` if a name does not match or the match is empty, ``DATA_GROUP_LEVEL`` if a path
            has too few folders, ``DATA_COLUMN`` if there is no such column.
    """
    if group is None:
        return [""] * len(rows)
    if group.origin == "column":
        require_columns(rows.columns, [group.column])
        return rows[group.column].tolist()
    if group.origin == "folder":
        return [_ancestor(path, group.level) for path in rows.path]
    return _from_names(rows.path.tolist(), group.pattern)


def _from_names(paths: list[str], pattern: str) -> list[str]:
    try:
        rule = re.compile(pattern)
    except re.error as error:
        raise DataError("DATA_GROUP_PATTERN", f"{pattern!r} ({error})", "a regular expression", "correct it") from error
    found = [rule.search(PurePosixPath(path).name) for path in paths]
    named = [(match[1] or match[0] if rule.groups else match[0]) if match else "" for match in found]
    missed = [path for path, name in zip(paths, named, strict=True) if not name]
    if missed:
        names = f"{len(missed)} of {len(paths)} file names without match, such as {PurePosixPath(missed[0]).name!r}"
        fix = "widen data.group.pattern so that it finds the patient in every name"
        raise DataError("DATA_GROUP_PATTERN", names, f"names that match {pattern!r}", fix)
    return named


def _ancestor(path: str, level: int) -> str:
    folders = PurePosixPath(path).parts[:-1]
    if level > len(folders):
        raise DataError(
            "DATA_GROUP_LEVEL", f"{path!r} with {len(folders)} folders", f"at least {level}", "lower data.group.level"
        )
    *above, own = folders[: len(folders) - level + 1]
    return "/".join([*(name for name in above if name.lower() not in SPLITS), own])  # one patient may be in two parts


def require_columns(columns: Iterable[str], needed: list[str]) -> None:
    """Raise ``DATA_COLUMN``, with the nearest name there is, unless all ``needed`` columns exist."""
    there = list(columns)
    for name in needed:
        if name not in there:
            near = get_close_matches(name, there, 1, 0.5)
            fix = f"did you mean {near[0]!r}? Name the column in [data]" if near else "name the column in [data]"
            raise DataError("DATA_COLUMN", f"the columns {', '.join(there)}", f"a column {name!r}", fix)


def check_renames(settings: DataSettings, names: Iterable[str]) -> None:
    """Raise ``DATA_UNKNOWN_CLASS`` when a key of ``classes`` or a word of ``leave_out`` names nothing there is."""
    there = sorted(set(names))
    known = {*there, *SPLITS, *settings.classes.values()}
    for word in (*settings.classes, *(name for name in settings.leave_out if name.lower() not in SPLITS)):
        if word not in known:
            near = get_close_matches(word, there, 1, 0.5)
            fix = f"did you mean {near[0]!r}?" if near else "correct data.classes or data.leave_out"
            raise DataError("DATA_UNKNOWN_CLASS", f"{word!r} in the study", f"one of {', '.join(there)}", fix)


def parts(names: Iterable[str]) -> list[str]:
    """Return train, validation, test or ``""`` for each of these spellings.

    Raises:
        DataError: ``DATA_SPLIT_NAME``.
    """
    known = {"": "", **SPLITS}
    found = []
    for name in names:
        if name.strip().lower() not in known:
            raise DataError("DATA_SPLIT_NAME", f"the split {name!r}", f"one of {', '.join(SPLITS)}", "rename it")
        found.append(known[name.strip().lower()])
    return found


def left_out(settings: DataSettings, split: str, *words: str) -> bool:
    """Return whether a case of this part (train, validation, test or ``""``) and these names is to be left out."""
    parts = {SPLITS.get(name.lower()) for name in settings.leave_out}
    return split in parts or any(word in settings.leave_out for word in words)


def missing(path: Path) -> NoReturn:
    """Raise ``DATA_MISSING`` for a path that does not exist."""
    near = next((parent for parent in path.parents if parent.is_dir()), Path())
    inside = ", ".join(sorted(entry.name for entry in near.iterdir())[:8]) or "nothing"
    fix = "give the folder that holds it with --data or $SEIMBANG_DATA, or correct data.path"
    raise DataError("DATA_MISSING", f"no {path}; {near} holds {inside}", "the data set there", fix)
