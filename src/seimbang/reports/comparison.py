"""``comparisons.json`` as a matrix of arms, and in words: between which arms there is a significant difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from textwrap import fill
from typing import TYPE_CHECKING

from seimbang.evaluation.table import PRIMARY
from seimbang.record.comparison import Compared, Pair, PairedTest
from seimbang.record.read import Run
from seimbang.reports.figures import BLUE, GREY, ORANGE, STYLE, Figure, render, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def sentences(run: Run) -> Iterator[str]:
    """Say of each protocol and set which leak-free arms differ in balanced accuracy; plain text, to be escaped."""
    honest = {arm.name for arm in run.arms if not arm.facts.leaky}
    for protocol, comparison in run.comparisons.items():
        arms = [name for name in comparison.arms if name in honest]
        for part, compared in comparison.sets.items():
            yield from _sentences(compared, arms, f"on {_place(part, protocol)}")


def _sentences(compared: Compared, arms: Sequence[str], where: str) -> Iterator[str]:
    tests = {(a, b): compared.between(a, b) for a in arms for b in arms if a != b}
    unknown = [test.why for test in tests.values() if test.difference is None]
    if unknown:
        yield f"{quoted(arms)} cannot be compared by balanced accuracy {where}: {unknown[0]}."
        return
    for arm in arms:
        below = {other: test for (first, other), test in tests.items() if first == arm and test.sign > 0}
        if below:
            highest = max(test.holm or 0 for test in below.values())
            by = f"{_span([test.difference or 0 for test in below.values()])}; {_p('largest', len(below), highest)}"
            yield f"{quoted([arm])} has a higher balanced accuracy than {quoted(list(below))} {where} (by {by})."
    for group in _level(arms, tests):
        known = [tests[pair].holm for pair in combinations(group, 2)]
        p = [value for value in known if value is not None]
        reason = f" ({_p('smallest', len(p), min(p))})" if p else ": they decide alike on every case"
        yield f"There is no significant difference between {quoted(group)} {where}{reason}."


def _level(arms: Sequence[str], tests: Mapping[tuple[str, str], PairedTest]) -> list[list[str]]:
    """Return the largest groups of arms with no significant difference inside (insert and absorb, Piepho 2004)."""
    groups = [list(arms)]
    for pair in combinations(arms, 2):
        if tests[pair].significant:
            split = [[name for name in group if name != arm] for group in groups for arm in pair]
            groups = [group for group in split if not any(set(group) < set(other) for other in split)]
            groups = [group for place, group in enumerate(groups) if group not in groups[:place]]
    return [group for group in groups if len(group) > 1]


def _place(part: str, protocol: str) -> str:
    name = "the test set" if part == "test" else f"the external set “{part.removeprefix('external:')}”"
    return f"{name} under the protocol “{protocol}”" if protocol else name


def quoted(names: Sequence[str]) -> str:
    """Return names in quotation marks, the last after ``and``."""
    marked = [f"“{name}”" for name in names]
    return marked[0] if len(marked) == 1 else f"{', '.join(marked[:-1])} and {marked[-1]}"


def _span(differences: Sequence[float]) -> str:
    low, high = f"{min(differences):.2f}", f"{max(differences):.2f}"
    return low if low == high else f"{low} to {high}"


def p_value(test: PairedTest) -> str:
    """Return p after Holm's correction, or why there is none."""
    return test.why if test.holm is None else _p("", 1, test.holm)


def _p(which: str, count: int, p: float) -> str:
    value = "< .001" if p < 0.001 else f"= {p:.{3 if p < 0.1 else 2}f}".replace(" 0.", " .")
    return f"{which} Holm-corrected p {value}" if count > 1 else f"Holm-corrected p {value}"


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
                if any(pair.tests[PRIMARY].difference is not None for pair in compared.pairs):
                    arms = [arm for arm in run.arms if arm.name in comparison.arms]
                    labels = {arm.name: arm.facts.arm + (" (leaks)" if arm.facts.leaky else "") for arm in arms}
                    figure = _matrix(f"pairs-{i}-{j}", compared, labels, _place(part, protocol))
                    figures[figure.name] = figure
    return figures


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
        axes.set_xlabel(fill(f"Row minus column on {where}", 40), fontsize=8)
        axes.set_xticklabels(names, rotation=40, ha="left", rotation_mode="anchor")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)

    words = "; ".join(_words(pair, labels) for pair in compared.pairs)
    alt = f"Difference in balanced accuracy between each two arms on {where}: {words}."
    return render(name, "", alt, (1.9 + 0.56 * len(arms), 1.6 + 0.34 * len(arms)), plot)


def _cell(axes: Axes, x: int, y: int, test: PairedTest) -> None:
    from matplotlib.patches import Rectangle

    colour = GREY if _signed(test) in ("–", "0.00") else BLUE if (test.difference or 0) > 0 else ORANGE
    alpha, weight = (0.45, "bold") if test.significant else (0.13, "normal")
    axes.add_patch(Rectangle((x - 0.48, y - 0.46), 0.96, 0.92, color=colour, alpha=alpha, lw=0))
    axes.text(x, y, _signed(test) + "*" * test.significant, ha="center", va="center", fontsize=8, fontweight=weight)


def _signed(test: PairedTest) -> str:
    if test.difference is None:
        return "–"
    text = f"{test.difference:+.2f}".replace("-", "−")
    return text if text.strip("+−0.") else "0.00"


def _words(pair: Pair, labels: Mapping[str, str]) -> str:
    test = pair.tests[PRIMARY]
    p = f"Holm-corrected p {test.holm:.3f}" if test.holm is not None else test.why
    return f"{labels[pair.first]} minus {labels[pair.second]} {_signed(test)} ({p})"
