"""The methods that resample rows as samplers of imbalanced-learn, for its pipelines and scikit-learn's tools."""

import math
from collections.abc import Mapping
from dataclasses import field, make_dataclass
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from imblearn.base import BaseSampler
from imblearn.utils import check_sampling_strategy, check_target_type
from imblearn.utils._validation import _check_X
from scipy.sparse import issparse
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils.validation import validate_data

from seimbang.balance import METHODS, make
from seimbang.balance.base import Balance, Ints, Recipe
from seimbang.balance.frames import CodedFrame, as_type
from seimbang.balance.smote_nc import rescaled
from seimbang.settings import invalid

NOTE = """

    As a sampler: ``fit_resample(X, y)`` takes tables ``(n, f)``, DataFrames and images ``(n, h, w, c)``, computes in
    float and returns the rows in the shape and the types of ``X``; whole numbers are rounded and clipped to the range
    of their type, yes or no is that of the nearer parent. Words and pandas categories of a DataFrame count in distances
    as in SMOTE-NC, which `SMOTE` then is; other methods take them from the nearer parent. A sparse table is converted
    to a dense one. Random oversampling and undersampling take columns of any type, with gaps, and leave the positions
    of their rows in ``sample_indices_``.

    imbalanced-learn's names of the settings work too. ``sampling_strategy`` is a number, which is ``ratio`` and holds
    for each of several classes, or what imbalanced-learn takes: a word, a dict, or a function of ``y``. Wrong settings
    raise ``StudyError``, cases that the method cannot work on ``DataError``.

    ``random_state`` is a seed, a ``RandomState`` or None. Equal seeds give equal rows, those of imbalanced-learn.
"""


class Sampler(BaseSampler):  # type: ignore[misc]
    """Base of the samplers; each wraps one of ``METHODS``, whose settings are its parameters."""

    method: ClassVar[str]
    aliases: ClassVar[Mapping[str, str]]
    kind: ClassVar[str] = "over-sampling"
    _sampling_type = "bypass"  # the method itself decides how many rows each class gets
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {"random_state": ["random_state"]}

    def _check_X_y(self, X: Any, y: Any, accept_sparse: Any = None) -> tuple[Any, npt.NDArray[Any], bool]:
        """Have imbalanced-learn check images, flattened, as tables; columns of a DataFrame keep their types."""
        if isinstance(X, pd.DataFrame):
            return self._check_any(X, y)
        shape = np.shape(X)
        checked, y, one_hot = super()._check_X_y(_flat(X, shape), y, accept_sparse)
        return checked.reshape(shape) if len(shape) > 2 else checked, y, one_hot

    def _check_any(self, X: Any, y: Any) -> tuple[Any, npt.NDArray[Any], bool]:
        """Check the lengths and ``y``, whatever ``X`` holds, as imbalanced-learn's random samplers do."""
        y, one_hot = check_target_type(y, indicate_one_vs_all=True)
        X = _check_X(X)
        validate_data(self, X=X, y=y, reset=True, skip_check_array=True)
        return X, np.asarray(y), one_hot

    def _fit_resample(self, X: Any, y: npt.NDArray[Any]) -> tuple[Any, npt.NDArray[Any]]:
        classes, codes = np.unique(y, return_inverse=True)
        if isinstance(X, pd.DataFrame):
            frame, labels = self._frame(CodedFrame.of(X), codes, y)
            return frame, classes[labels]
        dense = X.toarray() if issparse(X) else X
        recipe = self._balance(self.method, y).recipe(dense, codes, self._seed())
        drawn = recipe.draw(dense, _synthetic(recipe), np.result_type(dense, np.float32).type)
        rows = np.concatenate([dense[recipe.real], as_type(drawn, dense.dtype)])
        return type(X)(rows) if issparse(X) else rows, classes[recipe.y]

    def _frame(self, coded: CodedFrame, codes: Ints, y: npt.NDArray[Any]) -> tuple[pd.DataFrame, Ints]:
        """Return the rows of a DataFrame and the positions of their classes."""
        X, levels = coded.matrix, [column for block in coded.blocks for column in range(*block)]
        mixed = 0 < len(levels) < X.shape[1]
        nominal = mixed and self.method == "smote"
        balance = self._balance("smote_nc" if nominal else self.method, y).with_categories(coded.blocks)
        recipe = balance.recipe(rescaled(X, levels) if mixed and not nominal else X, codes, self._seed())
        return coded.with_rows(recipe.real, recipe.draw(X, _synthetic(recipe), np.float64)), recipe.y

    def _balance(self, method: str, y: npt.NDArray[Any]) -> Balance:
        """Return the method with the settings of the sampler, whichever names they have.

        Raises:
            StudyError: ``STUDY_INVALID``: a wrong setting, or one under both of its names.
        """
        name, given = type(self).__name__, self.get_params()
        settings = {key: _plain(given[key]) for key in METHODS[self.method].model_fields if key in given}
        for key, alias in self.aliases.items():
            if given[alias] is not None:
                if settings[key] != METHODS[self.method].model_fields[key].default:
                    raise invalid([f"{name}.{key} and {name}.{alias} are one setting under two names: leave one out"])
                settings[key] = _plain(given[alias])
        strategy = settings["ratio"]
        if isinstance(strategy, Real):
            return make({"method": method, **settings}, name)
        balance = make({"method": method, **settings, "ratio": 1.0}, name)
        return balance.model_copy(update={"ratio": self._counts(strategy, y)})  # what no study file can say

    def _counts(self, strategy: Any, y: npt.NDArray[Any]) -> dict[int, int]:
        """Return how many rows are to be added to each class, or kept of it, by the position of the class."""
        try:
            counts = check_sampling_strategy(strategy, y, self.kind)
        except (ValueError, TypeError) as error:
            raise invalid([f"{type(self).__name__}.sampling_strategy: {error}"]) from error
        position = {label: code for code, label in enumerate(np.unique(y).tolist())}
        return {position[_plain(label)]: int(count) for label, count in counts.items()}

    def _seed(self) -> int:
        if isinstance(self.random_state, Integral):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(2**31))


