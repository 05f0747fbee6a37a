"""The operating point of a two-class model, chosen on validation."""

from collections.abc import Mapping

import numpy as np

from seimbang.evaluation.predictions import Scored

RULE = "highest balanced accuracy on the validation set"


def of(sets: Mapping[str, Scored]) -> float | None:
    """Return the threshold of an arm with these sets; None for more than two classes or without validation."""
    validation = sets.get("validation")
    return choose(validation) if validation is not None and validation.p.shape[1] == 2 else None


def choose(validation: Scored) -> float | None:
    """Return the probability from which on a case is called positive; None when validation lacks a class.

    Candidates lie half-way between neighbouring probabilities; of equal ones the nearest to 0.5 is taken.
    """
    score, positive = validation.p[:, 1], validation.y == 1
    if positive.all() or not positive.any():
        return None
    distinct = np.unique(np.r_[0.0, score, 1.0])
    candidates = (distinct[1:] + distinct[:-1]) / 2
    found = np.searchsorted(np.sort(score[positive]), candidates)
    passed = np.searchsorted(np.sort(score[~positive]), candidates)
    balanced = 1 - found / positive.sum() + passed / (~positive).sum()
    best = candidates[np.isclose(balanced, balanced.max())]
    return float(best[np.argmin(np.abs(best - 0.5))])
