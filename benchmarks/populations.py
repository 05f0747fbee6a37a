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
    """

    name: str
    patients: int
    shares: tuple[float, ...]
    images: int = 1
    correlation: float = 0.0
    area: float = 0.85
    balanced: bool = False

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
        return [Scored(y, of_arm._read(noise, y), group) for of_arm, noise in zip(each, noises, strict=True)]

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


def two(rare: float) -> tuple[float, float]:
    """Return the shares of two classes."""
    return 1 - rare, rare


FOUR = (0.5, 0.3, 0.17, 0.03)


def frame(y: Ints, p: Floats, group: Ints) -> pd.DataFrame:
    """Return predictions of the test part."""
    facts = {"case_id": np.arange(len(y)).astype(str), "group": group.astype(str), "fold": "", "seed": "0"}
    columns = {f"p_{k}": p[:, k] for k in range(p.shape[1])}
    return pd.DataFrame({**facts, "set": "test", "label": y.astype(str), **columns})


def write(name: str, table: str) -> None:
    """Put a table between its marks on the page of the statistics."""
    start, end = f"<!-- {name}: made by benchmarks -->", f"<!-- end of {name} -->"
    before, rest = PAGE.read_text(encoding="utf-8").split(start)
    PAGE.write_text(f"{before}{start}\n{table}\n{end}{rest.split(end)[1]}", encoding="utf-8")
