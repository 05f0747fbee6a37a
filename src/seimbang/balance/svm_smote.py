"""SVM-SMOTE: SMOTE that starts from the support vectors of an SVM."""

from typing import Any, ClassVar

from pydantic import Field

from seimbang.balance.interpolating import Interpolating


class SvmSmote(Interpolating):
    """Make cases ``x_i + delta * (x_j - x_i)`` from support vectors ``i``, ``j`` one of the ``k`` nearest in the class.

    The SVM has the RBF kernel and C = 1. Where half or more of the ``m`` nearest neighbours of ``i`` are of other
    classes, ``delta`` is uniform on [0, 1), between the two; elsewhere on (-0.5, 0], away from ``j``, which widens the
    class. The proportion of the two kinds is drawn from Beta(10, 10). Support vectors with only other classes around
    are noise and left out; where no support vector is of one kind, its share is not generated. The rows are
    imbalanced-learn's; bytes are clipped to 0 ... 255.

    Attributes:
        m: Number of neighbours of any class that decide what surrounds a support vector.
    """

    title: ClassVar[str] = "SVM-SMOTE"
    source: ClassVar[str] = "Nguyen et al. 2011, IJKESDP 3(1), 4-21"
    needs: ClassVar[str] = (
        "more than m cases, and support vectors with their own class among their m nearest neighbours"
    )
    fix: ClassVar[str] = "change m, or use the method smote or oversample"
    m: int = Field(10, ge=1, le=1000)

    def sampler(self) -> tuple[Any, dict[str, Any]]:
        """Return imbalanced-learn's class and its settings."""
        from imblearn.over_sampling import SVMSMOTE

        return SVMSMOTE, {"k_neighbors": self.k, "m_neighbors": self.m}
