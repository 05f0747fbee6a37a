"""k-means SMOTE: SMOTE inside clusters that hold enough of the class, most where it is sparse."""

from typing import Any, ClassVar

from pydantic import Field

from seimbang.balance.interpolating import Interpolating


class KmeansSmote(Interpolating):
    """Make cases ``x_i + delta * (x_j - x_i)``, both of one cluster, ``j`` one of the ``k`` nearest of ``i`` there.

    A cluster is used when the class has more than ``k`` cases in it and at least half the share that it has of all
    cases to be generated: half of the cluster for two classes. Each generates its part, rounded up, in proportion to
    the mean distance of its cases, raised to ``0.16 * log_1.6(n) ** 1.8``, over their number ``n``. ``delta`` is
    uniform on [0, 1). The rows are imbalanced-learn's.

    Attributes:
        clusters: Number of clusters of mini-batch k-means on all classes together.
    """

    title: ClassVar[str] = "k-means SMOTE"
    source: ClassVar[str] = "Douzas et al. 2018, Information Sciences 465, 1-20"
    needs: ClassVar[str] = (
        "as many cases as clusters, and a cluster with more than k cases of the class, half of it or more"
    )
    fix: ClassVar[str] = "set a smaller k or another number of clusters, or use the method smote or oversample"
    k: int = Field(2, ge=1, le=1000)
    clusters: int = Field(8, ge=1, le=1000)

    def sampler(self) -> tuple[Any, dict[str, Any]]:
        """Return imbalanced-learn's class and its settings."""
        from imblearn.over_sampling import KMeansSMOTE

        return KMeansSMOTE, {"k_neighbors": self.k, "kmeans_estimator": self.clusters}
