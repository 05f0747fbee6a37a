"""The training rows of an arm: no test case, and no synthetic case generated from one."""

from typing import Literal

import numpy as np

from seimbang.checks.base import CheckResult, plural, plural_verb
from seimbang.checks.evidence import RecipeEvidence
from seimbang.splits.base import Rows

Part = Literal["validation", "test"]


def real(evidence: RecipeEvidence, part: Part) -> CheckResult | None:
    """Cases of ``part`` that the arm trains on as they are."""
    rows = np.intersect1d(evidence.rows[evidence.recipe.real], evidence.fold.parts()[part])
    if not len(rows):
        return None
    sentence = f"{plural_verb(len(rows), f'{part} case')} also used for training."
    return CheckResult(sentence, _ids(evidence, rows), len(rows))


def synthetic(evidence: RecipeEvidence, part: Part) -> CheckResult | None:
    """Synthetic cases with a parent in ``part``."""
    recipe = evidence.recipe
    parents = evidence.rows[np.column_stack([recipe.i, recipe.j, *recipe.donors.T])]
    held_out = np.isin(parents, evidence.fold.parts()[part])
    count = int(held_out.any(axis=1).sum())
    if not count:
        return None
    total = plural(len(parents), "synthetic training case")
    sentence = f"{count:,} of {total} {'was' if count == 1 else 'were'} generated from {part} cases."
    return CheckResult(sentence, _ids(evidence, np.unique(parents[held_out])), count)


def _ids(evidence: RecipeEvidence, rows: Rows) -> list[str]:
    return list(evidence.cases.frame.case_id.iloc[rows])
