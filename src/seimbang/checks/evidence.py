"""What the checks look at; costly views are made once, when the first check asks for them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from seimbang.balance.base import Recipe
from seimbang.checks.base import Found, plural
from seimbang.checks.pixels import digests
from seimbang.datasets.base import CaseTable, Dataset
from seimbang.imaging.quality import measure
from seimbang.imaging.similarity import Floats, Mask, thumbnails
from seimbang.splits.base import Fold, Rows

Twins = Callable[[Rows, Rows], tuple[Mask, Mask]]
"""Given two sets of rows: which of the first have a twin among the second, and the other way round."""

ADJECTIVE = {"train": "training", "validation": "validation", "test": "test"}


@dataclass(frozen=True)
class Evidence:
    """A data set, how it is divided, and the external sets.

    Attributes:
        data: The internal data set.
        folds: How it is divided; the source's own parts before a plan exists; empty where there are none.
        external: External sets by name.
        planned: Whether the folds are a plan's rather than the source's.
    """

    data: Dataset
    folds: tuple[Fold, ...]
    external: Mapping[str, Dataset]
    planned: bool

    @property
    def cases(self) -> CaseTable:
        """The internal case table."""
        return self.data.cases

    @property
    def noun(self) -> str:
        """What one case is called."""
        return "image" if self.data.kind == "image" else "case"

    @cached_property
    def digests(self) -> npt.NDArray[np.str_]:
        """Digest of the pixels (or features) of each case."""
        return digests(self.data.X)

    @cached_property
    def thumbnails(self) -> Floats:
        """Standardised thumbnails, 4 kB a case."""
        return thumbnails(self.data.X)

    @cached_property
    def quality(self) -> pd.DataFrame:
        """One row an image, one column a measure of its quality."""
        return measure(self.data.X)

    @cached_property
    def others(self) -> dict[str, npt.NDArray[np.str_]]:
        """Digests of the external sets."""
        return {name: digests(other.X) for name, other in self.external.items()}

    @property
    def learning(self) -> Rows:
        """Rows that any fold trains or chooses on; all rows where there are no folds."""
        if not self.folds:
            return np.arange(len(self.cases))
        return np.unique(np.concatenate([np.concatenate([fold.train, fold.validation]) for fold in self.folds]))

    def ids(self, rows: Rows) -> list[str]:
        """Return the ids of these rows."""
        return list(self.cases.frame.case_id.iloc[rows])

    def in_fold(self, hit: int) -> str:
        """Return ``" (in 2 of 5 folds)"``, or nothing where there is one split."""
        return f" (in {hit} of {len(self.folds)} folds)" if len(self.folds) > 1 else ""

    def crossing(self, first: str, second: str, twins: Twins) -> tuple[Rows, Rows, int]:
        """Compare two parts of every fold.

        Returns:
            The rows of part ``first`` with a twin in part ``second`` of the same fold, those of ``second`` with one in
            ``first``, and the number of folds where there are any.
        """
        ones, twos, hit = [np.empty(0, np.int64)], [np.empty(0, np.int64)], 0
        for fold in self.folds:
            a, b = fold.parts()[first], fold.parts()[second]
            in_a, in_b = twins(a, b)
            ones.append(a[in_a])
            twos.append(b[in_b])
            hit += bool(in_a.any())
        return np.unique(np.concatenate(ones)), np.unique(np.concatenate(twos)), hit


@dataclass(frozen=True)
class RecipeEvidence:
    """What one arm trains on: ``rows`` are the rows of the case table that the numbers in the recipe refer to."""

    recipe: Recipe
    cases: CaseTable
    fold: Fold
    rows: Rows


def join(parts: Iterator[Found | None]) -> Found | None:
    """Return several answers as one, or None where there is none."""
    found = [part for part in parts if part is not None]
    if not found:
        return None
    cases = [case for part in found for case in part.cases]
    return Found(" ".join(part.sentence for part in found), cases, sum(part.count for part in found))


def be(count: int, noun: str, of: str = "") -> str:
    """Return ``"1 image is"`` or ``"30 images are"``; ``of`` goes before the verb."""
    return f"{plural(count, noun)}{of} {'is' if count == 1 else 'are'}"
