"""What an arm trains on in a fold."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from seimbang.balance.base import Balance, Recipe
from seimbang.splits.base import Fold, Rows


def make_recipe(balance: Balance, X: npt.NDArray[Any], y: Rows, fold: Fold, seed: int) -> Recipe:
    """Balance the training part of a fold, or, with scope ``all``, every case before the split, as was published.

    Args:
        balance: The method.
        X: What the model sees of all cases.
        y: Their labels.
        fold: How they are divided.
        seed: With equal seeds the recipes are equal.

    Returns:
        Rows of ``X``. With scope ``all`` test cases are not among the real ones, so that the figures of all arms are of
        the same cases, but synthetic ones are made from them.
    """
    if balance.scope == "train":
        return balance.recipe(X, y[fold.train], seed, fold.train)
    every = np.sort(np.concatenate(list(fold.parts().values())))
    recipe = balance.recipe(X, y[every], seed, every)
    kept = np.isin(recipe.real, fold.train)
    labels = np.concatenate([recipe.y[: len(recipe.real)][kept], recipe.y[len(recipe.real) :]])
    return replace(recipe, real=recipe.real[kept], y=labels)
