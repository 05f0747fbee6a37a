"""Case table -> folds. A new splitter is a file in this folder and a line in ``split``."""

from collections.abc import Iterator

from seimbang.datasets.base import CaseTable
from seimbang.errors import DataError, StudyError
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
    try:
        return _checked(cases, settings)
    except DataError as error:
        if error.code != "SPLIT_CLASS_MISSING":
            raise
        works = next((change for change in _changes(settings) if _works(cases, settings, change)), {})
        said = " and ".join(f"split.{key} = {value}" for key, value in works.items())
        raise DataError(
            error.code, error.found, error.expected, error.fix + (f", or set {said}" if said else "")
        ) from None


def _changes(settings: SplitSettings) -> Iterator[dict[str, float]]:
    """Yield settings that need fewer cases of a class: fewer folds, parts drawn anew, no validation part."""
    fewer: list[dict[str, float]] = [{"folds": folds} for folds in range(settings.folds - 1, 1, -1)]
    provided = {
        key: 0.2 for key in ("test", "validation") if getattr(settings, key) == "provided" and not settings.folds
    }
    ways = [*fewer, *([provided] if provided else [])]
    yield from ways
    yield from ({**way, "validation": 0.0} for way in [{}, *ways])


def _works(cases: CaseTable, settings: SplitSettings, change: dict[str, float]) -> bool:
    try:
        _checked(cases, settings.model_copy(update=change))
    except DataError:
        return False
    return True


def _checked(cases: CaseTable, settings: SplitSettings) -> list[Fold]:
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
