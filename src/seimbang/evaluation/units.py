"""From predictions of cases to predictions of patients: everything that takes the one takes the other."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seimbang.errors import DataError
from seimbang.evaluation.base import EvaluationSettings
from seimbang.evaluation.predictions import is_tested, patients

ROW = ["case_id", "fold", "seed", "set"]


def of_unit(table: pd.DataFrame, classes: Sequence[str], settings: EvaluationSettings) -> pd.DataFrame:
    """Return the table as it is, or that of ``by_patient``, as the settings say."""
    return by_patient(table, classes, settings.combine) if settings.unit == "patient" else table


def other_unit(table: pd.DataFrame, classes: Sequence[str], settings: EvaluationSettings) -> pd.DataFrame | None:
    """Return the tested sets by the unit that the settings do not name, with the validation that thresholds need.

    Args:
        table: What ``predictions.checked`` returns: of cases.
        classes: Class names; the positive one of two is the last.
        settings: Of the study.

    Returns:
        Only the sets in which patients have several cases; None where there are none, or where patients cannot be
        combined since they have cases of several classes.
    """
    tested = table[table.set.map(is_tested)]
    pairs = tested.assign(patient=patients(tested)).drop_duplicates(["set", "case_id"])
    several = {str(name) for name, rows in pairs.groupby("set") if rows.patient.duplicated().any()}
    kept = table[table.set.isin({*several, "validation"})].reset_index(drop=True)
    if not several or (len(classes) > 2 and len(_mixed(kept))):
        return None
    return kept if settings.unit == "patient" else by_patient(kept, classes, settings.combine)


def by_patient(table: pd.DataFrame, classes: Sequence[str], combine: str) -> pd.DataFrame:
    """Return one row a patient, fold, seed and set, of which the patient is ``case_id`` and ``group``.

    Of two classes a patient is positive who has a positive case in the set. A case without a patient is its own.

    Args:
        table: What ``predictions.checked`` returns: of cases.
        classes: Class names; the positive one of two is the last.
        combine: As ``EvaluationSettings`` has it.

    Raises:
        DataError: EVALUATION_CLASSES: patients have cases of several classes, and there are more than two.
    """
    mixed = _mixed(table)
    if len(classes) > 2 and len(mixed):
        found = f"{len(mixed)} patients with cases of several of {len(classes)} classes, such as {mixed[0]!r}"
        fix = 'set evaluation.unit = "case"; or make two classes of them in data.classes'
        raise DataError("EVALUATION_CLASSES", found, "one class a patient, or two classes", fix)
    columns = [f"p_{name}" for name in classes]
    p = table[columns].apply(pd.to_numeric)
    code = pd.Series(pd.Categorical(table.label, categories=list(classes)).codes, table.index)
    own = table[["fold", "seed", "set"]].assign(case_id=patients(table), **p)
    label = np.array(classes)[code.groupby([own.set, own.case_id]).transform("max").to_numpy()]
    rows = own.assign(group=own.case_id, label=label)
    first = rows.drop_duplicates(ROW).set_index(ROW)[["group", "label"]]
    return first.join(_combined(rows, columns, combine)).reset_index()


def _combined(cases: pd.DataFrame, columns: list[str], how: str) -> pd.DataFrame:
    """Return the probabilities of each patient, by ``ROW``."""
    if how == "mean":
        return cases.groupby(ROW, sort=False)[columns].mean()
    negative = (1 - cases[columns[-1]]).groupby([cases[key] for key in ROW], sort=False)
    p = negative.min() if how == "max" else negative.prod()
    return pd.DataFrame({columns[0]: p, columns[-1]: 1 - p})


def _mixed(table: pd.DataFrame) -> "pd.Index[str]":
    """Return the patients that have cases of several classes in one set."""
    kinds = table.label.groupby([table.set, patients(table)]).nunique()
    return kinds.index[kinds > 1].get_level_values(1).unique()
