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

STYLE = "Light List"
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
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
            file.add_heading(title, 2)
            for text in texts:
                file.add_paragraph(plain(_numbered(text, numbers)))
    for number, table in enumerate(document.tables, 1):
        add_table(file, table, f"Table {number}. ")
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


def whole(file: Word) -> bytes:
    """Return the content of a file."""
    content = io.BytesIO()
    file.save(content)
    return content.getvalue()


def add_table(file: Word, table: Table, before: str = "") -> None:
    """Add a table below its caption; its head is repeated on each page."""
    from docx.oxml import OxmlElement

    file.add_paragraph(plain(f"{before}{table.caption} {table.note}".strip()), style="Caption")
    made = file.add_table(rows=0, cols=len(table.header), style=STYLE)
    for row in (table.header, *table.rows):
        _fill(made.add_row().cells, row)
    made.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    file.add_paragraph()


def plain(text: str) -> str:
    """Return text that a Word file can hold."""
    return CONTROL.sub("", text)


def _fill(cells: Sequence[object], texts: Sequence[str]) -> None:
    from docx.shared import Pt

    for cell, text in zip(cells, texts, strict=True):
        paragraph = cell.paragraphs[0]  # type: ignore[attr-defined]
        run = paragraph.add_run(plain(text.replace(" (", "\n(", 1) if re.match(r"[−\d]", text) else text))
        run.font.size = Pt(8)


def _numbered(text: str, numbers: dict[str, int]) -> str:
    return CITED.sub(lambda match: f"[{', '.join(str(numbers[key]) for key in keys_in(match[0]))}]", text)


def _add_picture(file: Word, picture: Picture, number: int) -> None:
    from docx.shared import Cm

    file.add_picture(io.BytesIO(picture.png), width=Cm(min(picture.millimetres / 10, LINE)))
    file.add_paragraph(plain(f"Figure {number}. {picture.caption}"), style="Caption")
