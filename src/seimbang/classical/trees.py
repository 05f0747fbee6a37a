"""Decision tree, random forest, boosted trees."""

from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from seimbang.classical.base import Estimator


class Tree(Estimator):
    """One decision tree (Breiman et al. 1984, CART).

    Attributes:
        depth: Questions asked of a case at most; 0 for no bound.
        min_leaf: Training cases that every answer must rest on.
    """

    title: ClassVar[str] = "decision tree"
    purpose: ClassVar[str] = "Asks one question after the other, each about one number."
    depth: int = Field(0, ge=0, le=1000)
    min_leaf: int = Field(1, ge=1)

    def classifier(self, rows: npt.NDArray[np.float32], seed: int) -> Any:
        """Return the tree."""
        from sklearn.tree import DecisionTreeClassifier

        return DecisionTreeClassifier(max_depth=self.depth or None, min_samples_leaf=self.min_leaf, random_state=seed)


class Forest(Estimator):
    """Random forest (Breiman 2001).

    Attributes:
        trees: Trees that vote.
        max_features: Features that each question is chosen from: a number, ``"sqrt"`` of all, or ``"all"``.
        min_leaf: Training cases that every answer must rest on.
        search_trees: Trees of the forests that a search compares: their order is known with fewer than a prediction
            needs. The forest that is kept has ``trees``.
    """

    title: ClassVar[str] = "random forest"
    purpose: ClassVar[str] = "Lets many decision trees vote, each grown on other cases and numbers."
    threads: ClassVar[bool] = True
    trees: int = Field(100, ge=1, le=10_000)
    max_features: Annotated[int, Field(ge=1)] | Literal["sqrt", "all"] = "sqrt"
    min_leaf: int = Field(1, ge=1)
    search_trees: int = Field(20, ge=1, le=10_000)

    def classifier(self, rows: npt.NDArray[np.float32], seed: int) -> Any:
        """Return the forest; more features than there are, are all."""
        from sklearn.ensemble import RandomForestClassifier

        few = min(self.max_features, rows.shape[1]) if isinstance(self.max_features, int) else self.max_features
        return RandomForestClassifier(
            self.trees,
            max_features=None if few == "all" else few,
            min_samples_leaf=self.min_leaf,
            random_state=seed,
        )

    def sketch(self) -> Self:
        """Return a smaller forest."""
        return self.model_copy(update={"trees": min(self.trees, self.search_trees)})


class Boosting(Estimator):
    """Gradient-boosted trees on binned features (Friedman 2001; Ke et al. 2017, LightGBM).

    Attributes:
        trees: Trees, each mending what those before got wrong.
        learning_rate: Share of each tree's correction that is taken.
        leaves: Leaves of a tree at most.
        min_leaf: Training cases that every leaf must rest on.
    """

    title: ClassVar[str] = "gradient boosting"
    purpose: ClassVar[str] = "Adds up small decision trees, each mending what those before got wrong."
    trees: int = Field(100, ge=1, le=10_000)
    learning_rate: float = Field(0.1, gt=0, le=1)
    leaves: int = Field(31, ge=2)
    min_leaf: int = Field(20, ge=1)

    def classifier(self, rows: npt.NDArray[np.float32], seed: int) -> Any:
        """Return the boosted trees; none are left out for stopping early, as those rows would not keep to groups."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(
            max_iter=self.trees,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.leaves,
            min_samples_leaf=self.min_leaf,
            early_stopping=False,
            random_state=seed,
        )
