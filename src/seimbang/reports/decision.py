"""Decision curves: an arm with its band, and all arms beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from seimbang.record.clinical import Decision
from seimbang.record.read import Arm, Run
from seimbang.reports.figures import BLUE, CYCLE, GREY, LEAK, STYLE, STYLES, Figure, render, saved, short
from seimbang.text import marked, number, tr

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BELOW = 0.25
"""How far below 0 an axis reaches, as a part of the highest net benefit there can be."""
BRIEF = 3
"""Runs of so few thresholds, of 81, come and go by chance and are not worth a word."""


def draw(run: Run) -> dict[str, Figure]:
    """Draw the decision curves.

    Returns:
        By name: ``decision`` of all arms on the test set, and ``decision-<slug>`` of one on each tested set.
    """
    import matplotlib as mpl

    with mpl.rc_context(STYLE):  # type: ignore[arg-type]
        return {figure.name: figure for figure in _all(run)}


def useful(run: Run) -> dict[str, dict[str, str]]:
    """Return in words, by slug and tested set, where an arm with a curve is better than both strategies."""
    words = {arm.facts.slug: {part: better(curve) for part, curve in _curves(arm).items()} for arm in run.arms}
    return {slug: of_sets for slug, of_sets in words.items() if of_sets}


def better(curve: Decision) -> str:
    """Return in words at which thresholds a model gains over both strategies by more than chance."""
    runs = groupby(zip(curve.x, curve.better, strict=True), key=lambda pair: pair[1])
    ranges = [[x for x, _ in pairs] for gains, pairs in runs if gains]
    text = marked("{low} to {high} %")
    long = [xs for xs in ranges if len(xs) > BRIEF]
    return ", ".join(tr(text, low=_percent(xs[0]), high=_percent(xs[-1])) for xs in long) or tr("none")


def _all(run: Run) -> Iterator[Figure]:
    curves = {arm.facts.slug: _curves(arm) for arm in run.arms}
    shown = [arm for arm in run.arms if "test" in curves[arm.facts.slug]]
    if len(shown) > 1:
        yield _together(run, [(arm, curves[arm.facts.slug]["test"]) for arm in shown])
    for arm in run.arms:
        if curves[arm.facts.slug]:
            yield _of_arm(run, arm, curves[arm.facts.slug])


def _curves(arm: Arm) -> dict[str, Decision]:
    """Return the decision curves of an arm by set, that of the test set first."""
    sets = sorted(arm.clinical.sets.items(), key=lambda item: item[0] != "test")
    return {part: of_set.decision for part, of_set in sets if of_set.decision}


def _together(run: Run, curves: list[tuple[Arm, Decision]]) -> Figure:
    def plot(axes: Axes) -> None:
        _strategies(axes, run, curves[0][1])
        for place, (arm, curve) in enumerate(curves):
            colour = LEAK if arm.facts.leaky else CYCLE[place % len(CYCLE)]
            name = f"{short(arm.name)}{tr(' (leaks)') if arm.facts.leaky else ''}"
            line = STYLES[place % len(STYLES)]
            axes.plot(_scaled(curve.x), _scaled(curve.value), line, color=colour, label=name, linewidth=1.6)
        _limit(axes, curves[0][1], max(max(curve.value) for _, curve in curves))
        axes.legend(loc="best", fontsize=7)

    words = "; ".join(f"{arm.name} {better(curve)}" for arm, curve in curves)
    text = marked("Net benefit of all arms on the test set. Thresholds at which an arm is better than both: {values}.")
    alt = tr(text, values=words)
    return render("decision", "", alt, (4.4, 3.4), plot)


def _of_arm(run: Run, arm: Arm, curves: dict[str, Decision]) -> Figure:
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(3.6, 0.2 + 2.7 * len(curves)), layout="constrained")
    for axes, (part, curve) in zip(canvas.subplots(len(curves), squeeze=False)[:, 0], curves.items(), strict=True):
        _panel(axes, run, curve)
        if len(curves) > 1:
            axes.set_title(tr("Internal test set") if part == "test" else short(part.removeprefix("external:")))
    words = "; ".join(f"{tr(part.removeprefix('external:'))} {better(curve)}" for part, curve in curves.items())
    text = marked("Net benefit of arm {arm} with 95 % band. Thresholds at which it is better than both: {values}.")
    alt = tr(text, arm=arm.name, values=words)
    return saved(f"decision-{arm.facts.slug}", arm.facts.slug, alt, canvas)


def _panel(axes: Axes, run: Run, curve: Decision) -> None:
    _strategies(axes, run, curve)
    if curve.low:
        axes.fill_between(
            _scaled(curve.x), _scaled(curve.low), _scaled(curve.high), color=BLUE, alpha=0.15, linewidth=0
        )
    axes.plot(_scaled(curve.x), _scaled(curve.value), "-", color=BLUE, linewidth=1.6, label=tr("by the model"))
    floor = _limit(axes, curve, max(curve.high or curve.value))
    if any(curve.better):
        at = np.where(curve.better, 0.9 * floor, np.nan)
        axes.plot(_scaled(curve.x), at, color=BLUE, linewidth=4, solid_capstyle="butt", label=tr("better than both"))
    axes.legend(loc="best", fontsize=7)


def _strategies(axes: Axes, run: Run, curve: Decision) -> None:
    axes.plot(_scaled(curve.x), _scaled(curve.everybody), "--", color=GREY, linewidth=1.2, label=tr("treat everybody"))
    axes.axhline(0, color=GREY, linewidth=1.2, linestyle=":", label=tr("treat nobody"))
    axes.set(xlabel=tr("Treat from this probability on (%)"), xlim=_scaled([curve.x[0], curve.x[-1]]))
    axes.set_ylabel(tr("Net benefit per 100 {units}", units=tr(run.units)))


def _limit(axes: Axes, curve: Decision, highest: float) -> float:
    """Cut the axis where nobody would decide by the model any more, and return its lower end."""
    share = _share(curve)
    floor = -100 * BELOW * share
    axes.set_ylim(floor, 105 * max(highest, share))
    return floor


def _share(curve: Decision) -> float:
    """Return the share of the positive class, from the net benefit of treating everybody at the first threshold."""
    return curve.everybody[0] * (1 - curve.x[0]) + curve.x[0]


def _scaled(values: list[float]) -> list[float]:
    return [100 * value for value in values]


def _percent(share: float) -> str:
    return number(100 * share, ".1f" if share < 0.1 else ".0f")
