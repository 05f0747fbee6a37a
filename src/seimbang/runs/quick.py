"""A rough answer in about a minute: smaller images, fewer epochs, folds and seeds, and fewer cases."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

import numpy as np

from seimbang.datasets.base import CaseTable
from seimbang.record.folder import digest
from seimbang.runs.stages import Divided
from seimbang.splits.base import Fold, Rows, SplitSettings
from seimbang.study.load import to_dict
from seimbang.study.schema import Study

Split = TypeVar("Split", bound=SplitSettings)
SIDE, FOLDS, SEEDS = 64, 3, 1
VALIDATION = 3
"""Of the cases kept for training, one in so many is kept for validation."""
FEWEST = 20
"""Cases of a class that are kept in any case."""


@dataclass(frozen=True)
class Cut:
    """How much of the training a quick run keeps.

    Attributes:
        cases: Training cases of all folds together, at most.
        epochs: Passes over them, at most.
    """

    cases: int = 900
    epochs: int = 5


CUTS = (Cut(), Cut(600, 5), Cut(450, 4), Cut(300, 4), Cut(300, 3), Cut(200, 3), Cut(150, 2), Cut(100, 2))
"""From the least cut to the most; the first one that keeps the promised time is taken."""


def quick(study: Study) -> Study:
    """Return the study with everything that costs time cut down, whatever the machine."""
    height, width = study.image.size
    training = study.training.model_copy(update={"epochs": min(study.training.epochs, Cut().epochs), "seeds": SEEDS})
    arms = tuple(arm.model_copy(update={"training": _capped(arm.training, Cut().epochs)}) for arm in study.arm)
    protocols = tuple(_fewer_folds(one) for one in study.protocol)
    image = study.image.model_copy(update={"size": (min(height, SIDE), min(width, SIDE))})
    evaluation = study.evaluation.model_copy(update={"learning_curve": False})
    smaller = {"training": training, "arm": arms, "image": image, "evaluation": evaluation}
    return study.model_copy(update=smaller | {"split": _fewer_folds(study.split), "protocol": protocols})


def _fewer_folds(split: Split) -> Split:
    return split.model_copy(update={"folds": min(split.folds, FOLDS), "repeats": 1})


def _capped(training: dict[str, object], epochs: int) -> dict[str, object]:
    most = {"epochs": epochs, "seeds": SEEDS}
    return training | {
        key: min(value, most[key]) for key, value in training.items() if isinstance(value, int) and key in most
    }


def cut_down(divided: Divided, cut: Cut) -> Divided:
    """Return the divided cases with so many of them, and a study with so many epochs."""
    study = divided.prepared.study
    training = study.training.model_copy(update={"epochs": min(study.training.epochs, cut.epochs)})
    arms = tuple(arm.model_copy(update={"training": _capped(arm.training, cut.epochs)}) for arm in study.arm)
    prepared = replace(divided.prepared, study=study.model_copy(update={"training": training, "arm": arms}))
    folds = {
        name: tuple(thin(divided.sets[name].cases, fold, cut.cases // len(every)) for fold in every)
        for name, every in divided.folds.items()
    }
    return replace(divided, prepared=prepared, folds=folds)


def thin(cases: CaseTable, fold: Fold, most: int) -> Fold:
    """Return the fold with ``most`` cases to train and to test on, drawn in proportion from every class.

    There are fewer to validate on, as that is done after each epoch.
    """
    rng = np.random.default_rng(0)
    limits = {"train": most, "validation": most // VALIDATION, "test": most}
    kept = {part: _thinned(rows, cases.y[rows], limits[part], rng) for part, rows in fold.parts().items()}
    return Fold(fold.name, **kept)


def _thinned(rows: Rows, labels: Rows, most: int, rng: np.random.Generator) -> Rows:
    if len(rows) <= most:
        return rows
    parts = [_some(rows[labels == label], most / len(rows), rng) for label in np.unique(labels)]
    return np.sort(np.concatenate(parts))


def _some(rows: Rows, share: float, rng: np.random.Generator) -> Rows:
    number = min(len(rows), max(FEWEST, round(share * len(rows))))
    return rng.choice(rows, number, replace=False)


def remembered(cut: Cut, study: Study) -> dict[str, Any]:
    """Return a cut as plain values, with the study that it was chosen for."""
    return {**asdict(cut), "study": digest(to_dict(study))}


def recall(values: Mapping[str, Any], study: Study) -> Cut | None:
    """Return the cut that was chosen for this study, None where there is none."""
    cut = Cut(values["cases"], values["epochs"]) if values else None
    return cut if cut and values == remembered(cut, study) else None
