"""The answer in words, computed from the numbers: what was found, how certain it is, and what it does not show."""

from __future__ import annotations

from dataclasses import dataclass

from seimbang.record.read import Run
from seimbang.reports.answer.table import TOPICS


@dataclass(frozen=True)
class Sentence:
    """One statement; ``kind`` names what it is about and how the page marks it."""

    kind: str
    text: str


def answer(run: Run) -> list[Sentence]:
    """Return the answer, most important statement first; plain text, to be escaped by who shows it."""
    said = ((topic.kind, topic.say(facts)) for topic in TOPICS for facts in topic.facts(run))
    return [Sentence(kind, text) for kind, text in said if text]
