"""A rough answer in about a minute: smaller images, fewer epochs and folds, and at most so many training cases."""

import numpy as np

from seimbang.datasets.base import CaseTable
from seimbang.splits.base import Fold, Rows
from seimbang.study.schema import Study

SIDE, EPOCHS, FOLDS, CASES = 64, 5, 3, 1500


def quick(study: Study) -> Study:
    """Return the study with everything that costs time cut down."""
    height, width = study.image.size
    training = study.training.model_copy(update={"epochs": min(study.training.epochs, EPOCHS)})
    arms = tuple(arm.model_copy(update={"training": _capped(arm.training)}) for arm in study.arm)
    split = study.split.model_copy(update={"folds": min(study.split.folds, FOLDS), "repeats": 1})
    image = study.image.model_copy(update={"size": (min(height, SIDE), min(width, SIDE))})
    return study.model_copy(update={"training": training, "arm": arms, "split": split, "image": image})


def _capped(training: dict[str, object]) -> dict[str, object]:
    epochs = training.get("epochs")
    return training | {"epochs": min(epochs, EPOCHS)} if isinstance(epochs, int) else training


def thin(cases: CaseTable, fold: Fold) -> Fold:
    """Return the fold with at most ``CASES`` training cases, drawn in proportion from every class."""
    if len(fold.train) <= CASES:
        return fold
    rng = np.random.default_rng(0)
    labels = cases.y[fold.train]
    share = CASES / len(fold.train)
    parts = [_some(fold.train[labels == label], share, rng) for label in np.unique(labels)]
    return Fold(fold.name, np.sort(np.concatenate(parts)), fold.validation, fold.test)


def _some(rows: Rows, share: float, rng: np.random.Generator) -> Rows:
    number = min(len(rows), max(20, round(share * len(rows))))
    return rng.choice(rows, number, replace=False)
