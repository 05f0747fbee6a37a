"""Dataset (and splits) -> findings. A new check is a function in this folder and a line in ``CHECKS``."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType

import numpy as np

from seimbang.balance.base import Recipe
from seimbang.checks import (
    columns,
    counts,
    duplicates,
    file_notes,
    groups,
    interpolated,
    known_data,
    labels,
    origins,
    proxies,
    pseudo,
    quality,
    recipes,
    shortcuts,
    source,
    submitted,
    weights,
)
from seimbang.checks.base import Check, Finding, deduplicate, leaks
from seimbang.checks.evidence import Evidence, RecipeEvidence
from seimbang.checks.submitted import Submission
from seimbang.checks.weights import WeightsEvidence
from seimbang.datasets.base import CaseTable, Dataset
from seimbang.imaging.decode import Pixels
from seimbang.splits.base import Fold, Rows

__all__ = [
    "CHECKS",
    "RECIPE_CHECKS",
    "SUBMITTED_CHECKS",
    "WEIGHTS_CHECKS",
    "WeightsEvidence",
    "audit",
    "audit_recipe",
    "audit_submission",
    "audit_weights",
    "deduplicate",
    "leaks",
]


_TEST = (("train", "test"), ("validation", "test"))
_VALIDATION = (("train", "validation"),)

# What reaches the test set is a leak: the reported figures are too good. What only reaches the validation set is a
# warning: it biases the choice of epoch and threshold, but the test figures stay honest.
CHECKS: tuple[Check[Evidence], ...] = (
    Check("KNOWN_DATA", "Public data of which more is known", "info", known_data.facts),
    Check("UNREADABLE", "Files that cannot be read", "warning", file_notes.unreadable),
    Check("FILES_LOST", "Classes that lose files", "warning", file_notes.lost),
    Check("FILES_NOTED", "Files used although faulty", "warning", file_notes.noted),
    Check("DEPTH_SHORTCUT", "Classes told apart by how deep images are read", "leak", file_notes.stretched),
    Check("FILES_LEFT_OUT", "Files that are left out", "info", file_notes.left_out),
    Check("CLASS_NAMES", "Classes spelt in several ways", "warning", file_notes.class_names),
    Check("CLASS_COUNTS", "Class balance", "info", counts.class_balance),
    Check("CLASS_TOO_SMALL", "Classes too small for the split", "error", counts.too_small),
    Check("CLASS_FEW", "Classes with few cases in a set", "warning", counts.few_cases),
    Check("LABEL_CONFLICT", "Identical images with different labels", "warning", labels.conflicting),
    Check("DUPLICATE_WITHIN", "Identical images in one set", "warning", duplicates.within_set),
    Check(
        "DUPLICATE_TEST",
        "Test images also in training or validation",
        "leak",
        partial(duplicates.identical, pairs=_TEST),
    ),
    Check(
        "DUPLICATE_VALIDATION",
        "Validation images also in training",
        "warning",
        partial(duplicates.identical, pairs=_VALIDATION),
    ),
    Check(
        "NEAR_TEST",
        "Test images nearly identical to training or validation images",
        "leak",
        partial(duplicates.nearly_identical, pairs=_TEST),
    ),
    Check(
        "NEAR_VALIDATION",
        "Validation images nearly identical to training images",
        "warning",
        partial(duplicates.nearly_identical, pairs=_VALIDATION),
    ),
    Check("NEAR_WITHIN", "Nearly identical images in one set", "warning", duplicates.nearly_within),
    Check("CHANGED_WITHIN", "Changed copies of images in one set", "warning", duplicates.changed_within),
    Check(
        "CHANGED_TEST",
        "Test images that are changed copies of training or validation images",
        "leak",
        partial(duplicates.changed, pairs=_TEST),
    ),
    Check(
        "CHANGED_VALIDATION",
        "Validation images that are changed copies of training images",
        "warning",
        partial(duplicates.changed, pairs=_VALIDATION),
    ),
    Check("PATIENT_TEST", "Test patients also in training or validation", "leak", partial(groups.shared, pairs=_TEST)),
    Check(
        "PATIENT_VALIDATION",
        "Validation patients also in training",
        "warning",
        partial(groups.shared, pairs=_VALIDATION),
    ),
    Check("PATIENT_UNKNOWN", "Cases without a patient identifier", "info", groups.unknown),
    Check("PATIENT_COLUMN", "Patients that a column may name, but not the study", "warning", origins.patients),
    Check(
        "PATIENT_COLUMN_TEST",
        "Patients of a column that the study does not name, in the test part and in another",
        "leak",
        origins.patients_divided,
    ),
    Check(
        "NEIGHBOUR_TEST",
        "Test images with very similar neighbours in training or validation",
        "warning",
        partial(pseudo.divided, pairs=_TEST),
    ),
    Check("PSEUDO_PATIENTS", "Images that may be of one patient", "info", pseudo.pseudo_patients),
    Check("QUALITY_OUTLIERS", "Outliers in image quality", "info", quality.outliers),
    Check("QUALITY_SHORTCUT", "Classes predictable from image quality", "info", quality.shortcut),
    Check("HEADER_SHORTCUT", "Classes predictable from how files were saved", "warning", shortcuts.header),
    Check("SCANNER_SHORTCUT", "Classes predictable from how pictures were taken", "warning", shortcuts.acquisition),
    Check("BORDER_SHORTCUT", "Classes predictable from the border of the images", "warning", shortcuts.border),
    Check("COLUMNS_LEFT_OUT", "Columns that the models do not see", "warning", columns.left_out),
    Check("TABLE_GAPS", "Missing values", "info", columns.missing_values),
    Check("GAPS_SHORTCUT", "Classes predictable from missing values", "warning", origins.gaps),
    Check("SITE_SHORTCUT", "Classes predictable from where cases are from", "warning", origins.places),
    Check("MADE_ROWS", "Cases that were made from others before the table was saved", "leak", interpolated.on_lines),
    Check("TABLE_OUTLIERS", "Outliers", "info", columns.outliers),
    Check("LABEL_COPY", "Columns that are the class", "leak", proxies.copies),
    Check("LABEL_PROXY", "Columns that tell the class by themselves", "leak", proxies.proxies),
    Check("LABEL_MEANT", "Columns that may tell the class by themselves", "info", proxies.meant),
    Check("COLUMN_AUC", "How well columns tell the class by themselves", "info", proxies.alone),
    Check("RUNNING_NUMBER", "Numbers of cases among the features", "warning", proxies.running_numbers),
    Check("UNIQUE_NUMBER", "Columns with another whole number for each case", "info", proxies.different),
    Check("CASE_ORDER", "Names or order of cases that tell the class", "info", proxies.case_names),
    Check(
        "EXTERNAL_DUPLICATE", "External images also in training or validation", "leak", duplicates.external_identical
    ),
    Check(
        "EXTERNAL_NEAR",
        "External images nearly identical to training or validation images",
        "leak",
        duplicates.external_nearly_identical,
    ),
    Check(
        "EXTERNAL_CHANGED",
        "External images that are changed copies of training or validation images",
        "leak",
        duplicates.external_changed,
    ),
    Check("EXTERNAL_PATIENT", "Patient identifiers shared with an external set", "warning", groups.external),
    Check("SOURCE_PROBE", "Whether external images differ in appearance", "info", source.probe),
)

RECIPE_CHECKS: tuple[Check[RecipeEvidence], ...] = (
    Check("RECIPE_TEST", "Training on test cases", "leak", partial(recipes.real, part="test")),
    Check("RECIPE_VALIDATION", "Training on validation cases", "warning", partial(recipes.real, part="validation")),
    Check("SYNTHETIC_TEST", "Synthetic cases from test cases", "leak", partial(recipes.synthetic, part="test")),
    Check(
        "SYNTHETIC_VALIDATION",
        "Synthetic cases from validation cases",
        "warning",
        partial(recipes.synthetic, part="validation"),
    ),
)

WEIGHTS_CHECKS: tuple[Check[WeightsEvidence], ...] = (
    Check("WEIGHTS_TEST", "Weights trained on test cases", "leak", weights.trained_on_test),
)

SUBMITTED_CHECKS: tuple[Check[Submission], ...] = (
    Check("CASE_TEST", "Cases in the test part and in another", "leak", submitted.case_in_two),
    Check("PATIENT_ALIAS", "Patients in several parts under other names", "leak", submitted.patient_alias),
    Check("MADE_TEST", "Synthetic or augmented test cases", "leak", submitted.made_cases),
    Check("TRAINED_TEST", "Scored as test, but of another part", "leak", submitted.trained),
    Check("TEST_DROPPED", "Test cases without a prediction", "leak", submitted.dropped),
    Check("LABEL_CHANGED", "Cases of another class in the predictions", "leak", submitted.relabelled),
    Check("TUNING_TEST", "Settings chosen on test cases", "leak", submitted.tuned),
    Check("THRESHOLD_TEST", "Threshold chosen on test cases", "leak", submitted.threshold),
    Check("TEST_BALANCED", "Test part balanced unlike the rest", "warning", submitted.evened),
)
WITHOUT_PIXELS = (
    *("CLASS_COUNTS", "CLASS_FEW", "LABEL_CONFLICT", "DUPLICATE_WITHIN", "DUPLICATE_TEST", "DUPLICATE_VALIDATION"),
    *("PATIENT_TEST", "PATIENT_VALIDATION", "PATIENT_UNKNOWN", "CASE_ORDER"),
)
"""Checks that need no more than the table of cases and digests of their files."""


def audit(
    dataset: Dataset,
    folds: Sequence[Fold] = (),
    external: Mapping[str, Dataset] = MappingProxyType({}),
    larger: Pixels | None = None,
) -> list[Finding]:
    """Check data and split for everything that would bias the results, and report it in sentences.

    Args:
        dataset: The internal data set; its ``X`` and those of the external sets have the same image settings.
        folds: Its split. Without it the source's own split is audited, if there is one.
        external: External sets by name.
        larger: The images of ``dataset`` before a quick run made them smaller; None for its own.

    Returns:
        Findings in the order of ``CHECKS``; a check with nothing to report gives none.
    """
    evidence = Evidence(dataset, tuple(folds) or _source_split(dataset.cases), dict(external), bool(folds), larger)
    return [_with_noun(finding, evidence.noun) for check in CHECKS if (finding := check.run(evidence))]


def _with_noun(finding: Finding, noun: str) -> Finding:
    """Return the finding with a title that calls the cases by their noun."""
    title = finding.title.replace("image", noun).replace("Image", noun.capitalize())
    return replace(finding, title=title)


def audit_recipe(recipe: Recipe, cases: CaseTable, fold: Fold, rows: Rows, arm: str) -> list[Finding]:
    """Check whether an arm trains on test or validation cases, directly or through synthetic cases.

    Args:
        recipe: What the arm trains on.
        cases: The case table.
        fold: The fold that the arm is tested on.
        rows: Rows of the case table that the numbers in ``recipe`` refer to, shape ``(len(X),)``.
        arm: Name of the arm.
    """
    evidence = RecipeEvidence(recipe, cases, fold, rows)
    return [finding for check in RECIPE_CHECKS if (finding := check.run(evidence, arm))]


def audit_weights(evidence: WeightsEvidence, arm: str) -> list[Finding]:
    """Check whether the weights that an arm begins with were trained on what it is tested on.

    Args:
        evidence: A file of weights.
        arm: Name of the arm.
    """
    return [finding for check in WEIGHTS_CHECKS if (finding := check.run(evidence, arm))]


def audit_submission(submission: Submission, cases: CaseTable, folds: Sequence[Fold]) -> list[Finding]:
    """Check a split and predictions for what can be told without images.

    Args:
        submission: Both, as they were handed in.
        cases: The cases of the split.
        folds: Its parts.
    """
    files = np.where(cases.frame.digest != "", cases.frame.digest, "case:" + cases.frame.case_id)
    X = np.unique(files.astype(str), return_inverse=True)[1][:, None].astype(np.float32)
    evidence = Evidence(Dataset(cases, X, "split", "table"), tuple(folds), {}, True)
    known = [check.run(evidence) for check in CHECKS if check.code in WITHOUT_PIXELS]
    return [finding for finding in (*(check.run(submission) for check in SUBMITTED_CHECKS), *known) if finding]


def _source_split(cases: CaseTable) -> tuple[Fold, ...]:
    """Return the source's own split as one fold, or nothing where it has none."""
    split = cases.frame.split.to_numpy()
    if not (split != "").any():
        return ()
    return (Fold("", *(np.flatnonzero(split == part) for part in ("train", "validation", "test"))),)
