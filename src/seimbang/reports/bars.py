"""Accuracy of every arm as bars: each split protocol, and each external set, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seimbang.evaluation.predictions import is_tested
from seimbang.record.metrics import Value
from seimbang.record.read import Run
from seimbang.reports.figures import BLACK, CYCLE, LEAK, STYLE, Figure, render, short
from seimbang.reports.tables import published, title
from seimbang.text import number, tr

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HATCHES = ("", "///", "...", "\\\\\\", "xxx")


@dataclass(frozen=True)
class Bar:
    """One bar: the arm it stands at, what it is of, its value and the published one."""

    arm: str
    series: str
    value: Value
    published: float | None
    leaky: bool


def draw(run: Run) -> dict[str, Figure]:
    """Draw ``bars-accuracy``; nothing where there is but one bar an arm."""
    import matplotlib as mpl

    bars = _bars(run)
    series = list(dict.fromkeys(bar.series for bar in bars))
    if len(series) < 2:
        return {}
    with mpl.rc_context(STYLE):  # type: ignore[arg-type]
        return {"bars-accuracy": _draw(bars, series)}


def _bars(run: Run) -> list[Bar]:
    figures = {
        (row.arm, row.set): row.published for row in published(run) if (row.metric, row.klass) == ("accuracy", "")
    }
    bars = []
    for arm in run.arms:
        for part, measured in arm.metrics.sets.items():
            if is_tested(part):
                series = _series(arm.facts.protocol, part, len(run.protocols) > 1)
                value = measured.default.metrics["accuracy"]
                bars.append(Bar(arm.facts.arm, series, value, figures.get((arm.name, part)), arm.facts.leaky))
    return bars


def _series(protocol: str, part: str, several: bool) -> str:
    place = tr("test") if part == "test" else part.removeprefix("external:")
    return f"{protocol}: {place}" if several else place


def _draw(bars: list[Bar], series: list[str]) -> Figure:
    arms = list(dict.fromkeys(bar.arm for bar in bars))
    width = 0.8 / len(series)

    def plot(axes: Axes) -> None:
        for bar in bars:
            k = series.index(bar.series)
            x = arms.index(bar.arm) + (k - (len(series) - 1) / 2) * width
            _one(axes, bar, x, width, k)
        axes.set(xticks=range(len(arms)), ylabel=title("accuracy"), ylim=(0, 1.05))
        axes.set_xticklabels([short(arm) for arm in arms])
        axes.tick_params(axis="x", length=0)
        axes.grid(axis="y", color="#dddddd", linewidth=0.6)
        axes.set_axisbelow(True)
        _legend(axes, bars, series)

    words = "; ".join(f"{bar.arm}, {bar.series} {bar.value}{_paper(bar)}" for bar in bars)
    alt = tr("{figure} of each arm with its 95 % interval: {values}.", figure=title("accuracy"), values=words)
    return render("bars-accuracy", "", alt, (7.2, 3.2), plot)


def _one(axes: Axes, bar: Bar, x: float, width: float, k: int) -> None:
    value, low, high = bar.value.value, bar.value.low, bar.value.high
    if value is not None:
        edge = LEAK if bar.leaky else BLACK
        colour, hatch = CYCLE[k % len(CYCLE)], HATCHES[k % len(HATCHES)]
        line = 1.4 if bar.leaky else 0.5
        axes.bar(x, value, 0.92 * width, color=colour, alpha=0.55, hatch=hatch, edgecolor=edge, linewidth=line)
        axes.text(x, 0.02, number(value), ha="center", fontsize=7)
    if low is not None and high is not None:
        axes.plot([x, x], [low, high], color=BLACK, linewidth=1.2)
    if bar.published is not None:
        axes.plot(x, bar.published, "D", color=BLACK, markersize=5, markerfacecolor="white")


def _legend(axes: Axes, bars: list[Bar], series: list[str]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Patch | Line2D] = [
        Patch(facecolor=CYCLE[k % len(CYCLE)], alpha=0.55, hatch=HATCHES[k % len(HATCHES)], label=name)
        for k, name in enumerate(series)
    ]
    if any(bar.leaky for bar in bars):
        handles.append(Patch(facecolor="white", edgecolor=LEAK, label=tr("red edge: leaks")))
    if any(bar.published is not None for bar in bars):
        handles.append(Line2D([], [], marker="D", color=BLACK, markerfacecolor="white", ls="", label=tr("published")))
    axes.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)


def _paper(bar: Bar) -> str:
    return "" if bar.published is None else tr(", published {value}", value=number(bar.published))
