"""Brightness, contrast, sharpness, noise, entropy, clipping: images unlike the others in them, and classes."""

import numpy as np

from seimbang.checks.base import Found
from seimbang.checks.evidence import Evidence, be
from seimbang.checks.source import FEWEST, cv_auc, figure, interval
from seimbang.imaging.quality import outliers

SIDES = {"low": -1, "high": 1}

TECHNICAL = ["sharpness", "noise", "clipped"]
"""The measures that depend on how an image was made and stored more than on what it shows."""

NOTED = 0.75
"""The lower limit of the AUC from which a class is said to be known by these measures."""


def standing_out(evidence: Evidence) -> Found | None:
    """Images with a measure far from the set's median, and how many by each."""
    if evidence.data.kind != "image":
        return None
    off = outliers(evidence.quality)
    rows = np.flatnonzero(off.any(axis=1))
    if not len(rows):
        return None
    counts = {f"{word} {name}": int((off[name] == sign).sum()) for name in off for word, sign in SIDES.items()}
    listing = ", ".join(f"{what} {count:,}" for what, count in counts.items() if count)
    return Found(f"{be(len(rows), 'image')} far from the others in quality: {listing}.", evidence.ids(rows), len(rows))


def shortcut(evidence: Evidence) -> Found | None:
    """The class that the technical measures alone best tell from the others.

    A logistic regression on their logarithms is cross-validated with patients kept together. Test cases are left out:
    what is found may guide how a model is trained.
    """
    if evidence.data.kind != "image":
        return None
    rows = evidence.learning
    values, patients = np.log1p(evidence.quality[TECHNICAL].to_numpy()[rows]), evidence.cases.groups[rows]
    found = []
    for k, name in enumerate(evidence.cases.classes):
        of_class = evidence.cases.y[rows] == k
        fewest = min(len(np.unique(patients[side])) for side in (of_class, ~of_class))
        if fewest >= FEWEST:
            area = cv_auc(values, of_class, patients)
            found.append((area, interval(area, fewest), name))
    best = max(found, default=None)
    if best is None or best[1][0] <= NOTED:
        return None
    area, limits, name = best
    sentence = (
        "In the images that are learnt from, sharpness, noise and clipping alone, which see nothing of what is shown, "
        f"tell {name} from the rest with an AUC of {figure(area, limits)}. That may be the disease itself, or only how "
        "the images of a class were made: read a model's AUC beside it, and test the model where these differ."
    )
    return Found(sentence, (), len(rows))
