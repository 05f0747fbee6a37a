"""``levers.json``: learning curves, and what more data, another seed and another method would change."""

from __future__ import annotations

from typing import Literal

from seimbang.record.base import Record
from seimbang.record.metrics import Value


class CurvePoint(Record):
    """Figures on the validation part of models of a share of the training patients, in per cent."""

    percent: int
    patients: int
    balanced_accuracy: Value
    auc: Value


class Curve(Record):
    """The learning curve of an arm; ``gain`` is that of balanced accuracy from half of the patients to all."""

    arm: str
    points: list[CurvePoint]
    gain: Value


class Levers(Record):
    """One protocol.

    Attributes:
        protocol: Its name.
        patients: Patients, or cases, of the validation part.
        curves: Of each arm that does not leak.
        left_out: Shares of arms that could not be trained, and why.
        data: Mean over the arms of the gain in balanced accuracy from half of the patients to all of them.
        seeds: Typical difference between two trainings of one arm.
        methods: Typical difference between two arms.
        largest: Which of them is shown to be the largest; empty where that cannot be told.
    """

    protocol: str
    patients: int
    curves: list[Curve]
    left_out: list[str]
    data: Value
    seeds: Value
    methods: Value
    largest: Literal["", "data", "seeds", "methods"]
