"""The numbers of a run as tables: for the page, as long CSV and as LaTeX."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from seimbang.record.read import Arm, Run
from seimbang.record.shapes import Average, Measures, Value

NAMES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "f1": "F1",
    "macro_precision": "macro precision",
    "macro_recall": "macro recall",
    "macro_f1": "macro F1",
    "auc": "AUC",
    "calibration_error": "calibration error",
    "average_precision": "average precision",
    "kappa": "Cohen's kappa",
    "mcc": "Matthews correlation",
    "g_mean": "G-mean",
    "log_loss": "log loss",
    "brier": "Brier score",
}
_CSV = ("arm", "set", "threshold", "class", "metric", "value", "low", "high", "interval")
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
    """One line of a comparison: an arm under one decision rule."""

    label: str
    arm: Arm
    values: dict[str, Value]


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
        name = NAMES.get(self.metric, self.metric.replace("_", " "))
        return f"{name} ({self.klass})" if self.klass else name

    @property
    def verdict(self) -> str:
        """Where the published figure lies."""
        if self.ours is None or self.ours.value is None:
            return "not measured in this run"
        side = self.ours.side_of(self.published)
        return {0: "inside our interval", 1: "below our interval", -1: "above our interval"}[side]


def headline(measures: Measures, positive: str) -> dict[str, Value]:
    """Return the figures shown side by side; with more than two classes, macro averages instead of the positive's."""
    of, last = measures.metrics, measures.per_class[positive]
    single = {"sensitivity": last.recall, "specificity": last.specificity, "f1": last.f1}
    macro = measures.macro
    several = {"macro_precision": macro.precision, "macro_recall": macro.recall, "macro_f1": macro.f1}
    return {
        "accuracy": of["accuracy"],
        "balanced_accuracy": of["balanced_accuracy"],
        **(single if len(measures.per_class) == 2 else several),
        "auc": of["auc"],
        "calibration_error": of["calibration_error"],
    }


def title(metric: str) -> str:
    """Return a metric's name as it stands at the head of a column."""
    name = NAMES.get(metric, metric.replace("_", " "))
    return name[:1].upper() + name[1:]


def compared(run: Run, part: str = "test", tuned: bool = False, protocol: str | None = None) -> list[Row]:
    """Return one row an arm that has the set ``part``; with ``protocol``, only of the arms under it.

    By default the class with the highest probability is the answer, and each arm without balancing gets a second row
    with its tuned threshold; with ``tuned`` every arm uses its tuned threshold and arms without one are left out.
    """
    rows = []
    for arm in run.arms:
        found = arm.metrics.sets.get(part)
        if found is None or protocol not in (None, arm.facts.protocol):
            continue
        if not tuned:
            rows.append(Row(arm.name, arm, headline(found.default, run.positive)))
        if found.tuned is not None and (tuned or arm.method == "none"):
            label = f"{arm.name} + tuned threshold"
            rows.append(Row(label, arm, headline(found.tuned, run.positive)))
    return rows


def published(run: Run) -> list[Published]:
    """Return each figure of the publication beside this run's."""
    arms = {(arm.facts.arm, arm.facts.protocol): arm for arm in run.arms}
    rows = []
    for entry in run.study.published:
        arm = arms.get((entry.arm, entry.protocol))
        found = arm.metrics.sets.get(entry.set) if arm else None
        for metric, klass, number in _figures(entry.model_extra or {}):
            ours = _ours(found.default, run.positive, metric, klass) if found else None
            rows.append(Published(arm.name if arm else entry.arm, entry.set, metric, klass, number, ours))
    return rows


def majority(run: Run, part: str = "test") -> tuple[str, float] | None:
    """Return the most frequent class of a set and the accuracy of always answering it."""
    found = next((arm.metrics.sets[part] for arm in run.arms if part in arm.metrics.sets), None)
    if found is None:
        return None
    supports = {name: one.support for name, one in found.default.per_class.items()}
    name = max(supports, key=lambda klass: supports[klass])
    return name, supports[name] / sum(supports.values())


