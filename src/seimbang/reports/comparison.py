"""``comparisons.json`` as a matrix of arms."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from typing import TYPE_CHECKING

from seimbang.evaluation.table import PRIMARY
from seimbang.record.comparison import TUNED, Compared, Comparison, Pair, PairedTest
from seimbang.record.metrics import decimals_beside
from seimbang.record.read import Run
from seimbang.reports.answer.apart import place
from seimbang.reports.figures import BLUE, GREY, ORANGE, STYLE, Figure, render, short
from seimbang.reports.words import named, p_value, signed
from seimbang.text import marked, number, tr

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(run: Run) -> dict[str, Figure]:
    """Draw one matrix a protocol and set where a pair of arms can be compared.

    Returns:
        By name: ``pairs-<number of the protocol>-<number of the set>``.
    """
    import matplotlib as mpl

    figures = {}
    with mpl.rc_context(STYLE):  # type: ignore[arg-type]
        for i, (protocol, comparison) in enumerate(run.comparisons.items()):
            for j, (part, compared) in enumerate(comparison.sets.items()):
                if any(compared.leading(pair, PRIMARY).difference is not None for pair in compared.pairs):
                    figure = _matrix(f"pairs-{i}-{j}", compared, _labels(run, comparison), place(part, protocol))
                    figures[figure.name] = figure
    return figures


def _labels(run: Run, comparison: Comparison) -> dict[str, str]:
    """Return what to call each row of a comparison, in the order of the study."""
    labels = {}
    for arm in run.arms:
        for ending in ("", TUNED):
            if arm.name + ending in comparison.arms:
                labels[arm.name + ending] = named(arm.facts.arm + ending) + tr(" (leaks)") * arm.facts.leaky
    return labels


def _matrix(name: str, compared: Compared, labels: Mapping[str, str], where: str) -> Figure:
    """Draw row minus column: blue where the row is higher, orange where lower, strong and starred where significant."""
    arms, places = list(labels), range(len(labels))

    def plot(axes: Axes) -> None:
        for y, first in enumerate(arms):
            for x, second in enumerate(arms):
                if x != y:
                    _cell(axes, x, y, compared.between(first, second))
        names = [short(label) for label in labels.values()]
        axes.set(xticks=places, yticks=places, xlim=(-0.5, len(arms) - 0.5), ylim=(len(arms) - 0.5, -0.5))
        axes.set_yticklabels(names)
        axes.xaxis.tick_top()
        axes.xaxis.set_label_position("bottom")
        axes.set_xlabel(fill(tr("Row minus column on {where}", where=where), 40), fontsize=8)
        axes.set_xticklabels(names, rotation=40, ha="left", rotation_mode="anchor")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        canvas = axes.get_figure(root=True)
        assert canvas is not None
        for _ in range(2):  # slanted labels are inside only after more than one pass
            canvas.draw_without_rendering()

    words = "; ".join(_words(pair, compared.leading(pair, PRIMARY), labels) for pair in compared.pairs)
    text = marked("Difference in balanced accuracy between each two arms on {where}: {values}.")
    alt = tr(text, where=where, values=words)
    return render(name, "", alt, (1.9 + 0.56 * len(arms), 1.6 + 0.34 * len(arms)), plot)


def _cell(axes: Axes, x: int, y: int, test: PairedTest) -> None:
    from matplotlib.patches import Rectangle

    colour = GREY if _signed(test) in ("–", number(0)) else BLUE if (test.difference or 0) > 0 else ORANGE
    alpha, weight = (0.45, "bold") if test.significant else (0.13, "normal")
    axes.add_patch(Rectangle((x - 0.48, y - 0.46), 0.96, 0.92, color=colour, alpha=alpha, lw=0))
    axes.text(x, y, _signed(test) + "*" * test.significant, ha="center", va="center", fontsize=8, fontweight=weight)


def _signed(test: PairedTest) -> str:
    """Return the difference with a sign, wherever the two arms are shown to differ."""
    if test.difference is None:
        return "–"
    return signed(test.difference, decimals_beside(0, [test.difference]) if test.significant else 2)


def _words(pair: Pair, test: PairedTest, labels: Mapping[str, str]) -> str:
    text = marked("{first} minus {second} {difference} ({p})")
    first, second = labels[pair.first], labels[pair.second]
    return tr(text, first=first, second=second, difference=_signed(test), p=p_value(test))
