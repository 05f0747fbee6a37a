"""The numbers of a run as tables: for the page, as long CSV and as LaTeX."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from seimbang.evaluation import figures
from seimbang.evaluation.table import PRIMARY
from seimbang.record.comparison import TUNED, Pair
from seimbang.record.metrics import Measures, Value
from seimbang.record.read import Arm, Run
from seimbang.reports import subgroups
from seimbang.reports.words import named
from seimbang.text import own, recorded, tr

_CSV = ("arm", "set", "threshold", "class", "metric", "value", "low", "high", "interval", "of_seeds")
_ESCAPES = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "–": "--",
    "−": "$-$",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}


@dataclass(frozen=True)
class Row:
    """One line of a comparison: an arm under one decision rule.

    Attributes:
        label: Its name in tables, tests and sentences.
        arm: The arm.
        tuned: Whether its threshold chosen on validation decides, where that is not its own rule.
        values: Its headline figures on the set that the line is about.
    """

    label: str
    arm: Arm
    tuned: bool
    values: dict[str, Value]

    def on(self, part: str) -> Measures | None:
        """Return its figures on another set."""
        measured = self.arm.metrics.sets.get(part)
        return measured.by(self.tuned) if measured else None


@dataclass(frozen=True)
class Published:
    """One published figure beside ours; ``ours`` is None where this run has no such number."""

    arm: str
    set: str
    metric: str
    klass: str
    published: float
    ours: Value | None

    @property
    def figure(self) -> str:
        """Name of the figure, and of the class where it is of one class."""
        name = figures.title(self.metric)
        return f"{name} ({self.klass})" if self.klass else name

    @property
    def verdict(self) -> str:
        """Where the published figure lies."""
        if self.ours is None or self.ours.value is None:
            return tr("not measured in this run")
        if self.ours.withheld:
            return recorded(self.ours.why)
        side = self.ours.side_of(self.published)
        if side == 0:
            return tr("inside our interval")
        return tr("below our interval") if side > 0 else tr("above our interval")


def headline(measures: Measures, positive: str) -> dict[str, Value]:
    """Return the figures shown side by side; with more than two classes, macro averages instead of the positive's."""
    shown = {key: figure_of(measures, positive, key) for key in figures.headline(len(measures.per_class))}
    return {key: value for key, value in shown.items() if value is not None}


def figure_of(measures: Measures, positive: str, key: str, klass: str = "") -> Value | None:
    """Return a figure by the key that a publication gives it; None where it was not measured.

    Args:
        measures: What was measured.
        positive: The class that a metric of a class is of where none is named.
        key: Such as ``auc``, ``recall`` or ``macro_recall``.
        klass: The class; ``""`` for none.
    """
    figure = figures.figures().get(key)
    if figure is None:
        return None
    if figure.average:
        values = averages(measures)[figure.average]
    elif figure.metric.needs.per == "set":
        values = {} if klass else measures.metrics
    else:
        of_class = measures.per_class.get(klass or positive)
        values = of_class.metrics if of_class else {}
    return values.get(figure.metric.key)


def averages(measures: Measures) -> dict[str, dict[str, Value]]:
    """Return the averages over the classes by their kind."""
    return {"macro": measures.macro, "weighted": measures.weighted}


def chance(run: Run, metric: str, part: str = "test") -> float | None:
    """Return what predictions that know nothing of the cases of a set reach at best; None where that says nothing."""
    supports = _supports(run, part)
    if not supports:
        return None
    total = sum(supports.values())
    level = figures.figures()[metric].metric.at_chance(np.array([n / total for n in supports.values()]))
    return level if isinstance(level, float) else None


def title(metric: str) -> str:
    """Return a metric's name as it stands at the head of a column."""
    name = figures.title(metric)
    return name[:1].upper() + name[1:]


def compared(run: Run, part: str = "test", tuned: bool = False, protocol: str | None = None) -> list[Row]:
    """Return one row an arm that has the set ``part``; with ``protocol``, only of the arms under it.

    By default the class with the highest probability is the answer, and each arm without balancing gets a second row
    with its tuned threshold; with ``tuned`` every arm uses its tuned threshold and arms without one are left out.
    """
    rows = []
    names = {arm.name for arm in run.arms}
    for arm in run.arms:
        measured = arm.metrics.sets.get(part)
        if measured is None or protocol not in (None, arm.facts.protocol):
            continue
        if not tuned:
            rows.append(Row(arm.name, arm, False, headline(measured.default, run.positive)))
        if measured.tuned is not None and (tuned or (arm.method == "none" and arm.name + TUNED not in names)):
            rows.append(Row(arm.name + TUNED, arm, True, headline(measured.tuned, run.positive)))
    return rows


