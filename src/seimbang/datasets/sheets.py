"""CSV files and Excel sheets as texts, a block of rows at a time, and several of them joined."""

import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel

from seimbang.datasets.base import STRICT
from seimbang.datasets.images import missing, require_columns
from seimbang.errors import DataError
from seimbang.settings import nearest

BLOCK = 20_000
"""Rows of a CSV that are held as texts at a time."""

WORKBOOKS = (".xlsx", ".xlsm")


class Join(BaseModel):
    """Another table whose columns go beside those of the first, case by case.

    Attributes:
        path: A CSV or an Excel workbook, below the same folder as ``data.path``.
        sheet: Sheet of the workbook; the first unless given.
        on: Column that names the case in both tables; ``id_column`` unless given.
    """

    model_config = STRICT
    path: str
    sheet: str = ""
    on: str = ""


def blocks(path: Path, sheet: str = "", joins: Sequence[Join] = (), id_column: str = "id") -> Iterator[pd.DataFrame]:
    """Yield the rows of a table as texts, without rows that are wholly empty; the index is the row in the file.

    The row of names is row 1, so that a message names what the user sees. Texts have no blanks around them.

    Args:
        path: A CSV (comma-separated UTF-8 text), or an Excel workbook.
        sheet: Name of the workbook's sheet; ``""`` for the first.
        joins: Further tables; the whole is then held at once.
        id_column: Column that names the case where a join does not name one.

    Raises:
        DataError: ``DATA_CSV``, ``DATA_EXCEL``, ``DATA_SHEET``, ``DATA_FORMULA``, ``DATA_COLUMN``, ``DATA_JOIN``,
            ``DATA_DUPLICATE_ID``.
    """
    rows = _texts(path, sheet)
    if not joins:
        yield from rows
        return
    whole = pd.concat(rows)
    for join in joins:
        whole = _joined(whole, path, join, path.parent / join.path, join.on or id_column)
    yield whole


def _joined(table: pd.DataFrame, path: Path, join: Join, other: Path, on: str) -> pd.DataFrame:
    """Return ``table`` with the columns of ``other``; a case that ``other`` lacks has no values there."""
    if not other.is_file():
        missing(other)
    more = pd.concat(_texts(other, join.sheet))
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


def uploaded(data: bytes, name: str) -> pd.DataFrame:
    """Return the rows of a CSV that is in memory, as ``blocks`` yields them.

    Args:
        data: The whole file.
        name: How to call it in errors.

    Raises:
        DataError: ``DATA_CSV``, ``DATA_COLUMN`` or ``DATA_EMPTY``.
    """
    return whole(map(_filled, _csv(Path(name), data)), name)


def whole(tables: Iterable[pd.DataFrame], name: str) -> pd.DataFrame:
    """Return the blocks of the file ``name`` as one table.

    Raises:
        DataError: ``DATA_EMPTY``.
    """
    table = pd.concat(tables)
    if table.empty:
        raise no_rows(name)
    return table


def no_rows(name: str) -> DataError:
    """Return the error for a file without rows."""
    return DataError("DATA_EMPTY", f"no rows in {name}", "names in row 1, then one row a case", "check the file")


def _texts(path: Path, sheet: str) -> Iterator[pd.DataFrame]:
    return map(_filled, _excel(path, sheet) if path.suffix.lower() in WORKBOOKS else _csv(path))


def _filled(block: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that are not wholly empty."""
    return block[(block != "").any(axis=1)]


def _csv(path: Path, data: bytes | None = None) -> Iterator[pd.DataFrame]:
    def source() -> Path | io.BytesIO:
        return path if data is None else io.BytesIO(data)

    try:
        names = pd.read_csv(source(), header=None, nrows=1, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        header = _header(path, names.iloc[0].tolist())
        options: dict[str, Any] = {"dtype": str, "keep_default_na": False, "skip_blank_lines": False}
        with pd.read_csv(source(), header=0, names=header, chunksize=BLOCK, encoding="utf-8-sig", **options) as reader:
            for block in reader:
                if not isinstance(block.index, pd.RangeIndex):  # pandas takes what is too much for row names
                    raise ValueError(f"more fields than the {len(header)} names in row 1")
                block.index += 2
                yield block.fillna("").apply(lambda column: column.str.strip())
    except (ValueError, OSError) as error:  # pandas' parser errors are ValueErrors
        found = f"{path.name} is no such table ({error})"
        raise DataError("DATA_CSV", found, "comma-separated UTF-8 text with a header", "export it again") from error


def _excel(path: Path, sheet: str) -> Iterator[pd.DataFrame]:
    with path.open("rb") as file:
        values, formulas = (_sheet(_workbook(path, file, data_only=data), sheet, path) for data in (True, False))
        rows = [
            [_cell(path, value, formula) for value, formula in zip_longest(*pair)]
            for pair in zip(values.iter_rows(), formulas.iter_rows(), strict=True)
        ]
    if not rows:
        raise no_rows(path.name)
    width = max((k + 1 for k, name in enumerate(rows[0]) if name), default=0)
    header = _header(path, rows[0][:width])
    full = [(row + [""] * width)[:width] for row in rows[1:]]  # a row ends with its last cell
    yield pd.DataFrame(full, range(2, len(rows) + 1), header, dtype=str)


def _workbook(path: Path, file: Any, data_only: bool) -> Any:
    from openpyxl import load_workbook

    try:
        return load_workbook(file, read_only=True, data_only=data_only)
    except Exception as error:  # openpyxl and zipfile raise nearly every type there is on damaged files
        found = f"{path.name} is no Excel workbook ({type(error).__name__}: {error})"
        fix = "save it in Excel or LibreOffice as .xlsx, without a password, or export it as CSV"
        raise DataError("DATA_EXCEL", found, "an .xlsx workbook", fix) from error


def _sheet(workbook: Any, name: str, path: Path) -> Any:
    names = [worksheet.title for worksheet in workbook.worksheets]
    if name and name not in names:
        fix = f"correct data.sheet{nearest(name, names)}"
        raise DataError("DATA_SHEET", f"the sheets {', '.join(names)} in {path.name}", f"a sheet {name!r}", fix)
    sheet = workbook[name] if name else workbook.worksheets[0]
    sheet.reset_dimensions()  # some programs write a wrong size
    return sheet


def _cell(path: Path, value: Any, formula: Any) -> str:
    """Return the text of a cell; of a formula, the result that the workbook holds."""
    if formula.data_type == "f" and value.value is None:
        found = f"the formula {formula.value} without a result in cell {formula.coordinate} of {path.name}"
        fix = "open the workbook in Excel or LibreOffice and save it, or paste the values in place of the formulas"
        raise DataError("DATA_FORMULA", found, "a value, or a formula whose result is saved with it", fix)
    return "" if value is None or value.value is None else str(value.value).strip()


def _header(path: Path, names: list[str]) -> list[str]:
    header = [str(name).strip() for name in names]
    twice = [name for k, name in enumerate(header) if name in header[:k]]
    if twice:
        found = (
            f"the column {twice[0]!r} twice in {path.name}" if twice[0] else f"columns without a name in {path.name}"
        )
        raise DataError("DATA_COLUMN", found, "another name for each column in row 1", "name the columns")
    return header
