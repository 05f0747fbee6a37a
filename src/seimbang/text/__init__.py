"""Sentences and numbers in the reader's language: English in the code is the source, a catalogue holds each other.

What is read by people is written ``tr("{count} cases", count=number(n, ","))``; templates say ``{% trans %}``. What
steps wrote into a run folder in English is told by ``recorded``. To bring the catalogues up to date after a change:
``python tests/text/catalogue.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from seimbang.text.recorded import PATTERNS

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

Language = Literal["en", "id"]
LANGUAGES: dict[Language, str] = {"en": "English", "id": "Bahasa Indonesia"}
_SPOKEN: ContextVar[Language] = ContextVar("language", default="en")
_PLACE = re.compile(r"\\\{(\w+)\\\}")


@contextmanager
def spoken(language: Language) -> Iterator[None]:
    """Speak a language inside the block."""
    token = _SPOKEN.set(language)
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def language() -> Language:
    """Return the language that is spoken now."""
    return _SPOKEN.get()


def own(english: str, indonesian: str) -> str:
    """Return what a study itself says, in Indonesian where that is spoken and the study has it."""
    return indonesian if language() == "id" and indonesian else english


def marked(message: str) -> str:
    """Return a message as it is: it is only marked for the catalogue, and translated with ``tr`` where it is shown."""
    return message


def tr(message: str, /, **values: object) -> str:
    """Return a message in the language spoken, with ``{name}`` filled from ``values``."""
    text = gettext(message)
    return text.format_map(values) if values else text


def ntr(one: str, many: str, count: int, /, **values: object) -> str:
    """Return a message of a number of things, with ``{count}`` and ``values`` filled in."""
    return ngettext(one, many, count).format_map({"count": number(count, ","), **values})


def gettext(message: str) -> str:
    """Return a message in the language spoken, as it stands in the catalogue; English where that has none."""
    return (_translated(message) or message) if message else ""


def ngettext(one: str, many: str, count: int) -> str:
    """Return what is said of ``count`` things."""
    return _translated(one) or (one if count == 1 else many)


def number(value: float, spec: str = ".2f") -> str:
    """Return a number formatted by ``spec`` with the marks of the language spoken: 1,234.5 or 1.234,5."""
    return marks(format(value, spec))


def marks(text: str, of: Language | None = None) -> str:
    """Return a number that Python wrote with the marks of a language, by default of the one spoken."""
    return text.translate(_marks(of or language()))


def day(iso: str) -> str:
    """Return the day of a time written as ISO 8601: as it is in English, else as 28 November 2026."""
    from babel.dates import format_date

    return iso[:10] if language() == "en" else format_date(date.fromisoformat(iso[:10]), "long", language())


def recorded(text: str) -> str:
    """Return in the language spoken what a step wrote in English, or the English where the catalogue knows no such."""
    if not text or language() == "en" or _translated(text):
        return gettext(text)
    for pattern, message in _patterns():
        match = pattern.fullmatch(text)
        if match:
            return tr(message, **{name: _inner(part) for name, part in match.groupdict().items()})
    return text


def _inner(part: str) -> str:
    """Return what stood in a recorded sentence: a number with the language's marks, a message, or a name."""
    return marks(part) if re.fullmatch(r"[\d.,]*\d", part) else recorded(part)


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(_PLACE.sub(r"(?P<\1>.+?)", re.escape(message))), message) for message in PATTERNS]


def _translated(message: str) -> str:
    """Return a message from the catalogue, or ``""``."""
    return "" if language() == "en" else _messages(language()).get(message, "")


@cache
def _messages(language: Language) -> dict[str, str]:
    known: dict[str, str] = {}
    for message in catalogue(language):
        one, text = (part if isinstance(part, str) else (part or ("",))[0] for part in (message.id, message.string))
        if one:
            known[one] = text
    return known


def catalogue(language: Language) -> Catalog:
    """Return the catalogue of a language other than English."""
    from babel.messages.pofile import read_po

    with path(language).open("rb") as file:
        return read_po(file, locale=language)


def path(language: Language) -> Path:
    """Return where the catalogue of a language is."""
    return Path(__file__).parent / f"{language}.po"


@cache
def _marks(language: Language) -> Mapping[int, int | str]:
    from babel.numbers import get_decimal_symbol, get_group_symbol

    return {} if language == "en" else str.maketrans(".,", get_decimal_symbol(language) + get_group_symbol(language))
