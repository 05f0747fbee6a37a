"""``sample_size.json``: how many patients it would take to tell the two best arms apart."""

from __future__ import annotations

from seimbang.record.base import Record


class SampleSize(Record):
    """The two arms of a protocol that are best on validation, and what would tell them apart in 80 % of studies.

    Attributes:
        protocol: Name of the protocol.
        first: The best arm on validation.
        second: The next one.
        patients: Patients of the test part.
        seeds: Trainings of each arm.
        most: The largest number of patients that was tried.
        difference: Balanced accuracy of the first minus that of the second, on the test part.
        low: Lower end of its interval where only these two are compared.
        high: Its upper end.
        why: Why no number can be told; empty where one can.
        power: Share of studies of ``patients`` that would tell them apart.
        needed: Number of patients for 80 %; None where ``most`` are too few.
        needed_near: The same where the true difference is the end of its interval near 0; None too where that has the
            other sign.
        needed_far: The same of the other end.
        more_seeds: Where ``most`` are too few, with how many trainings of each arm they are enough; None where not with
            50 either.
        needed_with_more_seeds: How many patients it takes with these.
    """

    protocol: str
    first: str
    second: str
    patients: int
    seeds: int
    most: int
    difference: float | None
    low: float | None
    high: float | None
    why: str
    power: float | None = None
    needed: int | None = None
    needed_near: int | None = None
    needed_far: int | None = None
    more_seeds: int | None = None
    needed_with_more_seeds: int | None = None
