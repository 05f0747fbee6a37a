"""Curves with pointwise 95 % bands: at each place by itself, the height to expect and where patients and seeds put it.

Patients are weighted at random (Bayesian bootstrap). Half a case of either class above all probabilities, and half
below them, makes every rate that a threshold can have one of Jeffreys' prior, so that no band collapses to a line where
all cases of a class are on one side.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from seimbang.evaluation import intervals, ranking
from seimbang.evaluation.intervals import Prior
from seimbang.evaluation.metric import Flags
from seimbang.evaluation.predictions import Floats, Ints, Scored
from seimbang.evaluation.probabilities import against_rest
from seimbang.evaluation.value import number_of, too_few

GRID = np.linspace(0, 1, 101)
ABOVE, BELOW = 2.0, -1.0
"""Probabilities, so to speak, of the pseudo-cases."""
Height = Callable[[Floats, Flags, Floats], Floats]
"""Of weights, shape ``(r, n)``, which cases are positive, and their probabilities: heights, shape ``(r, k)``."""


def bands(cases: Scored, classes: Sequence[str], draws: int, seed: int) -> dict[str, dict[str, Any]]:
    """Return the bands of the curves of each class against the rest; of two classes, of the positive one.

    Args:
        cases: A set.
        classes: Class names; the positive one of two is the last.
        draws: Number of draws.
        seed: Their seed.

    Returns:
        By class ``roc``, sensitivity at equal steps of the false positive rate, and ``precision_recall``, precision at
        equal steps of recall. A class without cases, or without others, has none.
    """
    present = [k for k in ([1] if len(classes) == 2 else range(len(classes))) if 0 < (cases.y == k).mean() < 1]
    return {classes[k]: _of_class(against_rest(cases, k), classes, k, draws, seed) for k in present}


def _of_class(cases: Scored, classes: Sequence[str], k: int, draws: int, seed: int) -> dict[str, Any]:
    names = [classes[0] if len(classes) == 2 else f"other than {classes[k]}", classes[k]]
    recall = GRID[1:]

    def roc(w: Floats, positive: Flags, score: Floats) -> Floats:
        return ranking.sensitivity_at(w, positive, score, GRID)

    def precision(w: Floats, positive: Flags, score: Floats) -> Floats:
        return ranking.precision_at(w, positive, score, recall)

    return {
        "roc": pointwise(cases, names, roc, GRID, draws, seed),
        "precision_recall": pointwise(cases, names, precision, recall, draws, seed),
    }


def pointwise(
    cases: Scored,
    names: Sequence[str],
    height: Height,
    x: Floats,
    draws: int,
    seed: int,
    limits: tuple[float, float] = (0.0, 1.0),
) -> dict[str, Any]:
    """Return the mean over the seeds of a curve, with the 95 % interval of each height.

    Args:
        cases: A set of two classes, of which both have cases.
        names: Their names.
        height: The curve of one training.
        x: Where it is measured, shape ``(k,)``.
        draws: Number of draws.
        seed: Their seed.
        limits: Lowest and highest value that a height can have.

    Returns:
        ``x, value, low, high`` and ``why``; with too few patients no ends, and the reason.
    """
    of_seeds = _of_seeds(cases, height, np.ones((1, len(cases.y))))[:, 0]
    made = {"x": x, "value": of_seeds.mean(0), "low": np.empty(0), "high": np.empty(0)}
    why = too_few(cases, names)
    if not why:
        prior = intervals.jeffreys(cases, _upper_half(cases))
        drawn = intervals.resample(
            cases, lambda w: {"": _of_seeds(cases, height, w, prior).mean(0)}, draws, seed, prior
        )[""]
        made["low"], made["high"] = _ends(made["value"], drawn, of_seeds, limits)
    return {key: np.round(row, 6).tolist() for key, row in made.items()} | {"why": why}


def _ends(value: Floats, drawn: Floats, of_seeds: Floats, limits: tuple[float, float]) -> tuple[Floats, Floats]:
    """Return the lower and the upper ends; they hold the value, and of several seeds they know."""
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    ends = zip(value, np.minimum(low, value), np.maximum(high, value), of_seeds.T, strict=True)
    numbers = [number_of(at, (down, up, ""), each, limits) for at, down, up, each in ends]
    lower, upper = (np.array([number[end] for number in numbers], np.float64) for end in ("low", "high"))
    return lower, upper


def _of_seeds(cases: Scored, height: Height, w: Floats, prior: Prior | None = None) -> Floats:
    """Return the heights of each seed, shape ``(s, r, k)``, by weights of the cases and then of pseudo-cases."""
    own, pseudo = np.split(w, [len(cases.y)], axis=1)
    positive = np.empty(0, bool) if prior is None else prior.y == 1
    scores = np.empty(0) if prior is None else np.where(prior.predicted == 1, ABOVE, BELOW)
    parts = (np.split(rows, cases.seeds) for rows in (own.T, cases.y, cases.p[:, 1]))
    return np.stack(
        [height(np.c_[v.T, pseudo], np.r_[y == 1, positive], np.r_[p, scores]) for v, y, p in zip(*parts, strict=True)]
    )


def _upper_half(cases: Scored) -> Ints:
    """Return 1 for cases at or above the median probability of their class: how alike are those of a patient."""
    p = cases.p[:, 1]
    medians = np.array([np.median(p[cases.y == k]) for k in range(2)])
    return np.asarray(p >= medians[cases.y], np.int64)
