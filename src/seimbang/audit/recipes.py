"""What an arm trains on: no row of the test part, and no synthetic case made from one."""

from typing import Literal

import numpy as np

from seimbang.audit.base import Found, plural
from seimbang.audit.evidence import RecipeEvidence
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
    first, second = evidence.rows[evidence.recipe.i], evidence.rows[evidence.recipe.j]
    in_first, in_second = np.isin(first, held), np.isin(second, held)
    count = int((in_first | in_second).sum())
    if not count:
        return None
    verb = "was" if count == 1 else "were"
    total = f"of {len(first):,} synthetic training case{'s' * (len(first) != 1)}"
    sentence = f"{count:,} {total} {verb} made from {part} cases."
    return Found(sentence, _ids(evidence, np.unique(np.concatenate([first[in_first], second[in_second]]))), count)


def _ids(evidence: RecipeEvidence, rows: Rows) -> list[str]:
    return list(evidence.cases.frame.case_id.iloc[rows])
