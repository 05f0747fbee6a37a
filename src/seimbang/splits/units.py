"""What a split divides: patients, or where they may be divided, cases."""

import numpy as np

from seimbang.datasets.base import CaseTable
from seimbang.splits.base import Rows, SplitSettings


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
