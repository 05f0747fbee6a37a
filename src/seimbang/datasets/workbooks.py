"""Sheets of Excel workbooks as texts, and which of their cells are numbers."""

import datetime
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, BinaryIO

from seimbang.datasets.delimited import Opener
from seimbang.errors import DataError
from seimbang.settings import nearest

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_CHUNK = 1 << 20
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Cells:
    """A sheet.

    Attributes:
        sheet: Its name.
        others: Names of the other sheets that have rows.
        texts: One list a row; a row ends with its last cell.
        typed: Which cells hold numbers, in the same shape.
    """

    sheet: str
    others: tuple[str, ...]
    texts: list[list[str]]
    typed: list[list[bool]]


MAX_UNPACKED = 1 << 30
"""Bytes of the sheets of a workbook; a million rows of twenty numbers have some 0.6 of them."""


def cells(name: str, open_file: Opener, sheet: str = "") -> Cells:
    """Return the cells of a sheet: of the one with the most rows of two or more values unless one is named.

    Args:
        name: Of the file, for errors.
        open_file: Opens it.
        sheet: Name of the sheet.

    Raises:
        DataError: ``DATA_EXCEL``, ``DATA_SHEET``, ``DATA_FORMULA`` or ``DATA_TOO_LARGE``.
    """
    with open_file() as file:
        try:
            _check_size(name, file)
            chosen, others, rows = _chosen(name, _workbook(file, data_only=True), sheet)
            formulas = _workbook(file, data_only=False)[chosen] if _has_formulas(file) else None
            _check_results(name, rows, formulas)
        except DataError:
            raise
        except Exception as error:  # openpyxl and zipfile raise nearly every type there is on damaged files
            raise _no_workbook(name, file, error) from error
    texts = [[_text(value) for value in row] for row in rows]
    typed = [[_typed(value) for value in row] for row in rows]
    return Cells(chosen, others, texts, typed)


def _check_size(name: str, file: BinaryIO) -> None:
    """Refuse a workbook that would fill the memory, before anything of it is unpacked."""
    with zipfile.ZipFile(file) as archive:
        size = sum(part.file_size for part in archive.infolist() if part.filename.endswith(".xml"))
    if size > MAX_UNPACKED:
        raise too_large(name, size, MAX_UNPACKED)


def too_large(name: str, size: int, most: int) -> DataError:
    """Return the error for a table that would not fit into memory."""
    found, expected = f"{name} with {size / 2**30:.1f} GiB", f"at most {most / 2**30:.0f} GiB"
    return DataError("DATA_TOO_LARGE", found, expected, "leave out the columns that the study does not need")


def _workbook(file: BinaryIO, data_only: bool) -> Any:
    from openpyxl import load_workbook

    return load_workbook(file, read_only=True, data_only=data_only)


def _no_workbook(name: str, file: BinaryIO, error: Exception) -> DataError:
    file.seek(0)
    old = file.read(len(OLE)) == OLE
    why = "it has a password, or is of Excel 2003 or older" if old else f"{type(error).__name__}: {error}"
    fix = "save it in Excel or LibreOffice as .xlsx, without a password, or export it as CSV"
    return DataError("DATA_EXCEL", f"{name} is no Excel workbook ({why})", "an .xlsx workbook", fix)


def _chosen(name: str, workbook: Any, sheet: str) -> tuple[str, tuple[str, ...], list[Row]]:
    """Return the name of the sheet to read, those of the others with rows, and the values of its rows."""
    names = [worksheet.title for worksheet in workbook.worksheets]
    if sheet and sheet not in names:
        fix = f"correct data.sheet{nearest(sheet, names)}"
        raise DataError("DATA_SHEET", f"the sheets {', '.join(names)} in {name}", f"a sheet {sheet!r}", fix)
    shown = [worksheet for worksheet in workbook.worksheets if worksheet.sheet_state == "visible"]
    chosen, most, rows, others = "", -1, [], []
    for worksheet in [workbook[sheet]] if sheet else shown or workbook.worksheets:
        worksheet.reset_dimensions()  # some programs write a wrong size
        values = list(worksheet.iter_rows(values_only=True))
        count = sum(sum(value is not None for value in row) > 1 for row in values)  # a row of notes has one value
        others += [worksheet.title] * (count > 0)
        if count > most:
            chosen, most, rows = worksheet.title, count, values
    return chosen, tuple(title for title in others if title != chosen), rows


def _check_results(name: str, rows: Sequence[Row], formulas: Any) -> None:
    """Raise ``DATA_FORMULA`` for a formula without the result that stands for it in the workbook."""
    if formulas is None:
        return
    formulas.reset_dimensions()
    for row, cells_of_row in zip(rows, formulas.iter_rows(), strict=False):
        for value, cell in zip_longest(row, cells_of_row):
            if value is None and cell is not None and cell.data_type == "f":
                found = f"the formula {cell.value} without a result in cell {cell.coordinate} of {name}"
                fix = "open the workbook in Excel or LibreOffice and save it, or paste the values over the formulas"
                raise DataError("DATA_FORMULA", found, "a value, or a formula whose result is saved with it", fix)


def _has_formulas(file: BinaryIO) -> bool:
    """Tell whether any sheet has a formula, so that a workbook without need not be read twice."""
    with zipfile.ZipFile(file) as archive:
        sheets = [part for part in archive.namelist() if part.startswith("xl/worksheets/") and part.endswith(".xml")]
        return any(_holds(archive, part, b"<f") for part in sheets)


def _holds(archive: zipfile.ZipFile, part: str, mark: bytes) -> bool:
    end = b""
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            if any(mark + after in end + chunk for after in (b">", b" ", b"/")):
                return True
            end = chunk[-len(mark) :]
    return False


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    return str(value).strip()


def _typed(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
