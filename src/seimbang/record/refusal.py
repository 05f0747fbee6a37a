"""``refusal.json`` of an arm: when its models should not answer, and how that did."""

from __future__ import annotations

from seimbang.record.base import Record
from seimbang.record.metrics import Value

TOGETHER = ""
"""Under this key of ``least`` are the limits of all seeds together, whose mean probabilities are served."""


class Kind(Record):
    """How it is told whether a case is of the kind that the models learned from.

    Attributes:
        limit: The largest distance to the training cases at which a case passes.
        passes: Share of the patients of validation that are to pass.
        training: Cases that are compared with.
        patients: Of validation, by which the limit was set.
        arrays: sha256 of ``gate.npz``.
    """

    limit: float
    passes: float
    training: int
    patients: int
    arrays: str


class Answered(Record):
    """How it did on a set; shares are of cases.

    Attributes:
        n: Cases.
        refused: Not of the kind the models learned from; None where no limit could be set.
        referred: Of the others, those with more than one possible class.
        answered: How many cases are left.
        accuracy: Of these.
        coverage: Of each class, cases whose possible classes hold the true one, whether refused or not.
    """

    n: int
    refused: Value
    referred: Value
    answered: int
    accuracy: Value
    coverage: dict[str, Value]


class Refusal(Record):
    """``refusal.json``.

    Attributes:
        kind: None where too few patients are in the validation part.
        level: Share of the cases of each class whose possible classes are to hold it.
        least: By seed, and under ``""`` of all together, the smallest probability with which a class is possible.
        patients: Of validation, by class.
        at_chance: Tested sets on which the served models are not shown to be better than chance, with their balanced
            accuracy.
        sets: The tested sets.
        changed: Share refused of test images that were changed, by how, and of noise.
    """

    kind: Kind | None
    level: float
    least: dict[str, dict[str, float]]
    patients: dict[str, int]
    at_chance: dict[str, Value]
    sets: dict[str, Answered]
    changed: dict[str, Value]
