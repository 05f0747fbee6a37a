"""A run and an audit as small pieces of HTML, for a notebook; everything is escaped in the templates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from seimbang.checks.base import Finding
from seimbang.record.read import Run
from seimbang.reports.answer import answer
from seimbang.reports.html import render
from seimbang.reports.tables import Row, compared

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("trainings", "closed", "best", "kinds", "external")
"""What the sentences on a card are about; the others are left to the report."""


def card(run: Run) -> str:
    """Return question, answer in short, arms and warnings of a run."""
    rows, short = compared(run, run.shown), sentences(run)
    values = {
        "run": run,
        "warnings": warnings(run),
        "sentences": short,
        "more": sum(sentence.kind not in KINDS for sentence in answer(run)),
        "rows": rows,
        "columns": list(rows[0].values) if rows else [],
    }
    return render("card.html", values)


def findings(rows: Iterable[Finding]) -> str:
    """Return findings as a table."""
    return render("findings_card.html", {"findings": list(rows)})


def sentences(run: Run) -> list[str]:
    """Return the answer in short, a paragraph for each of KINDS of which something is said."""
    said = answer(run)
    paragraphs = (" ".join(sentence.text for sentence in said if sentence.kind == kind) for kind in KINDS)
    return [text for text in paragraphs if text]


def warnings(run: Run) -> list[str]:
    """Return what a reader must know before any figure."""
    leaky = ", ".join(arm.name for arm in run.arms if arm.facts.leaky)
    sentence_if = {
        run.seal.sentence: run.seal.sentence,
        "A rough answer: a quick run, with shortened training or fewer cases.": run.quick,
        "Synthetic data: no figure here says anything about patients.": run.data.synthetic,
        f"Test information leaks into training, figures for comparison only: {leaky}.": leaky,
        f"Without numbers so far: {', '.join(run.unfinished)}.": run.unfinished,
    }
    return [sentence for sentence, holds in sentence_if.items() if holds]


def table(run: Run) -> pd.DataFrame:
    """Return the figures of every arm on every test: columns arm, set, leaky, and value, low and high of each."""
    import pandas as pd

    parts = [run.shown, *(f"external:{name}" for name in run.external)]
    return pd.DataFrame([_record(row, part) for part in parts for row in compared(run, part)])


def _record(row: Row, part: str) -> dict[str, Any]:
    record: dict[str, Any] = {"arm": row.label, "set": part, "leaky": row.arm.facts.leaky}
    for metric, value in row.values.items():
        numbers = {metric: value.value, f"{metric}_low": value.low, f"{metric}_high": value.high}
        record |= {name: float("nan") if number is None else number for name, number in numbers.items()}
    return record
