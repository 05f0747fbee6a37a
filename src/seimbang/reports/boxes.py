"""Box plots of a table's columns by class, before and after balancing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from seimbang.record.arm import BoxRow
from seimbang.record.read import Run
from seimbang.reports.figures import BLUE, GREY, STYLE, Figure, saved, short
from seimbang.text import number, tr

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ACROSS, MOST = 3, 12
"""Panels abreast, and columns drawn of a wide table."""


def draw(run: Run) -> dict[str, Figure]:
    """Draw ``boxes-<slug>`` of the first arm with each set of rows; arms that change no row share one picture."""
    import matplotlib as mpl

    first: dict[str, Figure] = {}
    changed = any(row.after for arm in run.arms for row in arm.boxes)
    with mpl.rc_context(STYLE):  # type: ignore[arg-type]
        for arm in run.arms:
            key = repr(arm.boxes)
            if arm.boxes and key not in first and (arm.boxes[0].after or not changed):
                first[key] = _figure(f"boxes-{arm.facts.slug}", arm.facts.slug, arm.name, arm.boxes[:MOST])
    return {figure.name: figure for figure in first.values()}


def _figure(name: str, slug: str, arm: str, rows: Sequence[BoxRow]) -> Figure:
    from matplotlib.figure import Figure as Canvas

    deep = -(-len(rows) // ACROSS)
    classes = len(rows[0].before)
    canvas = Canvas(figsize=(7.4, deep * (0.9 + 0.34 * classes)), layout="constrained")
    for place, row in enumerate(rows):
        _panel(canvas.add_subplot(deep, ACROSS, place + 1), row)
    words = "; ".join(f"{row.column}: {_medians(row.before)}{_after(row)}" for row in rows)
    alt = tr("Columns of the table by class in arm {arm}, medians: {values}.", arm=arm, values=words)
    return saved(name, slug, alt, canvas)


def _panel(axes: Axes, row: BoxRow) -> None:
    shift = 0.2 if row.after else 0.0
    for side, colour, move in ((row.before, GREY, -shift), (row.after, BLUE, shift)):
        stats = [_stat(five) for five in side.values()]
        places = [list(row.before).index(name) + move for name in side]
        drawn = axes.bxp(stats, places, widths=0.34, orientation="horizontal", manage_ticks=False, patch_artist=True)
        for box in drawn["boxes"]:
            box.set(facecolor=colour, alpha=0.5)
        for line in drawn["medians"]:
            line.set(color="black")
    axes.set_yticks(range(len(row.before)), [short(name) for name in row.before])
    axes.set_ylim(len(row.before) - 0.5, -0.5)
    axes.set_title(short(row.column) + (f" ({row.unit})" if row.unit else ""), fontsize=9)
    axes.tick_params(axis="y", length=0)


def _stat(five: Sequence[float]) -> dict[str, Any]:
    return dict(zip(("whislo", "q1", "med", "q3", "whishi"), five, strict=True), fliers=[])


def _medians(side: Mapping[str, Sequence[float]]) -> str:
    return ", ".join(f"{name} {number(five[2], '.4g')}" for name, five in side.items())


def _after(row: BoxRow) -> str:
    return tr("; after balancing {values}", values=_medians(row.after)) if row.after else ""
