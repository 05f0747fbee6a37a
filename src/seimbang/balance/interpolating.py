"""What the relatives of SMOTE share: imbalanced-learn chooses parents and steps, and only these are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from seimbang.balance.base import Balance, Floats, Ints, Recipe
from seimbang.balance.oversample import shortfall
from seimbang.balance.smote import require_neighbours
from seimbang.errors import DataError

ESTIMATORS = ("nn_", "nn_k_", "nn_m_", "svm_estimator_", "kmeans_estimator_")
ENDS = np.array([[0.0, 1.0]])
"""Steps to take instead of the drawn ones: none in the first column, the whole way in the second."""


class Interpolating(Balance):
    """A method of imbalanced-learn that makes cases on the lines through neighbours.

    Attributes:
        k: Number of neighbours to choose the second parent from.
        ratio: Wanted size of each smaller class, relative to the largest; a class above it is left alone.
    """

    needs: ClassVar[str]
    fix: ClassVar[str] = "set a smaller k, or use the method smote or oversample"
    k: int = Field(5, ge=1, le=1000)
    ratio: float = Field(1.0, gt=0, le=1)

    def sampler(self) -> tuple[Any, dict[str, Any]]:
        """Return imbalanced-learn's class and its settings."""
        raise NotImplementedError

    def rows(self, X: npt.NDArray[Any], among: Ints, y: Ints, rng: np.random.RandomState) -> Recipe:
        """Return every row once, then the synthetic ones as imbalanced-learn orders them.

        The features are held as float32, or float64 where they need it, while parents are chosen; imbalanced-learn
        itself sees numbers of rows.

        Raises:
            DataError: SMOTE_NEIGHBOURS: a class that needs synthetic cases has no more than ``k``. BALANCE_UNSUITED:
                the method finds nothing to start from.
        """
        wanted = shortfall(y, self.ratio)
        for label in wanted:
            require_neighbours(int((y == label).sum()), label, self.k)
        if not wanted:
            return Recipe.of_real(np.arange(len(y)), y)
        features = X[among].reshape(len(among), -1).astype(np.result_type(X, np.float32))
        seed = int(rng.get_state(legacy=False)["state"]["key"][0])  # the first word of a fresh state is its seed
        made = self._made(features, y, wanted, seed)
        for label in wanted:
            if label not in made.y:
                raise self._unsuited(y, [label], "it made nothing of this class")
        return Recipe(np.arange(len(y)), made.i, made.j, made.delta, np.concatenate([y, made.y]))

    def _made(self, features: npt.NDArray[Any], y: Ints, wanted: Mapping[int, int], seed: int) -> Recipe:
        kind, settings = self.sampler()
        sizes = {label: int((y == label).sum()) + count for label, count in wanted.items()}
        try:
            with np.errstate(invalid="ignore"):
                return trace(kind, features, y, seed, sampling_strategy=sizes, **settings)
        except (ValueError, RuntimeError) as error:
            raise self._unsuited(y, list(wanted), str(error)) from error

    def _unsuited(self, y: Ints, labels: list[int], reason: str) -> DataError:
        counts = " and ".join(f"{int((y == label).sum())} cases in class {label}" for label in labels)
        found = f"{counts} among {len(y)}, of which {self.title} cannot make more ({reason.rstrip('.')})"
        return DataError("BALANCE_UNSUITED", found, self.needs, self.fix)


def trace(kind: Any, features: npt.NDArray[Any], y: Ints, seed: int, **settings: Any) -> Recipe:
    """Let a sampler of imbalanced-learn work on numbers of rows, and return the synthetic rows alone.

    In place of each row the sampler is given its number, twice; its estimators (neighbours, SVM, clusters) see the
    features. A new case is then the number of its first parent in one column, that of its second in the other.

    Args:
        kind: ADASYN or a class derived from BaseSMOTE.
        features: Shape ``(n, f)``.
        y: Labels, shape ``(n,)``.
        seed: What a user of imbalanced-learn gives as ``random_state``.
        settings: The other settings of ``kind``.
    """
    steps: list[Floats] = []

    class Traced(kind):  # type: ignore[misc]
        def _validate_estimator(self) -> None:
            super()._validate_estimator()
            for name in ESTIMATORS:
                if hasattr(self, name):
                    setattr(self, name, _OnRows(getattr(self, name), features))

        def _generate_samples(self, X: Any, others: Any, near: Any, rows: Any, cols: Any, drawn: Any, *_: Any) -> Any:
            steps.append(drawn[:, 0])
            return super()._generate_samples(X, others, near, rows, cols, ENDS)

        def _find_cluster_sparsity(self, numbers: Floats) -> Any:
            return super()._find_cluster_sparsity(_rows(features, numbers))

    draws = seed if hasattr(kind, "_generate_samples") else _Steps(seed, steps)
    numbers = np.repeat(np.arange(len(y), dtype=np.float64)[:, None], 2, axis=1)
    made, labels = Traced(random_state=draws, **settings).fit_resample(numbers, y)
    i, j = made[len(y) :].astype(np.int64).T
    return Recipe(np.empty(0, np.int64), i, j, np.concatenate([np.empty(0), *steps]), labels[len(y) :])


class _Steps(np.random.RandomState):
    """Keeps the steps that ADASYN draws, and has it take those of ``ENDS``."""

    def __init__(self, seed: int, steps: list[Floats]) -> None:
        super().__init__(seed)
        self.steps = steps

    def uniform(self, low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
        self.steps.append(super().uniform(low, high, size)[:, 0])
        return ENDS


class _OnRows:
    """An estimator that is given numbers of rows and works on the rows."""

    def __init__(self, estimator: Any, features: npt.NDArray[Any]) -> None:
        self.estimator, self.features = estimator, features

    def __getattr__(self, name: str) -> Any:
        return getattr(self.estimator, name)

    def fit(self, numbers: Floats, *y: Ints) -> None:
        self.estimator.fit(_rows(self.features, numbers), *y)

    def fit_predict(self, numbers: Floats) -> Any:
        return self.estimator.fit_predict(_rows(self.features, numbers))

    def kneighbors(self, numbers: Floats, **options: Any) -> Any:
        return self.estimator.kneighbors(_rows(self.features, numbers), **options)


def _rows(features: npt.NDArray[Any], numbers: Floats) -> npt.NDArray[Any]:
    return features[numbers[:, 0].astype(np.int64)]
