"""The page's sentences and its way of writing numbers, in one language."""

import re
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from seimbang.record.metrics import Value
from seimbang.text import Language, marks

_TEXT = Path(__file__).parent / "text"
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|$:~@&/])")


@dataclass(frozen=True)
class Words:
    """One language: ``words("upload.title")`` is a sentence.

    Attributes:
        language: A key of ``text.LANGUAGES``.
        texts: Sentences by ``table.key``.
    """

    language: Language
    texts: dict[str, str]

    def __call__(self, key: str, /, **values: object) -> "Markup":
        """Return the sentence ``key`` with ``{name}`` filled from ``values``; what is filled in is no markup."""
        filled = {name: value if isinstance(value, Markup) else plain(str(value)) for name, value in values.items()}
        return Markup(self.texts[key].format(**filled))

    def text(self, key: str, /, **values: object) -> str:
        """Return the sentence ``key``, filled, for where nothing is read as Markdown, such as what is read aloud."""
        return self.texts[key].format(**values)

    def own(self, text: str, indonesian: str) -> str:
        """Return what a study itself says, in this language where the study has it."""
        return indonesian if self.language == "id" and indonesian else text

    def known(self, key: str, otherwise: str, **values: object) -> "Markup":
        """Return the sentence ``key`` where this language has one, else ``otherwise`` with a capital, made plain."""
        return self(key, **values) if key in self.texts else Markup(plain(otherwise[:1].upper() + otherwise[1:]))

    def of_tables(self) -> "Words":
        """Return the words that speak of a table, where the usual ones speak of images."""
        own = {key: self.texts[f"table.{key}"] for key in self.texts if f"table.{key}" in self.texts}
        return replace(self, texts=self.texts | own)

    def number(self, value: float, digits: int = 0) -> str:
        """Write a number with the language's separators and a real minus sign."""
        return marks(f"{value:,.{digits}f}".replace("-", "−"), self.language)

    def percent(self, share: float, digits: int = 1) -> str:
        """Write a share in [0, 1] as a percentage; one that is not quite 0 or 1 is never shown as 0 % or 100 %."""
        least, value, sign = 10.0**-digits, 100 * share, ""
        if 0 < value < least:
            value, sign = least, "<\N{NO-BREAK SPACE}"
        elif 100 - least < value < 100:
            value, sign = 100 - least, ">\N{NO-BREAK SPACE}"
        return f"{sign}{self.number(value, digits)}\N{NO-BREAK SPACE}%"

    def interval(self, value: Value, share: bool = True) -> str:
        """Write a figure of ``metrics.json`` with its 95 % interval; ``share`` says it is a percentage."""
        if value.value is None:
            return "–"
        factor, digits = (100, 1) if share else (1, 2)
        middle = self.number(factor * value.value, digits) + ("\N{NO-BREAK SPACE}%" if share else "")
        if value.low is None or value.high is None:
            return middle
        low, high = (self.number(factor * end, digits) for end in (value.low, value.high))
        between = "\N{WORD JOINER}–\N{WORD JOINER}" if value.low >= 0 else "; "  # a dash looks like a minus sign
        return f"{middle} ({low}{between}{high})"


class Markup(str):
    """Text that is meant to be Markdown, such as a sentence that ``Words`` made."""

    __slots__ = ()


@cache
def load(language: Language) -> Words:
    """Return the words of a language."""
    tables = tomllib.loads((_TEXT / f"{language}.toml").read_text(encoding="utf-8"))
    return Words(language, {f"{table}.{key}": text for table, texts in tables.items() for key, text in texts.items()})


def plain(text: str) -> str:
    """Return Markdown that shows ``text`` as it is: a file's or a class's name can neither format nor link."""
    return _MARKUP.sub(r"\\\1", text)