def ranked(run: Run, protocol: str, part: str = "test") -> list[Row]:
    """Return the leak-free rows of a protocol that have a balanced accuracy on a set, the highest first."""
    rows = [row for row in compared(run, part, protocol=protocol) if not row.arm.facts.leaky]
    known = [(row.values[PRIMARY].value, row) for row in rows]
    return [row for value, row in sorted(known, key=lambda pair: -(pair[0] or 0)) if value is not None]


def together(run: Run, part: str, protocol: str) -> list[Row]:
    """Return one row an arm trained with several seeds: the figures of all its models together, which are served."""
    arms = [arm for arm in run.arms if arm.facts.protocol == protocol and part in arm.metrics.sets]
    sets = [(arm, arm.metrics.sets[part].ensemble) for arm in arms]
    return [Row(arm.name, arm, False, headline(measures, run.positive)) for arm, measures in sets if measures]


def by_other_unit(run: Run, part: str, protocol: str | None = None) -> list[Row]:
    """Return one row an arm and rule, as ``compared`` has them, by the unit that the study does not name."""
    rows = []
    for row in compared(run, part, protocol=protocol):
        other = row.arm.metrics.sets[part].other
        measures = (other.tuned if row.tuned else other.default) if other else None
        if measures:
            rows.append(Row(row.label, row.arm, row.tuned, headline(measures, run.positive)))
    return rows


def chances(run: Run, protocol: str) -> list[Pair]:
    """Return the pairs of arms on the test set of which several trainings each are compared."""
    compared = run.comparisons[protocol].sets.get("test") if protocol in run.comparisons else None
    return [pair for pair in compared.pairs if pair.outperformance] if compared else []


def relocated(run: Run, part: str) -> list[Row]:
    """Return one row an arm that was measured on an external set with a threshold set anew there."""
    sets = [(arm, arm.metrics.sets[part].local) for arm in run.arms if part in arm.metrics.sets]
    return [Row(arm.name, arm, False, headline(local.measures, run.positive)) for arm, local in sets if local]


def published(run: Run) -> list[Published]:
    """Return each figure of the publication beside this run's."""
    arms = {(arm.facts.arm, arm.facts.protocol): arm for arm in run.arms}
    rows = []
    for entry in run.study.published:
        arm = arms.get((entry.arm, entry.protocol))
        measured = arm.metrics.sets.get(entry.set) if arm else None
        for metric, klass, value in figures_in(entry.model_extra or {}):
            ours = figure_of(measured.default, run.positive, metric, klass) if measured else None
            rows.append(Published(arm.name if arm else entry.arm, entry.set, metric, klass, value, ours))
    return rows


def majority(run: Run, part: str = "test") -> tuple[str, float] | None:
    """Return the most frequent class of a set and the accuracy of always answering it."""
    return largest(_supports(run, part))


def largest(supports: Mapping[str, int]) -> tuple[str, float] | None:
    """Return the class with most cases and its share of them; nothing without cases."""
    name = max(supports, key=lambda klass: supports[klass], default="")
    return (name, supports[name] / sum(supports.values())) if name else None


def supports_of(measures: Measures) -> dict[str, int]:
    """Return the number of cases of each class."""
    return {name: of_class.support for name, of_class in measures.per_class.items()}


def _supports(run: Run, part: str) -> dict[str, int]:
    """Return the number of cases of each class in a set; nothing where no arm was measured on it."""
    sets = (arm.metrics.sets[part] for arm in run.arms if part in arm.metrics.sets)
    measured = next(sets, None)
    return supports_of(measured.default) if measured else {}


