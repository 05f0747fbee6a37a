"""``predictions.csv`` -> ``metrics.json``: numbers with intervals, the tuned threshold, the drop outside."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from seimbang.evaluation import figures, folds, threshold
from seimbang.evaluation.measured import Measured
from seimbang.evaluation.predictions import Ints, Scored, checked, ensemble, scored


def evaluate(
    predictions: pd.DataFrame, classes: Sequence[str], seed: int = 0, resamples: int = 1000, tuned: bool = False
) -> dict[str, Any]:
    """Compute everything that is reported of one arm from its predictions alone.

    Args:
        predictions: ``case_id, group, fold, seed, set, label, p_<class>...``; a case predicted in several folds counts
            once, with its mean probabilities. With several seeds figures are the mean over them, which is what to
            expect of one training; ``ensemble`` is of their mean probabilities.
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
    read = {
        name: _readings(cases, classes, resamples, seed + number, tuned)
        for number, (name, cases) in enumerate(scored(table, classes).items())
    }
    of_folds, together = folds.measure(table, classes, tuned), ensemble(table, classes)
    ensembles = scored(together, classes) if together is not table else {}
    return {
        "classes": list(classes),
        "positive": classes[-1],
        "threshold": _rule(table, together, classes, tuned),
        "sets": {
            name: _set(name, rules, classes, seed)
            | (_together(_readings(ensembles[name], classes, resamples, seed, tuned)) if ensembles else {})
            for name, rules in read.items()
        },
        "folds": {"test": of_folds.table()} if len(of_folds.names) > 1 else {},
        "gaps": _gaps(read, "default", len(classes)),
        "tuned_gaps": _gaps(read, "tuned", len(classes)),
    }


def _readings(cases: Scored, classes: Sequence[str], resamples: int, seed: int, tuned: bool) -> dict[str, Measured]:
    """Return a set measured by each decision rule: the arm's own as ``default``, and ``tuned`` where that is another.

    All rules of a set see the same draws.
    """
    rules = {"default": cases.decisions(tuned), "tuned": cases.tuned}
    if rules["default"] is cases.tuned:
        del rules["tuned"]
    return {
        rule: Measured(cases, decided, classes, resamples, seed)
        for rule, decided in rules.items()
        if decided is not None
    }


def _set(name: str, rules: Mapping[str, Measured], classes: Sequence[str], seed: int) -> dict[str, Any]:
    own = rules["default"]
    outside = len(classes) == 2 and name.startswith("external:")
    return {
        "n": own.cases.n,
        "seeds": own.cases.seeds,
        "groups": own.cases.groups,
        "default": own.table(),
        "tuned": rules["tuned"].table() if "tuned" in rules else None,
        "local": _local(rules, seed) if outside else None,
    }


def _local(rules: Mapping[str, Measured], seed: int) -> dict[str, Any] | None:
    """Return an external set with its threshold set anew on it, and what each rule gains by that."""
    decided = _relocated(rules["default"].cases, seed)
    if decided is None:
        return None
    local = rules["default"].decided(decided)
    return {
        "measures": local.table(),
        "gain": {rule: local.minus(one, figures.primary()) for rule, one in rules.items()},
    }


def _relocated(cases: Scored, seed: int) -> Ints | None:
    """Decide the cases of each seed by thresholds set anew on other patients of the set; None with too few."""
    decided = [
        threshold.cross_fitted(cases.p[rows, 1], cases.y[rows] == 1, cases.group[rows], seed)
        for rows in np.split(np.arange(len(cases.y)), cases.seeds)
    ]
    known = [rows for rows in decided if rows is not None]
    return np.concatenate(known) if len(known) == len(decided) else None


def _together(rules: Mapping[str, Measured]) -> dict[str, Any]:
    """Return the figures of the models of all seeds together, by each rule."""
    return {
        "ensemble": rules["default"].table(),
        "ensemble_tuned": rules["tuned"].table() if "tuned" in rules else None,
    }


def _rule(table: pd.DataFrame, together: pd.DataFrame, classes: Sequence[str], tuned: bool) -> dict[str, Any]:
    """Say which thresholds were chosen; ``value`` is that of the first fold, whose models are the ones to be used."""
    cuts = threshold.by_training(together, classes)
    value, rule = (next(iter(cuts.values())), threshold.RULE) if cuts else (None, "none: the most probable class")
    return {
        "value": value,
        "folds": {fold: cut for (fold, _), cut in cuts.items()},
        "trainings": [] if together is table else list(threshold.by_training(table, classes).values()),
        "rule": rule,
        "decides": tuned and bool(cuts),
    }


def _gaps(read: Mapping[str, Mapping[str, Measured]], rule: str, classes: int) -> dict[str, Any]:
    """Return each external set minus the internal test, both by one rule."""
    own = {name: rules[rule] for name, rules in read.items() if rule in rules}
    outside = [name for name in own if name.startswith("external:") and "test" in own]
    return {
        name: {str(metric): own[name].minus(own["test"], metric) for metric in figures.main(classes)}
        for name in outside
    }
