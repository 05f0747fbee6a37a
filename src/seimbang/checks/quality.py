"""Image quality (brightness, contrast, sharpness, noise, entropy, clipping): outliers, and shortcuts to the class."""

import numpy as np

from seimbang.checks.base import CheckResult, plural_verb
from seimbang.checks.evidence import Evidence
from seimbang.checks.separation import best_separated
from seimbang.imaging.quality import outlier_signs

SIGNS = {"low": -1, "high": 1}

TECHNICAL = ["sharpness", "noise", "clipped"]
"""The measures that depend on acquisition and storage more than on anatomy."""

MIN_AUC = 0.75
"""A shortcut is reported when the lower limit of its AUC is above this."""


def outliers(evidence: Evidence) -> CheckResult | None:
    """Images with a quality measure far from the set's median, and how many by each."""
    if evidence.data.kind != "image":
        return None
    signs = outlier_signs(evidence.quality)
    rows = np.flatnonzero(signs.any(axis=1))
    if not len(rows):
        return None
    counts = {f"{level} {name}": int((signs[name] == sign).sum()) for name in signs for level, sign in SIGNS.items()}
    listing = ", ".join(f"{measure} {count:,}" for measure, count in counts.items() if count)
    start = plural_verb(len(rows), "image", ("has", "have"))
    return CheckResult(f"{start} outlying quality: {listing}.", evidence.ids(rows), len(rows))


def shortcut(evidence: Evidence) -> CheckResult | None:
    """The class that the technical measures alone separate best from the others.

    A logistic regression on their logarithms is cross-validated with patients kept together. Test cases are left out:
    the finding may guide how a model is trained.
    """
    if evidence.data.kind != "image":
        return None
    rows = evidence.development
    best = best_separated(evidence, np.log1p(evidence.quality[TECHNICAL].to_numpy()[rows]), MIN_AUC)
    if best is None:
        return None
    sentence = (
        "In the training and validation images, sharpness, noise and clipping alone, which carry no anatomical "
        f"information, separate {best}. This may "
        "reflect the disease itself or only how the images of a class were acquired: compare a model's AUC with it, "
        "and test the model on images acquired elsewhere."
    )
    return CheckResult(sentence, (), len(rows))
