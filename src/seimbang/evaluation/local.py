"""A model at another place: figures there, and a correction learned on half of its patients, tested on the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seimbang.evaluation.conformal import answers, least
from seimbang.evaluation.intervals import wilson
from seimbang.evaluation.measured import Measured
from seimbang.evaluation.predictions import Floats, Ints, Scored
from seimbang.evaluation.probabilities import SMALLEST, log_odds, logistic
from seimbang.evaluation.refusal import share
from seimbang.evaluation.threshold import best_threshold, decide, halved

FEWEST = 20
"""Patients of each class without which nothing is learned: ten to learn on, ten to test on."""
RESAMPLES = 1000
MOST = 1_000_000
Temperature = Callable[[Floats, Ints], float]


@dataclass(frozen=True)
class Correction:
    """Turns probabilities ``p`` into ``softmax(slope ln p + shift)``, and sets a threshold.

    Of two classes it is Platt's (1999) logistic regression on the log odds; of more, a temperature of ``1 / slope``.

    Attributes:
        slope: Of the logarithms; 1 changes nothing.
        shift: What is added for each class.
        threshold: Corrected probability of the positive class from which on it is the answer; None of more classes.
    """

    slope: float
    shift: tuple[float, ...]
    threshold: float | None

    def apply(self, p: Floats) -> Floats:
        """Return the corrected probabilities, shape ``(n, classes)``."""
        logits = self.slope * np.log(np.clip(p, SMALLEST, None)) + np.array(self.shift)
        powers = np.exp(logits - logits.max(1, keepdims=True))
        return np.asarray(powers / powers.sum(1, keepdims=True))


def learned(p: Floats, y: Ints, temperature: Temperature) -> Correction:
    """Return the correction that fits some cases best.

    Platt's targets are a little inside 0 and 1, so that it exists also where the probabilities separate the classes.

    Args:
        p: Probabilities, shape ``(n, classes)``.
        y: True classes as positions, shape ``(n,)``; all occur.
        temperature: Fits that of more than two classes.
    """
    if p.shape[1] > 2:
        return Correction(1 / temperature(p, y), (0.0,) * p.shape[1], None)
    positives = int(y.sum())
    target = np.where(y == 1, (positives + 1) / (positives + 2), 1 / (len(y) - positives + 2))
    design = np.c_[np.ones(len(y)), log_odds(p[:, 1])]
    intercept, slope = logistic(np.ones((1, len(y))), target, design)[0]
    plain = Correction(float(slope), (0.0, float(intercept)), None)
    return Correction(plain.slope, plain.shift, best_threshold(plain.apply(p)[:, 1], y == 1))


@dataclass(frozen=True)
class Adapted:
    """What a place gave.

    Attributes:
        correction: Learned on one half of its patients.
        smallest: With which corrected probability a class becomes possible, by the same half.
        whole: Figures of the model as it is, on all cases.
        before: The same on the other half.
        after: With the correction, on the other half.
        coverage: Of each class, cases of the other half whose possible classes hold the true one.
    """

    correction: Correction
    smallest: Floats
    whole: dict[str, Any]
    before: dict[str, Any]
    after: dict[str, Any]
    coverage: dict[str, Any]


def figures(cases: Scored, predicted: Ints, classes: Sequence[str]) -> dict[str, Any]:
    """Return what ``record.metrics.Measures`` holds."""
    return Measured(cases, predicted, classes, RESAMPLES, 0).table()


def adapted(cases: Scored, predicted: Ints, classes: Sequence[str], temperature: Temperature, seed: int = 0) -> Adapted:
    """Learn on one half of the patients, drawn within classes, and test on the other.

    Args:
        cases: Of one place, as the model as it is predicts them.
        predicted: What it decides, shape ``(n,)``.
        classes: Class names; the positive one of two is the last.
        temperature: Fits that of more than two classes.
        seed: Of the halving.
    """
    first = halved(cases.y, cases.group, np.random.default_rng(seed))
    correction = learned(cases.p[first], cases.y[first], temperature)
    p = correction.apply(cases.p)
    smallest = least(p[first], cases.y[first], cases.group[first])
    decided = decide(p, correction.threshold)
    possible = answers(p, smallest, decided)[np.arange(len(p)), cases.y]
    tested = {k: ~first & (cases.y == k) for k in range(len(classes))}
    return Adapted(
        correction,
        smallest,
        figures(cases, predicted, classes),
        figures(_some(cases, cases.p, ~first), predicted[~first], classes),
        figures(_some(cases, p, ~first), decided[~first], classes),
        {classes[k]: share(possible[rows], cases.group[rows]) for k, rows in tested.items()},
    )


def _some(cases: Scored, p: Floats, rows: np.ndarray[Any, np.dtype[np.bool_]]) -> Scored:
    group = np.unique(cases.group[rows], return_inverse=True)[1].astype(np.int64)
    return Scored(cases.y[rows], p[rows], group)


def needed(value: float, half_width: float) -> int:
    """Return how many patients a share needs for a Wilson interval of 95 % that reaches so far to either side.

    Args:
        value: What the share is expected to be.
        half_width: Half the width of the interval, such as 0.05.
    """
    few, many = 0, MOST
    while many - few > 1:
        middle = (few + many) // 2
        low, high = wilson(value * middle, middle)
        few, many = (few, middle) if (high - low) / 2 <= half_width else (middle, many)
    return many
