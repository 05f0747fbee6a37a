"""SMOTE-NC: SMOTE for tables with both numbers and categories."""

from typing import Annotated, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from seimbang.balance.base import Balance, Blocks, Floats, Ints, Recipe
from seimbang.balance.neighbours import neighbours
from seimbang.balance.oversample import shortfall
from seimbang.balance.smote import require_neighbours
from seimbang.errors import DataError


class SmoteNc(Balance):
    """As SMOTE, but each category takes the most frequent level among the ``k`` neighbours of the first parent.

    Two different levels are as far apart as the median standard deviation of the numbers in the class. On
    float input the rows are imbalanced-learn's with the same ``random_state``.

    Attributes:
        k: Number of neighbours to choose from.
        ratio: Wanted size of each smaller class, relative to the largest; a class above it is left alone.
        blocks: First column of each category, with one column per level, and the one after its last; a study takes
            them from its table.
    """

    title: ClassVar[str] = "SMOTE-NC"
    source: ClassVar[str] = "Chawla et al. 2002, JAIR 16, section 6.1"
    k: int = Field(5, ge=1, le=1000)
    ratio: float = Field(1.0, gt=0, le=1)
    blocks: tuple[Annotated[tuple[int, int], Field(strict=False)], ...] = Field((), strict=False)

    def with_categories(self, blocks: Blocks) -> Self:
        """Return the method for prepared rows whose categories are these columns."""
        return self.model_copy(update={"blocks": blocks})

    @property
    def _levels(self) -> list[int]:
        """The columns of all categories."""
        return [column for start, stop in self.blocks for column in range(start, stop)]

    def require(self, shape: tuple[int, ...], y: Ints) -> None:
        """Check as every method does, the columns, and the neighbours.

        Raises:
            DataError: BALANCE_CATEGORIES: images, or a table of numbers or of categories alone. SMOTE_NEIGHBOURS: a
                class that needs synthetic cases has no more than ``k``.
        """
        super().require(shape, y)
        if len(shape) != 1 or not self.blocks or len(self._levels) == shape[0]:
            found = f"{len(self.blocks)} categories in rows of {' x '.join(map(str, shape))} numbers"
            fix = "use the method smote, or name the categorical columns in data.categories"
            raise DataError("BALANCE_CATEGORIES", found, "a table with both numbers and categories", fix)
        require_neighbours(y, self.ratio, self.k)

    def rows(self, X: npt.NDArray[Any], among: Ints, y: Ints, rng: np.random.RandomState) -> Recipe:
        """Return every row once, then the synthetic ones, class by class."""
        levels = self._levels
        start = rng.get_state()
        none = np.empty(0, np.int64)
        synthetic = [(none, none, np.empty(0), none, np.empty((0, len(self.blocks)), np.int64))]
        for label, count in shortfall(y, self.ratio).items():
            members = np.flatnonzero(y == label)
            values = X[among[members]].astype(np.float64)
            near = neighbours(rescaled(values, levels), np.arange(len(members)), self.k)
            rng.set_state(start)  # imbalanced-learn reseeds for every class, and again for its levels
            first, which = np.divmod(rng.randint(0, near.size, size=count), self.k)
            delta = rng.uniform(size=count)
            rng.set_state(start)
            donors = [_donors(values[:, slice(*block)], near[first], rng) for block in self.blocks]
            second = near[first, which]
            labels = np.full(count, label)
            synthetic.append((members[first], members[second], delta, labels, members[np.stack(donors, 1)]))
        i, j, deltas, labels, donated = (np.concatenate(parts) for parts in zip(*synthetic, strict=True))
        both = np.concatenate([y, labels])
        return Recipe(np.arange(len(y)), i, j, deltas, both, blocks=self.blocks, donors=donated)


def rescaled(values: Floats, levels: list[int]) -> Floats:
    """Return rows in which two levels are as far apart as the median standard deviation of the numbers.

    Args:
        values: Numbers and levels, shape ``(n, f)``.
        levels: The columns of ``values`` that hold levels, one column each.
    """
    median_sd = np.median(np.delete(values, levels, axis=1).std(axis=0))
    rescaled = values.copy()
    rescaled[:, levels] *= median_sd / np.sqrt(2)  # one-hot rows of two levels differ in two columns
    return rescaled


def _donors(block: Floats, near: Ints, rng: np.random.RandomState) -> Ints:
    """Return, for each synthetic case, a neighbour with the most frequent level; ties are broken at random.

    Args:
        block: The category of each member of the class, one column per level, shape ``(m, levels)``.
        near: Neighbours of the first parent of each synthetic case, shape ``(s, k)``.
        rng: Consumed in the order of imbalanced-learn, for equal rows.
    """
    votes = block[near]
    counts = votes.sum(axis=1)
    most = rng.permutation(np.argwhere(counts == counts.max(axis=1, keepdims=True)))
    _, chosen = np.unique(most[:, 0], return_index=True)
    every = np.arange(len(near))
    donor = votes[every, :, most[chosen, 1]].argmax(axis=1)
    return np.take_along_axis(near, donor[:, None], axis=1)[:, 0]
