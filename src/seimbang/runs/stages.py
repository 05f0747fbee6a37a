"""A run goes through these stages, each frozen: prepared, then divided; a job is one training of one arm."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import PIL

from seimbang.balance.base import Recipe
from seimbang.datasets.base import Dataset
from seimbang.datasets.pseudo_patients import with_pseudo_patients
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.decode import VERSION
from seimbang.imaging.files import file_digest
from seimbang.record.files import read_bytes
from seimbang.record.folder import digest
from seimbang.record.seal import read_marker
from seimbang.runs.model_input import ModelInput, model_input
from seimbang.runs.prebalanced import Prebalanced, prebalance
from seimbang.runs.recipes import make_recipe
from seimbang.splits.base import Fold, Rows
from seimbang.splits.shares import share_of
from seimbang.splits.units import units
from seimbang.study.models import learner_of
from seimbang.study.schema import Plan, Study
from seimbang.training.base import Classifier, Shape

Set = tuple[str, Dataset, Rows]
"""Name of a set, the data set it is from, and its rows."""
SHARES = (0.25, 0.5)
"""Of the training patients, for learning curves; all of them is the ordinary job."""
REMEMBERED = 64
"""Recipes kept in memory: the audit makes them first, then the jobs and the steps that show them."""


@dataclass(frozen=True)
class Prepared:
    """A study and its cases.

    Attributes:
        study: As resolved.
        data: The internal data set.
        external: The external sets by name.
        quick: Whether only a rough answer was asked for.
        alike: The internal set, prepared as images are compared to guess patients; None for ``data`` itself.
        subgroups: The columns that figures are shown by, as texts by ``case_id``: under ``""`` of the internal set,
            under ``external:<name>`` of each external set that has them.
    """

    study: Study
    data: Dataset
    external: Mapping[str, Dataset]
    quick: bool = False
    alike: Dataset | None = None
    subgroups: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of every probability; the positive one of two is the last."""
        return self.data.cases.classes

    @property
    def shape(self) -> Shape:
        """Height, width and channels of the images, or of a row of a table as if it were one."""
        if self.data.kind == "table":
            return (1, self.data.X.shape[1], 1)
        return (*self.study.image.size, self.study.image.channels)

    @cached_property
    def pixels(self) -> list[object]:
        """What the pixels of an image depend on besides the file."""
        image = self.study.image.model_dump(mode="json", exclude={"augment", "flip_test"})
        return [image, VERSION, PIL.__version__]

    @cached_property
    def token(self) -> str:
        """Digest of every case, its label, its patient and what the models see of it, of all sets."""
        sets = {"": self.data, **{f"external:{name}": one for name, one in self.external.items()}}
        return digest([self.pixels, {name: dataset_digest(dataset) for name, dataset in sets.items()}])


def dataset_digest(dataset: Dataset) -> str:
    """Return the digest of a data set and of all that is said of it."""
    files = [asdict(file) for file in (*dataset.left_out, *dataset.noted)]
    facts = [dataset.name, dataset.synthetic, dataset.facts, files, dataset.cases.spellings]
    return digest([cases_digest(dataset), facts])


def cases_digest(dataset: Dataset) -> str:
    """Return the digest of the cases and of what the models see; images count by the digests of their files."""
    cases, X = dataset.cases, dataset.X
    values = hashlib.sha256(X.tobytes()).hexdigest() if dataset.kind == "table" else ""
    columns = [asdict(column) for column in dataset.columns]
    table = [cases.frame.to_csv(index=False), list(cases.classes)]
    return digest([table, dataset.kind, list(X.shape), str(X.dtype), values, columns])


