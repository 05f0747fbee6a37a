"""Operating points chosen on validation, and what a positive or negative answer means at a prevalence."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from seimbang.evaluation import intervals
from seimbang.evaluation.metric import Flags
from seimbang.evaluation.predictions import Floats, Ints, Scored
from seimbang.evaluation.value import Value, absent, number_of, too_few, undefined

TARGETS = (0.90, 0.95, 0.99)
PLACE = ["fold", "seed"]
DRAWS = 1000
Cuts = dict[tuple[str, str], float]


def cut_at(score: Floats, positive: Flags, of: str, target: float) -> float:
    """Return the threshold at which one rate is at least ``target`` on these cases and the other as high as it can be.

    It lies half-way between neighbouring probabilities; at 0 every case is positive, just above 1 none is.

    Args:
        score: Probability of the positive class, shape ``(n,)``.
        positive: Whether a case is of it, shape ``(n,)``; both kinds occur.
        of: ``"specificity"`` or ``"sensitivity"``.
        target: The rate.
    """
    distinct = np.unique(np.r_[0.0, score, 1.0])
    cuts = np.r_[0.0, (distinct[1:] + distinct[:-1]) / 2, np.nextafter(1.0, 2.0)]
    if of == "specificity":
        reached = np.searchsorted(np.sort(score[~positive]), cuts) >= target * (~positive).sum() - 1e-9
        return float(cuts[reached][0])
    reached = np.searchsorted(np.sort(score[positive]), cuts) <= (1 - target) * positive.sum() + 1e-9
    return float(cuts[reached][-1])


def operating_points(
    table: pd.DataFrame, sets: Mapping[str, Scored], classes: Sequence[str], prevalence: float | None
) -> dict[str, list[dict[str, Any]]]:
    """Return each operating point on each set, by the threshold of each training on its own validation part.

    Args:
        table: What ``predictions.checked`` returns.
        sets: The sets by name, of two classes, as ``predictions.scored`` orders them.
        classes: Names of the two sides; the last is that of a column ``p_<class>``.
        prevalence: At which predictive values are given besides at the set's own.

    Returns:
        By set, a list of operating points; none where a training has no validation part with both classes.
    """
    chosen = _chosen(table, classes[-1])
    points: dict[str, list[dict[str, Any]]] = {name: [] for name in sets}
    for (of, target), cuts in chosen.items():
        decided = _decided(table, classes[-1], cuts)
        for name, cases in sets.items():
            fact = {"at": of, "target": target, "thresholds": sorted({round(float(cut), 6) for cut in cuts.values()})}
            points[name].append(fact | _figures(cases, decided[name], classes, prevalence))
    return points


def _chosen(table: pd.DataFrame, positive: str) -> dict[tuple[str, float], Cuts]:
    """Return by rate and target the threshold of each fold and seed."""
    validation = table[table.set == "validation"].groupby(PLACE, sort=False)
    sides = {
        (str(fold), str(seed)): (rows[f"p_{positive}"].to_numpy(np.float64), (rows.label == positive).to_numpy())
        for (fold, seed), rows in validation
    }
    missing = set(zip(table.fold, table.seed, strict=True)) - set(sides)
    if missing or any(flags.all() or not flags.any() for _, flags in sides.values()):
        return {}
    return {
        (of, target): {place: cut_at(*side, of, target) for place, side in sides.items()}
        for of in ("specificity", "sensitivity")
        for target in TARGETS
    }


def _decided(table: pd.DataFrame, positive: str, cuts: Cuts) -> dict[str, Ints]:
    """Return each set's predicted sides, seed by seed and case by case; of several folds what most of them say."""
    cut = np.array([cuts[place] for place in zip(table.fold, table.seed, strict=True)])
    called = table.assign(called=table[f"p_{positive}"].to_numpy(np.float64) >= cut)
    return {
        str(name): (rows.groupby(["seed", "case_id"], sort=True).called.mean().to_numpy() >= 0.5).astype(np.int64)
        for name, rows in called.groupby("set", sort=False)
    }


def _figures(cases: Scored, decided: Ints, classes: Sequence[str], prevalence: float | None) -> dict[str, Any]:
    if why := absent(cases, classes):
        return {"sensitivity": undefined(why), "specificity": undefined(why), "predictive": []}
    levels = [float(cases.y.mean()), *([] if prevalence is None else [prevalence])]
    return {
        "sensitivity": rate(cases, decided, 1),
        "specificity": rate(cases, decided, 0),
        "predictive": [{"prevalence": level, **predictive_values(cases, decided, classes, level)} for level in levels],
    }


def rate(cases: Scored, decided: Ints, side: int | None = None) -> Value:
    """Return the share of the cases of one side, or of all, that are predicted right."""
    counted, hit = (np.ones(len(cases.y), bool) if side is None else cases.y == side), decided == cases.y
    parts = zip(np.split(hit, cases.seeds), np.split(counted, cases.seeds), strict=True)
    of_seeds = np.array([hits[of_side].mean() for hits, of_side in parts])
    interval = intervals.proportion(hit[counted], cases.group[counted], cases.seeds)
    return number_of(float(hit[counted].mean()), interval, of_seeds)


def predictive_values(cases: Scored, decided: Ints, classes: Sequence[str], level: float) -> dict[str, Value]:
    """Return PPV and NPV at a prevalence, by Bayes' rule; intervals from the posterior of both rates.

    Args:
        cases: A set of two classes.
        decided: The predicted sides, shape ``(m,)``.
        classes: Names of the two sides.
        level: The prevalence.
    """
    prior = intervals.jeffreys(cases, decided)
    y, called = np.r_[cases.y, prior.y], np.r_[decided, prior.predicted]
    draws = intervals.resample(cases, lambda w: _bayes(w, y, called, level), DRAWS, 0, prior)
    value = {
        key: float(of_all[0])
        for key, of_all in _bayes(np.ones((1, cases.n * cases.seeds)), cases.y, decided, level).items()
    }
    sides = zip(np.split(cases.y, cases.seeds), np.split(decided, cases.seeds), strict=True)
    each = [_bayes(np.ones((1, cases.n)), *side, level) for side in sides]
    made = {}
    for key in value:
        why = too_few(cases, classes)
        if not np.isfinite(value[key]):
            made[key] = undefined("no case has this answer")
        elif why:
            made[key] = undefined(why, value[key])
        else:
            low, high = intervals.percentiles(draws[key])
            ends = (min(low, value[key]), max(high, value[key]), "Bayesian bootstrap")
            made[key] = number_of(value[key], ends, np.concatenate([of_seed[key] for of_seed in each]))
    return made


def _bayes(w: Floats, y: Ints, called: Ints, level: float) -> dict[str, Floats]:
    """Return PPV and NPV of each weighting; NaN where no case has the answer."""
    positive, hit = y == 1, called == 1
    with np.errstate(divide="ignore", invalid="ignore"):
        sensitivity = w[:, positive & hit].sum(1) / w[:, positive].sum(1)
        specificity = w[:, ~positive & ~hit].sum(1) / w[:, ~positive].sum(1)
        right, wrong = sensitivity * level, (1 - specificity) * (1 - level)
        spared, missed = specificity * (1 - level), (1 - sensitivity) * level
        return {"ppv": right / (right + wrong), "npv": spared / (spared + missed)}
