"""A table that is balanced before it is divided, as publications did: to show what that is worth."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from seimbang import balance
from seimbang.balance.base import Recipe
from seimbang.checks import audit_recipe
from seimbang.checks.base import Finding
from seimbang.datasets.base import COLUMNS, CaseTable, Dataset
from seimbang.datasets.prepare import TablePreparer
from seimbang.errors import StudyError
from seimbang.splits.base import Fold
from seimbang.study.schema import Protocol


@dataclass(frozen=True)
class Prebalanced:
    """The balanced table and what it was made from.

    Attributes:
        data: Real and synthetic cases in one table, in the units of the data.
        recipe: How it was made, as rows of the original table.
        position: Row of ``data`` of each row of ``recipe``, shape ``(m,)``; the real ones come first.
    """

    data: Dataset
    recipe: Recipe
    position: np.ndarray

    def leaks(self, fold: Fold) -> list[Finding]:
        """Return what of a fold's training part was made from its test part."""
        real = len(self.recipe.real)
        place_of = np.empty(int(self.recipe.real.max()) + 1, np.int64)
        place_of[self.recipe.real[::-1]] = self.position[:real][::-1]  # of a case that is there twice, the first
        trained = np.isin(self.position[real:], fold.train)
        first, second = (place_of[rows[trained]] for rows in (self.recipe.i, self.recipe.j))
        none = np.empty(0, np.int64)
        made = Recipe(none, first, second, self.recipe.delta[trained], self.recipe.y[real:][trained])
        cases = self.data.cases
        return audit_recipe(made, cases, fold, np.arange(len(cases)), "")


def prebalance(data: Dataset, protocol: Protocol, seed: int) -> Prebalanced:
    """Balance all cases of a table.

    Args:
        data: A table.
        protocol: Whose ``balance`` is used.
        seed: Seed of the synthetic cases.

    Raises:
        StudyError: BALANCE_FIRST: the cases are images, or rows with categories.
    """
    if data.kind != "table" or any(column.kind == "category" for column in data.columns):
        found = f"protocol {protocol.name!r}, which balances {data.name} before it is divided"
        fix = 'balance inside the arm, with scope = "all" to show the leak'
        raise StudyError("BALANCE_FIRST", found, "a table of numbers", fix)
    seen = TablePreparer.fit(data.X, data.columns).transform(data.X)
    recipe = balance.make(protocol.balance).recipe(seen, data.cases.y, seed)
    made = recipe.y[len(recipe.real) :]
    synthetic = pd.DataFrame(
        {"case_id": [f"synthetic {k + 1:05d}" for k in range(len(made))], "label": np.array(data.cases.classes)[made]}
    )
    real = data.cases.frame.iloc[recipe.real]
    copy = real.groupby("case_id").cumcount()
    real = real.assign(case_id=real.case_id.where(copy == 0, real.case_id + " copy " + copy.astype(str)))
    frame = pd.concat([real, synthetic], ignore_index=True)
    frame = frame.reindex(columns=list(COLUMNS)).fillna("")
    order = frame.case_id.argsort(kind="stable").to_numpy()
    X = recipe.draw(data.X, np.arange(len(recipe)))[order]
    cases = CaseTable(frame.iloc[order].reset_index(drop=True), data.cases.classes, data.cases.root)
    return Prebalanced(replace(data, cases=cases, X=X), recipe, np.argsort(order))
