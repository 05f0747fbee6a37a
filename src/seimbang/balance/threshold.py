"""No balancing; instead, the probability from which on a case is called positive is chosen on validation."""

from typing import ClassVar, Literal

from seimbang.balance.base import Balance


class Threshold(Balance):
    """Train as without balancing, and answer by the threshold with the highest balanced accuracy on validation.

    Of more than two classes no threshold is chosen: the likeliest class is then the answer.
    """

    title: ClassVar[str] = "threshold chosen on validation"
    source: ClassVar[str] = "Provost 2000, AAAI workshop on imbalanced data sets"
    decides: ClassVar[Literal["default", "tuned"]] = "tuned"
