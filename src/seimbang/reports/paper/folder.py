"""The paper's folder: everything that a journal asks for, from the run folder alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from seimbang.imaging.files import write_atomic
from seimbang.record.read import read
from seimbang.reports.paper import word
from seimbang.reports.paper.bibliography import bibtex
from seimbang.reports.paper.document import Document, section
from seimbang.reports.paper.draft import Draft
from seimbang.reports.paper.latex import latex, tabular
from seimbang.reports.paper.methods import METHODS
from seimbang.reports.paper.numbers import Numbers
from seimbang.reports.paper.pictures import draw
from seimbang.reports.paper.results import AVAILABILITY, LIMITS, RESULTS
from seimbang.reports.paper.tables import Table, main_tables, supplement

Files = Mapping[str, bytes | str]
SECTIONS = {"Methods": METHODS, "Results": RESULTS, "Limits": LIMITS, "Availability": AVAILABILITY}


@dataclass(frozen=True)
class Paper:
    """What was written.

    Attributes:
        folder: Where.
        documents: Whether Word files are among it; they need the extra ``paper``.
    """

    folder: Path
    documents: bool


def write_paper(run: Path, out: Path) -> Paper:
    """Write the folder of a paper about a run; files of the same names are written anew.

    Args:
        run: A run folder with at least one finished arm; nothing outside it is read.
        out: The folder.

    Raises:
        IntegrityError: RUN_MISSING, RUN_DAMAGED or RUN_UNFINISHED, naming the file.
        ResourceError: The folder cannot be written or the disk is full.
    """
    for name, content in paper_files(run, out).items():
        write_atomic(out / name, content)
    return Paper(out, word.available())


def paper_files(run: Path, out: Path) -> dict[str, bytes | str]:
    """Return what a paper consists of, by name."""
    draft = Draft(read(run), Numbers(run))
    drawn = draw(draft)
    sections = [section(draft, title, parts) for title, parts in SECTIONS.items()]
    paper = Document(draft.run.study.title, sections, main_tables(draft), drawn.pictures)
    more = Document(f"Supplement: {draft.run.study.title}", [], supplement(draft), [])
    texts = {"paper.tex": latex(paper), "supplement.tex": latex(more), "references.bib": bibtex(paper.cited)}
    documents = {"paper.docx": word.word(paper), "supplement.docx": word.word(more)} if word.available() else {}
    tables = _tables([*paper.tables, *more.tables])
    return {
        **texts,
        **documents,
        **tables,
        **drawn.files,
        "study.toml": draft.run.toml,
        "numbers.csv": draft.numbers.sources(),
    }


def _tables(tables: list[Table]) -> dict[str, str]:
    files = {f"tables/{table.name}.csv": table.csv for table in tables}
    return files | {f"tables/{table.name}.tex": tabular(table) + "\n" for table in tables}