@dataclass(frozen=True)
class Divided:
    """Prepared cases and how each protocol divides them.

    Attributes:
        prepared: The stage before.
        sets: The internal set as a protocol divides it, by the protocol's name: it has the groups that are kept
            together; its rows are those of ``data``, except where the protocol balances before it divides.
        folds: The folds of each protocol.
        prebalanced: The tables that are balanced before they are divided.
    """

    prepared: Prepared
    sets: Mapping[str, Dataset]
    folds: Mapping[str, tuple[Fold, ...]]
    prebalanced: Mapping[str, Prebalanced]

    def cases(self, plan: Plan) -> Dataset:
        """Return the internal set as an arm's protocol divides it."""
        return self.sets[plan.protocol.name]

    def folds_of(self, plan: Plan) -> tuple[Fold, ...]:
        """Return how an arm's protocol divides the cases."""
        return self.folds[plan.protocol.name]

    def model_input(self, plan: Plan, fold: Fold) -> ModelInput:
        """Return how an arm's model sees cases in a fold."""
        everything = plan.balance.scope == "all"
        return model_input(plan.model, self.prepared.study.image, self.cases(plan), fold, everything, self.used)

    @cached_property
    def used(self) -> Rows:
        """Rows that are in a fold of any protocol: a quick run leaves most out."""
        parts = [rows for folds in self.folds.values() for fold in folds for rows in fold.parts().values()]
        return np.unique(np.concatenate(parts))

    def recipe(self, plan: Plan, fold: Fold, seed: int) -> Recipe:
        """Return what an arm trains on in a fold; the latest ones are remembered."""
        key = (plan.slug, fold.name, seed, len(fold.train))
        if key not in self._recipes:
            if len(self._recipes) >= REMEMBERED:
                del self._recipes[next(iter(self._recipes))]
            cases, sees = self.cases(plan), self.model_input(plan, fold)
            self._recipes[key] = make_recipe(sees.balance(plan.balance), sees.of(cases), cases.cases.y, fold, seed)
        return self._recipes[key]

    @cached_property
    def inputs(self) -> dict[tuple[str, int, bool], str]:
        """What ``jobs.inputs`` returned, by job, threads and whether closed: a process asks for it several times."""
        return {}

    @cached_property
    def curves(self) -> dict[str, list[Job]]:
        """What ``curve_of`` returned, by the slug of the arm."""
        return {}

    @cached_property
    def _recipes(self) -> dict[tuple[str, str, int, int], Recipe]:
        return {}

    @cached_property
    def token(self) -> str:
        """Digest of every set and every fold."""
        sets = {name: cases_digest(dataset) for name, dataset in self.sets.items()}
        folds = {name: [fold_token(fold) for fold in folds] for name, folds in self.folds.items()}
        return digest([self.prepared.token, sets, folds])

    @cached_property
    def tokens(self) -> dict[str, str]:
        """Digest of the set of each protocol, by its name."""
        return {name: digest([self.prepared.pixels, cases_digest(dataset)]) for name, dataset in self.sets.items()}


def grouped(prepared: Prepared) -> tuple[dict[str, Dataset], dict[str, Prebalanced]]:
    """Return the internal set as each protocol divides it, and the tables that are balanced before."""
    protocols = prepared.study.protocols
    seed = prepared.study.training.seed
    made = {one.name: prebalance(prepared.data, one, seed) for one in protocols if one.balance}
    guessed = [protocol for protocol in protocols if protocol.group == "auto" and not protocol.balance]
    pseudo = with_pseudo_patients(prepared.data, prepared.alike) if guessed else prepared.data
    sets = {protocol.name: pseudo if protocol in guessed else prepared.data for protocol in protocols}
    return sets | {name: table.data for name, table in made.items()}, made


def fold_token(fold: Fold) -> list[object]:
    """Return a fold as plain values."""
    return [fold.name, *(rows.tolist() for rows in fold.parts().values())]


