"""Threshold moving: no balancing, but a decision threshold chosen on validation."""

from typing import ClassVar, Literal

from seimbang.balance.base import Balance


class Threshold(Balance):
    """Train without balancing, and predict by the threshold with the highest balanced accuracy on validation.

    With more than two classes there is no threshold: the most probable class is predicted.
    """

    title: ClassVar[str] = "threshold chosen on validation"
    source: ClassVar[str] = "Provost 2000, AAAI workshop on imbalanced data sets"
    decides: ClassVar[Literal["default", "tuned"]] = "tuned"
