"""What a table of features holds: which column is the class, the patient, the part, and what the models may see."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seimbang.datasets.cells import LEVELS, compact_dates, dates, measures
from seimbang.datasets.columns import Floats, numbers
from seimbang.datasets.counters import counts_cases
from seimbang.datasets.intake.base import Guess, Hints, Understanding
from seimbang.datasets.intake.role import quoted
from seimbang.datasets.names import part_of
from seimbang.datasets.roles import CASES, LABELS, PARTS, PATIENTS, known_as, plain
from seimbang.datasets.sheets import Reading, every_number, read, whole
from seimbang.datasets.uses import USES
from seimbang.errors import DataError

CLASSES = 20
"""A column with more levels is no class, unless it is called so."""

CALLED = {"label", "class", "diagnosis", "dx", "target", "outcome", "disease", "kelas", "diagnosa"}
"""Words in the names of columns that may be the class."""

TRAITS = {"sex", "gender", "jenis_kelamin", "kelamin", "geschlecht", "sexe", "race", "ethnicity", "smoker"}
"""Names of columns that have few levels and are the class only where nothing else can be."""

OFFERED = 5
"""At most this many other columns are offered."""

REASONS = ("empty", "constant", "counter", "date", "mixed", "measure", "text", "patient", "part")
"""Kinds of columns that are left out of the features; ``USES`` has them in words."""


@dataclass(frozen=True)
class _Column:
    """A column.

    Attributes:
        name: Its name.
        kind: ``number``, ``category`` or one of ``REASONS``.
        levels: How many different values it has.
        full: Whether no value is missing.
        numbers: How many of its values are numbers.
        example: A word, where there are words.
    """

    name: str
    kind: str
    levels: int
    full: bool
    numbers: int
    example: str


@dataclass(frozen=True)
class _Role:
    """What a column is for: keys of ``[data]``, the column, sentences on it, and what is not sure."""

    keys: Mapping[str, Any]
    column: str = ""
    said: tuple[str, ...] = ()
    guesses: tuple[Guess, ...] = ()


def understand(path: Path, hints: Hints) -> Understanding:
    """Say what is in a table of features.

    Args:
        path: Text with separators between the columns, or a workbook.
        hints: What the user says of it.

    Raises:
        DataError: ``DATA_COLUMN``: the user names a column that is not there, or there is no class or no feature;
            ``DATA_DECIMAL``: decimal points and commas in one column; and what `read` and `whole` raise.
    """
    reading, decimal = _reading(path)
    table = whole(reading.rows, path.name)
    columns = {str(name): _column(table[name]) for name in table}
    label = _label(path, table, columns, hints)
    part = _part(table, [label.column])
    group = _group(path, table, columns, [label.column, part.column], hints)
    case = _case(columns, [label.column, part.column, group.column], len(table))
    roles = [label, group, part, case]
    features = _features(path, columns, [role.column for role in roles])
    source = {"source": "excel" if reading.dialect.sheet else "csv", "path": path.name}
    sheet = {"sheet": reading.dialect.sheet} if reading.dialect.others else {}
    keys = {key: value for role in roles for key, value in role.keys.items()}
    said = (*reading.dialect.sentences(), *decimal.said, *(line for role in (*roles, features) for line in role.said))
    guesses = tuple(guess for role in roles for guess in role.guesses)
    data = source | sheet | dict(decimal.keys) | keys | dict(features.keys)
    return Understanding(data, understood=said, guesses=guesses, sample=_sample(table))


def _reading(path: Path) -> tuple[Reading, _Role]:
    """Return the table with the numbers of all columns as such, and the decimal mark where the file does not show it.

    Raises:
        DataError: ``DATA_DECIMAL``: both marks in one column.
    """
    reading = read(path, numbers=every_number)
    doubted = {name: notation for name, notation in reading.dialect.numbers.items() if notation.refused}
    if not doubted or not all(notation.either for notation in doubted.values()):
        return reading, _Role({})
    mark, other = (",", ".") if reading.dialect.separator == ";" else (".", ",")
    where, doubt = ", ".join(doubted), next(iter(doubted.values())).refused
    said = f"Not sure in {where}: {doubt} is read with decimal = {mark!r}; decimal = {other!r} reads the other."
    return read(path, decimal=mark, numbers=every_number), _Role({"decimal": mark}, "", (said,))


def _column(column: "pd.Series[str]") -> _Column:
    """Return what the values of a column are."""
    cells = column[column != ""]
    values, text = numbers(column)
    levels, name, full = int(cells.nunique()), str(column.name), len(cells) == len(column)
    kind = _kind(name, cells, values, len(text), levels)
    return _Column(name, kind, levels, full, len(cells) - len(text), _first(text))


def _kind(name: str, cells: "pd.Series[str]", values: Floats, texts: int, levels: int) -> str:
    if levels < 2:
        return "constant" if levels else "empty"
    if not texts:
        if counts_cases(name, values):
            return "counter"
        return "date" if compact_dates(name, np.nanmin(values), np.nanmax(values)) else "number"
    if dates(cells.unique()):
        return "date"
    if levels <= max(2, min(LEVELS, len(cells) // 2)):
        return "category"
    if texts < len(cells) / 2:
        return "mixed"
    return "measure" if measures(cells.unique()) else "text"


def _first(text: "pd.Series[str]") -> str:
    return f"{text.iloc[0]!r} in row {text.index[0]}" if len(text) else ""


def _require(path: Path, columns: Mapping[str, _Column], option: str, name: str) -> None:
    """Raise ``DATA_COLUMN``, with the command that names the nearest column, unless there is one of this name."""
    if name not in columns:
        near = get_close_matches(name, list(columns), 1, 0.5)
        fix = f"seimbang init {path.name} --{option} {shlex.quote(near[0]) if near else 'COLUMN'}"
        raise DataError("DATA_COLUMN", f"the columns {', '.join(columns)}", f"a column {name!r}", fix)


def _label(path: Path, table: pd.DataFrame, columns: Mapping[str, _Column], hints: Hints) -> _Role:
    """Return which column is the class: as the user says, by its name, or with few levels and rather to the right."""
    if hints.label:
        _require(path, columns, "label", hints.label)
        return _class(table, columns[hints.label])
    several = [name for name, column in columns.items() if column.levels > 1 and column.kind != "date"]
    named = known_as(several, LABELS) or known_as(columns, LABELS)  # one class is said to be one
    few = [name for name in named if columns[name].levels <= CLASSES]
    alike = [name for name in several if columns[name].levels <= CLASSES and CALLED & {*plain(name).split("_")}]
    free = [name for name in reversed(several) if not known_as([name], (*CASES, *PATIENTS, *PARTS, "site"))]
    others = [name for name in free if _may_be_class(table, columns[name])]
    others.sort(key=lambda name: plain(name) in TRAITS)
    cut = [name for name in known_as(several, LABELS) + free if columns[name].kind == "number"]
    candidates = [*dict.fromkeys([*few, *alike, *others])] or [*dict.fromkeys(cut)]
    if not candidates:
        found, fix = f"the columns {', '.join(columns)}", f"seimbang init {path.name} --label COLUMN"
        raise DataError("DATA_COLUMN", found, "a column with the class of each case", fix)
    chosen, *rest = candidates
    role = _class(table, columns[chosen])
    offered = rest[:OFFERED] if len(few) != 1 else []
    lines = [_line(_class(table, columns[name])) for name in offered]
    return _with_guess(role, "label", "Which column has the class?", chosen, offered, lines)


def _line(role: _Role) -> str:
    """Return the line of TOML that makes a column the class."""
    cut = role.keys.get("label")
    if not cut:
        return f"label_column = {quoted(role.column)}"
    return f"label = {{ {', '.join(f'{key} = {quoted(value)}' for key, value in cut.items())} }}"


def _may_be_class(table: pd.DataFrame, column: _Column) -> bool:
    if column.kind not in ("number", "category") or column.levels > max(2, min(CLASSES // 2, len(table) // 5)):
        return False
    cells = table[column.name]
    return column.full and (column.kind == "category" or _are_whole(cells))


def _are_whole(cells: "pd.Series[str]") -> bool:
    return bool(cells[cells != ""].str.fullmatch(r"-?\d+(\.0*)?").all())


def _class(table: pd.DataFrame, column: _Column) -> _Role:
    """Return the keys for a column with the class; a number with many values is cut at its median."""
    name, cells = column.name, table[column.name]
    if column.kind not in ("number", "counter") or (column.levels <= CLASSES and _are_whole(cells)):
        counts = ", ".join(f"{level or 'missing'} {count:,}" for level, count in cells.value_counts().items())
        keys = {} if name == "label" else {"label_column": name}
        return _Role(keys, name, (f"The class is in the column {name!r}: {_cut(counts)}.",))
    middle = float(np.nanmedian(numbers(cells)[0]))
    said = f"The class is made from the number {name!r}: low below its median of {middle:g}, high from there on."
    return _Role({"label": {"column": name, "cuts": [middle], "names": ["low", "high"]}}, name, (said,))


def _with_guess(
    role: _Role, key: str, question: str, chosen: str, others: Sequence[str], lines: Sequence[str]
) -> _Role:
    guess = Guess(key, question, chosen, tuple(others), tuple(lines))
    return _Role(role.keys, role.column, role.said, (*role.guesses, guess)) if others else role


def _part(table: pd.DataFrame, taken: Sequence[str]) -> _Role:
    """Return which column has the parts: one that is called so, all of whose values are names of parts."""
    known = [name for name in known_as(map(str, table), PARTS) if name not in taken]
    for name in known:
        parts = {*table[name]} - {""}
        if len(parts) > 1 and all(map(part_of, parts)):
            counts = ", ".join(f"{level} {count:,}" for level, count in table[name].value_counts().items())
            said = f"The parts are in the column {name!r}: {counts}."
            return _Role({} if name == "split" else {"split_column": name}, name, (said,))
    unused = tuple(f"The column {name!r} does not name parts (train, test) and is not used for them." for name in known)
    return _Role({"split_column": ""} if "split" in table.columns else {}, "", unused)


def _group(
    path: Path, table: pd.DataFrame, columns: Mapping[str, _Column], taken: Sequence[str], hints: Hints
) -> _Role:
    """Return which column names the patient: as the user says, by its name, or an ``id`` that repeats."""
    if hints.group:
        _require(path, columns, "group", hints.group)
        candidates = [hints.group]
    else:
        free = [name for name in columns if name not in taken and columns[name].levels > 1]
        named = sorted(known_as(free, PATIENTS), key=lambda name: columns[name].levels == len(table))
        named = [name for name in named if columns[name].levels < len(table) or plain(name) not in CASES]
        repeated = [name for name in known_as(free, CASES[:3]) if len(table) / 50 < columns[name].levels < len(table)]
        candidates = named or repeated
    if not candidates:
        return _Role({}, "", ("No column names the patient: each row is taken for one.",))
    chosen, *others = candidates
    rows = "rows" if len(table) > 1 else "row"
    said = f"The patient is in the column {chosen!r}: {columns[chosen].levels:,} for {len(table):,} {rows}."
    lines = [f'group = {{ from = "column", column = {quoted(name)} }}' for name in others]
    role = _Role({"group": {"from": "column", "column": chosen}}, chosen, (said,))
    return _with_guess(role, "group", "Which column names the patient?", chosen, others, lines)


def _case(columns: Mapping[str, _Column], taken: Sequence[str], rows: int) -> _Role:
    """Return which column names the case: all its values differ, and it is called so or is the first, of words."""
    unlike = [name for name, column in columns.items() if column.full and column.levels == rows and name not in taken]
    named = known_as(unlike, CASES)
    first = [name for name in unlike if name == next(iter(columns)) and columns[name].kind in ("text", "mixed")]
    chosen = next(iter([*named, *first]), "")
    if not chosen:
        return _Role({"id_column": ""} if "id" in columns else {})
    return _Role({} if chosen == "id" else {"id_column": chosen}, chosen, (f"The column {chosen!r} names the case.",))


def _features(path: Path, columns: Mapping[str, _Column], taken: Sequence[str]) -> _Role:
    """Return what the models see: numbers and categories that have no other role; the rest is left out by reason."""
    kinds = {name: _use(name, column) for name, column in columns.items() if name not in taken and name != "site"}
    seen = [name for name, kind in kinds.items() if kind == "number"]
    categories = [name for name, kind in kinds.items() if kind == "category"]
    out = {name: kind for name, kind in kinds.items() if kind in REASONS}
    if not seen and not categories:
        fix = f"add one, or name the class: seimbang init {path.name} --label COLUMN"
        found = f"in {path.name} {_reasons(out, columns) or 'only the class'}"
        raise DataError("DATA_COLUMN", found, "a column with numbers or categories for the models to see", fix)
    words = all(columns[name].levels and not columns[name].numbers for name in out)  # "all" leaves them out too
    keys = {"features": "all" if words and seen else seen or categories}
    said = [f"The models see the numbers {_cut(', '.join(seen))}."] if seen else []
    said += [f"The models see the categories {_cut(', '.join(categories))}."] if categories else []
    said += [f"Left out: {_reasons(out, columns)}."] if out else []
    return _Role(keys | ({"categories": categories} if categories else {}), "", tuple(said))


def _use(name: str, column: _Column) -> str:
    """Return the kind of a column, or why it is left out although it holds numbers or categories."""
    roles = {"patient": PATIENTS, "part": PARTS}
    by_name = next((role for role, names in roles.items() if known_as([name], names)), "")
    return by_name if by_name and column.kind in ("number", "category") else column.kind


def _reasons(out: Mapping[str, str], columns: Mapping[str, _Column]) -> str:
    """Return the columns that are left out by reason, such as ``seen, born (dates)``."""
    texts = []
    for reason in dict.fromkeys(out.values()):
        names = [name for name, why in out.items() if why == reason]
        example = f", such as {columns[names[0]].example}" if reason in ("mixed", "measure") else ""
        texts.append(f"{', '.join(names)} ({USES[reason]}{example})")
    return "; ".join(texts)


def _cut(text: str, length: int = 300) -> str:
    return text if len(text) <= length else f"{text[: text.rfind(', ', 0, length)]}, ..."


def _sample(table: pd.DataFrame) -> tuple[str, ...]:
    rows = table.head(3).to_dict("records")
    return tuple(
        _cut("; ".join(f"{name}: {' '.join(str(text).split())}" for name, text in row.items())) for row in rows
    )
