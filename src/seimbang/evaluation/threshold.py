"""The operating point of a two-class model, chosen on validation."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

RULE = "highest balanced accuracy on the validation set"
HALVINGS = 25
"""An odd number, so that there is a majority."""
FEWEST = 4
"""Patients of a class, with which each half has two of them."""


def by_training(table: pd.DataFrame, classes: Sequence[str]) -> dict[tuple[str, str], float]:
    """Return the threshold of each fold and seed, chosen on its own validation part.

    One for all folds would be chosen with the labels of test cases: what validates in one fold is tested in another.

    Args:
        table: What ``predictions.checked`` or ``predictions.ensemble`` returns.
        classes: Class names; the positive one is the last.

    Returns:
        By fold and seed; nothing for more than two classes, or where a fold's validation part is missing or lacks a
        class.
    """
    validation = table[table.set == "validation"]
    if len(classes) != 2 or set(validation.fold) != set(table.fold):
        return {}
    cuts = {
        (str(fold), str(seed)): best_threshold(
            rows[f"p_{classes[-1]}"].to_numpy(np.float64), (rows.label == classes[-1]).to_numpy()
        )
        for (fold, seed), rows in validation.groupby(["fold", "seed"], sort=False)
    }
    return {place: cut for place, cut in cuts.items() if cut is not None} if None not in cuts.values() else {}


def decide_by_training(table: pd.DataFrame, classes: Sequence[str]) -> npt.NDArray[np.int64] | None:
    """Return the predicted class of each row by the threshold of its fold and seed, or None where there are none.

    Args:
        table: What ``by_training`` takes.
        classes: Class names; the positive one is the last.
    """
    cuts = by_training(table, classes)
    if not cuts:
        return None
    p = table[[f"p_{name}" for name in classes]].to_numpy(np.float64)
    return decide(p, np.array([cuts[place] for place in zip(table.fold, table.seed, strict=True)]))


def best_threshold(score: npt.NDArray[np.float64], positive: npt.NDArray[np.bool_]) -> float | None:
    """Return the probability from which on a case is predicted positive; None when validation lacks a class.

    Candidates lie half-way between neighbouring probabilities; of equal ones the nearest to 0.5 is taken.

    Args:
        score: Probability of the positive class, shape ``(n,)``.
        positive: Whether the case is of that class, shape ``(n,)``.
    """
    if positive.all() or not positive.any():
        return None
    distinct = np.unique(np.r_[0.0, score, 1.0])
    candidates = (distinct[1:] + distinct[:-1]) / 2
    missed = np.searchsorted(np.sort(score[positive]), candidates)
    passed = np.searchsorted(np.sort(score[~positive]), candidates)
    balanced = 1 - missed / positive.sum() + passed / (~positive).sum()
    best = candidates[np.isclose(balanced, balanced.max())]
    return float(best[np.argmin(np.abs(best - 0.5))])


def cross_fitted(
    score: npt.NDArray[np.float64], positive: npt.NDArray[np.bool_], group: npt.NDArray[np.int64], seed: int
) -> npt.NDArray[np.int64] | None:
    """Decide each case of one set by thresholds that were chosen on other patients of the same set.

    A threshold chosen on the cases that it is judged by looks better than it is. So the patients are halved, within
    strata of those with positive cases and those without, and each half is decided by the threshold that is best on
    the other. Of ``HALVINGS`` drawn anew the majority counts.

    Args:
        score: Probability of the positive class, shape ``(n,)``.
        positive: Whether the case is of that class, shape ``(n,)``.
        group: Number of the patient of each case, from 0 without gaps, shape ``(n,)``.
        seed: Seed of the halvings.

    Returns:
        Predicted classes as positions, shape ``(n,)``; None where a class has so few patients that a half may lack it.
    """
    rng, votes = np.random.default_rng(seed), np.zeros(len(score))
    if min(len(np.unique(group[side])) for side in (positive, ~positive)) < FEWEST:
        return None
    for _ in range(HALVINGS):
        half = halved(positive.astype(np.int64), group, rng)
        for chosen, judged in ((half, ~half), (~half, half)):
            cut = best_threshold(score[chosen], positive[chosen])
            if cut is None:
                return None
            votes[judged] += score[judged] >= cut
    return np.asarray(2 * votes > HALVINGS, np.int64)


def halved(y: npt.NDArray[np.int64], group: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Return which cases are in the first half of the patients, who are halved within strata.

    Args:
        y: Class of each case as a position, shape ``(n,)``; a patient's stratum is the highest of their cases.
        group: Number of the patient of each case, from 0 without gaps, shape ``(n,)``.
        rng: Source of the draw.
    """
    stratum = np.zeros(int(group.max()) + 1, np.int64)
    np.maximum.at(stratum, group, y)
    first = np.zeros(len(stratum), np.bool_)
    for own in np.unique(stratum)[::-1]:
        members = np.flatnonzero(stratum == own)
        first[rng.permutation(members)[: (len(members) + int(rng.integers(2))) // 2]] = True
    return first[group]


def decide(
    p: npt.NDArray[np.float64], threshold: float | npt.NDArray[np.float64] | None = None
) -> npt.NDArray[np.int64]:
    """Return the predicted class of each row as a position: the most probable one, or the one that a threshold gives.

    Args:
        p: Probabilities, shape ``(n, classes)``.
        threshold: Probability from which on a case of two classes is of the last; one for all rows, or one a row,
            shape ``(n,)``. None takes the most probable class.
    """
    if threshold is None:
        return np.asarray(p.argmax(1), np.int64)
    return np.asarray(p[:, -1] >= threshold, np.int64)
