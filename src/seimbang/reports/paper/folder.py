"""The paper's folder: everything that a journal asks for, from the run folder alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from seimbang.imaging.files import write_atomic
from seimbang.record.read import read
from seimbang.reports.paper import word
from seimbang.reports.paper.bibliography import bibtex
from seimbang.reports.paper.checklists import Filled, checklist_files, fill
from seimbang.reports.paper.document import Document, section
from seimbang.reports.paper.draft import Draft
from seimbang.reports.paper.latex import latex, tabular
from seimbang.reports.paper.methods import METHODS
from seimbang.reports.paper.model_card import card_files
from seimbang.reports.paper.numbers import Numbers
from seimbang.reports.paper.pictures import draw
from seimbang.reports.paper.results import AVAILABILITY, LIMITS, RESULTS
from seimbang.reports.paper.tables import Table, main_tables, supplement

Files = Mapping[str, bytes | str]
SECTIONS = {"Methods": METHODS, "Results": RESULTS, "Limits": LIMITS, "Data and code availability": AVAILABILITY}


@dataclass(frozen=True)
class Paper:
    """What was written.

    Attributes:
        documents: Whether Word files are among it; they need the extra ``paper``.
        checklists: As far as the run fills them in.
        files: Content by name, relative to the folder.
    """

    documents: bool
    checklists: list[Filled]
    files: Files = field(repr=False)


def write_paper(run: Path, out: Path) -> Paper:
    """Write the folder of a paper about a run; files of the same names are written anew.

    Args:
        run: A run folder with at least one finished arm; nothing outside it is read.
        out: The folder.

    Raises:
        IntegrityError: RUN_MISSING, RUN_DAMAGED or RUN_UNFINISHED, naming the file.
        ResourceError: The folder cannot be written or the disk is full.
    """
    made = paper(run, out)
    for name, content in made.files.items():
        write_atomic(out / name, content)
    return made


def paper(run: Path, out: Path) -> Paper:
    """Return the paper about a run; nothing is written."""
    draft = Draft(read(run), Numbers(run))
    drawn = draw(draft)
    sections = [section(draft, title, parts) for title, parts in SECTIONS.items()]
    text = Document(draft.run.study.title, sections, main_tables(draft), drawn.pictures)
    more = Document(f"Supplement: {draft.run.study.title}", [], supplement(draft), [])
    checklists = fill(draft)
    files: dict[str, bytes | str] = {
        "paper.tex": latex(text),
        "supplement.tex": latex(more),
        "references.bib": bibtex(text.cited),
        "study.toml": draft.run.toml,
        **_tables([*text.tables, *more.tables]),
        **drawn.files,
        **card_files(draft),
    }
    for checklist in checklists:
        files |= checklist_files(checklist, run, out)
    if word.available():
        files |= {"paper.docx": word.word(text), "supplement.docx": word.word(more)}
    return Paper(word.available(), checklists, files | {"numbers.csv": draft.numbers.sources()})


def _tables(tables: list[Table]) -> dict[str, str]:
    files = {f"tables/{table.name}.csv": table.csv for table in tables}
    return files | {f"tables/{table.name}.tex": tabular(table) + "\n" for table in tables}
