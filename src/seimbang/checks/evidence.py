"""The input of the checks; expensive views of it are computed once, when the first check needs them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from seimbang.balance.base import Recipe
from seimbang.checks.alone import aucs
from seimbang.checks.near_rows import Pairs, near_pairs
from seimbang.datasets.base import CaseTable, Dataset
from seimbang.imaging.copies import Copies, known_copies
from seimbang.imaging.decode import Pixels
from seimbang.imaging.digests import digests
from seimbang.imaging.pseudo_patients import PseudoPatients, find_pseudo_patients
from seimbang.imaging.quality import measure
from seimbang.imaging.similarity import Floats, Mask, thumbnails
from seimbang.splits.base import Fold, Rows

Match = Callable[[Rows, Rows], tuple[Mask, Mask]]
"""Given two sets of rows: which of the first have a match among the second, and the other way round."""

WORTH = 0.9
"""Columns of a wide table with a smaller AUC are not looked at more closely."""

ADJECTIVE = {"train": "training", "validation": "validation", "test": "test"}


@dataclass(frozen=True)
class Evidence:
    """A data set, its split, and the external sets.

    Attributes:
        data: The internal data set.
        folds: Its split; the source's own before a plan exists; empty where there is none.
        external: External sets by name.
        planned: Whether the folds are a plan's rather than the source's.
        larger: The images of ``data`` before a quick run made them smaller; None where they are as they were.
    """

    data: Dataset
    folds: tuple[Fold, ...]
    external: Mapping[str, Dataset]
    planned: bool
    larger: Pixels | None = None

    @property
    def cases(self) -> CaseTable:
        """The internal case table."""
        return self.data.cases

    @property
    def noun(self) -> str:
        """What one case is called."""
        return "image" if self.data.kind == "image" else "case"

    @property
    def compared(self) -> Pixels:
        """The images in which copies and patients are searched."""
        return self.data.X if self.larger is None else self.larger

    @cached_property
    def digests(self) -> npt.NDArray[np.str_]:
        """Digest of the pixels (or features) of each case."""
        return digests(self.data.X)

    @cached_property
    def thumbnails(self) -> Floats:
        """Standardised thumbnails, 4 kB per case."""
        return thumbnails(self.data.X)

    @cached_property
    def quality(self) -> pd.DataFrame:
        """One row per image, one column per measure of its quality."""
        return measure(self.data.X)

    @cached_property
    def column_aucs(self) -> dict[int, float]:
        """How well columns of a table tell the classes by themselves, on the cases that are not for testing."""
        rows = self.development
        return aucs(self.data.X[rows], self.cases.y[rows], self.cases.groups[rows], WORTH)

    @cached_property
    def near_rows(self) -> Pairs:
        """Pairs of rows of a table that are nearly one row."""
        return near_pairs(self.data.X)

    @cached_property
    def external_digests(self) -> dict[str, npt.NDArray[np.str_]]:
        """Digests of the cases of each external set."""
        return {name: digests(external.X) for name, external in self.external.items()}

    @cached_property
    def copies(self) -> Copies:
        """Pairs of images that are one picture, changed or nearly identical."""
        own = self.digests if self.larger is None else digests(self.larger)
        return known_copies(self.compared, own.tolist())

    @cached_property
    def pseudo(self) -> PseudoPatients | None:
        """Groups of the images without a patient identifier; None where all have one, and of a table."""
        if self.data.kind != "image" or not (self.cases.frame.group == "").any():
            return None
        return find_pseudo_patients(self.compared, self.cases.frame)

    @cached_property
    def external_copies(self) -> dict[str, Copies]:
        """Pairs of an internal image and one of each external set that are one picture, changed."""
        own = self.digests.tolist()
        return {
            name: known_copies(self.data.X, own, external.X, self.external_digests[name].tolist())
            for name, external in self.external.items()
        }

    @property
    def development(self) -> Rows:
        """Rows used for training or validation in any fold; all rows where there are no folds."""
        if not self.folds:
            return np.arange(len(self.cases))
        return np.unique(np.concatenate([np.concatenate([fold.train, fold.validation]) for fold in self.folds]))

    def ids(self, rows: Rows) -> list[str]:
        """Return the ids of these rows."""
        return list(self.cases.frame.case_id.iloc[rows])

    def in_folds(self, count: int) -> str:
        """Return ``" (in 2 of 5 folds)"``, or nothing where there is one split."""
        return f" (in {count} of {len(self.folds)} folds)" if len(self.folds) > 1 else ""

    def matches(self, first: str, second: str, match: Match) -> tuple[Rows, Rows, int]:
        """Compare two sets of every fold.

        Returns:
            The rows of the set ``first`` with a match in the set ``second`` of the same fold, those of ``second`` with
            one in ``first``, and the number of folds with any.
        """
        in_first, in_second, folds = [np.empty(0, np.int64)], [np.empty(0, np.int64)], 0
        for fold in self.folds:
            a, b = fold.parts()[first], fold.parts()[second]
            mask_a, mask_b = match(a, b)
            in_first.append(a[mask_a])
            in_second.append(b[mask_b])
            folds += bool(mask_a.any())
        return np.unique(np.concatenate(in_first)), np.unique(np.concatenate(in_second)), folds


@dataclass(frozen=True)
class RecipeEvidence:
    """What one arm trains on: ``rows`` are the rows of the case table that the numbers in the recipe refer to."""

    recipe: Recipe
    cases: CaseTable
    fold: Fold
    rows: Rows
