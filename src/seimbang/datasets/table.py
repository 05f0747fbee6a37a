"""A table of features: one row a case, with its class, numbers and category levels."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BeforeValidator, Field

from seimbang.datasets.base import REASONS, CaseTable, Column, Dataset, FileNote
from seimbang.datasets.cells import Cells
from seimbang.datasets.columns import MISSING, numbers, positions, ranges, refuse_text
from seimbang.datasets.counters import names_cases
from seimbang.datasets.findings import Labelled
from seimbang.datasets.groups import ByColumn
from seimbang.datasets.images import check_renames, left_out, missing, parts, require_columns
from seimbang.datasets.labels import CutLabel, against_rest, columns_of, first_gap, labels, uncertain
from seimbang.datasets.roles import PLACES, known_as
from seimbang.datasets.sheets import Join, no_rows, together
from seimbang.datasets.uses import LEFT_OUT, USES, ColumnUse
from seimbang.errors import DataError

_ORIGIN = "origin: "


def _all_or_some(features: Any) -> Any:
    some = isinstance(features, list | tuple) and features and all(isinstance(name, str) for name in features)
    if features != "all" and not some:
        raise ValueError('"all" or a list of columns')
    return features


Features = Annotated[Literal["all"] | Annotated[tuple[str, ...], Field(strict=False)], BeforeValidator(_all_or_some)]


class Table(Labelled):
    """What the columns of a table are; each kind of file adds how it is read.

    Attributes:
        path: The file, below ``--data``, ``$SEIMBANG_DATA`` or ``./data``.
        group: Column with the patient, so that no patient is in two parts; ``patient``, if there is one, unless given.
        split_column: Column with the part, if there is one; ``""`` where ``split`` is no such column.
        features: Columns that the models see, or ``"all"`` that hold numbers, have no other role and do not count rows.
        categories: Columns of category levels, such as sex, that the models see too.
        meant: Columns that may tell the class by themselves, as they are known before it; any other that does stops a
            run as a leak.
        id_column: Column with the name of the case, if there is one; ``""`` where ``id`` is no such column.
        units: Units of columns, for the page.
        join: Further files with columns of the same cases.
        decimal: The decimal mark, ``"."`` or ``","``, of columns whose numbers do not show it.
    """

    path: str = ""
    group: ByColumn | None = None
    split_column: str = "split"
    features: Features = "all"
    categories: tuple[str, ...] = Field((), strict=False)
    meant: tuple[str, ...] = Field((), strict=False)
    id_column: str = "id"
    units: dict[str, str] = Field(default_factory=dict)
    join: tuple[Join, ...] = Field((), strict=False)
    decimal: Literal["", ".", ","] = ""

    def holds_numbers(self, column: str) -> bool:
        """Tell whether the numbers of a column are read as such; those of ids, patients and classes are names."""
        if isinstance(self.label, CutLabel) and column == self.label.column:
            return True
        if self.features != "all":
            return column in (*self.features, *self.categories)
        group = (self.group or ByColumn()).column
        roles = {self.label_column, self.id_column, group, self.split_column, "site", *(join.on for join in self.join)}
        return column not in roles or column in self.categories

    @property
    def sheet_name(self) -> str:
        """The sheet of a workbook; ``""`` where none is named, and for text."""
        return ""

    def label_cells(self, root: Path) -> Iterator["pd.Series[str]"]:
        """Yield the cells of ``label_column``, block by block.

        Raises:
            DataError: ``DATA_MISSING``, ``DATA_COLUMN`` and what `blocks` raises.
        """
        path = root / self.path
        if not path.is_file():
            missing(path)
        for block in together(path, self.sheet_name, self.join, self.id_column).rows:
            require_columns(block.columns, [self.label_column])
            yield block[self.label_column]

    def columns_by_case(self, root: Path, names: Sequence[str]) -> pd.DataFrame:
        """Return columns of the file as texts, by ``case_id``.

        Raises:
            DataError: ``DATA_COLUMN``.
        """
        wanted, blocks = list(names), []
        reading = together(
            root / self.path, self.sheet_name, self.join, self.id_column, self.decimal, self.holds_numbers
        )
        for block in reading.rows:
            require_columns(block.columns, wanted)
            ids = block[self.id_column] if self.id_column in block else _numbered(block)
            blocks.append(block[wanted].set_axis(list(ids)))
        return pd.concat(blocks).rename_axis("case_id")

    @property
    def listed(self) -> tuple[str, ...]:
        """The features that are asked for by name."""
        return () if self.features == "all" else self.features


def from_file(settings: Table, root: Path, classes: tuple[str, ...] | None, sheet: str = "") -> Dataset:
    """Read a table of features from a CSV or a sheet of a workbook, joined with others where the study says so.

    Args:
        settings: The ``[data]`` table, with the roles of the columns.
        root: Folder that ``settings.path`` is relative to.
        classes: Classes of the internal set when this is an external one.
        sheet: Name of the workbook's sheet; ``""`` for the one with the most rows.

    Raises:
        DataError: ``DATA_MISSING``, and what `blocks` and `build` raise.
    """
    path = root / settings.path
    if not path.is_file():
        missing(path)
    names = " with ".join([path.name, *(Path(join.path).name for join in settings.join)])
    facts = {"source": f"table {names}", "format": "table of features"}
    reading = together(path, sheet, settings.join, settings.id_column, settings.decimal, settings.holds_numbers)
    commas = [name for name, notation in reading.dialect.numbers.items() if notation.decimal == ","]
    return build(reading.rows, settings.alone(root).with_facts(facts), path, classes, commas)


def build(
    tables: Iterable[pd.DataFrame],
    settings: Table,
    path: Path,
    classes: tuple[str, ...] | None = None,
    commas: Collection[str] = (),
) -> Dataset:
    """Return the data set that blocks of rows make together.

    Args:
        tables: Texts; the index is the row in the file.
        settings: The ``[data]`` table.
        path: Where they are from.
        classes: Classes of the internal set when this is an external one; a column that counts its rows may be a
            measurement there, and is kept.
        commas: Columns whose numbers are written with decimal commas.

    Raises:
        DataError: ``DATA_EMPTY``, ``DATA_COLUMN``, ``DATA_ROLE``, ``DATA_TEXT``, ``DATA_ALL_MISSING``,
            ``DATA_LABEL_MISSING``, ``DATA_ID_MISSING``, ``DATA_SPLIT_NAME`` and what `CaseTable.build` raises.
    """
    rows, X, columns, uses = _together(tables, settings, classes is None)
    if rows.empty:
        raise no_rows(path.name)
    rows, X, gone = _sure(rows, X)
    rows["label"] = against_rest(rows.label, settings.label)
    settings = settings.with_positive()
    check_renames(settings, ["", *rows.label.unique()])
    new = rows.label.replace(settings.classes)
    if settings.leave_out:
        keep = [not left_out(settings, *names) for names in zip(rows.split, rows.label, new, strict=True)]
        rows, new, X = rows[keep], new[keep], X[keep]
    rows = rows.assign(label=new, digest=[hashlib.sha256(row.tobytes()).hexdigest() for row in X])
    order = np.argsort(rows.case_id.to_numpy(object), kind="stable")
    names = settings.label.names if isinstance(settings.label, CutLabel) else ()
    ranks = tuple(dict.fromkeys(settings.classes.get(name, name) for name in names))
    cases = CaseTable.build(rows.iloc[order], path.parent, settings.positive, classes, ranks)
    X, noted = X[order], _uncertain(rows, "FILE_UNCERTAIN")
    origins = rows.set_index("case_id").filter(regex=f"^{_ORIGIN}")
    uses = [replace(use, note="decimal commas") if use.use == "number" and use.name in commas else use for use in uses]
    return Dataset(
        cases,
        X,
        path.stem,
        "table",
        left_out=gone,
        noted=noted,
        facts=settings.facts,
        columns=ranges(X, columns),
        uses=tuple(uses),
        meant=settings.meant,
        origins=origins.rename(columns=lambda name: name.removeprefix(_ORIGIN)),
    )


@dataclass
class _Seen:
    """What was met in the blocks of a table: its columns, their roles, and what the cells of the others hold."""

    names: list[str] = field(default_factory=list)
    roles: dict[str, str] = field(default_factory=dict)
    cells: dict[str, Cells] = field(default_factory=dict)


def _together(
    tables: Iterable[pd.DataFrame], settings: Table, own: bool
) -> tuple[pd.DataFrame, npt.NDArray[np.float32], list[Column], list[ColumnUse]]:
    """Return the roles of all blocks, their features, what these are, and what was made of every column.

    A block's texts are let go at once. ``own`` is False for an external set.
    """
    seen = _Seen()
    pieces = [_piece(table, settings, seen) for table in tables]
    rows, features = (pd.concat(frames, ignore_index=True) for frames in zip(*pieces, strict=True))
    uses = _uses(settings, seen, own)
    return rows, *_matrix(features, settings, uses), list(uses.values())


def _uses(settings: Table, seen: _Seen, own: bool) -> dict[str, ColumnUse]:
    """Return what is made of each column, in the order of the file.

    Raises:
        DataError: ``DATA_TEXT``: text in a column that is listed, or whose other cells are numbers.
    """
    words = {"label": "class", "case_id": "case", "group": "patient"}
    roles = {column: words.get(role, role) for role, column in seen.roles.items()}
    roles |= dict.fromkeys(columns_of(settings.label, settings.label_column), "class")
    roles |= {join.on: "join" for join in settings.join if join.on and join.on not in roles}
    uses = {}
    for name in seen.names:
        cells = seen.cells.get(name)
        if name in settings.categories:
            uses[name] = ColumnUse(name, "category")
        elif cells is None:
            uses[name] = ColumnUse(name, roles.get(name, "unlisted"))
        else:
            if settings.listed or cells.numbers:
                refuse_text(cells.first)
            use = cells.use()
            kept = settings.listed or (use.use in ("counter", "date") and not own and cells.numbers)
            uses[name] = ColumnUse(name, "number") if kept else use
    return uses


def _roles(settings: Table, names: list[str]) -> dict[str, str]:
    """Return the column of each role; a role without a column is left out."""
    default = {name: field.default for name, field in Table.model_fields.items()}
    wanted = [  # and whether it must be there
        *(("label", column, True) for column in columns_of(settings.label, settings.label_column)),
        ("case_id", settings.id_column, settings.id_column not in ("", default["id_column"])),
        ("group", (settings.group or ByColumn()).column, settings.group is not None),
        ("split", settings.split_column, settings.split_column not in ("", default["split_column"])),
        ("site", "site", False),
    ]
    require_columns(names, [*(column for _, column, must in wanted if must), *settings.meant])
    chosen = {*settings.listed, *settings.categories}
    for role, column, must in wanted:
        if must and column in chosen:
            found = f"the column {column!r} as {role} and as a feature"
            raise DataError("DATA_ROLE", found, "one role a column", "take it out of data.features and data.categories")
    return {role: column for role, column, _ in wanted if column in names and column not in chosen}


def _features(settings: Table, names: list[str], roles: dict[str, str]) -> list[str]:
    """Return the columns to be features: those listed, or all that have no other role."""
    if settings.listed:
        chosen = list(dict.fromkeys([*settings.listed, *settings.categories]))
        require_columns(names, chosen)
        return chosen
    require_columns(names, list(settings.categories))
    taken = {*columns_of(settings.label, settings.label_column), *roles.values(), *(join.on for join in settings.join)}
    return [name for name in names if name not in taken]


def _piece(table: pd.DataFrame, settings: Table, seen: _Seen) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the roles of a block as texts, and its features: numbers as float32, categories as texts."""
    roles = _roles(settings, list(table.columns))
    seen.names, seen.roles = list(map(str, table.columns)), roles
    rows = pd.DataFrame({role: table[column] for role, column in roles.items()}, index=table.index)
    rows["label"] = labels(table, settings.label, settings.label_column, settings.classes.get("", ""))
    rows["uncertain"] = uncertain(table, settings.label)
    rows["split"] = parts(rows.split) if "split" in roles else ""
    rows["case_id"] = _ids(rows.case_id.rename(roles["case_id"])) if "case_id" in roles else _numbered(table)
    for name in _origins(table.columns, roles):
        rows[f"{_ORIGIN}{name}"] = table[name]
    features = {}
    for name in _features(settings, list(table.columns), roles):
        if name in settings.categories:
            features[name] = table[name]
            continue
        values, text = numbers(table[name])
        features[name] = pd.Series(values.astype(np.float32), table.index)
        seen.cells.setdefault(name, Cells(name)).add(values, text)
    return rows, pd.DataFrame(features, index=table.index)


