"""A table of features: one row a case, with its class, numbers and words."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from seimbang.datasets.base import CaseTable, Column, CutLabel, Dataset, DataSettings
from seimbang.datasets.columns import MISSING, numbers, positions, ranges, refuse_text
from seimbang.datasets.images import check_renames, left_out, missing, parts, require_columns
from seimbang.datasets.sheets import blocks, no_rows
from seimbang.errors import DataError
from seimbang.imaging.base import ImageSettings


def load(settings: DataSettings, image: ImageSettings, root: Path, classes: tuple[str, ...] | None = None) -> Dataset:
    """Read a table of features from a CSV or a sheet of an Excel workbook, joined with others where the study says so.

    Args:
        settings: The ``[data]`` table, with the roles of the columns.
        image: Not used.
        root: Folder that ``settings.path`` is relative to.
        classes: Classes of the internal set when this is an external one.

    Raises:
        DataError: ``DATA_MISSING``, and what `blocks` and `build` raise.
    """
    path = root / settings.path
    if not path.is_file():
        missing(path)
    names = " with ".join([path.name, *(Path(join.path).name for join in settings.join)])
    facts = {"source": f"table {names}", "format": "table of features"} | settings.facts
    return build(blocks(path, settings), settings.model_copy(update={"facts": facts}), path, classes)


def build(
    tables: Iterable[pd.DataFrame], settings: DataSettings, path: Path, classes: tuple[str, ...] | None = None
) -> Dataset:
    """Return the data set that blocks of rows make together.

    Args:
        tables: Texts; the index is the row in the file.
        settings: The ``[data]`` table.
        path: Where they are from.
        classes: Classes of the internal set when this is an external one.

    Raises:
        DataError: ``DATA_EMPTY``, ``DATA_COLUMN``, ``DATA_ROLE``, ``DATA_GROUP``, ``DATA_TEXT``, ``DATA_ALL_MISSING``,
            ``DATA_LABEL_MISSING``, ``DATA_ID_MISSING``, ``DATA_SPLIT_NAME`` and what `CaseTable.build` raises.
    """
    rows, X, columns = _together(tables, settings)
    if rows.empty:
        raise no_rows(path.name)
    check_renames(settings, rows.label.unique())
    new = rows.label.replace(settings.classes)
    if settings.leave_out:
        keep = [not left_out(settings, *words) for words in zip(rows.split, rows.label, new, strict=True)]
        rows, new, X = rows[keep], new[keep], X[keep]
    rows = rows.assign(label=new, digest=[hashlib.sha256(row.tobytes()).hexdigest() for row in X])
    order = np.argsort(rows.case_id.to_numpy(object), kind="stable")
    cut = settings.label
    ranks = tuple(dict.fromkeys(settings.classes.get(name, name) for name in cut.names)) if cut else ()
    cases = CaseTable.build(rows.iloc[order], path.parent, settings.positive, classes, ranks)
    X = X[order]
    return Dataset(cases, X, path.stem, "table", facts=settings.facts, columns=ranges(X, columns))


def _together(
    tables: Iterable[pd.DataFrame], settings: DataSettings
) -> tuple[pd.DataFrame, npt.NDArray[np.float32], list[Column]]:
    """Return the roles of all blocks, their features and what these are; a block's texts are let go at once."""
    wrong: dict[str, pd.Series[str]] = {}
    pieces = [_piece(table, settings, wrong) for table in tables]
    rows, features = (pd.concat(frames, ignore_index=True) for frames in zip(*pieces, strict=True))
    return rows, *_matrix(features, settings, wrong)


def _roles(settings: DataSettings, names: list[str]) -> dict[str, str]:
    """Return the column of each role; a role without a column is left out."""
    group = settings.group
    if group is not None and group.origin != "column":
        found = f'data.group with from = "{group.origin}"'
        raise DataError("DATA_GROUP", found, "a column with the patient, as rows are no files", 'use from = "column"')
    default = {name: field.default for name, field in DataSettings.model_fields.items()}
    wanted = {  # and whether it must be there
        "label": (settings.label.column if settings.label else settings.label_column, True),
        "case_id": (settings.id_column, settings.id_column != default["id_column"]),
        "group": (group.column if group else "patient", group is not None),
        "split": (settings.split_column, settings.split_column != default["split_column"]),
        "site": ("site", False),
    }
    require_columns(names, [column for column, must in wanted.values() if must])
    chosen = {*_listed(settings), *settings.categories}
    for role, (column, must) in wanted.items():
        if must and column in chosen:
            found = f"the column {column!r} as {role} and as a feature"
            raise DataError("DATA_ROLE", found, "one role a column", "take it out of data.features and data.categories")
    return {role: column for role, (column, _) in wanted.items() if column in names and column not in chosen}


