"""Where a list of images says which are of one patient, and which are of which part."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

import pandas as pd

from seimbang.datasets.columns import MISSING
from seimbang.datasets.csv import Cases, Manifest
from seimbang.datasets.intake.base import Hints
from seimbang.datasets.intake.role import Role, choice, quoted, require
from seimbang.datasets.names import part_of
from seimbang.datasets.roles import PARTS, PATIENTS, known_as

PATIENT_FOLDER = re.compile(r"(patient|pat|subject|subj|sub|case|pasien|p)[-_ ]?\d+", re.IGNORECASE)
FRONT = "^(.*?[0-9]+)"
"""What is taken for the patient in a file's name where the user says that it is there."""


def group_role(table: pd.DataFrame, path: Path, taken: Sequence[str], hints: Hints, cases: Cases | None) -> Role:
    """Return how the patient is known: as the user says, by a column known for it, or by a folder such as p7.

    Raises:
        DataError: ``DATA_COLUMN``: there is no column as the user says.
    """
    question = "Which images are of one patient?"
    if hints.group in ("folder", "name"):
        return Role({"group": {"from": hints.group} | ({"pattern": FRONT} if hints.group == "name" else {})})
    if hints.group:
        require(table, path, "group", hints.group)
    known = [name for name in known_as(table.columns, PATIENTS) if name not in taken and _names_patients(table[name])]
    columns = [hints.group] if hints.group else known
    if columns:
        said = (
            f"The patient is in the column {columns[0]!r}: {table[columns[0]].nunique():,} for {len(table):,} images."
        )
        ways = {other: f'group = {{ from = "column", column = {quoted(other)} }}' for other in columns[1:]}
        guess = choice("group", question, columns[0], ways)
        return Role({"group": {"from": "column", "column": columns[0]}}, (columns[0],), (said,), guess)
    level = _patient_level(cases.rows.path if cases else ())
    if level:
        said = f"The patient is the folder {level} above the image."
        return Role({"group": {"from": "folder", "level": level}}, (), (said,))
    ways = _ways([PurePosixPath(name) for name in cases.rows.path] if cases else [])
    return Role({}, (), ("No column names the patient.",), choice("group", question, "", ways))


def _ways(paths: Sequence[PurePosixPath]) -> dict[str, str]:
    """Return the ways in which the patient may be in the path of the image, with the lines that say so."""
    ways = {}
    if paths and all(len(path.parts) > 1 for path in paths):
        ways["folder"] = 'group = { from = "folder", level = 1 }'
    if paths and all(re.search("[0-9]", path.name) for path in paths):
        ways["name"] = f"group = {{ from = \"name\", pattern = '{FRONT}' }}"
    return ways


def _names_patients(column: "pd.Series[str]") -> bool:
    """Whether most cells are filled, and not all alike."""
    return bool(column.isin(MISSING).mean() < 0.5) and len(set(column)) > 1


def _patient_level(paths: Iterable[str]) -> int:
    """Return how many folders up every image has one that is called as a patient is, 0 where none has."""
    folders = [PurePosixPath(path).parts[-2::-1] for path in paths]
    deepest = min(map(len, folders), default=0)
    levels = (k + 1 for k in range(deepest) if all(PATIENT_FOLDER.fullmatch(above[k]) for above in folders))
    return next(levels, 0)


def part_columns(table: pd.DataFrame, taken: Sequence[str]) -> list[str]:
    """Return the columns whose cells are names of parts, the likeliest first."""
    known = [name for name in known_as(table.columns, PARTS) if name not in taken]
    return [name for name in known if all(map(part_of, set(table[name]) - {""})) and any(table[name])][:1]


def split_keys(table: pd.DataFrame, parts: Sequence[str]) -> dict[str, str]:
    """Return the key that names the column of the parts, or that says that there is none."""
    default = str(Manifest.model_fields["split_column"].default)
    if parts:
        return {} if parts[0] == default else {"split_column": parts[0]}
    return {"split_column": ""} if default in table.columns else {}


def parts_said(table: pd.DataFrame, parts: Sequence[str]) -> list[str]:
    """Say which column names the parts, or which that could does not."""
    if parts:
        number = ", ".join(f"{name} {count:,}" for name, count in table[parts[0]].value_counts().items())
        return [f"The parts are in the column {parts[0]!r}: {number}."]
    others = known_as(table.columns, PARTS)
    return [f"The column {name!r} does not name parts and is not used for them." for name in others]
