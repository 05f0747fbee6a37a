"""The columns of a table by class, before and after balancing."""

from typing import Any

import numpy as np
import numpy.typing as npt

from seimbang.balance.base import Recipe
from seimbang.datasets.base import Dataset
from seimbang.record.arm import BoxRow
from seimbang.record.base import dump
from seimbang.record.folder import Files
from seimbang.splits.base import Fold, Rows
from seimbang.study.schema import Plan

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
Side = tuple[npt.NDArray[Any], Rows]


def box_files(data: Dataset, cases: Dataset, fold: Fold, recipe: Recipe, plan: Plan) -> Files:
    """Return the five-number summary of each number column and class as ``boxes.json``; images have none.

    Before and after are the training part of the first fold, or, where the protocol balances before it divides, all
    cases. ``after`` is empty where balancing changes no row. Synthetic rows are made in the units of the data, which is
    where the prepared ones lie, as centring and scaling keep places on a line; those with a missing value do not count.
    """
    if data.kind != "table":
        return {}
    first = bool(plan.protocol.balance)
    X, y = (data.X, data.cases.y) if first else (cases.X[fold.train], cases.cases.y[fold.train])
    after = (cases.X, cases.cases.y) if first else _balanced(cases, fold, recipe)
    classes = data.cases.classes
    rows = [
        BoxRow(
            column=column.name,
            unit=column.unit,
            before=_summaries(X[:, k], y, classes),
            after=_summaries(after[0][:, k], after[1], classes) if after else {},
        )
        for k, column in enumerate(data.columns)
        if column.kind == "number"
    ]
    return {"boxes.json": dump(rows)}


def _balanced(cases: Dataset, fold: Fold, recipe: Recipe) -> Side | None:
    """Return the rows after balancing; None where they are the same."""
    if not len(recipe.i) and np.array_equal(np.sort(recipe.real), fold.train):
        return None
    return recipe.draw(cases.X, np.arange(len(recipe))), recipe.y


def _summaries(values: npt.NDArray[Any], y: Rows, classes: tuple[str, ...]) -> dict[str, list[float]]:
    of_class = {name: values[(y == k) & np.isfinite(values)] for k, name in enumerate(classes)}
    return {name: np.quantile(own, QUANTILES).tolist() for name, own in of_class.items() if len(own)}
