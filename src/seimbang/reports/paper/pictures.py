"""The figures of the paper in the column widths of journals, for print and for the screen."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from seimbang.reports import comparison, decision, figures, folds
from seimbang.reports.figures import STYLE, UNDATED, Figure
from seimbang.reports.paper.document import Picture
from seimbang.reports.paper.draft import Draft
from seimbang.reports.paper.flow import flow

Kind = Literal["svg", "pdf", "png"]
COLUMNS: dict[str, tuple[float, float]] = {"ieee": (88.9, 182.0), "elsevier": (90.0, 190.0)}
"""Millimetres of one column and of two: IEEE's 3.5 and 7.16 inches, Elsevier's 90 and 190 mm."""
SHOWN = "elsevier"
"""Whose figures the document shows."""
ROOMS = (figures, decision, folds, comparison)
"""What draws them."""
INCH = 25.4
WIDE = ("flow", "forest", "pairs", "folds")
"""What the names of figures begin with that need two columns, for their long labels."""
MARKS = {
    "flow": "Boxes give the cases of each class; external sets are tested on only.",
    "forest": "Lines are 95 % intervals; circles: internal, squares: external; red: leaks; dotted: chance.",
    "decision": "Higher is better; dashed: treating everybody.",
    "pairs": "Row minus column; strong colours and a star: significant after correction for the number of pairs.",
    "folds": "A box an arm; the mark is the figure of all cases together.",
    "roc": "Dotted: chance.",
    "precision-recall": "Dotted: chance.",
}
"""What a caption says of the marks of a figure, by what its name begins with."""
DOTS = (300, 600)
"""Of an inch, in the PNGs."""


@dataclass(frozen=True)
class Drawn:
    """The figures of a paper.

    Attributes:
        files: Content by name, relative to the paper's folder.
        pictures: Those that the document shows.
    """

    files: dict[str, bytes]
    pictures: list[Picture]


def draw(draft: Draft) -> Drawn:
    """Draw the figures that are of all arms together, each in the widths of each template."""
    import matplotlib as mpl

    files: dict[str, bytes] = {}
    shown: list[Picture] = []
    captions = [("name", "caption", "alt text")]
    with mpl.rc_context(STYLE):  # type: ignore[arg-type]
        for figure in _figures(draft):
            natural = tuple(map(float, figure.canvas.get_size_inches()))
            captions.append((figure.name, caption(figure), figure.alt))
            for template, widths in COLUMNS.items():
                width = widths[figure.name.startswith(WIDE)]
                made = _files(figure, (width / INCH, _height(natural, width / INCH)))
                names = {kind: f"figures/{template}/{figure.name}{kind}" for kind in made}
                files |= {names[kind]: content for kind, content in made.items()}
                if template == SHOWN:
                    picture = Picture(figure.name, caption(figure), names[".pdf"], made["-300.png"], width)
                    shown.append(picture)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(captions)
    return Drawn({**files, "figures/captions.csv": text.getvalue().encode()}, shown)


def caption(figure: Figure) -> str:
    """Return what a figure shows and what its marks mean; its numbers are in the tables."""
    marks = next((text for start, text in MARKS.items() if figure.name.startswith(start)), "")
    return f"{re.split('[:.] ', figure.alt)[0]}. {marks}".strip()


def _figures(draft: Draft) -> Iterator[Figure]:
    yield flow(draft)
    for room in ROOMS:
        yield from (figure for figure in room.draw(draft.run).values() if not figure.arm)


def _height(natural: tuple[float, ...], width: float) -> float:
    """Return the height at a width: in proportion where the figure gets narrower, else its own."""
    return natural[1] * min(1.0, max(width / natural[0], 0.85))


def _files(figure: Figure, size: tuple[float, float]) -> dict[str, bytes]:
    """Return the figure laid out anew at a size, by what its file names end with."""
    figure.canvas.set_size_inches(*size)
    figure.canvas.set_layout_engine("constrained")
    made = {".svg": _saved(figure, "svg")}
    figure.canvas.set_layout_engine("none")
    return made | {".pdf": _saved(figure, "pdf")} | {f"-{dots}.png": _saved(figure, "png", dots) for dots in DOTS}


def _saved(figure: Figure, kind: Kind, dots: int = 300) -> bytes:
    file = io.BytesIO()
    figure.canvas.savefig(file, format=kind, metadata=UNDATED[kind], dpi=dots)
    return file.getvalue()
