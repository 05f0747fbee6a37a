"""How the candidates of a grid did: the score against the parameter that was searched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seimbang.record.arm import Candidate
from seimbang.record.read import Arm, Run
from seimbang.reports.figures import BLACK, CYCLE, STYLE, STYLES, Figure, render, short
from seimbang.reports.tables import title
from seimbang.text import marked, number, recorded, tr

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Panel = dict[tuple[str, str, str], list["Line"]]


@dataclass(frozen=True)
class Line:
    """One arm: the best mean at each value of the parameter, its sd, and the value taken most often."""

    arm: Arm
    points: Mapping[str, tuple[float, float]]
    taken: str


def draw(run: Run) -> dict[str, Figure]:
    """Draw ``search-<number>`` for each model and the parameter with most candidates; arms of one model share it."""
    import matplotlib as mpl

    panels: Panel = {}
    for arm in run.arms:
        searched = _searched(arm.search)
        if searched:
            key = arm.facts.model_title, searched, arm.search[0].by
            panels.setdefault(key, []).append(_line(arm, searched))
    with mpl.rc_context(STYLE):  # type: ignore[arg-type]
        drawn = [_panel(f"search-{number}", *key, lines) for number, (key, lines) in enumerate(panels.items())]
    return {figure.name: figure for figure in drawn}


def _searched(candidates: Sequence[Candidate]) -> str:
    """Return the parameter with most values; ``""`` where nothing was searched."""
    names = list(candidates[0].settings) if candidates else []
    values = {name: len({candidate.settings[name] for candidate in candidates}) for name in names}
    most = max(values, key=lambda name: values[name], default="")
    return most if values.get(most, 0) > 1 else ""


def _line(arm: Arm, parameter: str) -> Line:
    """Keep of the candidates with one value of ``parameter`` the best."""
    best: dict[str, Candidate] = {}
    chosen: dict[str, int] = {}
    for candidate in arm.search:
        value = candidate.settings[parameter]
        chosen[value] = chosen.get(value, 0) + candidate.chosen
        if value not in best or candidate.mean > best[value].mean:
            best[value] = candidate
    taken = max(best, key=lambda value: (chosen[value], best[value].mean))
    return Line(arm, {value: (candidate.mean, candidate.sd or 0.0) for value, candidate in best.items()}, taken)


def _panel(name: str, model: str, parameter: str, metric: str, lines: Sequence[Line]) -> Figure:
    values = list(dict.fromkeys(value for line in lines for value in line.points))
    numbers = _numbers(values)
    x_of = dict(zip(values, numbers or range(len(values)), strict=True))

    def plot(axes: Axes) -> None:
        for place, line in enumerate(lines):
            _draw_line(axes, line, x_of, place)
        if numbers and min(numbers) > 0 and max(numbers) >= 20 * min(numbers):
            axes.set_xscale("log")
            axes.minorticks_off()
        if len(values) <= 12:
            axes.set_xticks(list(x_of.values()), [short(value.removesuffix(".0")) for value in values])
            axes.tick_params(axis="x", labelsize=7)
        label = parameter.replace("_", " ")
        axes.set(title=short(recorded(model)), xlabel=label, ylabel=title(metric))
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), fontsize=7)

    words = "; ".join(f"{line.arm.name} {_words(line)}" for line in lines)
    text = marked("{figure} of {model} against {parameter} inside the training part: {values}.")
    alt = tr(text, figure=title(metric), model=recorded(model), parameter=parameter, values=words)
    return render(name, "", alt, (3.6, 2.7 + 0.17 * len(lines)), plot)


def _draw_line(axes: Axes, line: Line, x_of: Mapping[str, float], place: int) -> None:
    points = sorted((x_of[value], *point) for value, point in line.points.items())
    x, mean, sd = (list(side) for side in zip(*points, strict=True))
    colour, style = CYCLE[place % len(CYCLE)], STYLES[place % len(STYLES)]
    label = line.arm.name + (tr(" (leaks)") if line.arm.facts.leaky else "")
    axes.plot(x, mean, style, marker="o", markersize=3, color=colour, linewidth=1.4, label=label)
    low, high = ([m + sign * s for m, s in zip(mean, sd, strict=True)] for sign in (-1, 1))
    axes.fill_between(x, low, high, color=colour, alpha=0.08, linewidth=0)
    axes.plot(x_of[line.taken], line.points[line.taken][0], "*", color=BLACK, markersize=8, zorder=3)


def _numbers(values: Sequence[str]) -> list[float]:
    """Return the values as numbers, or nothing where one of them is a word."""
    try:
        return [float(value) for value in values]
    except ValueError:
        return []


def _words(line: Line) -> str:
    mean, sd = line.points[line.taken]
    text = marked("{mean} ± {sd} at {value}, taken most often")
    return tr(text, mean=number(mean, ".3f"), sd=number(sd, ".3f"), value=line.taken)
