"""Documents and tables as Word files, by python-docx."""

from __future__ import annotations

import importlib.util
import io
import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from seimbang.reports.paper.bibliography import reference
from seimbang.reports.paper.document import Document, Picture
from seimbang.reports.paper.draft import CITED, keys_in
from seimbang.reports.paper.tables import Table

if TYPE_CHECKING:
    from docx.document import Document as Word
    from docx.table import _Cell, _Row

STYLE = "Light List"
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
SHORTEST, LONGEST = 6, 60
"""Letters of a column's longest text, as they count for its width."""
LINE = 15
"""Centimetres of a line of text."""


def available() -> bool:
    """Whether python-docx is installed, as the extra ``paper`` does."""
    return importlib.util.find_spec("docx") is not None


def word(document: Document) -> bytes:
    """Return a whole document; citations are numbers in the order of the text, as the list at its end has them."""
    numbers = {key: place for place, key in enumerate(document.cited, 1)}
    file = begun(document.title)
    for section in document.sections:
        file.add_heading(section.title, 1)
        for title, texts in section.parts:
            if title:
                file.add_heading(title, 2)
            for text in texts:
                file.add_paragraph(plain(_numbered(text, numbers)))
    turn(file)
    for number, table in enumerate(document.tables, 1):
        add_table(file, table, f"Table {number}. ")
    turn(file)
    for number, picture in enumerate(document.pictures, 1):
        _add_picture(file, picture, number)
    if numbers:
        file.add_heading("References", 1)
    for key, number in numbers.items():
        file.add_paragraph(f"[{number}] {reference(key)}")
    return whole(file)


def begun(title: str) -> Word:
    """Return a new file with a title, which holds no date: equal runs have equal files."""
    import docx

    file = docx.Document()
    file.core_properties.title, file.core_properties.author = plain(title)[:255], ""
    file.core_properties.comments = "made by seimbang"
    file.core_properties.created = file.core_properties.modified = datetime(2000, 1, 1)
    file.add_heading(plain(title), 0)
    return file


def turn(file: Word) -> None:
    """Go on, on a new page, in landscape where it was portrait, and in portrait where it was landscape."""
    from docx.enum.section import WD_ORIENT

    before = file.sections[-1]
    section = file.add_section()
    landscape = before.orientation == WD_ORIENT.PORTRAIT
    section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = before.page_height, before.page_width


def whole(file: Word) -> bytes:
    """Return the content of a file."""
    content = io.BytesIO()
    file.save(content)
    return content.getvalue()


def add_table(file: Word, table: Table, before: str = "") -> None:
    """Add a table below its caption; its head is repeated on each page."""
    file.add_paragraph(plain(f"{before}{table.caption} {table.note}".strip()), style="Caption")
    made = file.add_table(rows=0, cols=len(table.header), style=STYLE)
    made.autofit = False
    widths = _widths(file, table)
    for row in (table.header, *table.rows):
        _fill(made.add_row().cells, row, widths)
    _mark(made.rows[0], "w:tblHeader")
    for each in made.rows:
        _mark(each, "w:cantSplit")
    file.add_paragraph()


def _mark(row: _Row, mark: str) -> None:
    from docx.oxml import OxmlElement

    row._tr.get_or_add_trPr().append(OxmlElement(mark))


def _widths(file: Word, table: Table) -> list[int]:
    """Return the width of each column, by its longest text, so that all fill the page."""
    section = file.sections[-1]
    page = (section.page_width or 0) - (section.left_margin or 0) - (section.right_margin or 0)
    longest = [max(len(cell) for cell in column) for column in zip(table.header, *table.rows, strict=True)]
    shares = [min(max(length, SHORTEST), LONGEST) for length in longest]
    return [page * share // sum(shares) for share in shares]


def plain(text: str) -> str:
    """Return text that a Word file can hold."""
    return CONTROL.sub("", text)


def _fill(cells: Sequence[_Cell], texts: Sequence[str], widths: Sequence[int]) -> None:
    from docx.shared import Emu, Pt

    for cell, text, width in zip(cells, texts, widths, strict=True):
        cell.width = Emu(width)
        paragraph = cell.paragraphs[0]
        run = paragraph.add_run(plain(text.replace(" (", "\n(", 1) if re.match(r"[−\d]", text) else text))
        run.font.size = Pt(8)


def _numbered(text: str, numbers: dict[str, int]) -> str:
    return CITED.sub(lambda match: f"[{', '.join(str(numbers[key]) for key in keys_in(match[0]))}]", text)


def _add_picture(file: Word, picture: Picture, number: int) -> None:
    from docx.shared import Cm

    file.add_picture(io.BytesIO(picture.png), width=Cm(min(picture.millimetres / 10, LINE)))
    file.add_paragraph(plain(f"Figure {number}. {picture.caption}"), style="Caption")
