"""What an arm trains on: no row of the test part, and no synthetic case made from one."""

from typing import Literal

import numpy as np

from seimbang.checks.base import Found, plural
from seimbang.checks.evidence import RecipeEvidence
from seimbang.splits.base import Rows

Part = Literal["validation", "test"]


def real(evidence: RecipeEvidence, part: Part) -> Found | None:
    """Rows of ``part`` that the arm trains on as they are."""
    held = evidence.fold.parts()[part]
    used = np.intersect1d(evidence.rows[evidence.recipe.real], held)
    if not len(used):
        return None
    verb = "is" if len(used) == 1 else "are"
    sentence = f"{plural(len(used), f'{part} case')} {verb} also trained on."
    return Found(sentence, _ids(evidence, used), len(used))


def synthetic(evidence: RecipeEvidence, part: Part) -> Found | None:
    """Synthetic cases with a parent in ``part``."""
    held = evidence.fold.parts()[part]
    recipe = evidence.recipe
    parents = evidence.rows[np.column_stack([recipe.i, recipe.j, *recipe.donors.T])]
    theirs = np.isin(parents, held)
    count = int(theirs.any(axis=1).sum())
    if not count:
        return None
    verb = "was" if count == 1 else "were"
    total = f"of {len(parents):,} synthetic training case{'s' * (len(parents) != 1)}"
    sentence = f"{count:,} {total} {verb} made from {part} cases."
    return Found(sentence, _ids(evidence, np.unique(parents[theirs])), count)


def _ids(evidence: RecipeEvidence, rows: Rows) -> list[str]:
    return list(evidence.cases.frame.case_id.iloc[rows])
