"""Checklists of reporting, filled in from a run as far as it knows."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass as checked_dataclass

from seimbang.reports.html import render
from seimbang.reports.paper import word
from seimbang.reports.paper.draft import Draft, uncited
from seimbang.reports.paper.facts import FACTS, best
from seimbang.reports.paper.tables import Table

NAMES = ("claim_2024", "tripod_ai", "stard_ai")
"""Files of ``checklists/``: a new checklist is one file and its name here."""
State = Literal["filled", "not in this run", "for the author"]


@checked_dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Item:
    """One line of a checklist.

    Attributes:
        number: As published.
        section: Where it belongs.
        asks: What it asks for, in a few words of our own.
        fills: Names of facts that answer it; none where no software can.
        author: What is left to the author.
    """

    number: str
    section: str
    asks: str
    fills: list[str]
    author: str = ""


@checked_dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Checklist:
    """A checklist; ``items`` is the number published, of which some have sub-items.

    Attributes:
        title: Its name.
        source: Its publication.
        verified: What its wording and numbers were compared with.
        items: Number of items, without their sub-items.
        item: Its lines.
    """

    title: str
    source: str
    verified: str
    items: int
    item: list[Item]


@dataclass(frozen=True)
class Answer:
    """A line filled in.

    Attributes:
        item: The line.
        text: What the run knows, or what is left to the author.
        files: Where that is from: paths relative to the run folder.
    """

    item: Item
    state: State
    text: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class Filled:
    """A checklist filled in for a run; ``known`` of the ``knowable`` lines are."""

    name: str
    checklist: Checklist
    answers: list[Answer]

    @property
    def known(self) -> int:
        """Number of lines that are filled."""
        return sum(answer.state == "filled" for answer in self.answers)

    @property
    def knowable(self) -> int:
        """Number of lines that a run can know."""
        return sum(answer.state != "for the author" for answer in self.answers)

    @property
    def summary(self) -> str:
        """Lines filled, knowable and in all."""
        lines = f"{self.known} of {self.knowable} lines that a run can know are filled, of {len(self.answers)}"
        return f"{self.checklist.title}: {lines} ({self.checklist.items} items)"


def load(name: str) -> Checklist:
    """Return a checklist by the name of its file."""
    text = files("seimbang.reports.paper").joinpath("checklists").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return TypeAdapter(Checklist).validate_python(tomllib.loads(text))


def fill(draft: Draft) -> list[Filled]:
    """Return every checklist, filled in."""
    return [Filled(name, each := load(name), [_answer(draft, item) for item in each.item]) for name in NAMES]


def _answer(draft: Draft, item: Item) -> Answer:
    left = f"not known to software: {item.author}" if item.author else ""
    if not item.fills:
        return Answer(item, "for the author", left, ())
    said = {name: uncited(FACTS[name].say(draft)) for name in item.fills}
    known = list(dict.fromkeys(text for text in said.values() if text))
    if not known:
        return Answer(item, "not in this run", "this run does not hold it" + (f"; {left}" if left else ""), ())
    named = dict.fromkeys(file for name, text in said.items() if text for file in FACTS[name].files)
    return Answer(
        item,
        "filled",
        re.sub(" +", " ", " ".join([*known, f"[{left}]" if left else ""])).strip(),
        tuple(_named(draft, file) for file in named),
    )


def _named(draft: Draft, file: str) -> str:
    """Return a file of the run, of the best arm where it is an arm's."""
    arm = (best(draft) or draft.run.arms)[0]
    return file.replace("<arm>", arm.facts.slug)


def checklist_files(filled: Filled, run: Path, out: Path) -> dict[str, bytes | str]:
    """Return a checklist as HTML, CSV and, where python-docx is there, as Word file, by name.

    Args:
        filled: The checklist.
        run: The run folder, to which the page links.
        out: Where the paper is written.
    """
    base = Path(os.path.relpath(run.resolve(), (out / "checklists").resolve())).as_posix()
    page = render("checklist.html", {"filled": filled, "base": base})
    table = _table(filled)
    made: dict[str, bytes | str] = {"html": page, "csv": table.csv}
    if word.available():
        file = word.begun(filled.checklist.title)
        file.add_paragraph(f"{filled.summary}. {filled.checklist.source}. {filled.checklist.verified}")
        word.turn(file)
        word.add_table(file, table)
        made["docx"] = word.whole(file)
    return {f"checklists/{filled.name}.{kind}": content for kind, content in made.items()}


def _table(filled: Filled) -> Table:
    rows = [
        [each.item.number, each.item.section, each.item.asks, each.state, each.text, ", ".join(each.files)]
        for each in filled.answers
    ]
    header = ["Item", "Section", "Asks for", "State", "This study", "Where"]
    return Table(filled.name, f"{filled.checklist.title}.", header, rows)
