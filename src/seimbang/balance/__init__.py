"""Balancing methods. A new one is a file in this folder and a line in ``METHODS``.

The methods that resample rows are also samplers for scikit-learn, under imbalanced-learn's names: ``SMOTE`` etc.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from seimbang.balance.adasyn import Adasyn
from seimbang.balance.augment import Augment
from seimbang.balance.base import Balance
from seimbang.balance.borderline_smote import BorderlineSmote
from seimbang.balance.class_balanced import ClassBalanced
from seimbang.balance.class_weights import ClassWeights
from seimbang.balance.feature_smote import FeatureSmote
from seimbang.balance.focal import Focal
from seimbang.balance.kmeans_smote import KmeansSmote
from seimbang.balance.ldam import Ldam
from seimbang.balance.logit_adjustment import LogitAdjustment
from seimbang.balance.mixup import BalancedMixup, Mixup
from seimbang.balance.none import Unbalanced
from seimbang.balance.oversample import Oversample
from seimbang.balance.smote import Smote
from seimbang.balance.smote_nc import SmoteNc
from seimbang.balance.svm_smote import SvmSmote
from seimbang.balance.threshold import Threshold
from seimbang.balance.undersample import Undersample
from seimbang.settings import choose

__all__ = [
    "ADASYN",
    "METHODS",
    "SMOTE",
    "SVMSMOTE",
    "BorderlineSMOTE",
    "KMeansSMOTE",
    "RandomOverSampler",
    "RandomUnderSampler",
    "make",
]

METHODS: dict[str, type[Balance]] = {
    "none": Unbalanced,
    "class_weights": ClassWeights,
    "oversample": Oversample,
    "undersample": Undersample,
    "smote": Smote,
    "augment": Augment,
    "mixup": Mixup,
    "balanced_mixup": BalancedMixup,
    "borderline_smote": BorderlineSmote,
    "adasyn": Adasyn,
    "svm_smote": SvmSmote,
    "kmeans_smote": KmeansSmote,
    "feature_smote": FeatureSmote,
    "smote_nc": SmoteNc,
    "class_balanced": ClassBalanced,
    "focal": Focal,
    "ldam": Ldam,
    "logit_adjustment": LogitAdjustment,
    "threshold": Threshold,
}


def make(settings: Mapping[str, Any], where: str = "balance") -> Balance:
    """Return the method that ``settings`` describes, such as ``{"method": "smote", "k": 5}``.

    Raises:
        StudyError: STUDY_INVALID: unknown method, unknown keys or values out of range; all are named.
    """
    return choose(METHODS, "method", settings, where)


if TYPE_CHECKING:
    from seimbang.balance.samplers import (
        ADASYN,
        SMOTE,
        SVMSMOTE,
        BorderlineSMOTE,
        KMeansSMOTE,
        RandomOverSampler,
        RandomUnderSampler,
    )
else:
    # lazy: the samplers derive from imbalanced-learn's base class, whose import takes seconds that `make` does not need
    def __getattr__(name: str) -> Any:
        """Import the samplers, and scikit-learn with them, on first use."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from seimbang.balance import samplers

        return getattr(samplers, name)
