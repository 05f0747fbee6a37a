"""No balancing: what every other method is compared with."""

from typing import ClassVar

from seimbang.balance.base import Balance


class Unbalanced(Balance):
    """Every training row once, every class with weight 1."""

    title: ClassVar[str] = "no balancing"
