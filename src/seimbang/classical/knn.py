"""Nearest neighbours."""

from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from seimbang.classical.base import Estimator
from seimbang.errors import DataError


class Knn(Estimator):
    """The classes of the nearest training cases vote (Cover & Hart 1967).

    Attributes:
        k: Neighbours that vote.
        metric: What near means.
        weights: Whether all votes count alike, or near ones more: by the inverse of the distance.
    """

    title: ClassVar[str] = "nearest neighbours"
    purpose: ClassVar[str] = "Lets the most similar training cases vote."
    weighable: ClassVar[bool] = False
    k: int = Field(5, ge=1, le=1000)
    metric: Literal["euclidean", "manhattan", "cosine"] = "euclidean"
    weights: Literal["uniform", "distance"] = "uniform"

    def require(self, rows: int) -> None:
        """Check the number of training rows.

        Raises:
            DataError: KNN_NEIGHBOURS: there are fewer rows than neighbours.
        """
        if rows < self.k:
            found, expected = f"{rows} training rows for {self.k} neighbours", "at least as many rows as neighbours"
            raise DataError("KNN_NEIGHBOURS", found, expected, "set a smaller k")

    def classifier(self, rows: npt.NDArray[np.float32], seed: int) -> Any:
        """Return the neighbours' vote."""
        from sklearn.neighbors import KNeighborsClassifier

        self.require(len(rows))
        return KNeighborsClassifier(self.k, metric=self.metric, weights=self.weights, algorithm="brute")
