"""Learning curves, drawn, and which lever is the largest, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seimbang.record.levers import Curve, Levers
from seimbang.record.metrics import Value
from seimbang.record.read import Run
from seimbang.reports.figures import CYCLE, STYLE, STYLES, Figure, render, short
from seimbang.reports.tables import title
from seimbang.reports.words import listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = ("balanced_accuracy", "auc")
NAMES = {"data": "more {}", "seeds": "another seed", "methods": "another method"}


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
    names = {key: name.format(units) for key, name in NAMES.items()}
    what = {
        "data": f"twice the {units} gained {{}} (half of them to all, mean of the arms)",
        "seeds": "two trainings of one arm typically differ by {}",
        "methods": "two arms typically differ by {}",
    }
    known = [what[key].format(value) for key, value in values.items() if value.value is not None]
    numbers = f"In balanced accuracy, {listed(known)}." if known else ""
    unknown = [f"{names[key]} ({value.why})" for key, value in values.items() if value.value is None]
    missing = f" Nothing is known of {listed(unknown)}." if unknown else ""
    if levers.largest:
        first = f"The largest lever is {names[levers.largest]}."
    elif len(known) < 2:
        first = "Which lever is the largest cannot be told, since only one was measured."
    else:
        first = (
            f"Which lever is the largest cannot be told: the validation part of {levers.patients:,} {units}, or the "
            "number of seeds, is too small."
        )
    return f"{first} {numbers}{missing}"


def draw(run: Run) -> dict[str, Figure]:
    """Draw ``curve-<metric>`` of each protocol: a figure against the number of training patients, a line an arm."""
    import matplotlib as mpl

    units = "patients" if run.data.groups else "cases"
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
        axes.set_xticks(counts, [f"{count:,}" for count in counts])
        axes.minorticks_off()
        axes.set(xlabel=f"Training {units}", ylabel=f"{title(metric)}, validation")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)

    words = "; ".join(
        f"{curve.arm} "
        + ", ".join(f"{_value(curve, k, metric)} with {point.patients}" for k, point in enumerate(curve.points))
        for curve in levers.curves
    )
    alt = f"{title(metric)} on the validation part against the number of training {units}: {words}."
    return render(_name(levers.protocol, metric), "", alt, (4.2, 3.3), plot)


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
