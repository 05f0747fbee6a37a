"""The methods that resample rows as samplers of imbalanced-learn, for its pipelines and scikit-learn's tools."""

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
    returns the rows in the shape and type of ``X``; integers are rounded and clipped to the range of their type. A
    sparse table is converted to a dense one. ``ratio`` is the only ``sampling_strategy``: for two classes it is the
    same number, 1 is ``"auto"``, and with more classes it holds for each. Wrong settings raise ``StudyError``, cases
    that the method cannot work on ``DataError``.

    ``random_state`` is a seed, a ``RandomState`` or None. Equal seeds give equal rows, those of imbalanced-learn.
"""


class Sampler(BaseSampler):  # type: ignore[misc]
    """Base of the samplers; each wraps one of ``METHODS``, whose settings are its parameters."""

    method: ClassVar[str]
    _sampling_type = "bypass"  # the method itself decides how many rows each class gets
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {"random_state": ["random_state"]}

    @property
    def sampling_strategy(self) -> float:
        """The name of ``ratio`` in imbalanced-learn."""
        return self.ratio  # type: ignore[no-any-return]

    def _check_X_y(self, X: Any, y: Any, accept_sparse: Any = None) -> tuple[Any, npt.NDArray[Any], bool]:
        """Have imbalanced-learn check images, flattened, as it checks tables."""
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
        drawn = recipe.draw(dense, synthetic, np.result_type(dense, np.float32).type)
        rows = np.concatenate([dense[recipe.real], _cast(drawn, dense.dtype)])
        return type(X)(rows) if issparse(X) else rows, classes[recipe.y]

    def _seed(self) -> int:
        if isinstance(self.random_state, Integral):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(2**31))


def _plain(value: Any) -> Any:
    """Return a NumPy scalar, as a parameter grid may hold, as a Python number."""
    return value.item() if isinstance(value, np.generic) else value


def _cast(rows: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return floats as ``dtype``, rounded and clipped where it is an integer type."""
    if dtype.kind in "iu":
        rows = np.rint(rows).clip(np.iinfo(dtype).min, np.iinfo(dtype).max)
    return rows.astype(dtype)


def _sampler(name: str, method: str) -> type[Sampler]:
    """Return the sampler ``name`` of a method, with the method's settings and ``random_state`` as its parameters."""
    kind = METHODS[method]
    settings = [
        (key, Any, field(default=setting.default)) for key, setting in kind.model_fields.items() if key != "scope"
    ]
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
