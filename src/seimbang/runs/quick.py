"""A rough answer in about a minute: smaller images, fewer epochs and folds, and at most so many training cases."""

from typing import TypeVar

import numpy as np

from seimbang.datasets.base import CaseTable
from seimbang.splits.base import Fold, Rows, SplitSettings
from seimbang.study.schema import Study

Split = TypeVar("Split", bound=SplitSettings)
SIDE, EPOCHS, FOLDS, CASES = 64, 5, 3, 900


def quick(study: Study) -> Study:
    """Return the study with everything that costs time cut down."""
    height, width = study.image.size
    training = study.training.model_copy(update={"epochs": min(study.training.epochs, EPOCHS)})
    arms = tuple(arm.model_copy(update={"training": _capped(arm.training)}) for arm in study.arm)
    protocols = tuple(_fewer_folds(one) for one in study.protocol)
    image = study.image.model_copy(update={"size": (min(height, SIDE), min(width, SIDE))})
    smaller = {"training": training, "arm": arms, "image": image}
    return study.model_copy(update=smaller | {"split": _fewer_folds(study.split), "protocol": protocols})


def _fewer_folds(split: Split) -> Split:
    return split.model_copy(update={"folds": min(split.folds, FOLDS), "repeats": 1})


def _capped(training: dict[str, object]) -> dict[str, object]:
    epochs = training.get("epochs")
    return training | {"epochs": min(epochs, EPOCHS)} if isinstance(epochs, int) else training


def thin(cases: CaseTable, fold: Fold, folds: int) -> Fold:
    """Return the fold with its part of ``CASES`` training cases at most, drawn in proportion from every class."""
    most = CASES // folds
    if len(fold.train) <= most:
        return fold
    rng = np.random.default_rng(0)
    labels = cases.y[fold.train]
    share = most / len(fold.train)
    parts = [_some(fold.train[labels == label], share, rng) for label in np.unique(labels)]
    return Fold(fold.name, np.sort(np.concatenate(parts)), fold.validation, fold.test)


def _some(rows: Rows, share: float, rng: np.random.Generator) -> Rows:
    number = min(len(rows), max(20, round(share * len(rows))))
    return rng.choice(rows, number, replace=False)
