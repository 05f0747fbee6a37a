"""Reading a split and predictions, whatever their columns are called."""

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import pandas as pd

from seimbang.checks.submitted import MADE, Submission
from seimbang.datasets.images import missing
from seimbang.datasets.intake.positive import positive_class
from seimbang.datasets.names import one_spelling, part_of, same_class
from seimbang.datasets.roles import CASES, IMAGES, LABELS, PARTS, PATIENTS, known_as, plain
from seimbang.datasets.sheets import read, whole
from seimbang.errors import DataError
from seimbang.record.seal import require_as_written

CASE = ("case_id", "case", *IMAGES, *CASES)
GROUP = ("group", *PATIENTS)
LABEL = ("label", "truth", "y_true", "true", "true_label", *LABELS)
PART = ("part", *PARTS)
PROTOCOL = ("protocol", "scheme")
FOLD = ("fold", "fold_id", "cv_fold", "kfold")
DIGEST = ("digest", "sha256", "md5", "hash", "checksum")
SEED = ("seed", "random_state", "seed_id")
ARM = ("arm", "model", "method", "classifier", "architecture")
CANDIDATE = ("epoch", "checkpoint", "trial", "candidate", "iteration")
PREDICTED = ("predicted", "prediction", "pred", "y_pred", "decision", "predicted_label", "predicted_class")
SCORE = ("score", "probability", "prob", "proba", "p", "y_score", "y_prob", "output")
PREFIX = re.compile(r"^(?:p|prob|proba|probability|score)_")


def read_submission(splits: Path, predictions: Path) -> Submission:
    """Return both tables with columns of known names.

    Raises:
        DataError: ``DATA_MISSING``, ``DATA_EMPTY``, ``DATA_SPLIT_NAME``, ``REVIEW_COLUMNS``, ``REVIEW_CLASSES`` or
            ``REVIEW_MATCH``.
        IntegrityError: ``RUN_EDITED``: a file of a run folder that was changed by hand.
    """
    for file in (splits, predictions):
        require_as_written(file)
    split, scores = _split(_read(splits), splits), _read(predictions)
    case, outside = _required(scores, CASE, "case", predictions), _outside(scores)
    scores = scores.assign(case_id=case.mask(~outside, _matched(case[~outside], split, predictions)))
    label = split.drop_duplicates("case_id").set_index("case_id").label
    own = known_as(scores.columns, LABEL)
    named = scores[own[0]] if own else scores.case_id.map(label).fillna("")
    truth = one_spelling(pd.concat([split.label, named], ignore_index=True))[0]
    split["label"], named = truth.iloc[: len(split)].to_list(), truth.iloc[len(split) :].set_axis(scores.index)
    label = split.drop_duplicates("case_id").set_index("case_id").label
    split["label"] = split.label.where(
        split.label != "", split.case_id.map(dict(zip(scores.case_id, named, strict=True)))
    )
    split = split[split.label.fillna("") != ""]
    classes = _classes(split.label, splits)
    rows = _predictions(scores, named, split, classes, predictions)
    return Submission(split, rows, classes)


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        missing(path)
    return whole(read(path).rows, path.name).reset_index(drop=True)


def _required(table: pd.DataFrame, names: tuple[str, ...], what: str, path: Path) -> "pd.Series[str]":
    columns = known_as(table.columns, names)
    if not columns:
        raise _no_column(table, what, names, path)
    return table[columns[0]]


def _no_column(table: pd.DataFrame, what: str, names: Sequence[str], path: Path) -> DataError:
    found = f"no column with the {what} in {path.name}; it has {', '.join(table.columns)}"
    return DataError("REVIEW_COLUMNS", found, f"one called {', '.join(names[:5])}", f"rename it in {path.name}")


def _optional(table: pd.DataFrame, names: tuple[str, ...]) -> "pd.Series[str]":
    columns = known_as(table.columns, names)
    return table[columns[0]] if columns else pd.Series("", table.index, dtype=object)


