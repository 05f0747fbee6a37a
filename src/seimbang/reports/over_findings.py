"""The table over the findings of a study: as a page, as CSV and as JSON."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from seimbang.evaluation.figures import title as figure_title
from seimbang.imaging.files import write_atomic
from seimbang.record.base import dump
from seimbang.record.comparison import Difference
from seimbang.record.files import read_json
from seimbang.record.over_findings import TABLE, FindingRow, OverFindings
from seimbang.record.seal import require_unedited
from seimbang.reports.html import render
from seimbang.reports.words import difference, p_value
from seimbang.text import Language, marked, ntr, recorded, spoken, tr

COLUMNS = ("finding", "protocol", "arm", "metric", "value", "low", "high")
SIGNS = {
    1: marked("a higher {figure}: {difference}"),
    -1: marked("a lower {figure}: {difference}"),
    0: marked("no significantly different {figure}: {difference}"),
}
AGAINST = ("difference", "difference_low", "difference_high", "p", "corrected", "why")


def write_table(folder: Path, language: Language = "en") -> Path:
    """Write the table of a study over findings again, from ``findings.json`` alone, and return the path of its page.

    Raises:
        IntegrityError: RUN_MISSING, RUN_EDITED or RUN_DAMAGED.
        ResourceError: The folder cannot be written or the disk is full.
    """
    require_unedited(folder)
    for name, content in files(read_json(folder / TABLE, OverFindings), language).items():
        write_atomic(folder / name, content)
    return folder / "findings.html"


def files(over: OverFindings, language: Language) -> dict[str, str]:
    """Return the files of a study over findings, by name; the page in a language."""
    with spoken(language):
        return {TABLE: dump(over), "findings.csv": _csv(over), "findings.html": _page(over)}


def _page(over: OverFindings) -> str:
    protocols = {row.protocol: _tables(over, row.protocol) for row in over.averages}
    return render(
        "over_findings.html",
        {"over": over, "protocols": protocols, "p_value": p_value, "answer": answer(over), "count": _count(over)},
    )


def answer(over: OverFindings) -> list[str]:
    """Say of each arm but the first, in one paragraph, whether its averages differ from those of the first."""
    first = {row.protocol: row.arm for row in reversed(over.averages) if not row.against}
    paragraphs = []
    for row in over.averages:
        tests = {metric: test for metric, test in row.against.items() if test.p is not None or test.difference is None}
        sentences = [_sentence(metric, test) for metric, test in tests.items()]
        if sentences:
            text = marked("“{arm}” beside “{first}”, averaged over {count}: {sentences}.")
            paragraphs.append(
                tr(text, arm=row.arm, first=first[row.protocol], count=_count(over), sentences="; ".join(sentences))
            )
    return paragraphs


def _count(over: OverFindings) -> str:
    return ntr("{count} finding", "{count} findings", len(over.measured))


def _sentence(metric: str, test: Difference) -> str:
    name = figure_title(metric)
    if test.difference is None:
        return tr("{figure} cannot be compared, as {why}", figure=name, why=recorded(test.why))
    return tr(SIGNS[test.sign], figure=name, difference=difference(test))


def _tables(over: OverFindings, protocol: str) -> dict[str, list[FindingRow]]:
    """Return the rows of the averages under ``""``, then those of each finding."""
    tables = {"": [row for row in over.averages if row.protocol == protocol]}
    for run in over.measured:
        tables[run.finding] = [row for row in over.rows if (row.finding, row.protocol) == (run.finding, protocol)]
    return tables


def _csv(over: OverFindings) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*COLUMNS, *AGAINST))
    writer.writerows(line for row in (*over.averages, *over.rows) for line in _lines(row))
    return text.getvalue()


def _lines(row: FindingRow) -> Iterator[list[object]]:
    for metric, value in row.values.items():
        test = row.against.get(metric)
        against = [test.difference, test.low, test.high, test.p, test.corrected, test.why] if test else []
        own = [row.finding or "average", row.protocol, row.arm, metric, value.value, value.low, value.high]
        yield ["" if cell is None else cell for cell in (*own, *against, *[""] * (len(AGAINST) - len(against)))]
