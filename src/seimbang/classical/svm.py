"""Support vector machine."""

from importlib.util import find_spec
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from seimbang.classical.base import Estimator
from seimbang.classical.sigest import sigest

LARGE = 1_000_000
"""Numbers in the rows from which on scikit-learn-intelex is the faster one."""


class Svm(Estimator):
    """Support vector machine (Cortes & Vapnik 1995); of several classes, one against each other.

    Attributes:
        kernel: ``rbf`` is Gaussian, ``exp(-gamma * |x - x'| ** 2)``; ``linear`` is the product of the features.
        C: What a case on the wrong side costs; the larger, the closer the border follows the training cases.
        gamma: Of the Gaussian kernel: a number, ``"scale"`` (1 / (features x their variance)) or ``"sigest"``,
            estimated from the distances between training cases as the R package caret does.
    """

    title: ClassVar[str] = "support vector machine"
    purpose: ClassVar[str] = "Draws the border between the classes that leaves the widest margin."
    calibrate: Literal["sigmoid", "isotonic"] = "sigmoid"
    kernel: Literal["rbf", "linear"] = "rbf"
    C: float = Field(1.0, gt=0)
    gamma: Annotated[float, Field(gt=0)] | Literal["scale", "sigest"] = "scale"

    def classifier(self, rows: npt.NDArray[np.float32], seed: int) -> Any:
        """Return the SVM, its kernel's width set."""
        estimated = sigest(rows, seed) if self.kernel == "rbf" and self.gamma == "sigest" else None
        gamma = "scale" if self.gamma == "sigest" else self.gamma
        return _fastest(rows)(C=self.C, kernel=self.kernel, gamma=estimated or gamma, cache_size=500)


def _fastest(rows: npt.NDArray[np.float32]) -> Any:
    """Return scikit-learn's class, or scikit-learn-intelex's, which gives the same predictions.

    That one is taken where it is installed and the rows are so many that it is the faster one.
    """
    if rows.size >= LARGE and find_spec("sklearnex"):
        from sklearnex.svm import SVC
    else:
        from sklearn.svm import SVC
    return SVC
