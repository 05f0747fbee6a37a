"""Sheets of Excel workbooks as texts, and which of their cells are numbers."""

import datetime
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, BinaryIO

from seimbang.datasets.delimited import Opener
from seimbang.errors import DataError
from seimbang.settings import nearest

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_CHUNK = 1 << 20


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


def cells(name: str, open_file: Opener, sheet: str = "") -> Cells:
    """Return the cells of a sheet: of the one with the most rows of two or more values unless one is named.

    Args:
        name: Of the file, for errors.
        open_file: Opens it.
        sheet: Name of the sheet.

    Raises:
        DataError: ``DATA_EXCEL``, ``DATA_SHEET`` or ``DATA_FORMULA``.
    """
    with open_file() as file:
        workbook = _workbook(name, file, data_only=True)
        chosen, others = _choose(name, workbook, sheet)
        rows = list(_rows(name, file, workbook[chosen], chosen))
    texts = [[_text(cell) for cell in row] for row in rows]
    typed = [[_typed(cell) for cell in row] for row in rows]
    return Cells(chosen, others, texts, typed)


def _workbook(name: str, file: BinaryIO, data_only: bool) -> Any:
    from openpyxl import load_workbook

    try:
        return load_workbook(file, read_only=True, data_only=data_only)
    except Exception as error:  # openpyxl and zipfile raise nearly every type there is on damaged files
        file.seek(0)
        ole = file.read(4) == OLE
        why = "it has a password, or is of Excel 2003 or older" if ole else f"{type(error).__name__}: {error}"
        fix = "save it in Excel or LibreOffice as .xlsx, without a password, or export it as CSV"
        raise DataError("DATA_EXCEL", f"{name} is no Excel workbook ({why})", "an .xlsx workbook", fix) from error


def _choose(name: str, workbook: Any, sheet: str) -> tuple[str, tuple[str, ...]]:
    """Return the name of the sheet to read, and those of the others with rows."""
    names = [worksheet.title for worksheet in workbook.worksheets]
    if sheet and sheet not in names:
        fix = f"correct data.sheet{nearest(sheet, names)}"
        raise DataError("DATA_SHEET", f"the sheets {', '.join(names)} in {name}", f"a sheet {sheet!r}", fix)
    shown = [worksheet for worksheet in workbook.worksheets if worksheet.sheet_state == "visible"]
    if sheet or len(shown) < 2:
        return sheet or (shown or workbook.worksheets)[0].title, ()
    counts = {worksheet.title: _count(worksheet) for worksheet in shown}
    chosen = max(counts, key=lambda title: counts[title])
    return chosen, tuple(title for title, count in counts.items() if count and title != chosen)


def _count(worksheet: Any) -> int:
    """Return how many rows have two values or more; notes have one."""
    worksheet.reset_dimensions()  # some programs write a wrong size
    return sum(sum(value is not None for value in row) > 1 for row in worksheet.iter_rows(values_only=True))


def _rows(name: str, file: BinaryIO, worksheet: Any, sheet: str) -> Iterator[tuple[Any, ...]]:
    """Yield the values of each row; a formula counts by the result that the workbook holds."""
    worksheet.reset_dimensions()
    values = worksheet.iter_rows(values_only=True)
    if not _has_formulas(file):
        yield from values
        return
    with_formulas = _workbook(name, file, data_only=False)[sheet]
    with_formulas.reset_dimensions()
    for row, formulas in zip(values, with_formulas.iter_rows(), strict=False):
        for value, formula in zip_longest(row, formulas):
            if value is None and formula is not None and formula.data_type == "f":
                found = f"the formula {formula.value} without a result in cell {formula.coordinate} of {name}"
                fix = "open the workbook in Excel or LibreOffice and save it, or paste the values over the formulas"
                raise DataError("DATA_FORMULA", found, "a value, or a formula whose result is saved with it", fix)
        yield row


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
