"""``predictions.csv`` -> ``metrics.json``: numbers with intervals, the tuned threshold, the drop outside."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from seimbang.evaluation import figures, folds, threshold
from seimbang.evaluation.measured import Measured
from seimbang.evaluation.predictions import checked, scored


def evaluate(
    predictions: pd.DataFrame, classes: Sequence[str], seed: int = 0, resamples: int = 1000, tuned: bool = False
) -> dict[str, Any]:
    """Compute everything that is reported of one arm from its predictions alone.

    Args:
        predictions: ``case_id, group, fold, seed, set, label, p_<class>...``; a case predicted with several seeds or
            in several folds counts once, with its mean probabilities.
        classes: Class names; the positive one of two is the last.
        seed: Seed of the bootstrap.
        resamples: Number of bootstrap draws.
        tuned: Whether the arm's own answer is by the threshold chosen on validation; there is then no second reading.

    Returns:
        The content of ``metrics.json``: plain values, None where a number cannot be estimated, with the reason.

    Raises:
        IntegrityError: The table is not what a run writes.
    """
    table = checked(predictions, classes)
    own, sets = {}, {}
    for number, (name, cases) in enumerate(scored(table, classes).items()):
        decided = cases.decisions(tuned)
        own[name] = Measured(cases, decided, classes, resamples, seed + number)
        other = None if decided is cases.tuned else cases.tuned
        second = None if other is None else Measured(cases, other, classes, resamples, seed + number).table()
        sets[name] = {"n": len(cases.y), "groups": cases.groups, "default": own[name].table(), "tuned": second}
    of_folds = folds.measure(table, classes, tuned)
    return {
        "classes": list(classes),
        "positive": classes[-1],
        "threshold": _rule(threshold.by_fold(table, classes), tuned),
        "sets": sets,
        "folds": {"test": of_folds.table()} if len(of_folds.names) > 1 else {},
        "gaps": _gaps(own, len(classes)),
    }


def _rule(cuts: dict[str, float], tuned: bool) -> dict[str, Any]:
    """Say which thresholds were chosen; ``value`` is that of the first fold, whose model is the one to be used."""
    value, rule = (next(iter(cuts.values())), threshold.RULE) if cuts else (None, "none: the most probable class")
    return {"value": value, "folds": cuts, "rule": rule, "decides": tuned and bool(cuts)}


def _gaps(own: dict[str, Measured], classes: int) -> dict[str, Any]:
    """Return each external set minus the internal test."""
    outside = [name for name in own if name.startswith("external:") and "test" in own]
    return {
        name: {str(metric): own[name].minus(own["test"], metric) for metric in figures.main(classes)}
        for name in outside
    }
