"""Figures averaged over findings, each of which is a study of its own of the same patients, and tests of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from seimbang.evaluation.intervals import CELLS, Spread
from seimbang.evaluation.metric import Metric
from seimbang.evaluation.metrics import Weighted
from seimbang.evaluation.paired import Corrected, holm
from seimbang.evaluation.predictions import Floats, Ints
from seimbang.evaluation.seeds import spread
from seimbang.evaluation.table import METRICS

AVERAGED = ("balanced_accuracy", "auc", "average_precision")
"""The metrics that are averaged over findings."""
RESAMPLES, PER_TEST = 1000, 200
LEVEL = 0.05
NO_CASE = "it is not defined where a finding has no case"
ALIKE = "it is the same in every draw"
Key = tuple[str, str]
"""Arm and metric."""


@dataclass(frozen=True)
class FindingCases:
    """The test set of one finding.

    Attributes:
        patients: Name of the patient of each case, the same in every finding, shape ``(n,)``.
        y: True classes as positions, shape ``(n,)``; 1 is the finding.
        p: Probabilities of each arm, shape ``(n, 2)``.
        predicted: Predicted classes of each arm, shape ``(n,)``.
        seeds: Of how many seeds the cases are predictions, seed by seed.
    """

    patients: npt.NDArray[np.str_]
    y: Ints
    p: Mapping[str, Floats]
    predicted: Mapping[str, Ints]
    seeds: int = 1

    def figures(self, w: Floats) -> dict[Key, Floats]:
        """Return each averaged metric of each arm, by arm and metric, for weights of shape ``(r, n)``."""
        return {key: metric.of(cases) for key, (metric, cases) in self._weighted(w).items()}

    def between_seeds(self) -> dict[Key, Spread]:
        """Return the variance of each of these figures between trainings."""
        weighted = self._weighted(np.ones((1, len(self.y))))
        of_seeds = {
            key: [metric.of(each) for each in cases.of_each_seed()] for key, (metric, cases) in weighted.items()
        }
        return {key: spread(np.concatenate(values)) for key, values in of_seeds.items()}

    def _weighted(self, w: Floats) -> dict[Key, tuple[Metric, Weighted]]:
        weighted = {arm: Weighted(w, self.y, self.p[arm], self.predicted[arm], self.seeds) for arm in self.p}
        averaged = [metric for metric in METRICS if metric.key in AVERAGED]
        return {(arm, metric.key): (metric, cases) for arm, cases in weighted.items() for metric in averaged}


class Averages:
    """The figures of all findings and their macro averages, with draws in which every finding sees the same patients.

    The draws are those of the Bayesian bootstrap (Rubin 1981): patients have exponential weights, so that no draw lacks
    the cases of a rare finding, as one of the usual bootstrap may. With several seeds each draw is of other trainings
    too: its figures are moved by a draw of Student's t with the variance between the seeds.
    """

    def __init__(self, findings: Mapping[str, FindingCases], seed: int = 0) -> None:
        self.names = list(findings)
        self.arms = list(next(iter(findings.values())).p)
        self.seeds = next(iter(findings.values())).seeds
        whole = {name: tested.figures(np.ones((1, len(tested.y)))) for name, tested in findings.items()}
        self.values = {name: {key: float(value[0]) for key, value in of.items()} for name, of in whole.items()}
        # The smallest p of B draws is 2 / (B + 1): so many draws that it can still pass Holm's correction.
        self.draws = _draws(findings, max(RESAMPLES, PER_TEST * max(len(findings), len(self.arms))), seed)

    def against(self, arm: str, metric: str) -> list[Corrected]:
        """Test in each finding whether an arm differs from the first: arm minus first, corrected over the findings."""
        first = self.arms[0]
        return corrected(
            [
                (
                    self.values[name][arm, metric] - self.values[name][first, metric],
                    draws[arm, metric] - draws[first, metric],
                )
                for name, draws in self.draws.items()
            ]
        )

    def macro(self, arm: str, metric: str) -> dict[str, float | str | None]:
        """Return the mean over findings and its 95 % interval, as ``record.metrics.Value`` has it."""
        value, draws = self._mean(arm, metric)
        if not np.isfinite(value):
            return {"value": None, "why": NO_CASE}
        low, high = np.quantile(draws, [LEVEL / 2, 1 - LEVEL / 2])
        low, high = max(0.0, float(low)), min(1.0, float(high))
        way = "Bayesian bootstrap of patients" + (", and seeds" if self.seeds > 1 else "")
        return {"value": value, "low": low, "high": high, "interval": way}

    def macro_against(self, metric: str) -> list[Corrected]:
        """Test whether the macro average of each other arm differs from that of the first, corrected over the arms."""
        (first, first_draws), *others = (self._mean(arm, metric) for arm in self.arms)
        return corrected([(value - first, draws - first_draws) for value, draws in others])

    def _mean(self, arm: str, metric: str) -> tuple[float, Floats]:
        values = [self.values[name][arm, metric] for name in self.names]
        return float(np.mean(values)), np.mean([self.draws[name][arm, metric] for name in self.names], axis=0)


def corrected(differences: Sequence[tuple[float, Floats]]) -> list[Corrected]:
    """Return tests of several differences by their draws, p corrected for their number (Holm 1979).

    ``p = 2 min(1 + #{d* <= 0}, 1 + #{d* >= 0}) / (B + 1)``, at most 1. Each interval is of the level at which Holm's
    steps test its difference, .05 / (m - k + 1) for the k-th smallest p, or that of the step where they stop: so it is
    without 0 exactly where the corrected p is below .05.

    Args:
        differences: Each difference and its draws, shape ``(B,)``.
    """
    known = [(value, np.sort(np.round(draws, 12))) for value, draws in differences]
    p = [None if _unknown(value, draws) else _p(draws) for value, draws in known]
    return [
        _test(value, draws, before, after, level)
        for (value, draws), before, after, level in zip(known, p, holm(p), _levels(p), strict=True)
    ]


def _test(value: float, draws: Floats, p: float | None, after: float | None, level: float) -> Corrected:
    low, high = (None, None) if p is None else _edges(draws, level)
    difference = float(value) if np.isfinite(value) else None
    return Corrected(difference=difference, low=low, high=high, p=p, corrected=after, why=_unknown(value, draws))


def _unknown(value: float, draws: Floats) -> str:
    """Return why a difference cannot be tested, ``""`` where it can."""
    if not np.isfinite(value):
        return NO_CASE
    return ALIKE if draws[0] == draws[-1] else ""


def _p(draws: Floats) -> float:
    tail = 1 + min((draws <= 0).sum(), (draws >= 0).sum())
    return float(min(1.0, 2 * tail / (len(draws) + 1)))


def _levels(p: Sequence[float | None]) -> list[float]:
    """Return the level at which Holm's steps test each p; after the step where they stop, that of this step."""
    made = sorted((value, place) for place, value in enumerate(p) if value is not None)
    levels, stopped = [LEVEL] * len(p), 0.0
    for rank, (value, place) in enumerate(made):
        levels[place] = stopped or LEVEL / (len(made) - rank)
        if value >= levels[place]:
            stopped = levels[place]
    return levels


def _edges(draws: Floats, level: float) -> tuple[float, float]:
    """Return the interval of sorted draws that is without 0 exactly where p is below the level."""
    beyond = math.ceil(level * (len(draws) + 1) / 2 - 1e-9) - 2
    if beyond < 0:
        return min(0.0, float(draws[0])), max(0.0, float(draws[-1]))
    return float(draws[beyond]), float(draws[-1 - beyond])


def _draws(findings: Mapping[str, FindingCases], resamples: int, seed: int) -> dict[str, dict[Key, Floats]]:
    """Return the figures of each finding in every draw; a few draws of all findings are made at a time."""
    known = np.unique(np.concatenate([tested.patients for tested in findings.values()]))
    place = {name: np.searchsorted(known, tested.patients) for name, tested in findings.items()}
    rng = np.random.default_rng(seed)
    size = max(1, CELLS // max(len(known), *(len(tested.y) for tested in findings.values())))
    parts: dict[str, list[dict[Key, Floats]]] = {name: [] for name in findings}
    for start in range(0, resamples, size):
        weights = rng.standard_exponential((min(size, resamples - start), len(known)))
        for name, tested in findings.items():
            parts[name].append(tested.figures(weights[:, place[name]]))
    draws = {name: {key: np.concatenate([part[key] for part in of]) for key in of[0]} for name, of in parts.items()}
    return {name: _of_other_trainings(draws[name], tested.between_seeds(), rng) for name, tested in findings.items()}


def _of_other_trainings(draws: dict[Key, Floats], between: dict[Key, Spread], rng: Generator) -> dict[Key, Floats]:
    moved = {}
    for key, values in draws.items():
        deviation = math.sqrt(between[key].variance)
        moved[key] = values + deviation * rng.standard_t(between[key].freedom, len(values)) if deviation else values
    return moved
