"""Numbers and names as sentences write them."""

from __future__ import annotations

from collections.abc import Sequence

from seimbang.record.comparison import TUNED, Difference
from seimbang.text import marks, number, recorded, tr


def named(row: str) -> str:
    """Return the name of a row of a comparison as it is shown: its arm's, and that a tuned threshold decides."""
    return row.removesuffix(TUNED) + tr(TUNED) if row.endswith(TUNED) else row


def quoted(names: Sequence[str]) -> str:
    """Return names in quotation marks, the last after ``and``."""
    return listed([f"“{named(name)}”" for name in names])


def listed(parts: Sequence[str]) -> str:
    """Return parts with commas between them, the last after ``and``."""
    if len(parts) == 1:
        return parts[0]
    if len(parts) == 2:
        return tr("{first} and {last}", first=parts[0], last=parts[1])
    return tr("{others} and {last}", others=", ".join(parts[:-1]), last=parts[-1])


def p_text(p: float) -> str:
    """Return ``= .031`` or ``< .001``; three digits up to .1, and as many as show on which side of .05 it lies."""
    if p < 0.001:
        return tr("< .001")
    digits = 3 if p < 0.1 else 2
    while p < 0.05 <= float(f"{p:.{digits}f}"):
        digits += 1
    return f"= {number(p, f'.{digits}f')}".replace(" 0.", " .")


def p_value(test: Difference) -> str:
    """Return p corrected for the number of tests, or why there is none."""
    return recorded(test.why) if test.corrected is None else tr("corrected p {p}", p=p_text(test.corrected))


def difference(test: Difference) -> str:
    """Return a difference with its interval and p, or why there is none."""
    text = str(test)
    if test.difference is None:
        return text
    return f"{text[:-1]}; {p_value(test)})" if text.endswith(")") else f"{text} ({p_value(test)})"


def signed(value: float, decimals: int = 2) -> str:
    """Return a number with its sign, a typographic minus, and no sign before nothing."""
    text = f"{value:+.{decimals}f}".replace("-", "−")
    return marks(text if text.strip("+−0.") else text.strip("+−"))
