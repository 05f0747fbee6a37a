"""What a capsule that was run again says, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from seimbang.checks.base import plural
from seimbang.errors import first_few
from seimbang.record.metrics import Value
from seimbang.record.reproduction import Figure, Reproduction


def told(made: Reproduction) -> Iterator[str]:
    """Yield what happened: data that differ first, then the figures, then what else is not as it was."""
    if made.data:
        yield f"Other data: {plural(len(made.data), 'case')} not as in the capsule: {first_few(made.data)}."
    if made.note:
        yield f"Of the run that was packed: {made.note}"
    if not made.divided_alike:
        yield "The cases were divided otherwise: not every one is in the part where it was."
    yield _verdict(made)
    for arm, difference in made.probabilities.items():
        if difference is None:
            yield f"{arm}: the predicted cases are others."
        elif difference:
            yield f"{arm}: probabilities differ by up to {difference:.1e}."
    if made.moved and made.machine:
        listing = ", ".join(f"{name} {then} then, {now} now" for name, (then, now) in made.machine.items())
        yield f"Not as it was: {listing}."


def _verdict(made: Reproduction) -> str:
    total = plural(len(made.figures), "figure")
    if not made.moved:
        return f"Reproduced: none of {total} moved."
    outside = len(made.outside)
    beyond = f"{outside} of them beyond their intervals" if outside else "all within their intervals"
    return f"{'Not reproduced' if outside else 'Reproduced'}: {len(made.moved)} of {total} moved, {beyond}."


def moved(figure: Figure) -> tuple[str, str, str, str]:
    """Return a figure as it was packed, as it is now, by how much it moved, and whether within its interval."""
    now = Value(value=figure.after.value).number
    by = "cannot be told" if figure.moved is None else f"{figure.moved:+.2g}"
    return str(figure.before), now, by, "yes" if figure.within else "no"
