"""``clinical.json`` of an arm and ``probabilities.json`` of a run: figures for who decides by the probabilities."""

from __future__ import annotations

from seimbang.record.base import Record
from seimbang.record.metrics import Band, Value


class Calibration(Record):
    """How far the probabilities of the positive class are from true ones.

    Attributes:
        slope: Of the logistic regression of the outcome on the log odds; 1 is right.
        intercept: With the slope held at 1; 0 is right.
        instability: Mean standard deviation of a case's probability over the seeds.
    """

    slope: Value
    intercept: Value
    instability: Value


class Predictive(Record):
    """Positive and negative predictive value at a prevalence."""

    prevalence: float
    ppv: Value
    npv: Value


class Operating(Record):
    """One operating point.

    Attributes:
        at: The rate by which it was chosen on validation, ``specificity`` or ``sensitivity``.
        target: What that rate was to be at least.
        thresholds: Of each training.
        sensitivity: On this set.
        specificity: On this set.
        predictive: At the set's own prevalence, and at that which the study names.
    """

    at: str
    target: float
    thresholds: list[float]
    sensitivity: Value
    specificity: Value
    predictive: list[Predictive]


class Rates(Record):
    """Shares of cases that are predicted right: of all, and of each side."""

    accuracy: Value
    sensitivity: Value
    specificity: Value


class Prior(Record):
    """How frequent the positive class is.

    Attributes:
        validation: In the validation parts, on which the probabilities are calibrated.
        estimated: In this set, estimated without its labels.
        actual: In this set, by its labels.
        at_validation: Figures of the calibrated probabilities, the more probable side being predicted.
        at_estimated: The same after they are moved to the estimated share.
    """

    validation: float
    estimated: Value
    actual: float
    at_validation: Rates
    at_estimated: Rates


class Decision(Band):
    """Net benefit at thresholds of the probability, what the model does beside two simple strategies.

    Attributes:
        everybody: Net benefit of treating everybody; that of treating nobody is 0.
        better: Whether the model gains over both strategies by more than chance, at each threshold.
    """

    everybody: list[float]
    better: list[bool]


class ClinicalSet(Record):
    """One set; without a validation part with both sides no operating points are chosen and no prior estimated.

    Without cases of both sides it has no decision curve.
    """

    calibration: Calibration
    decision: Decision | None
    operating: list[Operating]
    prior: Prior | None = None


class Clinical(Record):
    """``clinical.json`` of an arm: the positive class against the rest; nothing where no class is the positive one."""

    positive: str
    sets: dict[str, ClinicalSet]


class AgainstNone(Record):
    """What balancing did to the probabilities of an arm.

    Attributes:
        protocol: Of both arms.
        arm: Its name.
        reference: The arm of the same model and training that does not balance.
        sets: By set, the differences of ``brier``, ``log_loss``, ``slope``, ``intercept`` and ``instability``.
    """

    protocol: str
    arm: str
    reference: str
    sets: dict[str, dict[str, Value]]
