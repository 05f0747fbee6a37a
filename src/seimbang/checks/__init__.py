"""Dataset (and splits) -> findings. A new check is a function in this folder and a line in ``CHECKS``."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType

import numpy as np

from seimbang.balance.base import Recipe
from seimbang.checks import columns, counts, duplicates, groups, labels, pseudo, quality, recipes, source, unreadable
from seimbang.checks.base import Check, Finding, from_json, leaks, said_once, to_json
from seimbang.checks.evidence import Evidence, RecipeEvidence
from seimbang.datasets.base import CaseTable, Dataset
from seimbang.splits.base import Fold, Rows

__all__ = ["CHECKS", "RECIPE_CHECKS", "audit", "audit_recipe", "from_json", "leaks", "said_once", "to_json"]


_TEST = (("train", "test"), ("validation", "test"))
_VALIDATION = (("train", "validation"),)

# What reaches the test part is a leak: the figures to be reported are too good. What only reaches the validation part
# is a warning: it spoils the choice of epoch and threshold, but the test figures stay honest.
CHECKS: tuple[Check[Evidence], ...] = (
    Check("UNREADABLE", "Files that cannot be read", "warning", unreadable.unreadable),
    Check("CLASS_COUNTS", "Class balance", "info", counts.classes),
    Check("CLASS_TOO_SMALL", "Classes too small for the plan", "error", counts.too_small),
    Check("CLASS_FEW", "Classes with few cases in a part", "warning", counts.few),
    Check("LABEL_CONFLICT", "One image under two labels", "warning", labels.conflicting),
    Check("DUPLICATE_WITHIN", "Identical images in one part", "warning", duplicates.within),
    Check("DUPLICATE_TEST", "Test images also learnt from", "leak", partial(duplicates.identical, pairs=_TEST)),
    Check(
        "DUPLICATE_VALIDATION",
        "Validation images also trained on",
        "warning",
        partial(duplicates.identical, pairs=_VALIDATION),
    ),
    Check("NEAR_TEST", "Test images nearly identical to learnt ones", "leak", partial(duplicates.nearly, pairs=_TEST)),
    Check(
        "NEAR_VALIDATION",
        "Validation images nearly identical to training ones",
        "warning",
        partial(duplicates.nearly, pairs=_VALIDATION),
    ),
    Check("PATIENT_TEST", "Test patients also learnt from", "leak", partial(groups.shared, pairs=_TEST)),
    Check(
        "PATIENT_VALIDATION",
        "Validation patients also trained on",
        "warning",
        partial(groups.shared, pairs=_VALIDATION),
    ),
    Check("PATIENT_UNKNOWN", "Cases without a patient", "info", groups.unknown),
    Check("PSEUDO_PATIENTS", "Images that may be of one patient", "info", pseudo.pseudo),
    Check("QUALITY_OUTLIERS", "Images unlike the others in quality", "info", quality.standing_out),
    Check("QUALITY_SHORTCUT", "Whether image quality gives the class away", "info", quality.shortcut),
    Check("TABLE_GAPS", "Missing values", "info", columns.gaps),
    Check("TABLE_OUTLIERS", "Values far from the others", "info", columns.standing_out),
    Check("EXTERNAL_DUPLICATE", "External images also learnt from", "leak", duplicates.external_identical),
    Check("EXTERNAL_NEAR", "External images nearly identical to learnt ones", "leak", duplicates.external_nearly),
    Check("EXTERNAL_PATIENT", "Patient ids in the data and in an external set", "warning", groups.external),
    Check("SOURCE_PROBE", "Whether external images look different", "info", source.probe),
)

RECIPE_CHECKS: tuple[Check[RecipeEvidence], ...] = (
    Check("RECIPE_TEST", "Training on test cases", "leak", partial(recipes.real, part="test")),
    Check("RECIPE_VALIDATION", "Training on validation cases", "warning", partial(recipes.real, part="validation")),
    Check("SYNTHETIC_TEST", "Synthetic cases made from test cases", "leak", partial(recipes.synthetic, part="test")),
    Check(
        "SYNTHETIC_VALIDATION",
        "Synthetic cases made from validation cases",
        "warning",
        partial(recipes.synthetic, part="validation"),
    ),
)


def audit(
    dataset: Dataset, folds: Sequence[Fold] = (), external: Mapping[str, Dataset] = MappingProxyType({})
) -> list[Finding]:
    """Look for everything that would make the results wrong, and say it in sentences.

    Args:
        dataset: The internal data set; its ``X`` and those of the external sets have the same image settings.
        folds: How it is divided. Without them the parts that the source names are looked at.
        external: External sets by name.

    Returns:
        Findings in the order of ``CHECKS``; a check with nothing to say gives none.
    """
    evidence = Evidence(dataset, tuple(folds) or _source_parts(dataset.cases), dict(external), planned=bool(folds))
    return [_worded(finding, evidence.noun) for check in CHECKS if (finding := check.run(evidence))]


def _worded(finding: Finding, noun: str) -> Finding:
    """Return the finding with a title that calls the cases by their noun."""
    title = finding.title.replace("image", noun).replace("Image", noun.capitalize())
    return replace(finding, title=title)


def audit_recipe(recipe: Recipe, cases: CaseTable, fold: Fold, rows: Rows, arm: str) -> list[Finding]:
    """Look whether an arm trains on the test or validation part, itself or through synthetic cases.

    Args:
        recipe: What the arm trains on.
        cases: The case table.
        fold: The fold that the arm is tested on.
        rows: Rows of the case table that the numbers in ``recipe`` refer to, shape ``(len(X),)``.
        arm: Name of the arm.
    """
    evidence = RecipeEvidence(recipe, cases, fold, rows)
    return [finding for check in RECIPE_CHECKS if (finding := check.run(evidence, arm))]


def _source_parts(cases: CaseTable) -> tuple[Fold, ...]:
    """Return the parts that the source names as one fold, or nothing where it names none."""
    split = cases.frame.split.to_numpy()
    if not (split != "").any():
        return ()
    return (Fold("", *(np.flatnonzero(split == part) for part in ("train", "validation", "test"))),)
