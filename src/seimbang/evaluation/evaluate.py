"""``predictions.csv`` -> ``metrics.json``: numbers with intervals, the tuned threshold, the drop outside."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from seimbang.evaluation import base, figures, folds, threshold
from seimbang.evaluation.bands import bands
from seimbang.evaluation.measured import Measured
from seimbang.evaluation.predictions import Ints, Scored, checked, ensemble, is_tested, scored
from seimbang.evaluation.units import of_unit, other_unit


def evaluate(
    predictions: pd.DataFrame,
    classes: Sequence[str],
    seed: int = 0,
    resamples: int = 1000,
    tuned: bool = False,
    settings: base.EvaluationSettings = base.DEFAULT,
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
        settings: Of what figures are.

    Returns:
        The content of ``metrics.json``: plain values, None where a number cannot be estimated, with the reason.

    Raises:
        IntegrityError: The table is not what a run writes.
        DataError: What ``by_patient`` raises.
    """
    of_what = {"unit": settings.unit, "combine": settings.combine, "classes": list(classes), "positive": classes[-1]}
    return of_what | _figures(checked(predictions, classes), classes, seed, resamples, tuned, settings)


def _figures(
    cases: pd.DataFrame,
    classes: Sequence[str],
    seed: int,
    resamples: int,
    tuned: bool,
    settings: base.EvaluationSettings,
) -> dict[str, Any]:
    """Return all figures, from the checked predictions of cases."""
    table, of_seeds = of_unit(cases, classes, settings), ensemble(cases, classes)
    together = table if of_seeds is cases else of_unit(of_seeds, classes, settings)
    others = other_unit(cases, classes, settings)

    def measured(rows: pd.DataFrame, step: int = 0) -> dict[str, dict[str, Measured]]:
        sets = enumerate(scored(rows, classes).items())
        return {name: _readings(one, classes, resamples, seed + step * k, tuned) for k, (name, one) in sets}

    read, of_folds = measured(table, 1), folds.measure(table, classes, tuned)
    ensembles = measured(together) if together is not table else {}
    by_other = measured(others) if others is not None else {}
    return {
        "threshold": _rule(table, together, classes, tuned),
        "sets": {
            name: _set(name, rules, classes, seed)
            | (_together(ensembles[name]) if ensembles else {})
            | (_other(by_other[name]) if name in by_other and name != "validation" else {})
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
        "bands": bands(own.cases, classes, own.resamples, seed) if is_tested(name) else {},
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


def _other(rules: Mapping[str, Measured]) -> dict[str, Any]:
    """Return the figures by the other unit, by each rule."""
    own = rules["default"]
    tuned = rules["tuned"].table() if "tuned" in rules else None
    return {"other": {"n": own.cases.n, "default": own.table(), "tuned": tuned}}


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
