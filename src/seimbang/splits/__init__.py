"""Case table -> folds. A new splitter is a file in this folder and a line in ``split``."""

from seimbang.datasets.base import CaseTable
from seimbang.errors import StudyError
from seimbang.splits import holdout, kfold, provided
from seimbang.splits.base import Fold, SplitSettings
from seimbang.splits.check import check
from seimbang.splits.table import from_frame, to_frame

__all__ = ["from_frame", "split", "to_frame"]


def split(cases: CaseTable, settings: SplitSettings) -> list[Fold]:
    """Split the cases into training, validation and test sets.

    The split depends on the ids, labels and patients of the cases and on the seed alone, not on the order of the files
    or their folder.

    Args:
        cases: The case table.
        settings: The ``[split]`` table of the study.

    Returns:
        One fold, or ``folds * repeats`` of them. In each, every case is in exactly one set.

    Raises:
        StudyError: SPLIT_FRACTION: a fraction outside (0, 1); SPLIT_FOLDS: a single fold.
        DataError: SPLIT_NOT_PROVIDED: the source provides no split; SPLIT_CLASS_MISSING: a set lacks a class.
    """
    _check_settings(settings)
    if settings.folds:
        folds = kfold.split(cases, settings)
    elif settings.test == "provided":
        folds = provided.split(cases, settings)
    else:
        folds = holdout.split(cases, settings, float(settings.test))
    check(cases, folds, settings)
    return folds


def _check_settings(settings: SplitSettings) -> None:
    if settings.folds == 1:
        raise StudyError("SPLIT_FOLDS", "split.folds = 1", "0, or at least 2", "use 5 folds, or 0 for one split")
    for name in ("validation",) if settings.folds else ("test", "validation"):
        value = getattr(settings, name)
        if value != "provided" and not 0 < value < 1 and (name, value) != ("validation", 0):
            expected = 'a fraction between 0 and 1, or "provided"'
            raise StudyError("SPLIT_FRACTION", f"split.{name} = {value}", expected, "use a value such as 0.2")
