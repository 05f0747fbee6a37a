"""Classical models. A new one is a file in this folder and a line in ``CLASSICAL``."""

from seimbang.classical.base import Estimator
from seimbang.classical.knn import Knn
from seimbang.classical.plain import Logistic, Mlp, NaiveBayes
from seimbang.classical.svm import Svm
from seimbang.classical.trees import Boosting, Forest, Tree

CLASSICAL: dict[str, type[Estimator]] = {
    "svm": Svm,
    "knn": Knn,
    "forest": Forest,
    "logistic": Logistic,
    "boosting": Boosting,
    "mlp": Mlp,
    "naive_bayes": NaiveBayes,
    "tree": Tree,
}