class RowSampler(Sampler):
    """Base of the samplers that choose rows and make none, so that these may hold anything."""

    def _check_X_y(self, X: Any, y: Any, accept_sparse: Any = None) -> tuple[Any, npt.NDArray[Any], bool]:
        shape = np.shape(X)
        checked, y, one_hot = self._check_any(_flat(X, shape), y)
        return checked.reshape(shape) if len(shape) > 2 else checked, y, one_hot

    def _fit_resample(self, X: Any, y: npt.NDArray[Any]) -> tuple[Any, npt.NDArray[Any]]:
        classes, codes = np.unique(y, return_inverse=True)
        recipe = self._balance(self.method, y).recipe(np.empty((len(y), 0)), codes, self._seed())
        self.sample_indices_ = recipe.real
        rows = _safe_indexing(X, recipe.real)
        repeated = isinstance(X, pd.DataFrame) and self.kind == "over-sampling"  # the others keep their names of rows
        return rows.reset_index(drop=True) if repeated else rows, classes[recipe.y]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.string = tags.sampler_tags.sample_indices = True
        return tags


def _flat(X: Any, shape: tuple[int, ...]) -> Any:
    return np.asarray(X).reshape(shape[0], math.prod(shape[1:])) if len(shape) > 2 else X


def _synthetic(recipe: Recipe) -> Ints:
    """Return the positions of the synthetic rows of a recipe."""
    return np.arange(len(recipe.real), len(recipe))


def _plain(value: Any) -> Any:
    """Return a NumPy scalar, as a parameter grid may hold, as a Python number."""
    return value.item() if isinstance(value, np.generic) else value


def _sampler(name: str, method: str, base: type[Sampler] = Sampler, **aliases: str) -> type[Sampler]:
    """Return the sampler ``name`` of a method: its parameters are the method's settings, their aliases, and a seed."""
    kind, aliases = METHODS[method], {"ratio": "sampling_strategy", **aliases}
    settings = [
        (key, Any, field(default=setting.default)) for key, setting in kind.model_fields.items() if key != "scope"
    ]
    settings += [(alias, Any, field(default=None)) for alias in (*aliases.values(), "random_state")]
    body = {
        "method": method,
        "aliases": aliases,
        "__module__": __name__,
        "__doc__": f"{(kind.__doc__ or '').rstrip()}{NOTE}",
    }
    if method == "undersample":
        body["kind"] = "under-sampling"
    return make_dataclass(name, settings, bases=(base,), namespace=body, kw_only=True, eq=False, repr=False)


SMOTE = _sampler("SMOTE", "smote", k="k_neighbors")
BorderlineSMOTE = _sampler("BorderlineSMOTE", "borderline_smote", k="k_neighbors", m="m_neighbors")
ADASYN = _sampler("ADASYN", "adasyn", k="n_neighbors")
SVMSMOTE = _sampler("SVMSMOTE", "svm_smote", k="k_neighbors", m="m_neighbors")
KMeansSMOTE = _sampler("KMeansSMOTE", "kmeans_smote", k="k_neighbors", clusters="kmeans_estimator")
RandomOverSampler = _sampler("RandomOverSampler", "oversample", RowSampler)
RandomUnderSampler = _sampler("RandomUnderSampler", "undersample", RowSampler)
