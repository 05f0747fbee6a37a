"""SMOTE: synthetic cases by interpolation between neighbours of one class."""

from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from seimbang.balance.base import Balance, Ints, Recipe
from seimbang.balance.neighbours import neighbours
from seimbang.balance.oversample import shortfall
from seimbang.errors import DataError


class Smote(Balance):
    """Make cases ``x_i + delta * (x_j - x_i)``, ``j`` one of the ``k`` nearest neighbours of ``i`` in its class.

    ``delta`` is uniform on [0, 1). On float input the rows are imbalanced-learn's with the same ``random_state``.

    Attributes:
        k: Number of neighbours to choose from.
        ratio: Wanted size of each smaller class, relative to the largest; a class above it is left alone.
    """

    title: ClassVar[str] = "SMOTE"
    source: ClassVar[str] = "Chawla et al. 2002, JAIR 16, 321-357"
    k: int = Field(5, ge=1, le=1000)
    ratio: float = Field(1.0, gt=0, le=1)

    def require(self, shape: tuple[int, ...], y: Ints) -> None:
        """Check as every method does, and the neighbours.

        Raises:
            DataError: SMOTE_NEIGHBOURS: a class that needs synthetic cases has no more than ``k``.
        """
        super().require(shape, y)
        require_neighbours(y, self.ratio, self.k)

    def rows(self, X: npt.NDArray[Any], among: Ints, y: Ints, rng: np.random.RandomState) -> Recipe:
        """Return every row once, then the synthetic ones, class by class."""
        start = rng.get_state()
        synthetic = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))]
        for label, count in shortfall(y, self.ratio).items():
            members = np.flatnonzero(y == label)
            near = neighbours(X, among[members], self.k)
            rng.set_state(start)  # imbalanced-learn reseeds for every class
            first, which = np.divmod(rng.randint(0, near.size, size=count), self.k)
            delta = rng.uniform(size=count)
            synthetic.append((members[first], members[near[first, which]], delta, np.full(count, label)))
        i, j, deltas, labels = (np.concatenate(parts) for parts in zip(*synthetic, strict=True))
        return Recipe(np.arange(len(y)), i, j, deltas, np.concatenate([y, labels]))


def require_neighbours(y: Ints, ratio: float, k: int, where: Literal["in", "outside"] = "in") -> None:
    """Check that there are more than ``k`` cases in, or outside of, each class that falls short of ``ratio``.

    Raises:
        DataError: SMOTE_NEIGHBOURS.
    """
    for label in shortfall(y, ratio):
        count = int(((y == label) == (where == "in")).sum())
        if count <= k:
            cases = "1 case" if count == 1 else f"{count} cases"
            raise DataError(
                "SMOTE_NEIGHBOURS",
                f"{cases} {where} class {label}, which SMOTE is to oversample",
                f"more than k = {k} cases",
                "set a smaller k, or use the method oversample",
            )
