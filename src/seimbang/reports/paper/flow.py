"""The flow of cases: from the files of the source to the parts, as a diagram."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from seimbang.datasets.base import REASONS, tally
from seimbang.reports.figures import BLUE, GREY, STYLE, Figure, render
from seimbang.reports.paper.draft import Draft
from seimbang.reports.paper.numbers import COUNT, EVERY

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch

REASONS_SHOWN = 6
ARROW = {"arrowstyle": "->", "color": GREY, "shrinkA": 0, "shrinkB": 0}
STEP = 0.137
"""Inches of a line of text in a box."""
LINE = 34
"""Letters of a line in a box."""


def flow(draft: Draft) -> Figure:
    """Draw files, what was left out and why, cases, and the parts with their classes."""
    import matplotlib as mpl

    top, left, parts = _source(draft), _left_out(draft), _parts(draft)
    lines = max(len(part) for part in parts)
    height = 0.7 + STEP * (len(top) + max(len(left), 2) + lines)

    def plot(axes: Axes) -> None:
        axes.set(xlim=(0, 1), ylim=(0, height))
        axes.axis("off")
        y = height - 0.1
        source = _box(axes, 0.36 if left else 0.5, y, top)
        below = y - STEP * len(top) - 0.06
        if left:
            patches = {"patchA": source, "patchB": _box(axes, 0.82, y, left, GREY)}
            axes.annotate("", (0.82, y - STEP), (0.36, y - STEP), arrowprops={**ARROW, **patches})
        ends = [(k + 0.5) / len(parts) for k in range(len(parts))]
        start = STEP * lines + 0.1
        for x, part in zip(ends, parts, strict=True):
            _box(axes, x, start, part)
            if not part[0].startswith("External"):
                axes.annotate("", (x, start + 0.05), (0.36 if left else 0.5, below), arrowprops=ARROW)

    said = "; ".join(", ".join(box) for box in (top, left, *parts) if box)
    with mpl.rc_context(STYLE):  # type: ignore[arg-type]
        return render("flow", "", f"Flow of cases: {said}.", (6.5, height), plot)


def _box(axes: Axes, x: float, y: float, lines: list[str], colour: str = BLUE) -> Patch | None:
    box = {"boxstyle": "round,pad=0.4", "facecolor": "white", "edgecolor": colour, "linewidth": 1.0}
    text = axes.text(x, y, "\n".join(lines), ha="center", va="top", fontsize=7.5, linespacing=1.3, bbox=box)
    return text.get_bbox_patch()


def _source(draft: Draft) -> list[str]:
    run, number = draft.run, draft.numbers
    lines = wrap(run.data.name, LINE)
    if run.data.left_out.get(""):
        lines.append(f"files left out: {number('data.json', 'left_out', '', COUNT)}")
    lines.append(f"cases used: {number('data.json', 'counts')}")
    lines += [f"{name}: {number('data.json', 'counts', EVERY, name)}" for name in run.classes]
    return [*lines, f"patients: {number('data.json', 'groups')}" if run.data.groups else "patients: not known"]


def _left_out(draft: Draft) -> list[str]:
    notes = draft.run.data.left_out.get("", [])
    counts: dict[str, int] = {}
    for _, code, count in tally(notes):
        counts[code] = counts.get(code, 0) + count
    often = sorted(counts.items(), key=lambda item: -item[1])
    lines = [line for code, count in often[:REASONS_SHOWN] for line in wrap(f"{count:,} {REASONS[code]}", LINE)]
    rest = sum(count for _, count in often[REASONS_SHOWN:])
    return (["Left out:", *lines] + ([f"{rest:,} for other reasons"] if rest else [])) if notes else []


def _parts(draft: Draft) -> list[list[str]]:
    run, number = draft.run, draft.numbers
    parts = [
        [
            f"{part.capitalize()}: {number('data.json', 'counts', part)}",
            *(f"{name}: {number('data.json', 'counts', part, name)}" for name in run.classes),
        ]
        for part, counts in run.data.counts.items()
        if any(counts.values())
    ]
    for name in run.external:
        head = wrap(f"External, {name}: {number('data.json', 'external', name)}", 22)
        parts.append([*head, *(f"{klass}: {number('data.json', 'external', name, klass)}" for klass in run.classes)])
    return parts
