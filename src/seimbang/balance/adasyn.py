"""ADASYN: SMOTE that generates more cases where more neighbours are of other classes."""

from typing import Any, ClassVar

from seimbang.balance.interpolating import Interpolating


class Adasyn(Interpolating):
    """Make ``G * r_i / sum(r)`` cases from each case ``i``, ``r_i`` the share of other classes among its ``k`` nearest.

    ``G`` is the shortfall of the class; the numbers are rounded, so classes end nearly equal. Each new case is
    ``x_i + delta * (x_j - x_i)``, ``j`` one of the ``k`` nearest in the class, ``delta`` uniform on [0, 1). The rows
    are imbalanced-learn's.
    """

    title: ClassVar[str] = "ADASYN"
    source: ClassVar[str] = "He et al. 2008, IJCNN, 1322-1328"
    needs: ClassVar[str] = "cases with other classes among their k nearest neighbours"
    fix: ClassVar[str] = "set a larger k, or use the method smote or oversample"

    def sampler(self) -> tuple[Any, dict[str, Any]]:
        """Return imbalanced-learn's class and its settings."""
        from imblearn.over_sampling import ADASYN

        return ADASYN, {"n_neighbors": self.k}