def metrics_csv(run: Run) -> str:
    """Return every number of every arm, one a line; what is not estimable has empty fields."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_CSV)
    for arm in run.arms:
        for part, found in arm.metrics.sets.items():
            for rule, measures in (("default", found.default), ("tuned", found.tuned)):
                for klass, metric, value in _long(measures) if measures else ():
                    writer.writerow([arm.name, part, rule, klass, metric, *_fields(value)])
        for part, folded in arm.metrics.folds.items():
            for kind, values in (("mean", folded.mean), ("sd", folded.sd)):
                for metric, number in values.items():
                    writer.writerow([arm.name, part, "default", "", f"{metric}_{kind}_of_folds", *_bare(number)])
        for part, gaps in arm.metrics.gaps.items():
            for metric, value in gaps.items():
                writer.writerow([arm.name, part, "default", "", f"gap_{metric}", *_fields(value)])
    return text.getvalue()


def latex(run: Run) -> str:
    """Return a booktabs table of the arms on the test set; leaky arms carry a dagger."""
    rows = compared(run)
    keys = list(rows[0].values) if rows else []
    lines = [
        r"% \usepackage{booktabs}",
        r"\begin{table}",
        rf"\caption{{{tex(run.study.title)}. {_explained(run, rows)}}}",
        r"\label{tab:seimbang}",
        r"\centering\small",
        rf"\begin{{tabular}}{{l{'c' * len(keys)}}}",
        r"\toprule",
        " & ".join(["Arm", *(tex(title(key)) for key in keys)]) + r" \\",
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
    auc = " AUC after Hand and Till." if len(run.classes) > 2 else ""
    return rf"Internal test set; 95\,\% intervals in parentheses.{auc}{_dagger(rows)}"


def _dagger(rows: list[Row]) -> str:
    return r" $\dagger$\,leaks test information." if any(row.arm.facts.leaky for row in rows) else ""


def _tex_row(row: Row) -> str:
    mark = r"$^{\dagger}$" if row.arm.facts.leaky else ""
    cells = (value.number if not value.range else f"{value.number} ({value.range})" for value in row.values.values())
    return " & ".join([tex(row.label) + mark, *map(tex, cells)]) + r" \\"


def _long(measures: Measures) -> Iterator[tuple[str, str, Value]]:
    """Yield class (``""`` for all), metric and value."""
    for metric, value in measures.metrics.items():
        yield "", metric, value
    for klass, one in measures.per_class.items():
        for metric in ("precision", "recall", "specificity", "f1"):
            yield klass, metric, getattr(one, metric)
        yield klass, "support", Value(value=one.support)
    for name in ("macro", "weighted"):
        average: Average = getattr(measures, name)
        for metric in ("precision", "recall", "f1"):
            yield name, metric, getattr(average, metric)


def _bare(number: float | None) -> list[float | str]:
    return _fields(Value(value=number))


def _fields(value: Value) -> list[float | str]:
    numbers = (value.value, value.low, value.high)
    return [*("" if number is None else number for number in numbers), value.interval]


def _figures(entry: dict[str, Any]) -> Iterator[tuple[str, str, float]]:
    """Yield metric, class (``""`` for all) and number of one ``[[published]]`` table, such as ``recall.NORMAL``."""
    for metric, value in entry.items():
        if isinstance(value, dict):
            for klass, number in value.items():
                if isinstance(number, int | float):
                    yield metric, str(klass), float(number)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield metric, "", float(value)


def _ours(measures: Measures, positive: str, metric: str, klass: str) -> Value | None:
    """Return this run's number for a published one; without a class, precision and the like are the positive's."""
    average, _, rest = metric.partition("_")
    if average in {"macro", "weighted"}:
        value = getattr(getattr(measures, average), rest, None)
    elif metric in measures.metrics and not klass:
        value = measures.metrics[metric]
    else:
        one = measures.per_class.get(klass or positive)
        value = getattr(one, {"sensitivity": "recall"}.get(metric, metric), None)
    return value if isinstance(value, Value) else None
