"""No balancing: the reference of every other method."""

from typing import ClassVar

from seimbang.balance.base import Balance


class Unbalanced(Balance):
    """Use every training row once and weight all classes equally."""

    title: ClassVar[str] = "no balancing"
