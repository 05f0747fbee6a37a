"""The architecture of each network as a drawing: one block a layer, in reading order."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING

from seimbang.record.arm import ArmFacts
from seimbang.record.read import Run
from seimbang.reports.figures import BLUE, GREEN, GREY, ORANGE, PINK, SKY, STYLE, Figure, render
from seimbang.text import marked, number, recorded, tr
from seimbang.training.base import Layer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ACROSS = 6
WIDTH, HEIGHT = 0.84, 0.8
"""Size of a block where one place in the grid is 1 x 1."""
COLOURS = {
    "convolution": BLUE,
    "normalisation": SKY,
    "pooling": ORANGE,
    "rnn": PINK,
    "lstm": PINK,
    "gru": PINK,
    "dense": GREEN,
}


def draw(run: Run) -> dict[str, Figure]:
    """Draw every network of the run once.

    Returns:
        By name, ``architecture-<slug>`` with the slug of the first arm that has the network.
    """
    networks: dict[str, ArmFacts] = {}
    for arm in run.arms:
        networks.setdefault(repr(arm.facts.layers), arm.facts)
    drawn = [architecture(facts.slug, facts.model_title, facts.layers) for facts in networks.values()]
    return {figure.name: figure for figure in drawn}


def architecture(slug: str, title: str, layers: Sequence[Layer]) -> Figure:
    """Draw the layers as blocks that tell name, output shape and parameters; a row ends where the map was pooled."""
    import matplotlib as mpl

    rows = _rows(layers)

    def plot(axes: Axes) -> None:
        for y, row in enumerate(rows):
            for x, layer in enumerate(row):
                _block(axes, x, y, layer)
                if y or x:
                    _arrow(axes, x - 1, y)
            if y < len(rows) - 1:
                _arrow(axes, len(row) - 1, y)
        axes.set(xlim=(-0.65, ACROSS - 0.35), ylim=(len(rows) - 0.55, -0.45))
        axes.set_axis_off()

    words = "; ".join(f"{recorded(layer.name)} {_shape(layer)}, {_parameters(layer)}" for layer in layers)
    text = marked("Architecture of the {model}, layer after layer with output shape: {layers}.")
    alt = tr(text, model=recorded(title), layers=words)
    with mpl.rc_context(STYLE):  # type: ignore[arg-type]
        return render(f"architecture-{slug}", "", alt, (7.0, 0.1 + 0.86 * len(rows)), plot)


def _rows(layers: Sequence[Layer]) -> list[list[Layer]]:
    """Break the layers into lines: after pooling and its dropout, and where a line is full."""
    rows: list[list[Layer]] = [[]]
    for layer in layers:
        pooled = any("pooling" in before.name for before in rows[-1])
        if len(rows[-1]) == ACROSS or (pooled and layer.name != "Dropout"):
            rows.append([])
        rows[-1].append(layer)
    return rows


def _arrow(axes: Axes, x: float, y: float) -> None:
    """Draw an arrow from the block at ``x`` to the next."""
    style = {"arrowstyle": "-|>", "color": GREY, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 7, "linewidth": 0.8}
    axes.annotate("", (x + 1 - WIDTH / 2, y), (x + WIDTH / 2, y), arrowprops=style)


def _block(axes: Axes, x: float, y: float, layer: Layer) -> None:
    from matplotlib.patches import FancyBboxPatch

    colour = next((shade for word, shade in COLOURS.items() if word in layer.name.lower()), GREY)
    corner = (x - WIDTH / 2, y - HEIGHT / 2)
    box = FancyBboxPatch(corner, WIDTH, HEIGHT, "round,pad=0,rounding_size=0.05", ec=colour, fc=f"{colour}22")
    axes.add_patch(box)
    name = fill(recorded(layer.name), 14)
    axes.text(x, y - 0.15, name, ha="center", va="center", fontsize=7, weight="bold", linespacing=1.1)
    axes.text(x, y + 0.15, _shape(layer), ha="center", va="center", fontsize=7)
    axes.text(x, y + 0.29, _parameters(layer), ha="center", va="center", fontsize=6, color="#555555")


def _shape(layer: Layer) -> str:
    return " × ".join(str(size) for size in layer.shape)


def _parameters(layer: Layer) -> str:
    if not layer.parameters:
        return tr("no parameters")
    return tr("{count} param.", count=number(layer.parameters, ","))
