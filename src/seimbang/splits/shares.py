"""A share of the patients that a fold trains on, for learning curves."""

import math

import numpy as np

from seimbang.splits.base import Fold, Rows


def share_of(fold: Fold, unit: Rows, y: Rows, share: float, seed: int) -> Fold:
    """Return the fold with a share of its training patients, drawn alike of those with each class.

    With one seed a smaller share lies inside a larger one. A patient with cases of several classes is of a kind with
    those who have the same ones; of each kind at least one is kept.

    Args:
        fold: The whole.
        unit: Patient of each case of the table, as numbers, shape ``(n,)``.
        y: Label of each case, shape ``(n,)``.
        share: In (0, 1].
        seed: Of the draw.
    """
    patients, own = np.unique(unit[fold.train], return_inverse=True)
    has = np.zeros((len(patients), int(y.max()) + 1), bool)
    has[own, y[fold.train]] = True
    kind = np.unique(has, axis=0, return_inverse=True)[1]
    order = np.random.RandomState(seed).permutation(len(patients))
    kept = np.zeros(len(patients), bool)
    for of_kind in range(int(kind.max()) + 1):
        members = order[kind[order] == of_kind]
        kept[members[: math.ceil(share * len(members))]] = True
    return Fold(fold.name, fold.train[kept[own]], fold.validation, fold.test)
