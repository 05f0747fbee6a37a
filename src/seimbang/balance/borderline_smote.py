"""Borderline-SMOTE: SMOTE that starts from the cases near another class."""

from typing import Any, ClassVar

from pydantic import Field

from seimbang.balance.interpolating import Interpolating


class BorderlineSmote(Interpolating):
    """Make cases ``x_i + delta * (x_j - x_i)`` with ``i`` in danger and ``j`` one of its ``k`` neighbours in its class.

    A case is in danger when at least half, but not all, of its ``m`` nearest neighbours are of other classes; ``delta``
    is uniform on [0, 1). This is the paper's borderline-SMOTE1; the rows are imbalanced-learn's.

    Attributes:
        m: Number of neighbours of any class that decide whether a case is in danger.
    """

    title: ClassVar[str] = "Borderline-SMOTE"
    source: ClassVar[str] = "Han et al. 2005, ICIC, LNCS 3644, 878-887"
    needs: ClassVar[str] = (
        "more than m cases, and cases with at least half, but not all, of their m neighbours in other classes"
    )
    fix: ClassVar[str] = "change m, or use the method smote or oversample"
    m: int = Field(10, ge=1, le=1000)

    def sampler(self) -> tuple[Any, dict[str, Any]]:
        """Return imbalanced-learn's class and its settings."""
        from imblearn.over_sampling import BorderlineSMOTE

        return BorderlineSMOTE, {"k_neighbors": self.k, "m_neighbors": self.m}
