"""What a report consists of, and how it is written."""

from pathlib import Path

from seimbang.imaging.files import write_atomic
from seimbang.record.read import read
from seimbang.reports import (
    architecture,
    bars,
    boxes,
    comparison,
    curves,
    decision,
    figures,
    folds,
    importance,
    levers,
    quality,
    search,
)
from seimbang.reports.html import page
from seimbang.reports.tables import latex, metrics_csv
from seimbang.text import Language, spoken

KINDS: tuple[figures.Kind, ...] = ("svg", "pdf", "png")
"""How figures are kept; a quick run draws only those that the page needs."""


def write_report(run: Path, language: Language = "en") -> Path:
    """Write ``report.html``, ``metrics.csv``, ``table.tex`` and ``figures/`` into a run folder.

    Args:
        run: A run folder with at least one finished arm; nothing outside it is read.
        language: Of its sentences and numbers.

    Returns:
        The path of the page.

    Raises:
        IntegrityError: RUN_MISSING, RUN_DAMAGED or RUN_UNFINISHED, naming the file.
        ResourceError: The folder cannot be written or the disk is full.
    """
    for name, content in report_files(run, language, whole=True).items():
        write_atomic(run / name, content)
    return run / "report.html"


def report_files(run_folder: Path, language: Language = "en", *, whole: bool = False) -> dict[str, str | bytes]:
    """Return what a report consists of, by name.

    Args:
        run_folder: A run folder with at least one finished arm.
        language: Of its sentences and numbers.
        whole: Draw the figures of a quick run as PDF and PNG too, which takes longer than all its arms.
    """
    run = read(run_folder)
    kinds = KINDS if whole or not run.quick else KINDS[:1]
    rooms = (
        figures,
        curves,
        decision,
        bars,
        comparison,
        architecture,
        quality,
        folds,
        search,
        boxes,
        importance,
        levers,
    )
    with spoken(language):
        drawn = {name: figure for room in rooms for name, figure in room.draw(run).items()}
        pictures = {name: file for figure in drawn.values() for name, file in figure.files(kinds).items()}
        texts = {"metrics.csv": metrics_csv(run), "table.tex": latex(run), "report.html": page(run, drawn, kinds)}
    return {f"figures/{name}": file for name, file in pictures.items()} | texts
