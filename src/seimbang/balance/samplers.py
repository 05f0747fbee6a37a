"""The methods that change rows as samplers of imbalanced-learn, for its pipelines and scikit-learn's tools."""

import math
from dataclasses import field, make_dataclass
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from imblearn.base import BaseSampler
from scipy.sparse import issparse
from sklearn.utils import check_random_state

from seimbang.balance import METHODS, make

NOTE = """

    As a sampler: ``fit_resample(X, y)`` takes tables ``(n, f)`` and images ``(n, h, w, c)``, computes in float and
    returns the rows in the form and type of ``X``; whole numbers are rounded and cut to what their type holds. A sparse
    table is worked on as a dense one. ``ratio`` is the only ``sampling_strategy``: for two classes it is the same
    number, 1 is ``"auto"``, and with more classes it holds for each. Wrong settings raise ``StudyError``, cases that
    the method cannot work on ``DataError``.

    ``random_state`` is a seed, a ``RandomState`` or None. Equal seeds give equal rows, those of imbalanced-learn.
"""


class Sampler(BaseSampler):  # type: ignore[misc]
    """What the samplers share; each wraps one of ``METHODS``, whose settings are its parameters."""

    method: ClassVar[str]
    _sampling_type = "bypass"  # the method itself knows how many rows each class is to have
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {"random_state": ["random_state"]}

    @property
    def sampling_strategy(self) -> float:
        """What imbalanced-learn calls ``ratio``."""
        return self.ratio  # type: ignore[no-any-return]

    def _check_X_y(self, X: Any, y: Any, accept_sparse: Any = None) -> tuple[Any, npt.NDArray[Any], bool]:
        """Let imbalanced-learn check images as it checks tables."""
        shape = np.shape(X)
        flat = np.asarray(X).reshape(shape[0], math.prod(shape[1:])) if len(shape) > 2 else X
        checked, y, one_hot = super()._check_X_y(flat, y, accept_sparse)
        return checked.reshape(shape) if len(shape) > 2 else checked, y, one_hot

    def _fit_resample(self, X: Any, y: npt.NDArray[Any]) -> tuple[Any, npt.NDArray[Any]]:
        classes, codes = np.unique(y, return_inverse=True)
        dense = X.toarray() if issparse(X) else X
        settings = {name: _plain(value) for name, value in self.get_params().items() if name != "random_state"}
        recipe = make({"method": self.method, **settings}, type(self).__name__).recipe(dense, codes, self._seed())
        synthetic = np.arange(len(recipe.real), len(recipe))
        made = recipe.draw(dense, synthetic, np.result_type(dense, np.float32).type)
        rows = np.concatenate([dense[recipe.real], _as(made, dense.dtype)])
        return type(X)(rows) if issparse(X) else rows, classes[recipe.y]

    def _seed(self) -> int:
        if isinstance(self.random_state, Integral):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(2**31))


def _plain(value: Any) -> Any:
    """Return the number in a NumPy scalar, such as a grid holds, as Python's."""
    return value.item() if isinstance(value, np.generic) else value


def _as(rows: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return floats as ``dtype``: rounded and cut where it holds whole numbers only."""
    if dtype.kind in "iu":
        rows = np.rint(rows).clip(np.iinfo(dtype).min, np.iinfo(dtype).max)
    return rows.astype(dtype)


def _sampler(name: str, method: str) -> type[Sampler]:
    """Return the sampler ``name`` of a method, with the method's settings and ``random_state`` as its parameters."""
    kind = METHODS[method]
    settings = [(key, Any, field(default=one.default)) for key, one in kind.model_fields.items() if key != "scope"]
    settings.append(("random_state", Any, field(default=None)))
    body = {"method": method, "__module__": __name__, "__doc__": f"{(kind.__doc__ or '').rstrip()}{NOTE}"}
    return make_dataclass(name, settings, bases=(Sampler,), namespace=body, kw_only=True, eq=False, repr=False)


SMOTE = _sampler("SMOTE", "smote")
BorderlineSMOTE = _sampler("BorderlineSMOTE", "borderline_smote")
ADASYN = _sampler("ADASYN", "adasyn")
SVMSMOTE = _sampler("SVMSMOTE", "svm_smote")
KMeansSMOTE = _sampler("KMeansSMOTE", "kmeans_smote")
RandomOverSampler = _sampler("RandomOverSampler", "oversample")
RandomUnderSampler = _sampler("RandomUnderSampler", "undersample")
