"""A page for each finding of the audit, made from the tables of docs/audit.md when mkdocs builds the site."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

AUDIT = Path(__file__).parents[2] / "docs" / "audit.md"
TABLE = re.compile(r"^\| (?:Code|Of an arm|Of files) (\|.*\|)\n\|[-|]+\|\n((?:\|.*\n)+)", re.M)
"""A table of findings: its other columns, and its rows."""


class FindingPage(NamedTuple):
    """What docs/audit.md says of a finding; ``sections`` by the headings of its columns."""

    code: str
    severity: str
    title: str
    sections: dict[str, str]


def finding_pages(audit: str) -> Iterator[FindingPage]:
    """Yield what the tables say, row by row."""
    for table in TABLE.finditer(audit):
        headings = _cells(table[1])[2:]
        for row in table[2].splitlines():
            code, severity, title, *texts = _cells(row)
            yield FindingPage(code.strip("`"), severity, title, dict(zip(headings, texts, strict=True)))


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split(" | ")]


def markdown(page: FindingPage, audit: str) -> str:
    """Write a page: the title, what the severity means, and a section for each column."""
    codes = {known.code for known in finding_pages(audit)} - {page.code}
    meaning = re.search(rf"^- (.*\*\*{page.severity}\*\*.*\n(?:  .*\n)*)", audit, re.M)
    severity = " ".join(meaning[1].split()) if meaning else page.severity
    parts = [f"# {page.code}", f"{page.title}.", severity]
    parts += [f"## {heading}\n\n{_linked(text, codes)}" for heading, text in page.sections.items()]
    return _from_folder("\n\n".join([*parts, "[All findings](audit.md)"])) + "\n"


def _linked(text: str, codes: set[str], folder: str = "audit/") -> str:
    """Make links of the codes that a text names."""
    link = rf"(?<!\[)`({'|'.join(sorted(codes, key=len, reverse=True))})`"
    return re.sub(link, rf"[`\1`]({folder}\1.md)", text)


def _from_folder(text: str) -> str:
    """Turn links of a page in docs/ into those of a page in docs/audit/."""
    text = re.sub(r"\]\(#", "](audit.md#", text)
    return re.sub(r"\]\((?!\w+:)", "](../", text)


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add the pages to the site; they are reached from docs/audit.md and by searching."""
    audit = AUDIT.read_text(encoding="utf-8")
    for page in finding_pages(audit):
        path, level = f"audit/{page.code}.md", InclusionLevel.NOT_IN_NAV
        files.append(File.generated(config, path, content=markdown(page, audit), inclusion=level))


def on_page_markdown(text: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let docs/audit.md lead to the pages."""
    codes = {known.code for known in finding_pages(text)} if page.file.src_uri == "audit.md" else set()
    return _linked(text, codes) if codes else text
