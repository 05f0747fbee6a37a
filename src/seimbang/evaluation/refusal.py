"""How it did not to answer: cases of another kind refused, cases that could be either referred."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from seimbang.evaluation.conformal import Flags, answers, least
from seimbang.evaluation.intervals import proportion
from seimbang.evaluation.predictions import Floats, Ints, checked, ensemble, is_tested, patients
from seimbang.evaluation.threshold import decide, decide_by_training
from seimbang.evaluation.value import Value, undefined

NO_LIMIT = "no limit: too few patients in the validation part"
NO_LEVEL = "no class has enough patients in the validation part"


def served(predictions: pd.DataFrame, classes: Sequence[str], seed: str = "") -> pd.DataFrame:
    """Return what the served models, those of the first fold, say of each case: together, or that of one seed.

    Args:
        predictions: What ``checked`` takes.
        classes: Class names.
        seed: The one; ``""`` for all together.
    """
    table = checked(predictions, classes)
    table = table[table.fold == table.fold.iloc[0]]
    return table[table.seed == seed] if seed else ensemble(table, classes)


def smallest_probabilities(table: pd.DataFrame, classes: Sequence[str]) -> Floats:
    """Return with which probability a class becomes possible, by the validation part; see `conformal.least`.

    Args:
        table: What `served` returns.
        classes: Class names.
    """
    validation = _Cases(table[table.set == "validation"], classes)
    return least(validation.p, validation.y, validation.group)


def answered(
    table: pd.DataFrame, classes: Sequence[str], tuned: bool, passed: Mapping[str, pd.Series[bool]]
) -> dict[str, dict[str, Any]]:
    """Return by tested set what ``record.refusal.Answered`` holds.

    Args:
        table: What `served` returns.
        classes: Class names; the positive one of two is the last.
        tuned: Whether the models' own answer is by the threshold chosen on validation.
        passed: By set and ``case_id``, which cases are of the kind that was learned from; empty where no limit is set.
    """
    by_threshold = decide_by_training(table, classes) if tuned else None
    everything = _Cases(table, classes)
    predicted = decide(everything.p) if by_threshold is None else by_threshold
    smallest = smallest_probabilities(table, classes)
    possible = (
        answers(everything.p, smallest, predicted) if smallest.any() else np.eye(len(classes), dtype=bool)[predicted]
    )
    names = [str(name) for name in table.set.unique() if is_tested(str(name))]
    parts = {name: (table.set == name).to_numpy() for name in names}
    return {
        name: _of_set(_Cases(table[rows], classes), possible[rows], classes, passed.get(name))
        | _unknown(smallest, classes)
        for name, rows in parts.items()
    }


class _Cases:
    """Some rows of a table as arrays."""

    def __init__(self, rows: pd.DataFrame, classes: Sequence[str]) -> None:
        self.ids = rows.case_id
        self.p: Floats = rows[[f"p_{name}" for name in classes]].to_numpy(np.float64)
        self.y: Ints = pd.Categorical(rows.label, categories=list(classes)).codes.astype(np.int64)
        self.group: Ints = np.unique(patients(rows).to_numpy(str), return_inverse=True)[1].astype(np.int64)


def _of_set(cases: _Cases, possible: Flags, classes: Sequence[str], passed: pd.Series[bool] | None) -> dict[str, Any]:
    inside = np.ones(len(cases.y), bool) if passed is None else passed.loc[cases.ids].to_numpy(bool)
    several = possible.sum(1) > 1
    alone = inside & ~several
    right = possible[np.arange(len(possible)), cases.y]
    return {
        "n": len(cases.y),
        "refused": undefined(NO_LIMIT) if passed is None else share(~inside, cases.group),
        "referred": share(several[inside], cases.group[inside]),
        "answered": int(alone.sum()),
        "accuracy": share(right[alone], cases.group[alone]),
        "coverage": {name: share(right[cases.y == k], cases.group[cases.y == k]) for k, name in enumerate(classes)},
    }


def _unknown(smallest: Floats, classes: Sequence[str]) -> dict[str, Any]:
    """Return what is not known of a set where no class has a limit."""
    if smallest.any():
        return {}
    return {"referred": undefined(NO_LEVEL), "coverage": {name: undefined(NO_LEVEL) for name in classes}}


def share(hit: Flags, group: Ints) -> Value:
    """Return a share of cases with its interval over patients."""
    if not len(hit):
        return undefined("no case")
    low, high, way = proportion(hit, group)
    return {"value": float(hit.mean()), "low": low, "high": high, "interval": way}
