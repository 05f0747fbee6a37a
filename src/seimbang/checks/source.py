"""The source probe: can a small model separate the images of two sets, whatever their anatomy or disease?"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from seimbang.checks.base import CheckResult, merge
from seimbang.checks.evidence import Evidence
from seimbang.datasets.base import Dataset
from seimbang.imaging.similarity import SIDE, Mask, Rows, thumbnails
from seimbang.splits.base import grouped_folds

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

MAX_IMAGES = 400
"""Images sampled from each set."""

MIN_PATIENTS = 10
"""With fewer patients in a set the probe is left out: its interval would be too wide to interpret."""

BORDER = 2
"""Width of the border in pixels of a thumbnail, a sixteenth of the image."""

_FOLDS, _Z = 5, 1.96


def probe(evidence: Evidence) -> CheckResult | None:
    """How well a small model separates internal from external images, and by their borders alone.

    A logistic regression on standardised thumbnails (so that overall brightness and contrast do not count) is
    cross-validated with patients kept together. Each class is equally frequent in both sets, so that the disease cannot
    separate them.
    """
    if evidence.data.kind != "image":
        return None
    return merge(_probe(evidence, name) for name in evidence.external)


def _probe(evidence: Evidence, name: str) -> CheckResult | None:
    external = evidence.external[name]
    rows, external_rows = _matched_rows(evidence.data, external)
    groups = [evidence.cases.groups[rows], np.char.add(f"{name}/", external.cases.groups[external_rows])]
    smaller = min(len(np.unique(side)) for side in groups)
    if smaller < MIN_PATIENTS:
        return None
    small = np.concatenate([evidence.thumbnails[rows], thumbnails(external.X)[external_rows]])
    is_external, patients = np.arange(len(small)) >= len(rows), np.concatenate(groups)
    auc = cv_auc(small, is_external, patients)
    border_auc = cv_auc(small[:, _border(evidence.data)], is_external, patients)
    limits, border_limits = auc_interval(auc, smaller), auc_interval(border_auc, smaller)
    sentence = (
        f"A logistic regression separates images of the external set {name} from internal ones with an AUC of "
        f"{format_auc(auc, limits)}, and by their borders alone of {format_auc(border_auc, border_limits)}: "
        f"{_interpretation(limits[0], border_limits[0])}"
    )
    return CheckResult(sentence, (), 2 * len(rows))


def format_auc(auc: float, limits: tuple[float, float]) -> str:
    """Return an AUC with its interval, such as ``0.90 (0.85 to 0.94)``."""
    return f"{auc:.2f} ({limits[0]:.2f} to {limits[1]:.2f})"


def _interpretation(low: float, border_low: float) -> str:
    """Interpret the lower limits of both AUCs; 0.5 is chance."""
    if max(low, border_low) <= 0.55:
        return "the sets are hardly distinguishable."
    if border_low > 0.8:
        return "the sets differ in appearance whatever the disease, even where there is no anatomy of interest."
    if max(low, border_low) > 0.8:
        return "the sets differ in appearance whatever the disease."
    return "the sets differ somewhat in appearance."


def _matched_rows(internal: Dataset, external: Dataset) -> tuple[Rows, Rows]:
    """Return rows of both sets, equally many of each class and at most ``MAX_IMAGES`` of each set."""
    rng = np.random.RandomState(0)
    labels = range(len(internal.cases.classes))
    shuffled = [[rng.permutation(np.flatnonzero(data.cases.y == k)) for k in labels] for data in (internal, external)]
    common = np.array([min(len(a), len(b)) for a, b in zip(*shuffled, strict=True)])
    count = (common * min(1, MAX_IMAGES / max(common.sum(), 1))).astype(int)
    first, second = (np.concatenate([rows[:n] for rows, n in zip(side, count, strict=True)]) for side in shuffled)
    return first, second


def cv_auc(
    values: npt.NDArray[np.floating],
    positive: Mask,
    patients: npt.NDArray[np.str_],
    model: BaseEstimator | None = None,
) -> float:
    """Return the AUC of a model's scores that were cross-validated by patient; by default of a logistic regression."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = model or make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=200))
    method = "decision_function" if hasattr(model, "decision_function") else "predict_proba"
    folds = _folds(positive.tobytes(), tuple(patients.tolist()))
    score = cross_val_predict(model, values, positive, cv=folds, method=method)
    return float(roc_auc_score(positive, score if score.ndim == 1 else score[:, 1]))


@lru_cache(maxsize=32)
def _folds(positive: bytes, patients: tuple[str, ...]) -> list[tuple[Rows, Rows]]:
    """Return the parts to fit to and to score; several checks ask for those of a class, which take longest to find."""
    return grouped_folds(np.frombuffer(positive, np.bool_).astype(np.int64), np.array(patients), _FOLDS, 0)


def _border(dataset: Dataset) -> npt.NDArray[np.int64]:
    """Return the positions of the border pixels in a flattened thumbnail."""
    height, width = (min(side, SIDE) for side in dataset.X.shape[1:3])
    inside = np.zeros((height, width), np.bool_)
    inside[BORDER:-BORDER, BORDER:-BORDER] = True
    return np.flatnonzero(~inside)


def auc_interval(auc: float, n: int) -> tuple[float, float]:
    """Return the 95 % interval of an AUC of ``n`` against ``n`` patients (Newcombe 2006, method 5).

    It is the score interval of Hanley and McNeil's variance, so it has a width at an AUC of 1 too.
    """
    from scipy.optimize import brentq

    def excess(true: float) -> float:
        variance = true * (1 - true) / n**2 * (1 + (n - 1) * ((1 - true) / (2 - true) + true / (1 + true)))
        return abs(auc - true) - _Z * math.sqrt(variance)

    tiny = 1e-9
    low = brentq(excess, tiny, min(auc, 1 - tiny)) if auc > tiny else 0.0
    high = brentq(excess, max(auc, tiny), 1 - tiny) if auc < 1 - tiny else 1.0
    return low, high
