"""How many patients it would take to tell two arms apart, by drawing new test parts from their predictions.

A draw is a test part of ``n`` patients, each one of those at hand (with replacement), and a training of each arm with
each of ``s`` new seeds. It is tested as the two arms are (``paired.exchange`` and ``seeds``); the share of draws in
which the better arm is shown to be better is the power. Other patients change less of a difference the more there are;
other trainings always change as much.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from seimbang.evaluation import figures, intervals, paired
from seimbang.evaluation.compare import RESAMPLES, compare
from seimbang.evaluation.metrics import Weighted
from seimbang.evaluation.predictions import Floats, Ints, Scored, aligned, checked, scored
from seimbang.evaluation.table import PRIMARY

POWER = 0.8
DRAWS, EXCHANGES = 400, 200
TOGETHER = 50
"""Draws that are tested at a time, which bounds the memory."""
KINDS, DIFFER = 20, 300
"""Of more kinds of patients that differ, or more such patients, t of exchanges is taken to be normal."""
Flags = npt.NDArray[np.bool_]
WEIGHTINGS = 500
"""Of patients, for how much of the variance between seeds is theirs."""
TIMES = 20
"""So many times the present number of patients is the largest that is tried."""
MOST_SEEDS = 50
FEWEST, STEP = 10, 1.05
STRIDE = 8
"""The smallest number of patients that is tried, each by how much more than the one before, and so many at a time."""
BY_FOLDS = (
    "under folds more patients would also be more to train on, and how far that moves the arms these predictions "
    "cannot say"
)


def sample_size(
    predictions: Mapping[str, pd.DataFrame], classes: Sequence[str], tuned: Sequence[str] = (), seed: int = 0
) -> dict[str, Any] | None:
    """Return how many patients two arms have to be tested on so that 80 % of such studies tell them apart.

    Args:
        predictions: What ``compare`` takes, of two arms.
        classes: Class names; the positive one of two is the last.
        tuned: Arms whose answer is by their threshold chosen on validation.
        seed: Seed of the draws.

    Returns:
        None without a test part; else what ``record.sample_size.SampleSize`` holds, but for the arms.
    """
    outcome = compare(predictions, classes, seed, tuned)["sets"].get("test")
    if outcome is None:
        return None
    test = outcome["pairs"][0][PRIMARY]
    of_arm = {arm: scored(checked(table, classes), classes)["test"] for arm, table in predictions.items()}
    draws = Draws.of(of_arm, classes, tuned, seed)
    why = BY_FOLDS if outcome["by_folds"] else test["why"]
    observed = {key: test[key] for key in ("difference", "low", "high")}
    if not why and not test["difference"]:
        why = "the two arms are equally good here"
    known = {"patients": draws.count, "seeds": draws.seeds, "most": draws.most, **observed, "why": why}
    return known | (_needed(draws, test["low"], test["high"]) if not why else {})


def _needed(draws: "Draws", low: float, high: float) -> dict[str, Any]:
    """Return the numbers of patients: of the difference as it is, and of the ends of its interval."""
    near, far = (low, high) if draws.difference > 0 else (high, low)
    needed = draws.needed(draws.difference, draws.seeds)
    more = None if needed else draws.more_seeds()
    return {
        "power": draws.power(draws.count, draws.difference, draws.seeds),
        "needed": needed,
        "needed_near": draws.needed(near, draws.seeds) if near * draws.difference > 0 else None,
        "needed_far": draws.needed(far, draws.seeds),
        "more_seeds": more,
        "needed_with_more_seeds": draws.needed(draws.difference, more) if more else None,
    }


@dataclass(frozen=True)
class Draws:
    """Test parts and trainings of two arms that might have been.

    Attributes:
        gain: Of each kind of patient, by the class of their cases, in how many of these only the first arm is right
            less in how many only the second is; shape ``(kinds, classes)``.
        cases: How many cases of each class they have.
        kind: How many patients of the kind there are, shape ``(kinds,)``.
        trainings: Of each arm the variance between its trainings, and that which the patients at hand make of it.
        seeds: Trainings of each arm.
        difference: First arm minus second, as observed.
        seed: Of the draws.
    """

    gain: Floats
    cases: Floats
    kind: Floats
    trainings: tuple[tuple[float, float], ...]
    seeds: int
    difference: float
    seed: int

    @classmethod
    def of(cls, of_arm: Mapping[str, Scored], classes: Sequence[str], tuned: Sequence[str], seed: int) -> "Draws":
        """Return those of two arms on one set."""
        both = aligned(of_arm)
        first = next(iter(both.values()))
        right, other = (cases.decisions(arm in tuned) == cases.y for arm, cases in both.items())
        gain, cases = np.zeros((2, first.groups, len(classes)))
        np.add.at(gain, (first.group, first.y), right.astype(float) - other)
        np.add.at(cases, (first.group, first.y), 1.0)
        kinds, kind = np.unique(np.hstack([gain, cases]), axis=0, return_counts=True)
        gain, cases = np.split(kinds, 2, axis=1)
        gain, cases = gain[:, cases.any(0)], cases[:, cases.any(0)]
        difference = float((kind @ gain / (kind @ cases)).mean())
        seeds = max(arm.seeds for arm in of_arm.values())
        return cls(gain, cases, kind.astype(float), _trainings(of_arm, tuned, seed), seeds, difference, seed)

    @property
    def count(self) -> int:
        """Patients at hand."""
        return int(self.kind.sum())

    @property
    def most(self) -> int:
        """The largest number of patients that is tried."""
        return TIMES * self.count

    def more_seeds(self) -> int | None:
        """Return the smallest number of seeds with which patients suffice, None where there is none."""
        numbers = range(self.seeds + 1, MOST_SEEDS + 1) if self.seeds > 1 else ()
        return next((seeds for seeds in numbers if self.needed(self.difference, seeds)), None)

    def needed(self, difference: float, seeds: int) -> int | None:
        """Return the smallest number of patients that suffices, to two digits; None where there is none.

        With two or three seeds power may fall again as patients grow: their variance counts as known, and without it
        that between seeds is tested with fewer degrees of freedom.
        """
        grid = sorted({round(FEWEST * STEP**k) for k in range(1000) if FEWEST * STEP**k < self.most} | {self.most})
        looks = [*range(0, len(grid) - 1, STRIDE), len(grid) - 1]
        high = next((k for k in looks if self.power(grid[k], difference, seeds) >= POWER), None)
        if high is None:
            return None
        low = max(0, high - STRIDE)
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self.power(grid[middle], difference, seeds) >= POWER else (middle + 1, high)
        step = 10 ** max(0, len(str(grid[high])) - 2)
        return int(min(self.most, math.ceil(grid[high] / step) * step))

    def power(self, patients: int, difference: float, seeds: int) -> float:
        """Return the share of draws of so many patients in which the better arm is shown to be better."""
        if patients not in self._tested:
            self._tested[patients] = self._tests(patients)
        drawn, error = self._tested[patients]
        by_luck, variance, freedom = self._of_seeds(patients, seeds)
        moved = drawn + by_luck + difference - self.difference
        p = _p_value(moved, error**2, variance, freedom)
        return float(((p < paired.LEVEL) & (np.sign(moved) == np.sign(difference))).mean())

    @cached_property
    def _tested(self) -> dict[int, tuple[Floats, Floats]]:
        return {}

    def _tests(self, patients: int) -> tuple[Floats, Floats]:
        """Return of each draw the difference, and the standard error ``|d| / z(p)`` with p of ``paired.exchange``.

        NaN of a draw without a case of some class, or in which no patient differs.
        """
        rng = np.random.default_rng(self.seed)
        drawn = rng.multinomial(patients, self.kind / self.count, DRAWS)
        parts = [self._test(rng, part) for part in np.array_split(drawn, math.ceil(DRAWS / TOGETHER))]
        difference, error = (np.concatenate(values) for values in zip(*parts, strict=True))
        return difference, error

    def _test(self, rng: np.random.Generator, w: Ints) -> tuple[Floats, Floats]:
        """Return the same of some draws, by how many patients of each kind were drawn, shape ``(r, kinds)``.

        How many of the patients of a kind are exchanged is binomial, so that an exchange takes one number a kind.
        """
        from scipy.special import ndtri

        differ = np.abs(self.gain).sum(1) > 0
        difference, error = (values[:, 0] for values in self._statistic(w, w[:, None, :].astype(float)))
        count = w[:, differ]
        if differ.sum() > KINDS or count.sum(1).mean() > DIFFER:
            return difference, error
        sums = np.zeros((len(w), EXCHANGES, len(differ)))
        sums[:, :, differ] = 2.0 * rng.binomial(count[:, None, :], 0.5, (len(w), EXCHANGES, differ.sum()))
        sums[:, :, differ] -= count[:, None, :]
        null = np.abs(np.divide(*self._statistic(w, sums)))
        z = -ndtri(_of_exchanges(null, np.abs(difference) / error, count.sum(1) <= paired.ENUMERATED) / 2)
        with np.errstate(divide="ignore", invalid="ignore"):
            return difference, np.where((z > paired.LEAST_Z) & (difference != 0), np.abs(difference) / z, error)

    def _statistic(self, w: Ints, signed: Floats) -> tuple[Floats, Floats]:
        """Return difference and standard error of ``paired.exchange``, shape ``(r, b)``.

        Args:
            w: How many patients of each kind were drawn, shape ``(r, kinds)``.
            signed: As many less twice those that are exchanged, shape ``(r, b, kinds)``.
        """
        classes, patients = self.gain.shape[1], w.sum(1)[:, None]
        fewest = (w @ (self.cases > 0)).min(1)[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            each = 1 / (w @ self.cases)[:, None, :]
            gain, share = self.gain * each / classes, self.cases * each
            total = gain.sum(2, keepdims=True)
            of_class = signed @ gain
            moved = 2 * ((signed @ (total * share)) * of_class).sum(2)
            moved -= ((of_class @ (share.transpose(0, 2, 1) @ (w[:, :, None] * share))) * of_class).sum(2)
            squares = (w[:, :, None] * total**2).sum(1)
            variance = (squares - fewest / (fewest + 2) * moved) * patients / (patients - 1)
        return of_class.sum(2), np.sqrt(np.where(variance > 0, variance, np.nan))

    def _of_seeds(self, patients: int, seeds: int) -> tuple[Floats, Floats, Floats]:
        """Return how far new trainings move each difference, the variance between seeds then, and its freedom."""
        rng = np.random.default_rng([self.seed, seeds])
        moved, variances = np.zeros(DRAWS), []
        for between, of_patients in self.trainings:
            values = rng.normal(0, math.sqrt(between), (DRAWS, seeds))
            moved += values.mean(1)
            values += rng.normal(0, math.sqrt(of_patients * self.count / patients), values.shape)
            variances.append(values.var(1, ddof=1) / seeds)
        total = np.sum(variances, 0) if variances else np.zeros(DRAWS)
        spread = np.sum(np.square(variances), 0) / max(seeds - 1, 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return moved, total, np.maximum(1.0, total**2 / spread)


def _of_exchanges(null: Floats, t: Floats, mid: Flags) -> Floats:
    """Return p of each draw, as ``paired.exchange`` has it: the mid-p where few patients differ.

    Args:
        null: ``|t|`` of exchanges, shape ``(r, b)``.
        t: Of the draws, shape ``(r,)``.
        mid: Which draws have so few.
    """
    from scipy.special import ndtr

    null, t = np.round(null, 9), np.round(t, 9)
    above, least = (null > t[:, None]).sum(1), (null >= t[:, None]).sum(1)
    p = np.where(mid, (above + least) / (2 * EXCHANGES), (1 + least) / (1 + EXCHANGES))
    beyond = np.maximum(2 * ndtr(-t), 1 / (1 + RESAMPLES))
    return np.asarray(np.where(least > 0, p, beyond))


def _p_value(difference: Floats, patients: Floats, between: Floats, freedom: Floats) -> Floats:
    """Return what ``seeds.p_value`` does for many differences at once; without a variance between seeds, the normal p.

    NaN, so no p below anything, where nothing varies.
    """
    from scipy.special import stdtr

    with np.errstate(divide="ignore", invalid="ignore"):
        of_both = np.where(between > 0, (patients + between) ** 2 * freedom / between**2, np.inf)
        t = np.abs(difference) / np.sqrt(patients + between)
    return np.asarray(2 * stdtr(np.minimum(of_both, 1e9), -t))


def _trainings(of_arm: Mapping[str, Scored], tuned: Sequence[str], seed: int) -> tuple[tuple[float, float], ...]:
    """Return the variance between the trainings of each arm, and the part of the observed one that is of patients.

    Of one model read in two ways it is that of the differences of both. None with one seed.
    """
    values = [of_each_seed(cases, arm in tuned, seed) for arm, cases in of_arm.items()]
    first, second = (cases.p for cases in of_arm.values())
    if np.array_equal(first, second):
        values = [tuple(one - other for one, other in zip(*values, strict=True))]
    return tuple(of_trainings(*pair) for pair in values if pair[0].shape[1] > 1)


def of_each_seed(cases: Scored, tuned: bool, seed: int) -> tuple[Floats, Floats]:
    """Return the balanced accuracy of each seed, shape ``(1, s)``, and in draws of patients, shape ``(r, s)``."""
    predicted, metric = cases.decisions(tuned), figures.primary()

    def values(w: Floats) -> dict[str, Floats]:
        weighted = Weighted(w, cases.y, cases.p, predicted, cases.seeds)
        return {PRIMARY: np.stack([metric.of(each) for each in weighted.of_each_seed()], 1)}

    whole = values(np.ones((1, len(cases.y))))[PRIMARY]
    return whole, intervals.resample(cases, values, WEIGHTINGS, seed)[PRIMARY]


def of_trainings(whole: Floats, draws: Floats) -> tuple[float, float]:
    """Return the variance between trainings, and how much more patients make of it, from ``of_each_seed``."""
    seeds = whole.shape[1]
    apart = draws - draws.mean(1, keepdims=True)
    of_patients = float(apart.var(0).mean()) * seeds / (seeds - 1)
    return max(0.0, float(whole.var(ddof=1)) - of_patients), of_patients
