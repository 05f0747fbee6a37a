"""Curves of an arm with their 95 % bands: sensitivity against false alarms, precision against recall."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from seimbang.record.clinical import Operating
from seimbang.record.metrics import Band, Bands, Ranking, SetMetrics, fixed
from seimbang.record.read import Arm, Run
from seimbang.reports.figures import BLACK, CYCLE, STYLE, STYLES, Figure, render, short, square, unit
from seimbang.text import marked, number, recorded, tr

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHAPES = {"specificity": "^", "sensitivity": "o"}
"""Of the operating points, by the rate for which they were chosen."""
SPECIFICITY, RECALL = 0.9, 0.8
"""Where the words beside a figure read it."""


def draw(run: Run) -> dict[str, Figure]:
    """Draw the curves of each arm on the test set.

    Returns:
        By name: ``roc-<slug>`` and ``precision-recall-<slug>``.
    """
    import matplotlib as mpl

    with mpl.rc_context(STYLE):  # type: ignore[arg-type]
        return {figure.name: figure for arm in run.arms for figure in _of_arm(run, arm)}


def _of_arm(run: Run, arm: Arm) -> Iterator[Figure]:
    if arm.test and arm.test.bands:
        of_class = _rankings(arm.test, run.positive)
        points = arm.clinical.sets["test"].operating if "test" in arm.clinical.sets else []
        yield _roc(run, arm, arm.test, of_class, points)
        yield _precision_recall(run, arm, arm.test, of_class, points)


def _rankings(test: SetMetrics, positive: str) -> dict[str, tuple[Ranking, Bands]]:
    """Return the curves of each class that has a band; of two classes of the positive one."""
    own = test.default
    binary = {positive: Ranking(auc=own.metrics["auc"], curve=own.roc, precision_recall=own.precision_recall)}
    rankings = own.one_vs_rest or binary
    return {name: (rankings[name], band) for name, band in test.bands.items()}


def _roc(
    run: Run, arm: Arm, test: SetMetrics, of_class: dict[str, tuple[Ranking, Bands]], points: list[Operating]
) -> Figure:
    def plot(axes: Axes) -> None:
        square(axes)
        for place, (name, (ranking, bands)) in enumerate(of_class.items()):
            _banded(axes, place, f"{short(name)}, AUC {ranking.auc.number}", ranking.curve, bands.roc)
        _mark(axes, points, lambda point: _beside(point.specificity.value, point.sensitivity.value))
        if len(run.classes) == 2:
            of_rule = test.default.per_class[run.positive].metrics
            _own_rule(axes, _beside(of_rule["specificity"].value, of_rule["recall"].value))
        axes.legend(loc="lower right", fontsize=7)

    text = marked("{name} AUC {auc}, sensitivity at {rate} specificity {height}")
    rate = number(SPECIFICITY, ".0%")
    words = "; ".join(
        tr(text, name=name, auc=ranking.auc, rate=rate, height=_at(bands.roc, 1 - SPECIFICITY))
        for name, (ranking, bands) in of_class.items()
    )
    alt = tr("ROC curve with 95 % band of arm {arm} on the test set: {values}.", arm=arm.name, values=words)
    return render(f"roc-{arm.facts.slug}", arm.facts.slug, alt, (3.6, 3.5), plot)


def _precision_recall(
    run: Run, arm: Arm, test: SetMetrics, of_class: dict[str, tuple[Ranking, Bands]], points: list[Operating]
) -> Figure:
    def plot(axes: Axes) -> None:
        unit(axes, tr("Recall (sensitivity)"), tr("Precision (PPV)"))
        for place, (name, (ranking, bands)) in enumerate(of_class.items()):
            _banded(axes, place, short(name), ranking.precision_recall, bands.precision_recall, "steps-pre")
        _mark(axes, points, lambda point: (point.sensitivity.value, _ppv(point)))
        if len(run.classes) == 2:
            of_rule = test.default.per_class[run.positive].metrics
            _own_rule(axes, (of_rule["recall"].value, of_rule["precision"].value))
        axes.legend(loc="lower left", fontsize=7)

    text = marked("{name} precision at {rate} recall {height}")
    rate = number(RECALL, ".0%")
    words = "; ".join(
        tr(text, name=name, rate=rate, height=_at(bands.precision_recall, RECALL))
        for name, (_, bands) in of_class.items()
    )
    text = marked("Precision against recall with 95 % band of arm {arm} on the test set: {values}.")
    alt = tr(text, arm=arm.name, values=words)
    return render(f"precision-recall-{arm.facts.slug}", arm.facts.slug, alt, (3.6, 3.5), plot)


def _banded(
    axes: Axes, place: int, label: str, curve: list[tuple[float, float]], band: Band, style: str = "default"
) -> None:
    colour = CYCLE[place % len(CYCLE)]
    if band.low:
        axes.fill_between(band.x, band.low, band.high, color=colour, alpha=0.15, linewidth=0)
    x, y = zip(*curve, strict=True)
    axes.plot(x, y, STYLES[place % len(STYLES)], color=colour, label=label, linewidth=1.6, drawstyle=style)


Point = tuple[float | None, float | None]


def _mark(axes: Axes, points: list[Operating], place: Callable[[Operating], Point]) -> None:
    """Mark the operating points, those chosen for one rate by one shape."""
    for rate, shape in SHAPES.items():
        chosen = {point.target: place(point) for point in points if point.at == rate}
        if chosen:
            targets = ", ".join(f"{target * 100:.0f}" for target in chosen)
            label = tr("for {targets} % {rate}", targets=targets, rate=tr(rate))
            x, y = zip(*chosen.values(), strict=True)
            axes.plot(x, y, shape, color=BLACK, markersize=5, markerfacecolor="white", label=label)


def _own_rule(axes: Axes, point: Point) -> None:
    x, y = (np.nan if value is None else value for value in point)
    axes.plot(x, y, "X", color=BLACK, markersize=7, label=tr("the arm's own answer"))


def _beside(specificity: float | None, sensitivity: float | None) -> Point:
    return None if specificity is None else 1 - specificity, sensitivity


def _ppv(point: Operating) -> float | None:
    return point.predictive[0].ppv.value if point.predictive else None


def _at(band: Band, x: float) -> str:
    """Return the height of a curve at ``x`` with its interval."""
    k = min(range(len(band.x)), key=lambda place: abs(band.x[place] - x))
    ends = f"{fixed(band.low[k])}–{fixed(band.high[k])}" if band.low else recorded(band.why)
    return f"{fixed(band.value[k])} ({ends})"
