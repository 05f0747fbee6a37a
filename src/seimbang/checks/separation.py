"""How well a small model tells a class from the others by a few numbers of each case, whatever the images show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from seimbang.checks.evidence import Evidence
from seimbang.checks.source import MIN_PATIENTS, auc_interval, cv_auc, format_auc

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator


@dataclass(frozen=True)
class Separation:
    """The class that numbers separate best from the others.

    Attributes:
        auc: Cross-validated, with patients kept together.
        limits: Its 95 % interval.
        name: The class.
    """

    auc: float
    limits: tuple[float, float]
    name: str

    def __str__(self) -> str:
        return f"{self.name} from the other classes with an AUC of {format_auc(self.auc, self.limits)}"


def best_separated(
    evidence: Evidence, values: npt.NDArray[np.floating], minimum: float, model: BaseEstimator | None = None
) -> Separation | None:
    """Return the class with the largest AUC, or None where its interval does not lie above ``minimum``.

    Test cases are left out: a finding may guide how a model is trained.

    Args:
        evidence: The data set and its split.
        values: Numbers of the cases in ``evidence.development``, shape ``(m, f)``.
        minimum: What the lower limit of the AUC must exceed.
        model: Any classifier; by default a logistic regression.
    """
    if not len(values) or (values == values[0]).all():
        return None
    rows, candidates = evidence.development, []
    patients = evidence.cases.groups[rows]
    for k, name in enumerate(evidence.cases.classes):
        of_class = evidence.cases.y[rows] == k
        smaller = min(len(np.unique(patients[side])) for side in (of_class, ~of_class))
        if smaller >= MIN_PATIENTS:
            auc = cv_auc(values, of_class, patients, model)
            candidates.append(Separation(auc, auc_interval(auc, smaller), name))
    best = max(reversed(candidates), key=lambda candidate: candidate.auc, default=None)  # of two equals the positive
    return best if best is not None and best.limits[0] > minimum else None
