"""Stratified group assignment, behind every split: whole groups go to sets, each set gets its share of each class."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from seimbang.datasets.base import CaseTable
from seimbang.splits.base import Rows, SplitSettings

Counts = npt.NDArray[np.int64]


def units(cases: CaseTable, settings: SplitSettings) -> Rows:
    """Return the unit of assignment of each case, numbers 0 ... u-1, shape ``(n,)``.

    Unless ``group = "none"`` a unit is a patient, or several who share an identical file (same digest), because a copy
    in another set is a leak too. Otherwise it is the case. Numbers follow the sorted ids.
    """
    if settings.group == "none":
        return np.arange(len(cases))
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(cases)
    digests = np.where(cases.frame.digest != "", cases.frame.digest, "case:" + cases.frame.case_id).astype(str)
    patient = np.unique(cases.groups, return_inverse=True)[1]
    file = np.unique(digests, return_inverse=True)[1] + n
    links = coo_array((np.ones(n, np.int8), (patient, file)), shape=(2 * n, 2 * n))
    component = connected_components(links, directed=False)[1]
    return np.unique(component[patient], return_inverse=True)[1].astype(np.int64)


def assign_groups(unit: Rows, y: Rows, shares: Sequence[float], rng: np.random.RandomState) -> Rows:
    """Return the set of each case, 0 ... len(shares)-1, shape ``(n,)``.

    Groups are assigned one by one, large before small (by powers of two, at random among those of about equal size), to
    the set where they keep ``sum((n_pc - share_p N_c)^2 / (share_p N_c^2))`` smallest, with ``n_pc`` the cases of
    class ``c`` in set ``p`` and ``N_c`` those of all sets. Dividing by the share fills all sets at the same pace;
    without it the largest groups would all go to the largest set. Unlike scikit-learn's ``StratifiedGroupKFold``
    this takes shares of any size.

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
