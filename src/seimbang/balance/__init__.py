"""Balancing methods. A new one is a file in this folder and a line in ``METHODS``."""

from collections.abc import Mapping
from typing import Any

from seimbang.balance.augment import Augment
from seimbang.balance.base import Balance
from seimbang.balance.class_weights import ClassWeights
from seimbang.balance.mixup import BalancedMixup, Mixup
from seimbang.balance.none import Unbalanced
from seimbang.balance.oversample import Oversample
from seimbang.balance.smote import Smote
from seimbang.balance.undersample import Undersample
from seimbang.settings import choose

METHODS: dict[str, type[Balance]] = {
    "none": Unbalanced,
    "class_weights": ClassWeights,
    "oversample": Oversample,
    "undersample": Undersample,
    "smote": Smote,
    "augment": Augment,
    "mixup": Mixup,
    "balanced_mixup": BalancedMixup,
}


def make(settings: Mapping[str, Any], where: str = "balance") -> Balance:
    """Return the method that ``settings`` describes, such as ``{"method": "smote", "k": 5}``.

    Raises:
        StudyError: STUDY_INVALID: unknown method, unknown keys or values out of range, all of them named.
    """
    return choose(METHODS, "method", settings, where)
