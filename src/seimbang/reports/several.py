"""Several runs beside each other: in one table, as a page and as CSV; ranked only where all were tested on the same."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from seimbang.errors import StudyError
from seimbang.evaluation.table import PRIMARY
from seimbang.record.base import dump
from seimbang.record.files import damaged, read_text
from seimbang.record.read import Arm, Run, read, read_predictions
from seimbang.record.several import Several, SeveralRow
from seimbang.reports.html import render
from seimbang.reports.tables import compared, title
from seimbang.reports.words import quoted

COLUMNS = ("run", "arm", "leaky", "cases", "test_part", "rank", "metric", "value", "low", "high")


def several(folders: Sequence[Path]) -> Several:
    """Set runs beside each other.

    Raises:
        StudyError: COMPARE_RUNS: fewer than two different folders.
        IntegrityError: What `record.read.read` raises.
    """
    if len({folder.resolve() for folder in folders}) < max(2, len(folders)):
        found = f"{', '.join(map(str, folders)) or 'no run'} to compare"
        raise StudyError("COMPARE_RUNS", found, "at least two runs, each once", "seimbang compare RUN OTHER_RUN")
    names = [folder.resolve().name for folder in folders]
    alike = len(set(names)) < len(names)
    runs = {str(folder) if alike else name: read(folder) for folder, name in zip(folders, names, strict=True)}
    rows = [row for name, run in runs.items() for row in _rows(name, run)]
    why = _why(rows)
    return Several(
        runs={name: run.study.title for name, run in runs.items()},
        metrics=list(dict.fromkeys(metric for row in rows for metric in row.values)),
        rows=rows if why else _ranked(rows),
        why=why,
    )


def _rows(name: str, run: Run) -> list[SeveralRow]:
    parts = {arm.name: tested(run, arm) for arm in run.arms}
    return [
        SeveralRow(
            run=name,
            arm=row.label,
            leaky=row.arm.facts.leaky,
            quick=run.quick,
            cases=parts[row.arm.name][1],
            part=parts[row.arm.name][0],
            rank=None,
            values=row.values,
        )
        for row in compared(run, run.shown)
    ]


def tested(run: Run, arm: Arm) -> tuple[str, int]:
    """Return a digest of what an arm was tested on, and how many cases that is; what files are called does not count.

    Raises:
        IntegrityError: RUN_MISSING or RUN_DAMAGED.
    """
    file = run.folder / "cases.csv"
    try:
        known = {
            row["case_id"]: row["digest"] for row in csv.DictReader(io.StringIO(read_text(file))) if not row["set"]
        }
    except KeyError as error:
        raise damaged(file, "the columns case_id, digest and set", f"no {error}") from error
    predictions = read_predictions(arm.folder)
    cases = predictions[predictions.set == run.shown].drop_duplicates("case_id")
    lines = sorted(f"{known.get(case) or case} {label}" for case, label in zip(cases.case_id, cases.label, strict=True))
    settings = run.study.evaluation
    facts = dump([run.shown, settings.unit, settings.combine, run.classes, run.positive, lines])
    return sha256(facts.encode()).hexdigest(), len(lines)


def _why(rows: Sequence[SeveralRow]) -> str:
    """Return why the rows cannot be ranked, or ``""``."""
    parts: dict[str, list[SeveralRow]] = {}
    for row in rows:
        parts.setdefault(row.part, []).append(row)
    if len(parts) == 1:
        return ""
    listing = "; ".join(f"{quoted(_named(of_part))}: {of_part[0].cases:,} cases" for of_part in parts.values())
    return f"Not ranked, as the test parts differ in their cases, classes or what figures are of: {listing}."


def _named(rows: Sequence[SeveralRow]) -> list[str]:
    return list(dict.fromkeys(row.run for row in rows))


def _ranked(rows: Sequence[SeveralRow]) -> list[SeveralRow]:
    """Return the rows with their ranks, the highest first; arms that leak, or have no figure, come last."""
    known = {id(row): row.values[PRIMARY].value for row in rows if not row.leaky}
    values = sorted((value for value in known.values() if value is not None), reverse=True)
    ranks = {key: values.index(value) + 1 for key, value in known.items() if value is not None}
    with_ranks = [row.model_copy(update={"rank": ranks.get(id(row))}) for row in rows]
    return sorted(with_ranks, key=lambda row: row.rank or len(rows) + 1)


def files(made: Several) -> Mapping[str, str]:
    """Return the page, the CSV and the JSON, by name."""
    page = render("several.html", {"made": made, "told": told(made)})
    return {"compare.html": page, "compare.csv": _csv(made), "compare.json": dump(made)}


def told(made: Several) -> list[str]:
    """Say how the table is to be read."""
    sentences = [made.why or f"All were tested on the same {made.rows[0].cases:,} cases; ranked by balanced accuracy."]
    if not made.why:
        sentences.append("A rank is no test of a difference: to compare arms, put them into one study.")
    rough = _named([row for row in made.rows if row.quick])
    return sentences + ([f"Rough answers, of quick runs: {quoted(rough)}."] if rough else [])


def columns(made: Several) -> tuple[str, ...]:
    """Return the heads of the table."""
    return ("rank", "run", "arm", "cases", *map(title, made.metrics))


def lines(made: Several) -> list[tuple[str, ...]]:
    """Return the rows as text."""
    return [
        (
            "leaks" if row.leaky else str(row.rank or "–"),
            row.run,
            row.arm,
            f"{row.cases:,}",
            *(str(row.values[metric]) if metric in row.values else "" for metric in made.metrics),
        )
        for row in made.rows
    ]


def _csv(made: Several) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in made.rows:
        own = (row.run, row.arm, str(row.leaky).lower(), row.cases, row.part, row.rank)
        writer.writerows((*own, metric, value.value, value.low, value.high) for metric, value in row.values.items())
    return text.getvalue()
