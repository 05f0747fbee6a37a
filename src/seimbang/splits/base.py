"""Settings of a split, the folds that every splitter returns, and how whole groups are assigned to sets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

Rows = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int64]
DRAWS = 20
"""So often groups are assigned anew where a class is not in every fold."""


class SplitSettings(BaseModel):
    """The ``[split]`` table of a study.

    Attributes:
        test: ``"provided"`` by the source, or the fraction held out for testing.
        validation: Fraction of the remaining cases held out for validation; ``"provided"`` takes the source's. 0 is for
            models that select hyperparameters by inner cross-validation, as those with a ``grid`` do: networks need
            validation cases.
        folds: Number of folds of cross-validation; 0 for one split. With folds, ``test`` must be left out.
        repeats: Number of repetitions of the k folds, each with another assignment.
        group: Whether cases of one patient stay together: ``"known"`` wherever groups are known, ``"none"`` never,
            ``"auto"`` also pseudo-patients, which the case table must then carry.
        seed: Seed of the assignment.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    test: Literal["provided"] | float = 0.2
    validation: Literal["provided"] | float = 0.2
    folds: int = Field(0, ge=0, le=100)
    repeats: int = Field(1, ge=1, le=100)
    group: Literal["known", "none", "auto"] = "known"
    seed: int = Field(0, ge=0, le=2**32 - 1)


@dataclass(frozen=True)
class Fold:
    """Sorted, disjoint rows of the case table; ``name`` is ``""`` for one split, ``"1"`` or ``"2.3"`` for folds."""

    name: str
    train: Rows
    validation: Rows
    test: Rows

    def parts(self) -> dict[str, Rows]:
        """Return the rows of the three sets by name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


def assign_groups(unit: Rows, y: Rows, shares: Sequence[float], rng: np.random.RandomState) -> Rows:
    """Return the set of each case, 0 ... len(shares)-1, shape ``(n,)``.

    Groups are assigned one by one, large before small (by powers of two, at random among those of about equal size), to
    the set where they keep ``sum((n_pc - share_p N_c)^2 / (share_p N_c^2))`` smallest, with ``n_pc`` the cases of
    class ``c`` in set ``p`` and ``N_c`` those of all sets. Dividing by the share fills all sets at the same pace;
    without it the largest groups would all go to the largest set.

    Args:
        unit: Group of each case, as numbers.
        y: Label of each case, as numbers.
        shares: Share of each set; they sum to 1.
        rng: Source of the order. RandomState, because its stream is frozen: numpy never changes what a seed gives.
    """
    names, unit = np.unique(unit, return_inverse=True)
    counts = np.zeros((len(names), int(y.max()) + 1), np.int64)
    np.add.at(counts, (unit, y), 1)
    part_of = np.empty(len(names), np.int64)
    assigned = np.zeros((len(shares), counts.shape[1]), np.int64)
    remaining = (counts > 0).sum(axis=0)
    share = np.asarray(shares)[:, None]
    total = np.maximum(counts.sum(axis=0), 1)
    for name in _order(counts, rng):
        own = counts[name]
        cost = (own * (2 * (assigned / share - total) + own / share) / total**2).sum(axis=1)
        cost -= _urgency(own, assigned, remaining)
        part_of[name] = int(np.argmin(cost))
        assigned[part_of[name]] += own
        remaining -= own > 0
    return part_of[unit]


def _order(counts: Counts, rng: np.random.RandomState) -> Rows:
    shuffled = rng.permutation(len(counts))
    octave = np.floor(np.log2(counts.sum(axis=1)))[shuffled]
    return shuffled[np.argsort(-octave, kind="stable")].astype(np.int64)


def _urgency(own: Counts, assigned: Counts, remaining: Counts) -> npt.NDArray[np.float64]:
    """Return a bonus for sets without a class of this group, when no more groups of it remain than sets without it.

    The cost of a group is at most 3 / share per class, so the bonus outweighs it.
    """
    empty = assigned == 0
    urgent = (own > 0) & (remaining <= empty.sum(axis=0))
    return np.asarray(1e9 * (empty & urgent).sum(axis=1), np.float64)


def grouped_folds(y: Rows, groups: npt.NDArray[Any], folds: int, seed: int) -> list[tuple[Rows, Rows]]:
    """Divide rows into folds with groups whole and classes in proportion, for an inner cross-validation.

    Unlike scikit-learn's ``StratifiedGroupKFold``, this gives every fold a case of each class that has a group for each
    fold. Only where groups hold several classes may there be no such assignment, or none in ``DRAWS`` draws.

    Args:
        y: Label of each row, shape ``(n,)``.
        groups: Which rows belong together, shape ``(n,)``.
        folds: Number of folds, at most the number of groups of the rarest class.
        seed: With equal seeds the folds are the same.

    Returns:
        Of each fold the other rows and its own, both sorted.
    """
    unit, label = (np.unique(values, return_inverse=True)[1] for values in (groups, y))
    if unit.max() + 1 == len(unit):  # the same where nothing is kept together, but faster
        from sklearn.model_selection import StratifiedKFold

        return list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(label, label))
    rng = np.random.RandomState(seed)
    for _ in range(DRAWS):
        part = assign_groups(unit, label, [1 / folds] * folds, rng)
        if len(np.unique(np.stack([part, label]), axis=1).T) == folds * (label.max() + 1):
            break
    return [(np.flatnonzero(part != fold), np.flatnonzero(part == fold)) for fold in range(folds)]
