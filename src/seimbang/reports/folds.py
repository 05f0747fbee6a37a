"""Cross-validation fold by fold: a table, box plots, and the tests over folds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seimbang.evaluation.figures import fold_outcomes, over_folds
from seimbang.evaluation.intervals import Z
from seimbang.record.comparison import PairedTest
from seimbang.record.metrics import Folded, Value
from seimbang.record.read import Arm, Run
from seimbang.reports.figures import BLUE, GREY, LEAK, STYLE, Figure, render, short
from seimbang.reports.tables import figure_of, title
from seimbang.reports.words import p_value
from seimbang.text import marked, number, tr

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Cell:
    """One figure.

    Attributes:
        text: Mean and standard deviation over folds.
        shortfall: How many of them lack it.
        pooled: The value of all cases.
        training: Share of the variance between folds beyond that of their patients: of other training parts. None where
            it cannot be told.
    """

    text: str
    shortfall: int
    pooled: Value
    training: float | None


@dataclass(frozen=True)
class Test:
    """One pair of arms compared over folds."""

    first: str
    second: str
    metric: str
    outcome: PairedTest

    @property
    def p(self) -> str:
        """Its p in words."""
        return p_value(self.outcome)


@dataclass(frozen=True)
class Table:
    """The arms of one protocol with folds, by name; ``number`` is the place of the protocol in the study."""

    number: int
    protocol: str
    folds: int
    rows: dict[str, dict[str, Cell]]
    leaky: frozenset[str]
    tests: list[Test]

    @property
    def incomplete(self) -> bool:
        """Whether some figures do not exist in some folds."""
        return any(cell.shortfall for cells in self.rows.values() for cell in cells.values())

    @property
    def name(self) -> str:
        """Name of its figure."""
        return f"folds-{self.number}"


def tables(run: Run) -> list[Table]:
    """Return one table for each protocol with more than one fold."""
    made = []
    for place, (protocol, arms) in enumerate(run.protocols.items()):
        folded = [(arm, arm.metrics.folds["test"]) for arm in arms if "test" in arm.metrics.folds]
        if folded:
            rows = {arm.name: _cells(run, arm, of_arm) for arm, of_arm in folded}
            leaky = frozenset(arm.name for arm, _ in folded if arm.facts.leaky)
            made.append(Table(place, protocol, len(folded[0][1].each), rows, leaky, list(_tests(run, protocol))))
    return made


def _cells(run: Run, arm: Arm, folded: Folded) -> dict[str, Cell]:
    pooled = {metric: _pooled(run, arm, metric) for metric in over_folds(len(run.classes))}
    short = {metric: len(folded.each) - folded.measured[metric] for metric in pooled}
    return {
        metric: Cell(
            _text(folded, metric), short[metric], value, None if short[metric] else _training(folded, metric, value)
        )
        for metric, value in pooled.items()
    }


def _training(folded: Folded, metric: str, pooled: Value) -> float | None:
    """Return the share of the variance between folds that their patients leave; a fold has 1/k of the patients."""
    sd, repeated = folded.sd[metric], any("." in str(row["fold"]) for row in folded.each)
    if repeated or not sd or pooled.low is None or pooled.high is None:
        return None
    of_patients = (1 - (pooled.of_seeds or 0)) * ((pooled.high - pooled.low) / (2 * Z)) ** 2
    return max(0.0, 1 - len(folded.each) * of_patients / sd**2)


def _text(folded: Folded, metric: str) -> str:
    mean, sd = folded.mean[metric], folded.sd[metric]
    return "–" if mean is None else Value(value=mean).number + ("" if sd is None else f" ± {number(sd)}")


def _pooled(run: Run, arm: Arm, metric: str) -> Value:
    pooled = figure_of(arm.test.default, run.positive, metric) if arm.test else None
    return pooled or Value(value=None)


def _tests(run: Run, protocol: str) -> Iterator[Test]:
    """Yield what can be tested over folds, metric by metric."""
    compared = run.comparisons[protocol].sets.get("test")
    for test, metric in fold_outcomes(len(run.classes)).items():
        for pair in compared.pairs if compared else []:
            outcome = pair.tests[test]
            if outcome.p is not None:
                yield Test(pair.first, pair.second, metric.key, outcome)


def draw(run: Run) -> dict[str, Figure]:
    """Draw ``folds-<number of the protocol>``: the accuracy in each fold, a box an arm."""
    import matplotlib as mpl

    with mpl.rc_context(STYLE):  # type: ignore[arg-type]
        return {table.name: _boxes(run, table) for table in tables(run)}


def _boxes(run: Run, table: Table) -> Figure:
    known = [arm for arm in run.protocols[table.protocol] if "test" in arm.metrics.folds]
    values = [[float(row["accuracy"]) for row in arm.metrics.folds["test"].each] for arm in known]
    pooled = [_pooled(run, arm, "accuracy").value for arm in known]

    def plot(axes: Axes) -> None:
        drawn = axes.boxplot(values, orientation="horizontal", widths=0.55, patch_artist=True, showmeans=True)
        for arm, box in zip(known, drawn["boxes"], strict=True):
            box.set(facecolor=LEAK if arm.facts.leaky else BLUE, alpha=0.45)
        for line in drawn["medians"]:
            line.set(color="black")
        for mark in drawn["means"]:
            mark.set(marker="o", markerfacecolor="black", markeredgecolor="black", markersize=4)
        for place, value in enumerate(pooled, 1):
            if value is not None:
                axes.plot(value, place, "|", color="black", markersize=15, markeredgewidth=2)
        axes.set_yticklabels([short(arm.facts.arm) + (tr(" (leaks)") if arm.facts.leaky else "") for arm in known])
        axes.set(xlabel=tr("Accuracy in each fold"))
        axes.locator_params(axis="x", nbins=6)
        axes.invert_yaxis()
        axes.grid(axis="x", color=GREY, alpha=0.3, linewidth=0.6)

    words = "; ".join(f"{arm.name} {_text(arm.metrics.folds['test'], 'accuracy')}" for arm in known)
    text = marked("{figure} in each of {folds} folds, mean ± standard deviation: {values}.")
    alt = tr(text, figure=title("accuracy"), folds=table.folds, values=words)
    return render(table.name, "", alt, (4.4, 0.7 + 0.34 * len(known)), plot)
