"""How much each column of a table matters to an arm, drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seimbang.record.read import Arm, Run
from seimbang.reports.figures import BLUE, GREY, STYLE, Figure, render, short
from seimbang.text import number, tr

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 20
"""Columns drawn of a wide table, the most important ones."""


def draw(run: Run) -> dict[str, Figure]:
    """Draw ``importance-<slug>`` of every arm on a table."""
    import matplotlib as mpl

    with mpl.rc_context(STYLE):  # type: ignore[arg-type]
        return {figure.name: figure for figure in (_figure(arm) for arm in run.arms if arm.importance)}


def _figure(arm: Arm) -> Figure:
    rows = sorted(arm.importance, key=lambda row: -row.drop)[:MOST]

    def plot(axes: Axes) -> None:
        places = range(len(rows))
        axes.barh(places, [row.drop for row in rows], 0.6, xerr=[row.sd for row in rows], color=BLUE, ecolor=GREY)
        axes.axvline(0, color=GREY, linewidth=0.8)
        axes.set_yticks(places, [short(row.column) for row in rows])
        axes.set(xlabel=tr("Balanced accuracy lost"), ylim=(len(rows) - 0.5, -0.5))
        axes.tick_params(axis="y", length=0)

    words = "; ".join(f"{row.column} {number(row.drop, '.3f')} ± {number(row.sd, '.3f')}" for row in rows)
    alt = tr("Balanced accuracy that arm {arm} loses without each column: {values}.", arm=arm.name, values=words)
    return render(f"importance-{arm.facts.slug}", arm.facts.slug, alt, (3.6, 0.7 + 0.25 * len(rows)), plot)
