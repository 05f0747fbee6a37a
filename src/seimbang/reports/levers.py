"""Learning curves, drawn, and which lever is the largest, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seimbang.record.levers import Curve, Levers
from seimbang.record.metrics import Value
from seimbang.record.read import Run
from seimbang.reports.figures import CYCLE, STYLE, STYLES, Figure, render, short
from seimbang.reports.tables import title
from seimbang.reports.words import listed
from seimbang.text import marked, number, recorded, tr

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = ("balanced_accuracy", "auc")
NAMES = {"data": marked("more {units}"), "seeds": marked("another seed"), "methods": marked("another method")}
GAINS = {
    "data": marked("twice the {units} gained {value} (half of them to all, mean of the arms)"),
    "seeds": marked("two trainings of one arm typically differ by {value}"),
    "methods": marked("two arms typically differ by {value}"),
}


@dataclass(frozen=True)
class Told:
    """The levers of a protocol, what is said of them, and the names of their figures."""

    levers: Levers
    sentence: str
    figures: list[str]


def told(levers: Levers, units: str) -> Told:
    """Return what the report says of a protocol; ``units`` are patients, or cases where no patients are known."""
    where = f"{levers.protocol}: " if levers.protocol else ""
    return Told(levers, where + _sentence(levers, units), [_name(levers.protocol, metric) for metric in SHOWN])


def _sentence(levers: Levers, units: str) -> str:
    values = {"data": levers.data, "seeds": levers.seeds, "methods": levers.methods}
    names = {key: tr(name, units=units) for key, name in NAMES.items()}
    known = [tr(GAINS[key], units=units, value=value) for key, value in values.items() if value.value is not None]
    numbers = tr("In balanced accuracy, {gains}.", gains=listed(known)) if known else ""
    unknown = [f"{names[key]} ({recorded(value.why)})" for key, value in values.items() if value.value is None]
    missing = tr(" Nothing is known of {levers}.", levers=listed(unknown)) if unknown else ""
    return f"{_largest(levers, names, len(known), units)} {numbers}{missing}"


def _largest(levers: Levers, names: Mapping[str, str], known: int, units: str) -> str:
    if levers.largest:
        return tr("The largest lever is {lever}.", lever=names[levers.largest])
    if known < 2:
        return tr("Which lever is the largest cannot be told, since only one was measured.")
    text = marked(
        "Which lever is the largest cannot be told: the validation part of {patients} {units}, or the number of seeds, "
        "is too small."
    )
    return tr(text, patients=number(levers.patients, ","), units=units)


def draw(run: Run) -> dict[str, Figure]:
    """Draw ``curve-<metric>`` of each protocol: a figure against the number of training patients, a line an arm."""
    import matplotlib as mpl

    units = tr("patients") if run.data.groups else tr("cases")
    with mpl.rc_context(STYLE):  # type: ignore[arg-type]
        figures = [_curves(levers, metric, units) for levers in run.levers for metric in SHOWN]
    return {figure.name: figure for figure in figures}


def _name(protocol: str, metric: str) -> str:
    from seimbang.study.schema import slug

    return f"curve-{metric}" + (f"-{slug(protocol)}" if protocol else "")


def _curves(levers: Levers, metric: str, units: str) -> Figure:
    def plot(axes: Axes) -> None:
        counts = sorted({point.patients for curve in levers.curves for point in curve.points})
        for place, curve in enumerate(levers.curves):
            _curve(axes, curve, metric, place, len(levers.curves))
        axes.set_xscale("log")
        axes.set_xticks(counts, [number(count, ",") for count in counts])
        axes.minorticks_off()
        axes.set(xlabel=tr("Training {units}", units=units), ylabel=tr("{figure}, validation", figure=title(metric)))
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)

    words = "; ".join(f"{curve.arm} {_heights(curve, metric)}" for curve in levers.curves)
    text = marked("{figure} on the validation part against the number of training {units}: {values}.")
    alt = tr(text, figure=title(metric), units=units, values=words)
    return render(_name(levers.protocol, metric), "", alt, (4.2, 3.3), plot)


def _heights(curve: Curve, metric: str) -> str:
    text = marked("{value} with {count}")
    points = enumerate(curve.points)
    return ", ".join(tr(text, value=_value(curve, k, metric), count=point.patients) for k, point in points)


def _value(curve: Curve, place: int, metric: str) -> Value:
    value: Value = getattr(curve.points[place], metric)
    return value


def _curve(axes: Axes, curve: Curve, metric: str, place: int, arms: int) -> None:
    """Draw an arm, a little beside the others so that no interval hides another."""
    rows = [(point.patients, _value(curve, k, metric)) for k, point in enumerate(curve.points)]
    rows = [(count, value) for count, value in rows if value.value is not None]
    x = [count * 1.03 ** (place - (arms - 1) / 2) for count, _ in rows]
    y = [value.value or 0.0 for _, value in rows]
    ends = [
        (value.value if value.low is None else value.low, value.value if value.high is None else value.high)
        for _, value in rows
    ]
    errors = [[max(0.0, at - (low or 0)) for at, (low, _) in zip(y, ends, strict=True)]]
    errors += [[max(0.0, (high or 0) - at) for at, (_, high) in zip(y, ends, strict=True)]]
    colour, line = CYCLE[place % len(CYCLE)], STYLES[place % len(STYLES)]
    axes.errorbar(x, y, errors, fmt=line, marker="o", markersize=4, color=colour, linewidth=1.4, label=short(curve.arm))
