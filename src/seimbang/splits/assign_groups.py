"""The one draw behind every split: whole groups are dealt to parts so that each part gets its share of each class."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from seimbang.datasets.base import CaseTable
from seimbang.splits.base import Rows, SplitSettings

Counts = npt.NDArray[np.int64]


def units(cases: CaseTable, settings: SplitSettings) -> Rows:
    """Return what must stay together as numbers 0 ... u-1, shape ``(n,)``.

    Unless ``group = "none"`` that is a patient, and patients who share an identical file (same digest), because a copy
    in another part is as much a leak. Otherwise it is the case. Numbers follow the sorted ids.
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
    """Return the part of each case, 0 ... len(shares)-1, shape ``(n,)``.

    Groups are dealt one by one, large before small (by powers of two, at random among those of about equal size), to
    the part where they keep ``sum((n_pc - share_p N_c)^2 / (share_p N_c^2))`` smallest, with ``n_pc`` the cases of
    class ``c`` in part ``p`` and ``N_c`` those of all parts. Dividing by the share fills all parts at the same pace;
    without it the largest groups would all go to the largest part. Unlike scikit-learn's ``StratifiedGroupKFold``
    this takes shares of any size.

    Args:
        unit: Group of each case, as numbers.
        y: Label of each case, as numbers.
        shares: Share of each part; they sum to 1.
        rng: Source of the order. RandomState, because its stream is frozen: numpy never changes what a seed gives.
    """
    names, unit = np.unique(unit, return_inverse=True)
    counts = np.zeros((len(names), int(y.max()) + 1), np.int64)
    np.add.at(counts, (unit, y), 1)
    part_of = np.empty(len(names), np.int64)
    dealt = np.zeros((len(shares), counts.shape[1]), np.int64)
    left = (counts > 0).sum(axis=0)
    share = np.asarray(shares)[:, None]
    total = np.maximum(counts.sum(axis=0), 1)
    for name in _order(counts, rng):
        own = counts[name]
        cost = (own * (2 * (dealt / share - total) + own / share) / total**2).sum(axis=1)
        cost -= _urgency(own, dealt, left)
        part_of[name] = int(np.argmin(cost))
        dealt[part_of[name]] += own
        left -= own > 0
    return part_of[unit]


def _order(counts: Counts, rng: np.random.RandomState) -> Rows:
    shuffled = rng.permutation(len(counts))
    octave = np.floor(np.log2(counts.sum(axis=1)))[shuffled]
    return shuffled[np.argsort(-octave, kind="stable")].astype(np.int64)


def _urgency(own: Counts, dealt: Counts, left: Counts) -> npt.NDArray[np.float64]:
    """Return a bonus for parts that lack a class of this group, when no more groups of it are left than parts lack it.

    The cost of a group is at most 3 / share per class, so the bonus outweighs it.
    """
    lacks = dealt == 0
    urgent = (own > 0) & (left <= lacks.sum(axis=0))
    return np.asarray(1e9 * (lacks & urgent).sum(axis=1), np.float64)
