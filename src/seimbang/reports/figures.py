"""The figures of a report, small enough to stand two abreast on paper and one above the other on a phone."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from seimbang.evaluation.figures import main
from seimbang.evaluation.predictions import is_tested
from seimbang.record.metrics import Measures, Value
from seimbang.record.read import Arm, Run
from seimbang.reports.tables import chance, compared, published, title
from seimbang.reports.words import named
from seimbang.text import marked, marks, number, tr

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

Curve = list[tuple[float, float]]
Step = Literal["default", "steps-pre"]
Kind = Literal["svg", "pdf", "png"]

# Okabe and Ito's palette, which colour-blind readers can tell apart; every line also has its own style or marker.
BLUE, ORANGE, GREEN, PINK, SKY, BLACK, GREY = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#AA3377",
    "#56B4E9",
    "#222222",
    "#777777",
)
LEAK = "#B3261E"
CYCLE = (BLUE, ORANGE, GREEN, PINK, SKY, BLACK)
STYLES = ("-", "--", "-.", ":")
SHAPES = "osD^v"
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "seimbang",
    "pdf.fonttype": 42,
    "text.parse_math": False,  # names are the user's: their dollars are no formulas
    "font.family": ["DejaVu Sans", "sans-serif"],
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "legend.frameon": False,
    "legend.fontsize": 8,
    "hatch.linewidth": 0.6,
}
UNDATED: dict[Kind, dict[str, None]] = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None},
    "png": {"Software": None},
}
"""What is left out of a file."""


@dataclass(frozen=True)
class Figure:
    """A drawn figure.

    Attributes:
        name: That of its files.
        arm: Slug of the arm it belongs to, ``""`` for all arms together.
        alt: What it shows, in words.
        svg: For the page.
        canvas: What ``svg`` was drawn from, laid out.
    """

    name: str
    arm: str
    alt: str
    svg: str
    canvas: Canvas = field(repr=False, compare=False)

    @property
    def caption(self) -> str:
        """The first words of ``alt``, without its numbers: what to print below the figure where nothing else is."""
        return re.split(r"[:;.] ", self.alt.rstrip("."))[0] + "."

    def files(self, kinds: Iterable[Kind]) -> dict[str, str | bytes]:
        """Return the files it is kept in, by name: PDF for a paper, with its fonts; PNG of 300 dots an inch."""
        return {f"{self.name}.{kind}": self.svg if kind == "svg" else _as(self.canvas, kind) for kind in kinds}


def draw(run: Run) -> dict[str, Figure]:
    """Draw every figure for which the run has numbers.

    Returns:
        By name: ``forest-<metric>``, ``roc`` and ``precision-recall`` of two classes, ``classes-<slug>``,
        ``loss-<slug>``, ``accuracy-<slug>`` and ``calibration-<slug>``.
    """
    import matplotlib as mpl

    with mpl.rc_context(STYLE):  # type: ignore[arg-type]
        return {figure.name: figure for figure in _all(run)}


def _all(run: Run) -> Iterator[Figure]:
    for metric in main(len(run.classes)):
        yield _forest(run, metric.key)
    if any(arm.test and arm.test.default.roc for arm in run.arms):
        yield _roc(run)
        yield _precision_recall(run)
    for arm in run.arms:
        yield _classes(arm)
        if arm.history["epoch"]:
            yield _curve(arm, "loss")
            yield _curve(arm, "accuracy")
        if arm.test and arm.test.default.calibration:
            yield _calibration(run, arm)


def _forest(run: Run, metric: str) -> Figure:
    """Draw one line an arm, its sets beside each other: figure, interval, and the published one as a diamond."""
    lines = _forest_lines(run, metric)
    level = chance(run, metric, run.shown)
    marks = {
        row.arm: row.published for row in published(run) if (row.metric, row.klass, row.set) == (metric, "", "test")
    }
    labels = list(dict.fromkeys((label, leaky) for label, _, _, leaky in lines))
    parts = list(dict.fromkeys(part for _, part, _, _ in lines))
    step = 0.8 / max(len(parts), 1)

    def plot(axes: Axes) -> None:
        for label, part, value, leaky in lines:
            place = labels.index((label, leaky)) + step * (parts.index(part) - (len(parts) - 1) / 2)
            _interval(
                axes, place, value, LEAK if leaky else _colour(parts, part), SHAPES[parts.index(part) % len(SHAPES)]
            )
            if part == "test" and label in marks:
                axes.plot(marks[label], place, "D", color=BLACK, markersize=6, markerfacecolor="white")
        if level is not None:
            axes.axvline(level, color=GREY, linewidth=0.8, linestyle=":")
        axes.set(yticks=range(len(labels)), xlabel=title(metric), xlim=_limits(lines, marks))
        axes.set_yticklabels([_line_label(label, "", leaky) for label, leaky in labels])
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color="#dddddd", linewidth=0.6)
        if len(parts) > 1:
            for place, part in enumerate(parts):
                name = short(tr(part.removeprefix("external:")))
                axes.plot([], [], SHAPES[place % len(SHAPES)], color=_colour(parts, part), markersize=6, label=name)
            axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=min(len(parts), 3))

    words = "; ".join(f"{_line_label(label, part, leaky)} {value}" for label, part, value, leaky in lines)
    text = marked("; published for {arm} {value}")
    words += "".join(tr(text, arm=name, value=number(value)) for name, value in marks.items())
    alt = tr("{figure} of each arm with its 95 % interval: {values}.", figure=title(metric), values=words)
    height = 0.75 + 0.25 * (len(parts) > 1) + len(labels) * (0.12 + 0.2 * len(parts))
    return render(f"forest-{metric}", "", alt, (4.4, height), plot)


def _interval(axes: Axes, place: float, value: Value, colour: str, shape: str) -> None:
    if value.value is None:
        axes.text(0.02, place, tr("not estimable"), va="center", color=GREY, fontsize=8)
        return
    low, high = (value.value if edge is None else edge for edge in (value.low, value.high))
    axes.plot([low, high], [place, place], color=colour, linewidth=2, solid_capstyle="butt")
    axes.plot(value.value, place, shape, color=colour, markersize=6)


def _colour(parts: list[str], part: str) -> str:
    """Return the colour of a set; leaking arms are red in all of them."""
    return CYCLE[parts.index(part) % len(CYCLE)]


def _forest_lines(run: Run, metric: str) -> list[tuple[str, str, Value, bool]]:
    parts = [run.shown, *(f"external:{name}" for name in run.external)]
    return [(row.label, part, row.values[metric], row.arm.facts.leaky) for part in parts for row in compared(run, part)]


def _line_label(label: str, part: str, leaky: bool) -> str:
    where = "" if ":" not in part else f" · {part.removeprefix('external:')}"
    return f"{short(named(label))}{tr(' (leaks)') if leaky else ''}{where}"


def _limits(lines: list[tuple[str, str, Value, bool]], marks: dict[str, float]) -> tuple[float, float]:
    known = [edge for _, _, value, _ in lines for edge in (value.low, value.value, value.high) if edge is not None]
    known += marks.values()
    lowest = min([0.45, *known])
    return (max(0.0, lowest - 0.03) if lowest >= 0 else lowest - 0.03), max([1.0, *known])


def _roc(run: Run) -> Figure:
    def plot(axes: Axes) -> None:
        square(axes)
        _curves(axes, run, lambda measures: measures.roc, "AUC", "auc")
        axes.legend(loc="lower right")

    aucs = "; ".join(f"{arm.name} {arm.test.default.metrics['auc']}" for arm in run.arms if arm.test)
    alt = tr("ROC curves on the test set. Area under the curve: {values}.", values=aucs)
    return render("roc", "", alt, (4.4, 4.2), plot)


def _precision_recall(run: Run) -> Figure:
    level = chance(run, "average_precision") or 0.0

    def plot(axes: Axes) -> None:
        axes.axhline(level, color=GREY, linewidth=0.8, linestyle=":")
        unit(axes, tr("Recall (sensitivity)"), title("precision"))
        _curves(axes, run, lambda measures: measures.precision_recall, "AP", "average_precision", "steps-pre")
        axes.legend(loc="lower left")

    areas = "; ".join(f"{arm.name} {arm.test.default.metrics['average_precision']}" for arm in run.arms if arm.test)
    text = marked(
        "Precision against recall of {positive} on the test set. Average precision: {values}; chance {chance}."
    )
    alt = tr(text, positive=run.positive, values=areas, chance=number(level))
    return render("precision-recall", "", alt, (4.4, 4.2), plot)


def _curves(
    axes: Axes, run: Run, curve: Callable[[Measures], Curve], title: str, metric: str, style: Step = "default"
) -> None:
    """Draw a curve of each arm, with the area below it in the legend."""
    for place, arm in enumerate(run.arms):
        if arm.test and curve(arm.test.default):
            x, y = zip(*curve(arm.test.default), strict=True)
            colour = LEAK if arm.facts.leaky else CYCLE[place % len(CYCLE)]
            name = f"{short(arm.name)}{tr(' (leaks)') if arm.facts.leaky else ''}"
            label = f"{name}, {title} {arm.test.default.metrics[metric].number}"
            line = STYLES[place % len(STYLES)]
            axes.plot(x, y, line, color=colour, label=label, linewidth=1.6, drawstyle=style)


def square(axes: Axes) -> None:
    """Make axes those of a ROC curve."""
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=":")
    unit(axes, tr("1 - specificity"), title("sensitivity"))


def unit(axes: Axes, x: str, y: str) -> None:
    """Make axes those of two shares."""
    axes.set(xlabel=x, ylabel=y, xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")


def _classes(arm: Arm) -> Figure:
    before, after = arm.facts.before, arm.facts.after
    names = list(before)

    def plot(axes: Axes) -> None:
        for place, name in enumerate(names):
            kept = min(before[name], after.get(name, 0))
            added = after.get(name, 0) - kept
            axes.barh(place - 0.2, before[name], 0.36, color=GREY, label=tr("before") if not place else None)
            axes.barh(place + 0.2, kept, 0.36, color=BLUE, label=tr("after") if not place else None)
            axes.barh(place + 0.2, added, 0.36, left=kept, facecolor="white", edgecolor=BLUE, hatch="////")
            axes.text(before[name], place - 0.2, f" {number(before[name], ',')}", va="center", fontsize=8)
            axes.text(after.get(name, 0), place + 0.2, f" {number(after.get(name, 0), ',')}", va="center", fontsize=8)
        axes.set_yticks(range(len(names)))
        axes.figure.supxlabel(tr("Training rows (hatched: added by balancing)"), fontsize=9)
        axes.set_yticklabels([short(name) for name in names])
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlim(0, 1.2 * max([1, *before.values(), *after.values()]))
        axes.locator_params(axis="x", nbins=5)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)

    text = marked("{name} {before} before, {after} after")
    words = "; ".join(tr(text, name=name, before=before[name], after=after.get(name, 0)) for name in names)
    text = marked("Training rows of each class before and after balancing in arm {arm}: {values}.")
    alt = tr(text, arm=arm.name, values=words)
    return render(f"classes-{arm.facts.slug}", arm.facts.slug, alt, (3.6, 0.95 + 0.55 * len(names)), plot)


def _curve(arm: Arm, what: str) -> Figure:
    from matplotlib.ticker import MaxNLocator

    epochs, best = arm.history["epoch"], arm.facts.best_epoch

    def plot(axes: Axes) -> None:
        axes.plot(epochs, arm.history[what], "-", color=BLUE, label=tr("train"), linewidth=1.6)
        axes.plot(epochs, arm.history[f"val_{what}"], "--", color=ORANGE, label=tr("validation"), linewidth=1.6)
        if best in epochs:
            at = arm.history[f"val_{what}"][epochs.index(best)]
            axes.axvline(best, color=GREY, linewidth=0.8, linestyle=":")
            axes.plot(best, at, "*", color=BLACK, markersize=9, label=tr("kept: epoch {epoch}", epoch=best))
        if len(epochs) == 1:
            axes.plot(epochs, arm.history[what], "o", color=BLUE)
        axes.set(xlabel=tr("Epoch"), ylabel=title(what))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(loc="best")

    text = marked(
        "{figure} of arm {arm} over {epochs} epochs; at the end train {train}, validation {validation}; "
        "kept epoch {best}."
    )
    ends = [number(arm.history[f"{part}{what}"][-1], ".3f") for part in ("", "val_")]
    alt = tr(text, figure=title(what), arm=arm.name, epochs=len(epochs), train=ends[0], validation=ends[1], best=best)
    return render(f"{what}-{arm.facts.slug}", arm.facts.slug, alt, (3.6, 2.6), plot)


def _calibration(run: Run, arm: Arm) -> Figure:
    parts = [part for part, measured in arm.metrics.sets.items() if is_tested(part) and measured.default.calibration]
    parts.sort(key=lambda part: part != "test")

    def plot(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=":", label=tr("ideal"))
        for place, part in enumerate(parts):
            bins = arm.metrics.sets[part].default.calibration
            x, y = [each.predicted for each in bins], [each.observed for each in bins]
            colour, shape = CYCLE[place % len(CYCLE)], SHAPES[place % len(SHAPES)]
            label = tr(part.removeprefix("external:"))
            axes.plot(x, y, STYLES[place % 4], marker=shape, color=colour, label=label, markersize=4, linewidth=1.2)
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
        axes.set(xlabel=_calibrated(run), ylabel=tr("Observed fraction"))
        axes.legend(loc="upper left")

    errors = "; ".join(f"{tr(part)} {arm.metrics.sets[part].default.metrics['calibration_error']}" for part in parts)
    text = marked("Predicted probability against observed fraction for arm {arm}. Calibration error: {values}.")
    alt = tr(text, arm=arm.name, values=errors)
    return render(f"calibration-{arm.facts.slug}", arm.facts.slug, alt, (3.6, 3.5), plot)


def _calibrated(run: Run) -> str:
    if len(run.classes) > 2:
        return tr("Predicted probability")
    return tr("Predicted probability of {positive}", positive=short(run.positive))


def short(text: str) -> str:
    """Keep a name short enough for a label."""
    return text if len(text) <= 28 else text[:27] + "…"


def render(name: str, arm: str, alt: str, size: tuple[float, float], plot: Callable[[Axes], None]) -> Figure:
    """Return what ``plot`` draws on axes of ``size`` inches."""
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=size, layout="constrained")
    plot(canvas.subplots())
    return saved(name, arm, alt, canvas)


def saved(name: str, arm: str, alt: str, canvas: Canvas) -> Figure:
    """Return a drawing of matplotlib as a figure."""
    _speak(canvas)
    svg = _as(canvas, "svg").decode()
    canvas.set_layout_engine("none")  # what the first drawing found holds for all
    return Figure(name, arm, alt, svg, canvas)


def _speak(canvas: Canvas) -> None:
    """Write the numbers at the axes with the marks of the language spoken."""
    from matplotlib.ticker import ScalarFormatter

    class Marked(ScalarFormatter):
        def __call__(self, x: float, pos: int | None = None) -> str:
            return marks(super().__call__(x, pos))

    for axis in (axis for axes in canvas.axes for axis in (axes.xaxis, axes.yaxis)):
        if type(axis.get_major_formatter()) is ScalarFormatter:
            axis.set_major_formatter(Marked())


def _as(canvas: Canvas, kind: Kind) -> bytes:
    """Return the drawing as a file that holds no date, so that equal runs have equal files."""
    import matplotlib as mpl

    file = io.BytesIO()
    with mpl.rc_context(STYLE):  # type: ignore[arg-type]
        canvas.savefig(file, format=kind, metadata=UNDATED[kind], dpi=300 if kind == "png" else "figure")
    return file.getvalue()
