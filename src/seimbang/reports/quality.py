"""Errors by image quality: one panel per measure, and one sentence per arm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seimbang.record.cases import QualityRow
from seimbang.record.read import Arm, Run
from seimbang.reports.figures import BLUE, GREY, ORANGE, STYLE, Figure, saved
from seimbang.reports.words import p_text
from seimbang.text import marked, tr

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ENDS = {
    "brightness": (marked("dark"), marked("bright")),
    "contrast": (marked("low contrast"), marked("high contrast")),
    "sharpness": (marked("blurred"), marked("sharp")),
    "noise": (marked("smooth"), marked("noisy")),
    "entropy": (marked("plain"), marked("detailed")),
    "clipped": (marked("little clipped"), marked("much clipped")),
}
"""What images low and high in a measure are called."""

ACROSS = 3


def sentence(arm: Arm) -> str:
    """Say whether an arm's errors depend on image quality beyond chance; plain text, to be escaped."""
    tested = [row for row in arm.quality.measures if row.holm is not None]
    dependent = [row for row in tested if row.depends]
    if not tested:
        return tr(
            "Whether errors depend on image quality cannot be tested: within each class the predictions are all right "
            "or all wrong, or the images too alike."
        )
    if not dependent:
        smallest = min(row.holm or 0 for row in tested)
        text = marked("Errors are not shown to depend on image quality (smallest Holm-corrected p {p}).")
        return tr(text, p=p_text(smallest))
    return " ".join(_dependence(row) for row in dependent)


def _dependence(row: QualityRow) -> str:
    low, high = _ends(row)
    first, last = row.quarters[0], row.quarters[-1]
    return tr(
        "Errors depend on {measure} beyond chance, also among images of one class (Holm-corrected p {p}): of the "
        "images that are most {low}, {first} were wrong, of those most {high}, {last}.",
        measure=tr(row.measure),
        p=p_text(row.holm or 0),
        low=low,
        first=first.rate,
        high=high,
        last=last.rate,
    )


def _ends(row: QualityRow) -> tuple[str, str]:
    low, high = ENDS.get(row.measure, (marked("low"), marked("high")))
    return tr(low), tr(high)


def draw(run: Run) -> dict[str, Figure]:
    """Draw ``quality-<slug>`` of every arm that has been judged by image quality."""
    import matplotlib as mpl

    with mpl.rc_context(STYLE):  # type: ignore[arg-type]
        drawn = [_figure(arm) for arm in run.arms if arm.quality.measures]
    return {figure.name: figure for figure in drawn}


def _figure(arm: Arm) -> Figure:
    from matplotlib.figure import Figure as Canvas

    rows = arm.quality.measures
    down = -(-len(rows) // ACROSS)
    canvas = Canvas(figsize=(7.2, 1.9 * down), layout="constrained")
    grid = canvas.subplots(down, ACROSS, sharey=True, squeeze=False).ravel()
    for axes, row in zip(grid, rows, strict=False):
        _panel(axes, row)
    for axes in grid[len(rows) :]:
        axes.set_visible(False)
    for axes in grid[::ACROSS]:
        axes.set_ylabel(tr("Share wrong"))
    words = "; ".join(_words(row) for row in rows)
    text = marked("Share of wrong predictions of arm {arm} in each quarter of the test images by quality: {values}.")
    alt = tr(text, arm=arm.name, values=words)
    return saved(f"quality-{arm.facts.slug}", arm.facts.slug, alt, canvas)


def _words(row: QualityRow) -> str:
    low, high = _ends(row)
    rates = ", ".join(str(part.rate) for part in row.quarters)
    return tr("{measure}, from {low} to {high}: {rates}", measure=tr(row.measure), low=low, high=high, rates=rates)


def _panel(axes: Axes, row: QualityRow) -> None:
    colour = ORANGE if row.depends else BLUE
    n, errors = (sum(numbers) for numbers in zip(*((part.n, part.errors) for part in row.quarters), strict=True))
    axes.axhline(errors / n, color=GREY, linewidth=0.8, linestyle=":")
    for place, part in enumerate(row.quarters):
        axes.plot([place, place], [part.rate.low or 0, part.rate.high or 0], color=colour, linewidth=2)
        axes.plot(place, part.errors / part.n, "o", color=colour, markersize=5, clip_on=False)
    last = len(row.quarters) - 1
    low, high = _ends(row)
    axes.set(xlim=(-0.5, max(last, 1) + 0.5), ylim=(0, None))
    axes.set_xticks([-0.4, last + 0.4] if last else [0], [low, high] if last else [tr("all alike")], fontsize=8)
    axes.set_title(tr(row.measure) + " *" * row.depends, fontsize=9)
    axes.tick_params(axis="x", length=0)
    if last:
        for label, side in zip(axes.get_xticklabels(), ("left", "right"), strict=True):
            label.set(ha=side)