@dataclass(frozen=True)
class Job:
    """One training of an arm under its protocol, in one fold, with one seed; independent of every other job.

    Attributes:
        plan: The arm and everything it uses.
        fold: What is trained, validated and tested on.
        seed: Of weights, order, dropout, balancing and augmentation.
        served: Whether its model is used afterwards: in the first fold, or to explain a network's answers.
        share: Of the fold's training patients, those in ``fold``.
    """

    plan: Plan
    fold: Fold
    seed: int
    served: bool
    share: float = 1.0

    @property
    def percent(self) -> int:
        """Its share in per cent."""
        return round(100 * self.share)

    @property
    def of_curve(self) -> bool:
        """Whether it is a point of a learning curve: of the validation part alone, its test part is never opened."""
        return self.share < 1

    @property
    def path(self) -> str:
        """Its folder below the arm's."""
        return f"{f'curve/{self.percent}' if self.of_curve else 'jobs'}/{self.fold.name or '0'}/{self.seed}"

    @property
    def name(self) -> str:
        """What tells it from every other job of the run; good for a file name."""
        share = f".curve{self.percent}" if self.of_curve else ""
        return f"{self.plan.slug}.{self.fold.name or '0'}.{self.seed}{share}"

    @property
    def title(self) -> str:
        """How a line of progress calls it."""
        fold = f", fold {self.fold.name}" if self.fold.name else ""
        share = f", {self.percent} % of the patients" if self.of_curve else ""
        return f"{self.plan.name}{fold}" + (f", seed {self.seed}" if self.plan.training.seeds > 1 else "") + share


MARKER, PROBABILITIES = "job.json", "probabilities.npy"


@dataclass(frozen=True)
class Result:
    """What a job left in its folder.

    Attributes:
        job: The job.
        folder: Where its files are.
        inputs: Digest of everything that they were made from; empty where nothing was finished.
        files: Digest of each file by its name.
    """

    job: Job
    folder: Path
    inputs: str
    files: Mapping[str, str]

    @classmethod
    def of(cls, job: Job, arm_folder: Path) -> Result:
        """Return what is said to be there."""
        folder = arm_folder / job.path
        marker = read_marker(folder / MARKER)
        return cls(job, folder, marker.inputs, marker.files)

    def whole(self) -> bool:
        """Whether every file is there as it was written."""
        return all(file_digest(self.folder / name) == known for name, known in self.files.items())

    def content(self, name: str) -> bytes:
        """Return what a file holds."""
        return read_bytes(self.folder / name)

    @property
    def probabilities(self) -> npt.NDArray[np.float64]:
        """What is predicted of the rows of all sets, one below the other, in the order of ``parts_of``."""
        p: npt.NDArray[np.float64] = np.load(io.BytesIO(self.content(PROBABILITIES)), allow_pickle=False)
        return p

    def classifier(self, shape: Shape, classes: int, image: ImageSettings) -> Classifier:
        """Return the model, for use on single cases."""
        model = self.job.plan.model
        return learner_of(model).load(model, self.content(model.file), shape, classes, image)


def jobs_of(divided: Divided, plan: Plan) -> list[Job]:
    """Return the jobs of an arm: fold by fold, and in each seed by seed."""
    folds, first = divided.folds_of(plan), plan.training.seed
    seeds = range(first, first + plan.training.seeds)
    return [Job(plan, fold, seed, plan.model.kind == "network" or fold is folds[0]) for fold in folds for seed in seeds]


def curve_of(divided: Divided, plan: Plan) -> list[Job]:
    """Return the further jobs of an arm that its learning curve is made of; none unless the study asks for it."""
    if not divided.prepared.study.evaluation.learning_curve or plan.leaky:
        return []
    if plan.slug not in divided.curves:
        cases = divided.cases(plan).cases
        unit = units(cases, plan.protocol.split)
        divided.curves[plan.slug] = [
            Job(plan, share_of(job.fold, unit, cases.y, share, job.seed), job.seed, False, share)
            for share in SHARES
            for job in jobs_of(divided, plan)
        ]
    return divided.curves[plan.slug]


def parts_of(dataset: Dataset, fold: Fold, external: Mapping[str, Dataset], closed: bool) -> list[Set]:
    """Return all that is predicted in a fold: the parts of the internal set, and the external sets.

    Where test parts stay ``closed``, only what models are trained and chosen on.
    """
    inside: list[Set] = [(name, dataset, rows) for name, rows in fold.parts().items() if len(rows)]
    if closed:
        return [one for one in inside if one[0] != "test"]
    return inside + [(f"external:{name}", one, np.arange(len(one.cases))) for name, one in external.items()]


def count(y: npt.NDArray[np.int64], classes: tuple[str, ...]) -> dict[str, int]:
    """Count labels by class name."""
    numbers = np.bincount(y, minlength=len(classes))
    return dict(zip(classes, map(int, numbers), strict=True))
