"""Whether more patients, another seed or another method changes balanced accuracy most, on the validation part.

All three are differences in balanced accuracy: of all training patients and half of them, of two trainings of an arm,
and of two arms; the last two typical ones, the root of the mean square less what the patients, and of arms the
seeds, make of it by chance. They are compared in draws of patients and seeds.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from seimbang.evaluation import figures, intervals, seeds
from seimbang.evaluation.measured import Measured
from seimbang.evaluation.predictions import Floats, Scored, checked, scored
from seimbang.evaluation.sample_size import of_each_seed, of_trainings
from seimbang.evaluation.value import Value, absent, undefined

SURE = 0.95
RESAMPLES = 1000
Accuracies = tuple[Floats, Floats]
"""Balanced accuracy of each seed, shape ``(1, s)``, and in draws of patients, shape ``(r, s)``."""


def levers(
    tables: Mapping[str, Mapping[int, pd.DataFrame]], classes: Sequence[str], tuned: Sequence[str] = (), seed: int = 0
) -> dict[str, Any]:
    """Return the learning curves of the arms of a protocol, and which lever is the largest.

    Args:
        tables: Predictions of the validation part by arm and per cent of the training patients, 50 and 100 among them.
        classes: Class names; the positive one of two is the last.
        tuned: Arms whose answer is by their threshold chosen on validation.
        seed: Seed of the draws.

    Returns:
        What ``record.levers.Levers`` holds, but for the protocol and what was left out; the points of a curve without
        their patients.
    """
    cases = {
        arm: {percent: scored(checked(table, classes), classes)["validation"] for percent, table in of_arm.items()}
        for arm, of_arm in tables.items()
    }
    first = next(iter(cases.values()))[100]
    why = absent(first, classes)
    known = {
        arm: {percent: of_each_seed(of_arm[percent], arm in tuned, seed) for percent in (50, 100)}
        for arm, of_arm in cases.items()
    }
    rng = np.random.default_rng(seed)
    gains = {arm: _gain({arm: of_arm}, rng, why)[0] for arm, of_arm in known.items()}
    curves = [_curve(arm, of_arm, classes, arm in tuned, seed) | {"gain": gains[arm]} for arm, of_arm in cases.items()]
    whole = {arm: of_arm[100] for arm, of_arm in known.items()}
    all_levers = {
        "data": _gain(known, rng, why),
        "seeds": _seeds(whole, rng, why),
        "methods": _methods(whole, rng, why),
    }
    return {
        "patients": first.groups,
        "curves": curves,
        **{name: value for name, (value, _) in all_levers.items()},
        "largest": _largest(all_levers),
    }


def _curve(arm: str, of_arm: Mapping[int, Scored], classes: Sequence[str], tuned: bool, seed: int) -> dict[str, Any]:
    shown = [metric for metric in figures.overall(len(classes)) if metric.key in ("balanced_accuracy", "auc")]
    points = []
    for percent, cases in sorted(of_arm.items()):
        measured = Measured(cases, cases.decisions(tuned), classes, RESAMPLES, seed)
        points.append({"percent": percent, **{metric.key: measured.number(metric) for metric in shown}})
    return {"arm": arm, "points": points}


def _gain(arms: Mapping[str, Mapping[int, Accuracies]], rng: np.random.Generator, why: str) -> tuple[Value, Floats]:
    """Return the mean gain of the arms from half of the patients to all, with its interval, and in draws."""
    if why:
        return _unknown(why)
    differences = [(of_arm[100][0] - of_arm[50][0], of_arm[100][1] - of_arm[50][1]) for of_arm in arms.values()]
    value = float(np.mean([whole.mean() for whole, _ in differences]))
    of_patients = np.mean([drawn.mean(1) for _, drawn in differences], 0)
    noise = [_luck(whole[0], len(of_patients), rng) for whole, _ in differences]
    draws = np.clip(of_patients - of_patients.mean() + value + np.mean(noise, 0), -1, 1)
    return _value(value, draws), draws


def _seeds(arms: Mapping[str, Accuracies], rng: np.random.Generator, why: str) -> tuple[Value, Floats]:
    """Return the typical difference between two trainings of an arm."""
    several = [values for values in arms.values() if values[0].shape[1] > 1]
    if why or not several:
        return _unknown(why or "each arm has a single training")
    parts = [of_trainings(*values) for values in several]
    observed = float(np.mean([whole.var(ddof=1) for whole, _ in several]))
    of_patients = float(np.mean([noise for _, noise in parts]))
    freedom = sum(whole.shape[1] - 1 for whole, _ in several)
    draws = observed * freedom / rng.chisquare(freedom, len(several[0][1])) - of_patients
    return _of_squares(2 * (observed - of_patients), 2 * draws)


def _methods(arms: Mapping[str, Accuracies], rng: np.random.Generator, why: str) -> tuple[Value, Floats]:
    """Return the typical difference between two arms."""
    if why or len(arms) < 2:
        return _unknown(why or "there is one arm")
    means = {arm: float(whole.mean()) for arm, (whole, _) in arms.items()}
    moved = {
        arm: drawn.mean(1) - drawn.mean() + means[arm] + _luck(whole[0], len(drawn), rng)
        for arm, (whole, drawn) in arms.items()
    }
    pairs = list(combinations(arms, 2))
    observed = np.mean([(means[one] - means[other]) ** 2 for one, other in pairs])
    apart = np.array([moved[one] - moved[other] for one, other in pairs])
    patients = {arm: drawn.mean(1) for arm, (_, drawn) in arms.items()}
    trainings = sum(seeds.spread(whole[0]).variance for whole, _ in arms.values()) * 2 / len(arms)
    by_chance = float(np.mean([(patients[one] - patients[other]).var() for one, other in pairs])) + trainings
    return _of_squares(float(observed) - by_chance, (apart**2).mean(0) - 2 * by_chance)


def _luck(of_seeds: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """Return how far other seeds might move the mean over them."""
    spread = seeds.spread(of_seeds)
    return np.asarray(rng.standard_t(spread.freedom, draws) * math.sqrt(spread.variance))


def _of_squares(square: float, draws: Floats) -> tuple[Value, Floats]:
    roots = np.sqrt(np.clip(draws, 0, 1))
    return _value(math.sqrt(max(square, 0.0)), roots), roots


def _value(value: float, draws: Floats) -> Value:
    low, high = intervals.percentiles(draws)
    return {"value": value, "low": min(low, value), "high": max(high, value), "interval": "draws of patients and seeds"}


def _unknown(why: str) -> tuple[Value, Floats]:
    return undefined(why), np.zeros(0)


def _largest(all_levers: Mapping[str, tuple[Value, Floats]]) -> str:
    """Return the lever that is the largest in 95 % of draws, empty where none is, or where fewer than two are known."""
    draws = {name: drawn for name, (_, drawn) in all_levers.items() if len(drawn)}
    if len(draws) < 2:
        return ""
    best = max(draws, key=lambda name: float(all_levers[name][0]["value"] or 0))
    above = np.all([draws[best] > other for name, other in draws.items() if name != best], 0)
    return best if above.mean() >= SURE and float(all_levers[best][0]["low"] or 0) > 0 else ""
