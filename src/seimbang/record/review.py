"""``review.json``: what a split and predictions that were handed in hold."""

from __future__ import annotations

from seimbang.checks.base import Finding
from seimbang.record.base import Record
from seimbang.record.metrics import Measures, Value


class ReviewedSet(Record):
    """The figures of an arm on a set.

    Attributes:
        decided: Whether by the classes that the authors decided for, rather than the most probable ones.
    """

    arm: str
    set: str
    n: int
    groups: int
    seeds: int
    decided: bool
    measures: Measures


class ReviewedClaim(Record):
    """A figure that is claimed beside the one that the predictions give; ``ours`` is None where they give none."""

    arm: str
    set: str
    figure: str
    claimed: float
    ours: Value | None
    holds: bool | None
    verdict: str


class Review(Record):
    """The whole review.

    Attributes:
        splits: Name of the file.
        predictions: Name of the file.
        images: Whether the images were looked at.
        classes: The positive one of two is the last.
        cases: Number of cases in the split.
        patients: Number of known patients, 0 where none is known.
    """

    splits: str
    predictions: str
    images: bool
    classes: list[str]
    cases: int
    patients: int
    findings: list[Finding]
    sets: list[ReviewedSet]
    claims: list[ReviewedClaim]
