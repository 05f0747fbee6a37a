"""A run folder -> one page to read, and tables for a paper."""

from pathlib import Path


def write_report(run: Path) -> Path:
    """Write ``report.html``, ``metrics.csv``, ``table.tex`` and ``figures/*.svg`` into a run folder.

    Args:
        run: A run folder with at least one finished arm; nothing outside it is read.

    Returns:
        The path of the page.

    Raises:
        IntegrityError: RUN_MISSING, RUN_DAMAGED or RUN_UNFINISHED, naming the file.
        ResourceError: The folder cannot be written or the disk is full.
    """
    from seimbang.imaging.files import write_atomic
    from seimbang.record.read import read
    from seimbang.reports import architecture, bars, boxes, comparison, figures, folds, importance, quality, search
    from seimbang.reports.html import page
    from seimbang.reports.tables import latex, metrics_csv

    contents = read(run)
    drawn = figures.draw(contents) | bars.draw(contents) | comparison.draw(contents)
    drawn |= architecture.draw(contents) | quality.draw(contents)
    drawn |= folds.draw(contents) | search.draw(contents) | boxes.draw(contents)
    drawn |= importance.draw(contents)
    for figure in drawn.values():
        write_atomic(run / "figures" / f"{figure.name}.svg", figure.svg)
    write_atomic(run / "metrics.csv", metrics_csv(contents))
    write_atomic(run / "table.tex", latex(contents))
    write_atomic(run / "report.html", page(contents, drawn))
    return run / "report.html"
