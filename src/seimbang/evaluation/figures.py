"""What follows from METRICS: figures of a class, averages over the classes, what is published, shown and tested.

All are functions, so that they follow the list.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from seimbang.evaluation import metrics, table
from seimbang.evaluation.metric import Metric
from seimbang.evaluation.metrics import Weighted
from seimbang.evaluation.predictions import Floats
from seimbang.text import tr

Average = Literal["macro", "weighted"]
AVERAGES: dict[Average, Callable[[Floats, Weighted], Floats]] = {"macro": metrics.macro, "weighted": metrics.weighted}


def overall(classes: int) -> list[Metric]:
    """Return the metrics that are one number of a set with this number of classes."""
    return [metric for metric in table.METRICS if metric.needs.per == "set" and metric.suits(classes)]


def of_class(classes: int) -> list[Metric]:
    """Return the metrics that are one number of each class."""
    return [metric for metric in table.METRICS if metric.needs.per == "class" and metric.suits(classes)]


def main(classes: int) -> list[Metric]:
    """Return the metrics that are drawn, and followed to external sets."""
    return [metric for metric in overall(classes) if metric.main]


def primary() -> Metric:
    """Return the metric by which arms are ranked."""
    return next(metric for metric in table.METRICS if metric.key == table.PRIMARY)


def exchanged(classes: int) -> list[Metric]:
    """Return the metrics by which two arms are tested by exchanging their answers."""
    return [metric for metric in overall(classes) if metric.paired in ("cases", "classes")]


def ranked(classes: int) -> list[Metric]:
    """Return the metrics by which two arms are tested after DeLong."""
    return [metric for metric in overall(classes) if metric.paired == "delong"]


def fold_outcomes(classes: int) -> dict[str, Metric]:
    """Return the metrics by which two arms are tested over folds, by the key of the outcome."""
    return {f"folds_{metric}": metric for metric in exchanged(classes) if metric.over_folds}


def over_folds(classes: int) -> dict[str, str]:
    """Return the figures given fold by fold: their name in ``values`` by their key in ``metrics.json``."""
    whole = {metric.key: metric.key for metric in overall(classes) if metric.over_folds}
    return whole | {f"macro_{metric}": name(metric, "macro") for metric in of_class(classes) if metric.over_folds}


def headline(classes: int) -> dict[str, tuple[Metric, int | Average | None]]:
    """Return what reports show beside the arms, by key in ``figures``: the metric, and of what (see ``name``)."""
    shown = ("any", "two" if classes == 2 else "more")
    known = [metric for metric in table.METRICS if metric.suits(classes) and metric.headline in shown]
    of_class: int | Average = 1 if classes == 2 else "macro"
    return {_shown_as(metric, classes): (metric, None if metric.needs.per == "set" else of_class) for metric in known}


def _shown_as(metric: Metric, classes: int) -> str:
    if metric.needs.per == "set":
        return metric.key
    return (metric.positive or metric.key) if classes == 2 else f"macro_{metric.key}"


@dataclass(frozen=True)
class Figure:
    """A figure that a publication may report: a metric of a set or a class, or its average over the classes."""

    metric: Metric
    title: str
    average: Average | None = None


def figures() -> dict[str, Figure]:
    """Return every figure by the key that ``[[published]]`` gives it, such as ``recall`` or ``macro_recall``."""
    known = {metric.key: Figure(metric, metric.title) for metric in table.METRICS}
    known |= {metric.positive: Figure(metric, metric.positive) for metric in table.METRICS if metric.positive}
    averaged = [metric for metric in table.METRICS if metric.averaged]
    return known | {
        f"{kind}_{metric}": Figure(metric, f"{kind} {metric.title}", kind) for kind in AVERAGES for metric in averaged
    }


def title(key: str) -> str:
    """Return the name of a figure inside a sentence; of what is no figure, its key in words."""
    figure = figures().get(key)
    return tr(figure.title if figure else key.replace("_", " "))


def name(metric: Metric, of: int | Average | None = None) -> str:
    """Return the name in ``values`` of a metric: of a set (None), of a class by its position, or of an average."""
    return metric.key if of is None else f"{of}.{metric.key}"


def values(cases: Weighted, of: Sequence[str] = ("decisions", "probabilities")) -> dict[str, Floats]:
    """Return every metric of a set that is of these, by ``name``, shape ``(r,)`` each."""
    classes, numbers = cases.p.shape[1], {}
    for metric in (metric for metric in overall(classes) if metric.needs.of in of):
        numbers[metric.key] = metric.of(cases)
    for metric in (metric for metric in of_class(classes) if metric.needs.of in of):
        each = metric.of(cases)
        numbers |= {name(metric, k): each[:, k] for k in range(classes)}
        if metric.averaged:
            numbers |= {name(metric, kind): _average(kind, each, cases) for kind in AVERAGES}
    return numbers


def _average(kind: Average, each: Floats, cases: Weighted) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return AVERAGES[kind](each, cases)
