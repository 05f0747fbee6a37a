"""CSV files and Excel sheets as texts, a block of rows at a time, and several of them joined."""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import pandas as pd
from pydantic import BaseModel

from seimbang.datasets import delimited, workbooks
from seimbang.datasets.base import STRICT
from seimbang.datasets.delimited import Opener
from seimbang.datasets.dialect import Dialect
from seimbang.datasets.headers import ROWS, Header, find
from seimbang.datasets.images import missing, require_columns
from seimbang.datasets.notation import MISSING, MISSING_NUMBERS, Evidence, decide
from seimbang.errors import DataError

WORKBOOKS = (".xlsx", ".xlsm")
TABLES = (".csv", ".tsv", *WORKBOOKS)

AsNumbers = Callable[[str], bool]
"""Tells of a column, by its name, whether its numbers get a decimal point and lose their thousands separators."""


class Join(BaseModel):
    """Another table whose columns go beside those of the first, case by case.

    Attributes:
        path: A CSV or an Excel workbook, below the same folder as ``data.path``.
        sheet: Sheet of the workbook; the one with the most rows unless given.
        on: Column that names the case in both tables; ``id_column`` unless given.
    """

    model_config = STRICT
    path: str
    sheet: str = ""
    on: str = ""


@dataclass(frozen=True)
class Reading:
    """A table: how it is written, and its rows.

    Attributes:
        dialect: Decided from the whole file.
        rows: Blocks of rows as texts, which can be read once. The index is the row in the file; rows that are wholly
            empty are left out, what stands for a missing value is empty, and there are no blanks around texts.
    """

    dialect: Dialect
    rows: Iterator[pd.DataFrame]


def no_number(name: str) -> bool:
    """Say of every column that it stays as it is written."""
    return False


def every_number(name: str) -> bool:
    """Say of every column that its numbers are written anew."""
    return True


def together(
    path: Path,
    sheet: str = "",
    joins: Sequence[Join] = (),
    id_column: str = "id",
    decimal: str = "",
    numbers: AsNumbers = no_number,
) -> Reading:
    """Return a table as `read` does, joined with others.

    Args:
        path: Text with separators between the columns, or an Excel workbook.
        sheet: Name of the workbook's sheet; ``""`` for the one with the most rows.
        joins: Further tables; the whole is then held at once.
        id_column: Column that names the case where a join does not name one.
        decimal: The decimal mark of columns that leave a doubt, where the user says it.
        numbers: Which columns are read as numbers.

    Raises:
        DataError: ``DATA_JOIN``, ``DATA_DUPLICATE_ID`` and what `read` raises.
    """
    reading = read(path, sheet, decimal, numbers)
    if not joins:
        return reading
    table, notations = whole(reading.rows, path.name), dict(reading.dialect.numbers)
    for join in joins:
        other = path.parent / join.path
        if not other.is_file():
            missing(other)
        beside = read(other, join.sheet, decimal, numbers)
        more, notations = whole(beside.rows, other.name), {**beside.dialect.numbers, **notations}
        table = _beside(table, path, more, other, join.on or id_column)
    return Reading(replace(reading.dialect, numbers=notations), iter([table]))


MAX_BYTES = 1 << 33
"""Bytes of a table in a file; as text it is read piece by piece, and its numbers take a third of it."""


def read(path: Path, sheet: str = "", decimal: str = "", numbers: AsNumbers = no_number) -> Reading:
    """Return how a table is written, and its rows.

    Args:
        path: Text with separators between the columns, or an Excel workbook.
        sheet: Name of the workbook's sheet; ``""`` for the one with the most rows.
        decimal: The decimal mark of columns that leave a doubt, where the user says it.
        numbers: Which columns are read as numbers.

    Raises:
        DataError: ``DATA_CSV``, ``DATA_ENCODING``, ``DATA_EMPTY``, ``DATA_COLUMN``, ``DATA_TOO_LARGE``; of a workbook
            ``DATA_EXCEL``, ``DATA_SHEET``, ``DATA_FORMULA``; of a column of ``numbers``, when its rows are read,
            ``DATA_DECIMAL``.
    """
    state = path.stat()
    if state.st_size > MAX_BYTES:
        raise workbooks.too_large(path.name, state.st_size, MAX_BYTES)
    if _is_workbook(path.suffix, lambda: path.open("rb")):
        return _of_workbook(_kept(path, sheet, state.st_mtime_ns, state.st_size), path.name, decimal, numbers)
    return _of_text(path.name, lambda: path.open("rb"), decimal, numbers)


def uploaded(data: bytes, name: str) -> pd.DataFrame:
    """Return the rows of a table that is in memory, all its columns of numbers read as such.

    Args:
        data: The whole file.
        name: How it is called; its ending tells a workbook.

    Raises:
        DataError: What `read` and `whole` raise.
    """

    def open_file() -> io.BytesIO:
        return io.BytesIO(data)

    if _is_workbook(Path(name).suffix, open_file):
        reading = _of_workbook(workbooks.cells(name, open_file), name, "", every_number)
    else:
        reading = _of_text(name, open_file, "", every_number)
    return whole(reading.rows, name)


def whole(tables: Iterable[pd.DataFrame], name: str) -> pd.DataFrame:
    """Return the blocks of the file ``name`` as one table.

    Raises:
        DataError: ``DATA_EMPTY``.
    """
    parts = list(tables)
    if not any(map(len, parts)):
        raise no_rows(name)
    return pd.concat(parts)


def no_rows(name: str) -> DataError:
    """Return the error for a file without rows."""
    return DataError("DATA_EMPTY", f"no rows in {name}", "names in row 1, then one row a case", "check the file")


