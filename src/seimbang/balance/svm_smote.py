"""SVM-SMOTE: SMOTE that starts from the support vectors of an SVM."""

from typing import Any, ClassVar

from pydantic import Field

from seimbang.balance.interpolating import Interpolating


class SvmSmote(Interpolating):
    """Make cases ``x_i + delta * (x_j - x_i)`` from support vectors ``i``, ``j`` one of the ``k`` nearest in the class.

    The SVM has the RBF kernel and C = 1. Where half or more of the ``m`` nearest neighbours of ``i`` are of other
    classes, ``delta`` is uniform on [0, 1), between the two; elsewhere on (-0.5, 0], away from ``j``, which widens the
    class. How many are made of each kind is drawn from Beta(10, 10). Support vectors with only other classes around are
    noise and left out; where no support vector is of one kind, its share is not made. The rows are imbalanced-learn's;
    of bytes they are cut to 0 ... 255.

    Attributes:
        m: Number of neighbours of any class that decide what surrounds a support vector.
    """

    title: ClassVar[str] = "SVM-SMOTE"
    source: ClassVar[str] = "Nguyen et al. 2011, IJKESDP 3(1), 4-21"
    needs: ClassVar[str] = "m cases besides each, and support vectors with one of their class among the m nearest"
    fix: ClassVar[str] = "set another m, or use the method smote or oversample"
    m: int = Field(10, ge=1, le=1000)

    def sampler(self) -> tuple[Any, dict[str, Any]]:
        """Return imbalanced-learn's class and its settings."""
        from imblearn.over_sampling import SVMSMOTE

        return SVMSMOTE, {"k_neighbors": self.k, "m_neighbors": self.m}