def _split(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Return ``case_id, path, group, label, fold, part, digest``; of folds without parts each is tested once."""
    case = _required(table, CASE, "case", path)
    group = known_as([name for name in table.columns if name != case.name], GROUP)
    rows = pd.DataFrame(
        {
            "case_id": case,
            "path": _optional(table, IMAGES),
            "group": table[group[0]] if group else "",
            "label": _optional(table, LABEL),
            "digest": _optional(table, DIGEST),
        }
    )
    parted = [name for name in known_as(table.columns, PART) if any(map(part_of, table[name]))]
    folded = [name for name in known_as(table.columns, FOLD) if name not in parted]
    fold = _fold(table, folded)
    if parted:
        parts = [part_of(name) or "unused" for name in table[parted[0]]]
        rows = rows.assign(fold=fold, part=parts)
        return rows[rows.part != "unused"]
    if not folded:
        raise _no_column(table, "part, train or test,", PART, path)
    each = [rows.assign(fold=name, part=["test" if own == name else "train" for own in fold]) for name in fold.unique()]
    return pd.concat(each, ignore_index=True)


def _fold(table: pd.DataFrame, folded: Sequence[str]) -> "pd.Series[str]":
    """Return the fold of each row; of several protocols each has folds of its own."""
    fold = table[folded[0]] if folded else pd.Series("", table.index, dtype=object)
    protocol = known_as(table.columns, PROTOCOL)
    return (table[protocol[0]] + " " + fold).str.strip() if protocol else fold


def _outside(table: pd.DataFrame) -> "pd.Series[bool]":
    """Return which predictions are of external sets, ``external:<name>``, whose cases are in no part of the split."""
    return _optional(table, PART).astype(str).str.startswith("external:")


def _matched(case: "pd.Series[str]", split: pd.DataFrame, path: Path) -> "pd.Series[str]":
    """Return the ids of the predictions as the split writes them, with or without folder and ending.

    Raises:
        DataError: ``REVIEW_MATCH``: a case is not in the split, and not by its name a made one.
    """
    stems: dict[str, set[str]] = {}
    for name in split.case_id.unique():
        stems.setdefault(_stem(name), set()).add(name)
    known = set(split.case_id)
    ids = [name if name in known else _only(stems.get(_stem(name), set()), name) for name in case]
    strange = [name for name in ids if name not in known and not MADE.search(name)]
    if strange:
        count = len(set(strange))
        found = f"{count} of {case.nunique()} cases of {path.name} not in the split, such as {strange[0]!r}"
        raise DataError("REVIEW_MATCH", found, "ids written alike in both files", "give the split of these predictions")
    return pd.Series(ids, case.index, dtype=object)


def _stem(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).stem.casefold()


def _only(names: set[str], otherwise: str) -> str:
    return next(iter(names)) if len(names) == 1 else otherwise


def _classes(label: "pd.Series[str]", path: Path) -> tuple[str, ...]:
    counts = {str(name): int(count) for name, count in label.value_counts().items()}
    if len(counts) < 2:
        found = f"the classes {', '.join(counts) or 'of no case'} in {path.name}"
        raise DataError("REVIEW_CLASSES", found, "at least two", "add a column label with the class of each case")
    if len(counts) > 2:
        return tuple(sorted(counts))
    positive = positive_class(path, counts).chosen
    return (*(name for name in counts if name != positive), positive)


def _predictions(
    table: pd.DataFrame, label: "pd.Series[str]", split: pd.DataFrame, classes: tuple[str, ...], path: Path
) -> pd.DataFrame:
    """Return the predictions; their set is that of the split where they do not name it."""
    group = split.drop_duplicates("case_id").set_index("case_id").group
    said = [same_class(name, classes) or "" for name in _optional(table, PREDICTED)]
    rows = pd.DataFrame(
        {
            "case_id": table.case_id,
            "group": table.case_id.map(group).fillna(_optional(table, GROUP)),
            "label": label,
            "fold": _fold(table, known_as(table.columns, FOLD)),
            "seed": _optional(table, SEED),
            "arm": _optional(table, ARM),
            "candidate": _optional(table, CANDIDATE),
            "predicted": said,
        }
    )
    rows["set"] = _sets(table, rows, split)
    rows = rows[rows.set != ""]
    p = _probabilities(table, classes, path)
    return rows.join(p).reset_index(drop=True)


def _sets(table: pd.DataFrame, rows: pd.DataFrame, split: pd.DataFrame) -> list[str]:
    named = [name for name in known_as(table.columns, PART) if any(map(part_of, table[name]))]
    if named:
        outside = _outside(table)
        return [name if of else part_of(name) for name, of in zip(table[named[0]], outside, strict=True)]
    planned = Submission(split, rows, ()).planned(rows)
    return [next((part for part in ("test", "validation", "train") if part in parts), "test") for parts in planned]


def _probabilities(table: pd.DataFrame, classes: tuple[str, ...], path: Path) -> pd.DataFrame:
    """Return ``p_<class>`` of each class: its column, or from the score of the positive class; of decisions 0 and 1.

    Raises:
        DataError: ``REVIEW_COLUMNS``.
    """
    named = {same_class(PREFIX.sub("", name), classes): name for name in table.columns if PREFIX.search(name)}
    named |= {name: name for name in classes if name in table.columns}
    scores = known_as(table.columns, SCORE)
    if len(classes) == 2 and not set(classes) <= set(named):
        own = [named[name] for name in classes[-1:] if name in named] or scores
        if own:
            high = pd.to_numeric(table[own[0]], errors="coerce")
            return pd.DataFrame({f"p_{classes[0]}": 1 - high, f"p_{classes[-1]}": high})
    said = known_as(table.columns, PREDICTED)
    if said and not set(classes) & set(named):
        decided = pd.Series([same_class(name, classes) for name in table[said[0]]], table.index, dtype=object)
        return pd.DataFrame({f"p_{name}": (decided == name).where(decided.notna()) * 1.0 for name in classes})
    if not set(classes) <= set(named):
        gone = next(name for name in classes if name not in named)
        raise _no_column(table, f"probability of {gone}", [f"p_{plain(name) or name}" for name in classes], path)
    return pd.DataFrame({f"p_{name}": pd.to_numeric(table[named[name]], errors="coerce") for name in classes})
