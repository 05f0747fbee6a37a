"""What methods are cited by, and the entries of ``references.bib``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files

ACCENTS = {r"{\"e}": "ë", r"{\"u}": "ü", r"{\'a}": "á", r"{\'e}": "é", "--": "–"}
_FIELD = re.compile(r"^  (\w+) = \{(.*)\},$", re.MULTILINE)


@cache
def cited() -> dict[str, dict[str, list[str]]]:
    """Return the keys of the sources by kind of thing and its name, such as ``balance`` and ``smote``."""
    return tomllib.loads(_text("cited.toml"))


@cache
def entries() -> dict[str, str]:
    """Return the BibTeX entries by their keys."""
    found = re.split(r"\n(?=@)", _text("references.bib"))
    return {re.split("[{,]", entry)[1]: entry.strip() + "\n" for entry in found}


def source(kind: str, name: str) -> Sequence[str]:
    """Return by what a method is cited; nothing of a name that is not known."""
    return cited()[kind].get(name, ())


def begins(kind: str, names: Iterable[str]) -> list[str]:
    """Return the keys of all that one of the names begins with, in the order of ``cited.toml``."""
    known = list(names)
    return [
        key for start, keys in cited()[kind].items() if any(name.startswith(start) for name in known) for key in keys
    ]


def bibtex(keys: Iterable[str]) -> str:
    """Return the entries of these keys as a BibTeX file."""
    return "\n".join(entries()[key] for key in sorted(set(keys)))


def reference(key: str) -> str:
    """Return an entry as one line of a list of references."""
    fields = {name: _plain(value) for name, value in _FIELD.findall(entries()[key])}
    where = fields.get("journal") or fields.get("booktitle", "")
    volume = f" {fields['volume']}" if "volume" in fields else ""
    pages = f", {fields['pages']}" if "pages" in fields else ""
    doi = f" https://doi.org/{fields['doi']}" if "doi" in fields else ""
    return f"{fields['author']}. {fields['title']}. {where}{volume}{pages} ({fields['year']}).{doi}".replace(". .", ".")


def _plain(value: str) -> str:
    for sign, plain in ACCENTS.items():
        value = value.replace(sign, plain)
    authors = value.replace(" and others", " et al.").replace(" and ", "; ") if ", " in value else value
    return re.sub("[{}]", "", authors)


def _text(name: str) -> str:
    return files("seimbang.reports.paper").joinpath(name).read_text(encoding="utf-8")
