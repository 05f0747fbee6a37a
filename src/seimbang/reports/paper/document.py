"""A document before it is LaTeX or Word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seimbang.reports.paper.draft import Draft, Part, keys_in
from seimbang.reports.paper.tables import Table


@dataclass(frozen=True)
class Section:
    """A section; ``parts`` are a heading and paragraphs each."""

    title: str
    parts: Sequence[tuple[str, Sequence[str]]]

    @property
    def texts(self) -> Iterator[str]:
        """Its paragraphs."""
        return (text for _, texts in self.parts for text in texts)


@dataclass(frozen=True)
class Picture:
    """A figure of a document.

    Attributes:
        name: That of its files.
        caption: What it shows.
        pdf: Its file, relative to the document.
        png: The content of its PNG.
        millimetres: Its width.
    """

    name: str
    caption: str
    pdf: str
    png: bytes
    millimetres: float


@dataclass(frozen=True)
class Document:
    """What is written as LaTeX and as Word."""

    title: str
    sections: Sequence[Section]
    tables: Sequence[Table]
    pictures: Sequence[Picture]

    @property
    def cited(self) -> list[str]:
        """The keys that are cited, in order."""
        texts = (text for section in self.sections for text in section.texts)
        return list(dict.fromkeys(key for text in texts for key in keys_in(text)))


def section(draft: Draft, title: str, parts: Sequence[Part]) -> Section:
    """Return a section with what there is to say."""
    said = [(part.title, [text for make in part.paragraphs if (text := make(draft))]) for part in parts]
    return Section(title, [(heading, texts) for heading, texts in said if texts])
