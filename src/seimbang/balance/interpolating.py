"""Base of the SMOTE variants: imbalanced-learn chooses parents and steps, and only these are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field
from threadpoolctl import threadpool_limits

from seimbang.balance.base import Balance, Floats, Ints, Recipe
from seimbang.balance.oversample import shortfall
from seimbang.balance.smote import require_neighbours
from seimbang.errors import DataError

ESTIMATORS = ("nn_", "nn_k_", "nn_m_", "svm_estimator_", "kmeans_estimator_")
ENDS = np.array([[0.0, 1.0]])
"""Steps used instead of the drawn ones: 0 in the first column and 1 in the second, which give the two parents."""


class Interpolating(Balance):
    """A method of imbalanced-learn that interpolates between neighbours.

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

    def require(self, shape: tuple[int, ...], y: Ints) -> None:
        """Check as every method does, and the neighbours.

        Raises:
            DataError: SMOTE_NEIGHBOURS: a class that needs synthetic cases has no more than ``k``.
        """
        super().require(shape, y)
        require_neighbours(y, self.ratio, self.k)

    def rows(self, X: npt.NDArray[Any], among: Ints, y: Ints, rng: np.random.RandomState) -> Recipe:
        """Return every row once, then the synthetic ones as imbalanced-learn orders them.

        The features are held as float32, or float64 where needed, while parents are chosen; imbalanced-learn itself
        gets row numbers.

        Raises:
            DataError: BALANCE_UNSUITED: the method finds no case to start from.
        """
        wanted = shortfall(y, self.ratio)
        if not wanted:
            return Recipe.of_real(np.arange(len(y)), y)
        features = X[among].reshape(len(among), -1).astype(np.result_type(X, np.float32))
        seed = int(rng.get_state(legacy=False)["state"]["key"][0])  # the first element of a fresh state is its seed
        synthetic = self._synthetic(features, y, wanted, seed)
        for label in wanted:
            if label not in synthetic.y:
                raise self._unsuited(y, [label], "no synthetic case in this class")
        labels = np.concatenate([y, synthetic.y])
        return Recipe(np.arange(len(y)), synthetic.i, synthetic.j, synthetic.delta, labels)

    def _synthetic(self, features: npt.NDArray[Any], y: Ints, wanted: Mapping[int, int], seed: int) -> Recipe:
        sampler, settings = self.sampler()
        sizes = {label: int((y == label).sum()) + count for label, count in wanted.items()}
        try:
            # the number of threads would decide the last bits
            with np.errstate(invalid="ignore"), threadpool_limits(1):
                return trace(sampler, features, y, seed, sampling_strategy=sizes, **settings)
        except (ValueError, RuntimeError) as error:
            raise self._unsuited(y, list(wanted), str(error)) from error

    def _unsuited(self, y: Ints, labels: list[int], reason: str) -> DataError:
        counts = " and ".join(f"{int((y == label).sum())} cases in class {label}" for label in labels)
        found = f"{counts} among {len(y)}, from which {self.title} cannot generate more ({reason.rstrip('.')})"
        return DataError("BALANCE_UNSUITED", found, self.needs, self.fix)


def trace(sampler: Any, features: npt.NDArray[Any], y: Ints, seed: int, **settings: Any) -> Recipe:
    """Run a sampler of imbalanced-learn on row numbers, and return the synthetic rows alone.

    Instead of each row the sampler gets its number, twice; its estimators (neighbours, SVM, clusters) get the features.
    A synthetic case is then the number of its first parent in one column, and that of its second in the other.

    Args:
        sampler: ADASYN or a class derived from BaseSMOTE.
        features: Shape ``(n, f)``.
        y: Labels, shape ``(n,)``.
        seed: The ``random_state`` of imbalanced-learn.
        settings: The other settings of ``sampler``.
    """
    steps: list[Floats] = []

    class Traced(sampler):  # type: ignore[misc]
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

    # ADASYN has no such method to override: its steps are taken where it draws them
    random_state = seed if hasattr(sampler, "_generate_samples") else _Steps(seed, steps)
    numbers = np.repeat(np.arange(len(y), dtype=np.float64)[:, None], 2, axis=1)
    parents, labels = Traced(random_state=random_state, **settings).fit_resample(numbers, y)
    i, j = parents[len(y) :].astype(np.int64).T
    return Recipe(np.empty(0, np.int64), i, j, np.concatenate([np.empty(0), *steps]), labels[len(y) :])


class _Steps(np.random.RandomState):
    """Records the steps that ADASYN draws, and returns ``ENDS`` instead."""

    def __init__(self, seed: int, steps: list[Floats]) -> None:
        super().__init__(seed)
        self.steps = steps

    def uniform(self, low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
        self.steps.append(super().uniform(low, high, size)[:, 0])
        return ENDS


class _OnRows:
    """An estimator that gets row numbers and works on the rows."""

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