def _listed(settings: DataSettings) -> tuple[str, ...]:
    return () if settings.features == "all" else settings.features


def _features(settings: DataSettings, names: list[str], roles: dict[str, str]) -> list[str]:
    """Return the columns to be features: those listed, or all that have no other role."""
    if _listed(settings):
        chosen = list(dict.fromkeys([*_listed(settings), *settings.categories]))
        require_columns(names, chosen)
        return chosen
    require_columns(names, list(settings.categories))
    taken = {*roles.values(), *(join.on for join in settings.join)}
    return [name for name in names if name not in taken]


def _piece(
    table: pd.DataFrame, settings: DataSettings, wrong: dict[str, "pd.Series[str]"]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the roles of a block as texts, and its features: numbers as float32, categories as texts.

    The first text in a column of numbers is noted in ``wrong``.
    """
    roles = _roles(settings, list(table.columns))
    rows = pd.DataFrame({role: table[column] for role, column in roles.items()}, index=table.index)
    rows["label"] = _labels(table[roles["label"]], settings.label)
    rows["split"] = parts(rows.split) if "split" in roles else ""
    rows["case_id"] = _ids(rows.case_id.rename(roles["case_id"])) if "case_id" in roles else _numbered(table)
    features = {}
    for name in _features(settings, list(table.columns), roles):
        if name in settings.categories:
            features[name] = table[name]
            continue
        values, text = numbers(table[name])
        features[name] = pd.Series(values.astype(np.float32), table.index)
        if len(text):
            wrong.setdefault(name, text.iloc[:1])
    return rows, pd.DataFrame(features, index=table.index)


def _ids(column: "pd.Series[str]") -> "pd.Series[str]":
    if gap := _gap(column):
        raise DataError("DATA_ID_MISSING", f"no id {gap}", "an id in every row", "fill it in, or remove the row")
    return column


def _numbered(table: pd.DataFrame) -> list[str]:
    """Return names of cases that have none, in the order of the file."""
    return [f"row {k:07d}" for k in table.index]


def _labels(column: "pd.Series[str]", cut: CutLabel | None) -> "pd.Series[str]":
    """Return the class of each row; on a cut point it is the one above."""
    if gap := _gap(column):
        raise DataError(
            "DATA_LABEL_MISSING", f"no label {gap}", "a label in every row", "fill it in, or remove the row"
        )
    if cut is None:
        return column
    values, text = numbers(column)
    refuse_text(text)
    return pd.Series(np.array(cut.names)[np.searchsorted(cut.cuts, values, side="right")], column.index)


def _gap(column: "pd.Series[str]") -> str:
    """Return where the first missing value of a column is, or ``""``."""
    gap = column.index[column.isin(MISSING)]
    return f"in row {gap[0]} of the column {column.name!r}" if len(gap) else ""


def _matrix(
    features: pd.DataFrame, settings: DataSettings, wrong: dict[str, "pd.Series[str]"]
) -> tuple[npt.NDArray[np.float32], list[Column]]:
    """Return ``X`` and what its columns hold; of columns that were not asked for by name, only those with numbers."""
    made, columns = [], []
    for name in map(str, features):
        values, column = features[name].to_numpy(), Column(name, "number", settings.units.get(name, ""))
        if name in settings.categories:
            words = tuple(sorted(set(values) - set(MISSING)))
            values, column = positions(features[name], words), Column(name, "category", categories=words)
        elif name in wrong:
            if not _listed(settings) and np.isnan(values).all():
                continue
            refuse_text(wrong[name])
        columns.append(column)
        made.append(values.astype(np.float32))
    if not made:
        raise DataError("DATA_COLUMN", "no column with numbers", "some for the models to see", "set data.categories")
    return np.stack(made, axis=1), columns
