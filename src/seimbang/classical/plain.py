"""Logistic regression, multi-layer perceptron, naive Bayes."""

from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from seimbang.classical.base import Estimator


class Logistic(Estimator):
    """Logistic regression with an L2 penalty, of several classes multinomial.

    Attributes:
        C: Inverse of the penalty: the larger, the closer the model follows the training cases.
    """

    title: ClassVar[str] = "logistic regression"
    purpose: ClassVar[str] = "Weighs each number and adds them up."
    C: float = Field(1.0, gt=0)

    def classifier(self, rows: npt.NDArray[np.float32], seed: int) -> Any:
        """Return the regression."""
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=self.C, max_iter=1000)


class Mlp(Estimator):
    """Multi-layer perceptron, trained with Adam.

    Attributes:
        units: Units of each hidden layer.
        alpha: L2 penalty.
        epochs: Upper bound on passes over the training rows; it stops when the loss no longer falls.
    """

    title: ClassVar[str] = "multi-layer perceptron"
    purpose: ClassVar[str] = "Combines the numbers in layers of weighted sums."
    units: tuple[Annotated[int, Field(ge=1, le=10_000)], ...] = Field((100,), min_length=1, strict=False)
    alpha: float = Field(1e-4, ge=0)
    epochs: int = Field(200, ge=1, le=10_000)

    def classifier(self, rows: npt.NDArray[np.float32], seed: int) -> Any:
        """Return the perceptron."""
        from sklearn.neural_network import MLPClassifier

        return MLPClassifier(self.units, alpha=self.alpha, max_iter=self.epochs, random_state=seed)


class NaiveBayes(Estimator):
    """Gaussian naive Bayes: each feature is normally distributed in each class, independently of the others.

    Attributes:
        smoothing: Share of the largest variance that is added to all.
    """

    title: ClassVar[str] = "naive Bayes"
    purpose: ClassVar[str] = "Asks of each number how usual it is in each class."
    smoothing: float = Field(1e-9, ge=0)

    def classifier(self, rows: npt.NDArray[np.float32], seed: int) -> Any:
        """Return the classifier."""
        from sklearn.naive_bayes import GaussianNB

        return GaussianNB(var_smoothing=self.smoothing)
