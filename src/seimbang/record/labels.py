"""``labels.json``: labels that look wrong, and what the figures would be without them."""

from __future__ import annotations

from seimbang.record.base import Record


class LabelRow(Record):
    """A case whose label the models disagree with; ``file`` is its picture in the run folder, empty of a table.

    The probabilities are the mean ones of the class given and of the most probable one.
    """

    file: str
    case_id: str
    set: str
    label: str
    suggested: str
    label_probability: float
    suggested_probability: float


class WithoutRow(Record):
    """A figure of an arm on the test part, with all cases and without those whose labels look wrong."""

    arm: str
    metric: str
    given: float
    without: float


class Labels(Record):
    """What was looked at, and which labels look wrong.

    Attributes:
        protocol: Name of the protocol.
        arms: The arms without a leak whose mean probabilities are taken; none where all leak.
        folds: Number of its folds; with several, every case was looked at.
        looked: Number of cases that were looked at, by set.
        training: Number of cases that were not, since every model was trained on them.
        wrong: Cases of which the models say otherwise than the label.
        count: Labels that look wrong, all of them in ``labels.csv``.
        of_test: How many of them are in the test part.
        rows: The most suspicious ones.
        figures: What the figures would be without those of the test part.
    """

    protocol: str
    arms: list[str]
    folds: int
    looked: dict[str, int]
    training: int
    wrong: int
    count: int
    of_test: int
    rows: list[LabelRow]
    figures: list[WithoutRow]
