"""The ``[evaluation]`` table of a study: of what figures are."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class EvaluationSettings(BaseModel):
    """The ``[evaluation]`` table of a study.

    Attributes:
        unit: Of what every figure, curve, threshold, interval and test is: each ``"case"`` by itself, or each
            ``"patient"``, the probabilities of whose cases are combined. Where patients have several cases the main
            figures of both are shown.
        combine: How they are combined: their ``"mean"``, or, of two classes, the ``"max"`` of the positive one's, or
            ``"noisy-or"``, the probability that any case is positive if cases were independent: 1 - Π(1 - p).
        subgroups: Columns of the list of images, or of the table, such as sex, age or scanner, by whose values figures
            are shown too. Numbers of more than five values are cut at the quartiles of the training cases.
        prevalence: Share of the positive class at which positive and negative predictive values are given, besides at
            that of each set, such as 0.02.
        learning_curve: Whether each arm is trained on 25 and 50 % of the training patients too, and measured on the
            validation part: is more data the lever, another seed or another method? It takes about 75 % more time.
            Arms that leak are left out, and so are quick runs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    unit: Literal["case", "patient"] = "case"
    combine: Literal["mean", "max", "noisy-or"] = "mean"
    subgroups: tuple[str, ...] = Field((), strict=False)
    prevalence: float | None = Field(None, gt=0, lt=1)
    learning_curve: bool = Field(False, exclude_if=lambda asked: not asked)  # so that what is unasked changes no digest


DEFAULT = EvaluationSettings()