def metrics_csv(run: Run) -> str:
    """Return every number of every arm, one a line; what is not estimable has empty fields."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_CSV)
    for arm in run.arms:
        for part, measured in arm.metrics.sets.items():
            local = measured.local.measures if measured.local else None
            rules = {"default": measured.default, "tuned": measured.tuned, "local": local}
            other = measured.other.default if measured.other else None
            by_other = "by case" if arm.metrics.unit == "patient" else "by patient"
            for rule, measures in (rules | {"ensemble": measured.ensemble, by_other: other}).items():
                for klass, metric, value in _long(measures) if measures else ():
                    writer.writerow([arm.name, part, rule, klass, metric, *_fields(value)])
        for part, subgroup, metric, value in subgroups.rows(arm):
            writer.writerow([arm.name, part, "default", subgroup, metric, *_fields(value)])
        for part, folded in arm.metrics.folds.items():
            for kind, values in (("mean", folded.mean), ("sd", folded.sd)):
                for metric, mean_or_sd in values.items():
                    writer.writerow([arm.name, part, "default", "", f"{metric}_{kind}_of_folds", *_bare(mean_or_sd)])
        for rule, of_rule in (("default", arm.metrics.gaps), ("tuned", arm.metrics.tuned_gaps)):
            for part, gaps in of_rule.items():
                for metric, value in gaps.items():
                    writer.writerow([arm.name, part, rule, "", f"gap_{metric}", *_fields(value)])
    return text.getvalue()


def latex(run: Run) -> str:
    """Return a booktabs table of the arms on the test set, or validation in its place; leaky arms carry a dagger."""
    rows = compared(run, run.shown)
    keys = list(rows[0].values) if rows else []
    lines = [
        r"% \usepackage{booktabs}",
        r"\begin{table}",
        rf"\caption{{{tex(own(run.study.title, run.study.title_id))}. {_explained(run, rows)}}}",
        r"\label{tab:seimbang}",
        r"\centering\small",
        rf"\begin{{tabular}}{{l{'c' * len(keys)}}}",
        r"\toprule",
        " & ".join([tr("Arm"), *(tex(title(key)) for key in keys)]) + r" \\",
        r"\midrule",
        *(_tex_row(row) for row in rows),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def tex(text: str) -> str:
    """Escape text for LaTeX, on one line."""
    return "".join(_ESCAPES.get(sign, sign) for sign in " ".join(text.split()))


def _explained(run: Run, rows: list[Row]) -> str:
    part = tr("Internal test set") if run.shown == "test" else tr("Validation part")
    auc = tr(" AUC after Hand and Till.") if len(run.classes) > 2 else ""
    return tr(r"{part}; 95\,\% intervals in parentheses.", part=part) + auc + _dagger(rows)


def _dagger(rows: list[Row]) -> str:
    return tr(r" $\dagger$\,leaks test information.") if any(row.arm.facts.leaky for row in rows) else ""


def _tex_row(row: Row) -> str:
    mark = r"$^{\dagger}$" if row.arm.facts.leaky else ""
    cells = (value.number if not value.range else f"{value.number} ({value.range})" for value in row.values.values())
    return " & ".join([tex(named(row.label)) + mark, *map(tex, cells)]) + r" \\"


def _long(measures: Measures) -> Iterator[tuple[str, str, Value]]:
    """Yield class (``""`` for all), metric and value."""
    for metric, value in measures.metrics.items():
        yield "", metric, value
    for klass, of_class in measures.per_class.items():
        for metric, value in of_class.metrics.items():
            yield klass, metric, value
        yield klass, "support", Value(value=of_class.support)
    for name, average in averages(measures).items():
        for metric, value in average.items():
            yield name, metric, value


def _bare(value: float | None) -> list[float | str]:
    return _fields(Value(value=value))


def _fields(value: Value) -> list[float | str]:
    low, high, of_seeds = ("" if bare is None else bare for bare in (value.low, value.high, value.of_seeds))
    return ["" if value.value is None else value.value, low, high, value.interval, of_seeds]


def figures_in(entry: dict[str, Any]) -> Iterator[tuple[str, str, float]]:
    """Yield metric, class (``""`` for all) and number of one ``[[published]]`` table, such as ``recall.NORMAL``."""
    for metric, value in entry.items():
        if isinstance(value, dict):
            for klass, of_class in value.items():
                if isinstance(of_class, int | float):
                    yield metric, str(klass), float(of_class)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield metric, "", float(value)