def _origins(names: Iterable[str], roles: dict[str, str]) -> list[str]:
    """Return the columns without a role that by their names tell whose or where a case is."""
    return [name for name in names if name not in roles.values() and (names_cases(name) or known_as([name], PLACES))]


def _sure(
    rows: pd.DataFrame, X: npt.NDArray[np.float32]
) -> tuple[pd.DataFrame, npt.NDArray[np.float32], tuple[FileNote, ...]]:
    """Return the rows that have a class, and notes on the others."""
    sure = rows.label != ""
    return rows[sure], X[sure.to_numpy()], _uncertain(rows[~sure], "FILE_UNSURE")


def _uncertain(rows: pd.DataFrame, code: str) -> tuple[FileNote, ...]:
    noted = rows[rows.uncertain]
    pairs = zip(noted.case_id, noted.label, strict=True)
    return tuple(FileNote(case, label, code, REASONS[code]) for case, label in pairs)


def _ids(column: "pd.Series[str]") -> "pd.Series[str]":
    if gap := first_gap(column):
        raise DataError("DATA_ID_MISSING", f"no id {gap}", "an id in every row", "fill it in, or remove the row")
    return column


def _numbered(table: pd.DataFrame) -> list[str]:
    """Return names of cases that have none, in the order of the file."""
    return [f"row {k:07d}" for k in table.index]


def _matrix(
    features: pd.DataFrame, settings: Table, uses: dict[str, ColumnUse]
) -> tuple[npt.NDArray[np.float32], list[Column]]:
    """Return ``X`` and what its columns hold."""
    made, columns = [], []
    for name in map(str, features):
        if uses[name].use == "category":
            levels = tuple(sorted(set(features[name]) - set(MISSING)))
            columns.append(Column(name, "category", categories=levels))
            made.append(positions(features[name], levels).astype(np.float32))
        elif uses[name].use == "number":
            columns.append(Column(name, "number", settings.units.get(name, "")))
            made.append(features[name].to_numpy())
    if not made:
        raise _nothing(uses.values())
    return np.stack(made, axis=1), columns


def _nothing(uses: Iterable[ColumnUse]) -> DataError:
    """Return the error for a table in which the models would see nothing."""
    left = "; ".join(f"{use}: {USES[use.use]}" for use in uses if use.use in LEFT_OUT)
    fix = "write measurements as numbers alone; name words of a few kinds, such as sex, in data.categories"
    found, expected = f"no column with numbers ({left or 'only the class'})", "some for the models to see"
    return DataError("DATA_COLUMN", found, expected, fix)