def _beside(table: pd.DataFrame, path: Path, more: pd.DataFrame, other: Path, on: str) -> pd.DataFrame:
    """Return ``table`` with the columns of ``more``; a case that ``more`` lacks has no values there."""
    for side, file in ((table, path), (more, other)):
        require_columns(side.columns, [on])
        twice = side[on][side[on].duplicated()]
        if len(twice):
            found = f"{on} {twice.iloc[0]!r} twice in {file.name}, the second time in row {twice.index[0]}"
            raise DataError("DATA_DUPLICATE_ID", found, "one row a case in tables to be joined", "make ids unique")
    both = [name for name in table.columns.intersection(more.columns) if name != on]
    if both:
        found, fix = f"the column {both[0]!r} in {path.name} and in {other.name}", "rename it in one of the files"
        raise DataError("DATA_JOIN", found, f"only {on!r} in both", fix)
    if not table[on].isin(more[on]).any():
        found = f"no {on} of {path.name} in {other.name}, such as {table[on].iloc[0]!r}"
        raise DataError("DATA_JOIN", found, "ids written alike in both files", "correct the ids or data.join")
    return table.join(more.set_index(on), on=on).fillna("")


@lru_cache(maxsize=1)
def _kept(path: Path, sheet: str, changed: int, size: int) -> workbooks.Cells:
    """Return the cells of a workbook; the last one is kept, as a first look reads it several times."""
    return workbooks.cells(path.name, lambda: path.open("rb"), sheet)


def _of_text(name: str, open_file: Opener, decimal: str, numbers: AsNumbers) -> Reading:
    encoding = delimited.encoding_of(name, open_file)
    separator, header = delimited.separator_of(name, open_file, encoding)
    _check_names(name, header.names)
    delimited.check_widths(name, open_file, encoding, separator, header)
    evidence = {column: Evidence() for column in header.names}
    for block in delimited.rows(name, open_file, encoding, separator, header):
        _add(evidence, block)
    dialect = _decided(Dialect(encoding, separator), header, evidence, decimal)
    rows = delimited.rows(name, open_file, encoding, separator, header)
    return Reading(dialect, (_values(block[_full(block)], dialect, numbers) for block in rows))


def _is_workbook(ending: str, open_file: Opener) -> bool:
    """Tell whether a file is a workbook, by its ending or its first bytes."""
    with open_file() as file:
        return ending.lower() in WORKBOOKS or file.read(4) in (workbooks.ZIP, workbooks.OLE)


def _of_workbook(cells: workbooks.Cells, name: str, decimal: str, numbers: AsNumbers) -> Reading:
    if not any(map(any, cells.texts)):
        raise no_rows(name)
    header = find(cells.texts[:ROWS])
    names = header.names[: header.named]  # what stands to the right of them is a note
    _check_names(name, names)
    texts, typed = (_frame(rows, header, names, gap) for rows, gap in ((cells.texts, ""), (cells.typed, False)))
    full = _full(texts)
    texts, typed = texts[full], typed[full]
    evidence, written = {column: Evidence() for column in names}, texts.mask(typed, "")
    _add(evidence, written)
    as_text = tuple(column for column in names if evidence[column].numeric)
    for column in names:
        evidence[column].numbers += int(typed[column].sum())
    dialect = _decided(Dialect(sheet=cells.sheet, others=cells.others, texts=as_text), header, evidence, decimal)
    tables = (_values(written, dialect, numbers) for _ in range(1))  # when it is asked for, as blocks of text are
    return Reading(dialect, (table.where(~typed[table.columns], texts[table.columns]) for table in tables))


def _frame(rows: Sequence[Sequence[str | bool]], header: Header, names: Sequence[str], gap: str | bool) -> pd.DataFrame:
    width = len(names)
    data = [[*row[:width], *[gap] * (width - len(row))] for row in rows[header.data - 1 :]]
    index = pd.RangeIndex(header.data, header.data + len(data))
    return pd.DataFrame(data, index, list(names), dtype=type(gap))


def _check_names(name: str, names: Sequence[str]) -> None:
    twice = [column for k, column in enumerate(names) if column in names[:k]]
    if twice:
        found = f"the column {twice[0]!r} twice in {name}"
        raise DataError("DATA_COLUMN", found, "another name for each column", "name the columns")


def _add(evidence: Mapping[str, Evidence], block: pd.DataFrame) -> None:
    for column, said in evidence.items():
        said.add(block[column])


def _decided(start: Dialect, header: Header, evidence: Mapping[str, Evidence], decimal: str) -> Dialect:
    """Return the dialect of a whole file; columns with neither name nor value are left out."""
    nameless = {name for k, name in enumerate(header.names, 1) if name == f"column {k}"}
    used = {name: said for name, said in evidence.items() if name not in nameless or not said.empty}
    signs = tuple(name for name, said in used.items() if said.plus)
    markers = set().union(*(said.seen(MISSING_NUMBERS if said.numeric else MISSING) for said in used.values()))
    return replace(
        start,
        row=header.first,
        header=header.rows,
        columns=tuple(used),
        numbers=decide(used, start.separator, decimal),
        missing=tuple(sorted(markers - {""})),
        signs=signs,
    )


def _full(block: pd.DataFrame) -> "pd.Series[bool]":
    """Tell which rows are not wholly empty."""
    return (block != "").any(axis=1)


def _values(block: pd.DataFrame, dialect: Dialect, numbers: AsNumbers) -> pd.DataFrame:
    columns = {name: dialect.values(block[name]) for name in dialect.columns}
    return pd.DataFrame({name: dialect.plain(column) if numbers(name) else column for name, column in columns.items()})
