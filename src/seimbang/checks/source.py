"""The source probe: can a small model tell the images of one set from those of another, whatever they show?"""

import math

import numpy as np
import numpy.typing as npt

from seimbang.checks.base import Found
from seimbang.checks.evidence import Evidence, join
from seimbang.datasets.base import Dataset
from seimbang.imaging.similarity import SIDE, Mask, Rows, thumbnails

MOST = 400
"""Images taken of each set."""

FEWEST = 10
"""With fewer patients of a set the probe says nothing."""

BORDER = 2
"""Width of the border in pixels of a thumbnail, a sixteenth of the image."""

_FOLDS, _Z = 5, 1.96


def probe(evidence: Evidence) -> Found | None:
    """Whether a small model tells internal from external images, and from their borders alone.

    A logistic regression on standardised thumbnails (so that brightness and contrast as a whole do not count) is
    cross-validated with patients kept together. Each class is equally frequent in both sets, so that the disease cannot
    tell them apart.
    """
    if evidence.data.kind != "image":
        return None
    return join(_probe(evidence, name) for name in evidence.external)


def _probe(evidence: Evidence, name: str) -> Found | None:
    other = evidence.external[name]
    ours, theirs = _matched(evidence.data, other)
    patients = [evidence.cases.groups[ours], np.char.add(f"{name}/", other.cases.groups[theirs])]
    fewest = min(len(np.unique(side)) for side in patients)
    if fewest < FEWEST:
        return None
    small = np.concatenate([evidence.thumbnails[ours], thumbnails(other.X)[theirs]])
    foreign = np.arange(len(small)) >= len(ours)
    whole, border = (
        cv_auc(values, foreign, np.concatenate(patients)) for values in (small, small[:, _border(evidence.data)])
    )
    limits, edge_limits = interval(whole, fewest), interval(border, fewest)
    sentence = (
        f"A small model tells images of the external set {name} from internal ones with an AUC of "
        f"{figure(whole, limits)}, and from the border pixels alone with {figure(border, edge_limits)}: "
        f"{_meaning(limits[0], edge_limits[0])}"
    )
    return Found(sentence, (), 2 * len(ours))


def figure(area: float, limits: tuple[float, float]) -> str:
    """Return an AUC with its interval in words."""
    return f"{area:.2f} ({limits[0]:.2f} to {limits[1]:.2f})"


def _meaning(low: float, edge_low: float) -> str:
    """Say what the lower limits of both AUCs mean; 0.5 is chance."""
    if max(low, edge_low) <= 0.55:
        return "it can hardly tell the sets apart."
    if edge_low > 0.8:
        return "the sets look different before any disease is considered, even where there is no anatomy of interest."
    if max(low, edge_low) > 0.8:
        return "the sets look different before any disease is considered."
    return "the sets look somewhat different."


def _matched(ours: Dataset, theirs: Dataset) -> tuple[Rows, Rows]:
    """Return rows of both sets, equally many of each class and at most ``MOST`` of each set."""
    rng = np.random.RandomState(0)
    labels = range(len(ours.cases.classes))
    sides = [[rng.permutation(np.flatnonzero(one.cases.y == k)) for k in labels] for one in (ours, theirs)]
    common = np.array([min(len(a), len(b)) for a, b in zip(*sides, strict=True)])
    count = (common * min(1, MOST / max(common.sum(), 1))).astype(int)
    first, second = (np.concatenate([rows[:n] for rows, n in zip(side, count, strict=True)]) for side in sides)
    return first, second


def cv_auc(values: npt.NDArray[np.floating], marked: Mask, patients: npt.NDArray[np.str_]) -> float:
    """Return the AUC of a logistic regression's scores that were cross-validated by patient."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=200))
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=0)
    score = cross_val_predict(model, values, marked, groups=patients, cv=folds, method="decision_function")
    return float(roc_auc_score(marked, score))


def _border(dataset: Dataset) -> npt.NDArray[np.int64]:
    """Return the places of the border pixels in a thumbnail."""
    height, width = (min(side, SIDE) for side in dataset.X.shape[1:3])
    inside = np.zeros((height, width), np.bool_)
    inside[BORDER:-BORDER, BORDER:-BORDER] = True
    return np.flatnonzero(~inside)


def interval(area: float, n: int) -> tuple[float, float]:
    """Return the 95 % interval of an AUC of ``n`` against ``n`` patients (Newcombe 2006, method 5).

    It is the score interval of Hanley and McNeil's variance, so it has a width at an AUC of 1 too.
    """
    from scipy.optimize import brentq

    def excess(true: float) -> float:
        spread = true * (1 - true) / n**2 * (1 + (n - 1) * ((1 - true) / (2 - true) + true / (1 + true)))
        return abs(area - true) - _Z * math.sqrt(spread)

    tiny = 1e-9
    low = brentq(excess, tiny, min(area, 1 - tiny)) if area > tiny else 0.0
    high = brentq(excess, max(area, tiny), 1 - tiny) if area < 1 - tiny else 1.0
    return low, high
