"""SMOTE in feature space: the network is trained on imbalanced data, then its last layer on balanced features."""

from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from seimbang.balance.base import Balance, Ints, Recipe
from seimbang.balance.oversample import shortfall
from seimbang.balance.smote import Smote, require_neighbours


class FeatureSmote(Balance):
    """Generate features ``f_i + delta * (f_j - f_i)`` of minority classes and retrain the last layer on all features.

    ``delta`` is uniform on [0, 1). The other parent ``j`` is one of the ``k`` nearest cases of the class of ``i``, as
    in SMOTE; with ``towards = "enemies"``, of the other classes: the paper's expansive oversampling (EOS), which
    expands a minority class towards the boundary. Every case of the class is a first parent; the paper's code leaves
    out those without an enemy among their nearest cases of any class.

    Attributes:
        k: Number of neighbours to choose from.
        ratio: Wanted size of each smaller class, relative to the largest; a class above it is left alone.
        towards: ``"neighbours"`` of the class (SMOTE) or ``"enemies"``, neighbours of other classes (EOS).
    """

    title: ClassVar[str] = "SMOTE in the network's features"
    source: ClassVar[str] = "Dablain et al. 2023, ICDE, 1433-1446"
    retrains_head: ClassVar[bool] = True
    k: int = Field(5, ge=1, le=1000)
    ratio: float = Field(1.0, gt=0, le=1)
    towards: Literal["neighbours", "enemies"] = "neighbours"

    def require(self, shape: tuple[int, ...], y: Ints) -> None:
        """Check as every method does, and the neighbours.

        Raises:
            DataError: SMOTE_NEIGHBOURS: a class to be oversampled, or for enemies the other classes, have no more than
                ``k`` cases.
        """
        super().require(shape, y)
        require_neighbours(y, self.ratio, self.k, "in" if self.towards == "neighbours" else "outside")

    def head_rows(self, features: npt.NDArray[np.float32], y: Ints, rng: np.random.RandomState) -> Recipe | None:
        """Return every row once, then the synthetic ones, class by class; None where no class falls short."""
        wanted = shortfall(y, self.ratio)
        if not wanted:
            return None
        if self.towards == "neighbours":
            return Smote(k=self.k, ratio=self.ratio).rows(features, np.arange(len(y)), y, rng)
        pairs = [self._towards_enemies(features, y, label, count, rng) for label, count in wanted.items()]
        i, j = (np.concatenate(parents) for parents in zip(*pairs, strict=True))
        return Recipe(np.arange(len(y)), i, j, rng.uniform(size=len(i)), np.concatenate([y, y[i]]))

    def _towards_enemies(
        self, features: npt.NDArray[np.float32], y: Ints, label: int, count: int, rng: np.random.RandomState
    ) -> tuple[Ints, Ints]:
        """Draw ``count`` pairs of a case of the class and one of its nearest enemies."""
        from sklearn.neighbors import NearestNeighbors

        members, enemies = np.flatnonzero(y == label), np.flatnonzero(y != label)
        search = NearestNeighbors(n_neighbors=self.k).fit(features[enemies])
        near = search.kneighbors(features[members], return_distance=False)
        first, which = np.divmod(rng.randint(0, near.size, size=count), self.k)
        return members[first], enemies[near[first, which]]
