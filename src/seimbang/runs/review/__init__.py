"""A review of a split and predictions that were handed in: leaks, figures with intervals, claims."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seimbang.checks import audit, audit_submission
from seimbang.checks.base import Finding
from seimbang.checks.submitted import Submission
from seimbang.datasets.base import CaseTable, SourceSettings
from seimbang.datasets.images import from_files
from seimbang.datasets.paths import locate
from seimbang.errors import DataError, IntegrityError
from seimbang.evaluation.measured import Measured
from seimbang.evaluation.predictions import checked, scored
from seimbang.evaluation.table import METRICS
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.files import write_atomic
from seimbang.progress import working
from seimbang.record.base import dump
from seimbang.record.metrics import Measures
from seimbang.record.review import Review, ReviewedSet
from seimbang.reports.review import page
from seimbang.runs.review.claims import judged, read_claims
from seimbang.runs.review.tables import read_submission
from seimbang.splits.base import Fold

RESAMPLES = 1000


def review(
    splits: str | Path,
    predictions: str | Path,
    images: str | Path | None = None,
    claims: str | Path | None = None,
    out: str | Path = "review",
) -> Review:
    """Review a split and predictions that were handed in, and write ``review.html`` and ``review.json``.

    Args:
        splits: Table with the part of each case.
        predictions: Table with the probabilities of each case.
        images: Folder with the images, to search for copies and shortcuts.
        claims: TOML file with figures as they were published.
        out: Folder to write to.

    Returns:
        The ``findings``, the ``sets`` with every figure recomputed, and the ``claims`` with a verdict each.

    Raises:
        SeimbangError: A file cannot be read or does not hold what is needed.
    """
    splits, predictions, out = Path(splits), Path(predictions), Path(out)
    submission = read_submission(splits, predictions)
    claimed = read_claims(Path(claims)) if claims else []
    rows = submission.splits.drop_duplicates("case_id")
    cases = CaseTable.build(rows, splits.parent, classes=submission.classes)
    findings = audit_submission(submission, cases, folds_of(submission.splits, cases))
    if images:
        with working("Looking at the images"):
            seen = _of_images(submission, Path(images))
        known = {finding.code for finding in seen}
        findings = [*(finding for finding in findings if finding.code not in known), *seen]
    with working("Computing the figures"):
        sets = [reviewed for _, rows in _arms(submission) for reviewed in _sets(rows, submission, predictions)]
    made = Review(
        splits=splits.name,
        predictions=predictions.name,
        images=images is not None,
        classes=list(submission.classes),
        cases=len(cases),
        patients=rows.group[rows.group != ""].nunique(),
        findings=findings,
        sets=sets,
        claims=[row for claim in claimed for row in judged(claim, sets, submission.classes[-1])],
    )
    write_atomic(out / "review.json", dump(made))
    write_atomic(out / "review.html", page(made))
    return made


def folds_of(splits: pd.DataFrame, cases: CaseTable) -> list[Fold]:
    """Return the folds of a split; a case that is in several parts of one is in the first of them."""
    folds = []
    for name, rows in splits.groupby("fold", sort=False):
        rows = rows.drop_duplicates("case_id")
        positions = cases.rows(rows.case_id.tolist())
        there = positions >= 0
        parts = (np.sort(positions[there & (rows.part == part)]) for part in ("train", "validation", "test"))
        folds.append(Fold(str(name), *parts))
    return folds


def _of_images(submission: Submission, images: Path) -> list[Finding]:
    """Return what the audit finds in the images.

    Raises:
        DataError: ``DATA_FILE_MISSING``: no case has its image; and what `from_files` raises.
    """
    rows = submission.splits.drop_duplicates("case_id")
    names = [path or case for path, case in zip(rows.path, rows.case_id, strict=True)]
    paths = [place.path for place in locate(names, images)]
    if not any(paths):
        fix = "give the folder that holds them: seimbang review --images FOLDER"
        raise DataError("DATA_FILE_MISSING", f"no image of the {len(rows)} cases in {images}", f"{names[0]!r}", fix)
    there = rows.assign(path=paths)[[bool(path) for path in paths]].drop(columns="digest")
    positive = submission.classes[-1] if len(submission.classes) == 2 else None
    data = from_files(there, images, SourceSettings(positive=positive), ImageSettings(), submission.classes)
    return audit(data, folds_of(submission.splits, data.cases))


def _arms(submission: Submission) -> list[tuple[str, pd.DataFrame]]:
    """Return the predictions of each arm, and epoch or trial, under its name."""
    rows = submission.predictions
    names = [", ".join(filter(None, pair)) for pair in zip(rows.arm, rows.candidate, strict=True)]
    return [(str(name), part) for name, part in rows.assign(arm=names).groupby("arm", sort=False)]


def _sets(rows: pd.DataFrame, submission: Submission, file: Path) -> list[ReviewedSet]:
    """Return the figures of an arm on each set."""
    classes = submission.classes
    try:
        table = checked(rows, classes)
    except IntegrityError as error:
        fix = f"correct {file.name}; probabilities sum to 1, one row a case, fold and seed"
        raise DataError("REVIEW_PREDICTIONS", f"{error.found} in {file.name}", error.expected, fix) from None
    sets = []
    for name, cases in scored(table, classes).items():
        said = table[table.set == name].groupby(["seed", "case_id"], sort=True).predicted.first()
        decided = bool((said != "").all())
        answers = np.asarray(pd.Index(classes).get_indexer(pd.Index(said)), np.int64)
        measured = Measured(cases, answers if decided else cases.decisions(False), classes, RESAMPLES, 0)
        hard = bool(np.isin(cases.p, (0, 1)).all())
        facts = {"n": cases.n, "groups": cases.groups, "seeds": cases.seeds, "decided": decided or hard}
        measures = Measures.model_validate(without_probabilities(measured.table()) if hard else measured.table())
        sets.append(ReviewedSet(arm=str(rows.arm.iloc[0]), set=name, measures=measures, **facts))
    return sets


def without_probabilities(table: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of decisions alone: those of probabilities cannot be computed from 0 and 1."""
    of_probabilities = {metric.key for metric in METRICS if metric.needs.of == "probabilities"}
    hidden = {"value": None, "why": "no probabilities"}
    lists: dict[str, Any] = {"calibration": [], "roc": [], "precision_recall": [], "one_vs_rest": {}}

    def cleared(part: dict[str, Any]) -> dict[str, Any]:
        return {
            key: hidden if key in of_probabilities else cleared(value) if isinstance(value, dict) else value
            for key, value in part.items()
        }

    return cleared({key: value for key, value in table.items() if key not in lists}) | lists
