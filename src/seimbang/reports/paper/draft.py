"""What the paper's sentences are made from: a run, and its numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from seimbang.record.read import Arm, Run
from seimbang.reports.paper.numbers import Key, Numbers

CITED = re.compile(r"\[@([\w, @]+)\]")
"""A citation in a text: ``[@chawla2002]`` or ``[@chawla2002, @he2008]``."""


@dataclass(frozen=True)
class Draft:
    """A run that a paper is written about."""

    run: Run
    numbers: Numbers

    def metrics(self, arm: Arm, part: str, *keys: Key) -> str:
        """Return a figure of an arm on a set, such as ``"default", "metrics", "auc"``."""
        return self.numbers(f"arms/{arm.facts.slug}/metrics.json", "sets", part, *keys)

    def facts(self, arm: Arm, *keys: Key) -> str:
        """Return a number of what an arm is."""
        return self.numbers(f"arms/{arm.facts.slug}/arm.json", *keys)


Sentences = Callable[[Draft], str]
"""Makes a paragraph; ``""`` where there is nothing to say. ``[@key]`` in it cites an entry of ``references.bib``."""


@dataclass(frozen=True)
class Part:
    """One part of a section: its heading, ``""`` for none, and its paragraphs."""

    title: str
    paragraphs: tuple[Sentences, ...]


def keys_in(text: str) -> list[str]:
    """Return the citation keys of a text, in order."""
    return [key.strip(" @") for group in CITED.findall(text) for key in group.split(",")]


def cite(*keys: str) -> str:
    """Return a citation of entries of ``references.bib``, ``""`` of none."""
    named = [key for key in dict.fromkeys(keys) if key]
    return f" [{', '.join(f'@{key}' for key in named)}]" if named else ""


def uncited(text: str) -> str:
    """Return a text without its citations."""
    return re.sub(rf" ?{CITED.pattern}", "", text)


def sentences(*texts: str) -> str:
    """Return texts, those that are not empty, as one paragraph."""
    return " ".join(text for text in texts if text)
