"""Simulated test sets, for the benchmarks of the statistics.

A patient has a class; the features of its cases share a part (the intra-class correlation); probabilities are those of
Bayes' rule, at the true prevalence or, "balanced", at equal ones.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd

from seimbang.evaluation.predictions import Floats, Ints, Scored

TRAININGS = 40
PAGE = Path(__file__).parents[1] / "docs" / "statistics.md"


@dataclass(frozen=True)
class Setting:
    """A population and how it is sampled.

    Attributes:
        name: What the tables call it.
        patients: Their number.
        shares: Shares of the classes among patients; the last is the rare one.
        images: Cases a patient.
        correlation: Intra-class correlation of the features of a patient's cases.
        area: AUC of two classes; of more, how far the class means lie apart, in the same units.
        balanced: Whether probabilities are those of a model trained with equally frequent classes.
        seeds: Trainings of each arm; truth is then the mean over all trainings that there could be.
        between: Standard deviation between trainings of how far the classes lie apart, in units of the features' noise.
    """

    name: str
    patients: int
    shares: tuple[float, ...]
    images: int = 1
    correlation: float = 0.0
    area: float = 0.85
    balanced: bool = False
    seeds: int = 1
    between: float = 0.0

    def draw(self, rng: np.random.Generator) -> Scored:
        """Return one test set."""
        return self.arms(rng, 1)[0]

    def arms(self, rng: np.random.Generator, count: int, areas: tuple[float, ...] = ()) -> list[Scored]:
        """Return the same test set as several arms read it, half of whose noise is shared; alike without ``areas``."""
        of_patient = rng.choice(len(self.shares), self.patients, p=self.shares)
        group = np.repeat(np.arange(self.patients), self.images)
        y, shared = of_patient[group].astype(np.int64), self._noise(rng)
        noises = [np.sqrt(0.5) * (shared + self._noise(rng)) for _ in range(count)] if count > 1 else [shared]
        each = [replace(self, area=area) for area in areas] or [self] * count
        return [of_arm._trained(noise, y, group, rng) for of_arm, noise in zip(each, noises, strict=True)]

    def population(self, cases: int) -> Scored:
        """Return so many cases that their figures are the true ones, spread over trainings of every quality."""
        rng = np.random.default_rng(0)
        if self.seeds == 1:
            return replace(self, patients=cases // self.images).draw(rng)
        qualities = [NormalDist().inv_cdf((k + 0.5) / TRAININGS) for k in range(TRAININGS)]
        patients = cases // self.images // TRAININGS
        return together([replace(self._training(z), patients=patients).draw(rng) for z in qualities])

    def _training(self, z: float) -> "Setting":
        """Return the arm as trained once, ``z`` standard deviations better than the mean."""
        apart = np.sqrt(2) * NormalDist().inv_cdf(self.area) + self.between * z
        return replace(self, seeds=1, area=NormalDist().cdf(apart / np.sqrt(2)))

    def _trained(self, noise: Floats, y: Ints, group: Ints, rng: np.random.Generator) -> Scored:
        """Return the cases as each training of the arm reads them; half of the noise is the arm's."""
        if self.seeds == 1:
            return Scored(y, self._read(noise, y), group)
        trainings = [self._training(z) for z in rng.normal(size=self.seeds)]
        noises = [np.sqrt(0.5) * (noise + self._noise(rng)) for _ in trainings]
        read = [training._read(own, y) for training, own in zip(trainings, noises, strict=True)]
        return together([Scored(y, p, group) for p in read])

    def _noise(self, rng: np.random.Generator) -> Floats:
        k = len(self.shares) if len(self.shares) > 2 else 1
        own, of_patient = rng.normal(0, 1, (self.patients, self.images, k)), rng.normal(0, 1, (self.patients, 1, k))
        noise = np.sqrt(self.correlation) * of_patient + np.sqrt(1 - self.correlation) * own
        return np.asarray(noise.reshape(-1, k))

    def _read(self, noise: Floats, y: Ints) -> Floats:
        """Return the probabilities that Bayes' rule gives the features, shape ``(n, classes)``."""
        classes, separation = len(self.shares), np.sqrt(2) * NormalDist().inv_cdf(self.area)
        means = separation * (np.eye(classes) if classes > 2 else np.array([[0.0], [1.0]]))
        prior = np.full(classes, 1 / classes) if self.balanced else np.array(self.shares)
        x = noise + means[y]
        log = np.log(prior) - 0.5 * ((x[:, None] - means[None]) ** 2).sum(2)
        p = np.exp(log - log.max(1, keepdims=True))
        return np.asarray(p / p.sum(1, keepdims=True))


def together(trainings: list[Scored]) -> Scored:
    """Return the cases as read by several trainings, one after another."""
    y, p, group = (np.concatenate(rows) for rows in zip(*((own.y, own.p, own.group) for own in trainings), strict=True))
    return Scored(y, p, group, seeds=len(trainings))


def two(rare: float) -> tuple[float, float]:
    """Return the shares of two classes."""
    return 1 - rare, rare


FOUR = (0.5, 0.3, 0.17, 0.03)


def frame(y: Ints, p: Floats, group: Ints, seeds: int = 1) -> pd.DataFrame:
    """Return predictions of the test part, seed by seed."""
    seed, case = np.divmod(np.arange(len(y)), len(y) // seeds)
    facts = {"case_id": case.astype(str), "group": group.astype(str), "fold": "", "seed": seed.astype(str)}
    columns = {f"p_{k}": p[:, k] for k in range(p.shape[1])}
    return pd.DataFrame({**facts, "set": "test", "label": y.astype(str), **columns})


def write(name: str, table: str) -> None:
    """Put a table between its marks on the page of the statistics."""
    start, end = f"<!-- {name}: made by benchmarks -->", f"<!-- end of {name} -->"
    before, rest = PAGE.read_text(encoding="utf-8").split(start)
    PAGE.write_text(f"{before}{start}\n{table}\n{end}{rest.split(end)[1]}", encoding="utf-8")
