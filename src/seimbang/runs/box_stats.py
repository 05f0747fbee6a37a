"""The columns of a table by class, before and after balancing."""

from typing import Any

import numpy as np
import numpy.typing as npt

from seimbang.runs.context import Context
from seimbang.splits.base import Rows
from seimbang.study.schema import Plan

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
Side = tuple[npt.NDArray[Any], Rows]


def write_box_stats(run: Context, plan: Plan) -> None:
    """Write the five-number summary of each number column and class as ``boxes.json``; images have none.

    Before and after are the training part of the first fold, or, where the protocol balances before it divides, all
    cases. ``after`` is empty where balancing changes no row. Synthetic rows are made in the units of the data, which is
    where the prepared ones lie, as centring and scaling keep places on a line; those with a missing value do not count.
    """
    if run.data.kind != "table":
        return
    (X, y), after = _sides(run, plan)
    rows = [
        {
            "column": column.name,
            "unit": column.unit,
            "before": _summaries(run, X[:, k], y),
            "after": _summaries(run, after[0][:, k], after[1]) if after else {},
        }
        for k, column in enumerate(run.data.columns)
        if column.kind == "number"
    ]
    run.folder.json(f"arms/{plan.slug}/boxes.json", rows)


def _sides(run: Context, plan: Plan) -> tuple[Side, Side | None]:
    """Return the rows before and after balancing; None where they are the same."""
    data, fold = run.data_of(plan.protocol), run.folds_of(plan)[0]
    if plan.protocol.balance:
        return (run.data.X, run.data.cases.y), (data.X, data.cases.y)
    recipe = run.recipes[plan.slug, fold.name]
    same = not len(recipe.i) and np.array_equal(np.sort(recipe.real), fold.train)
    after = None if same else (recipe.draw(data.X, np.arange(len(recipe))), recipe.y)
    return (data.X[fold.train], data.cases.y[fold.train]), after


def _summaries(run: Context, values: npt.NDArray[Any], y: Rows) -> dict[str, list[float]]:
    of_class = {name: values[(y == k) & np.isfinite(values)] for k, name in enumerate(run.data.cases.classes)}
    return {name: np.quantile(some, QUANTILES).tolist() for name, some in of_class.items() if len(some)}
