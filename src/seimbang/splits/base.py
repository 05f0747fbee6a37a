"""Settings of a split, and the folds that every splitter returns."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

Rows = npt.NDArray[np.int64]


class SplitSettings(BaseModel):
    """The ``[split]`` table of a study.

    Attributes:
        test: ``"provided"`` by the source, or the fraction held out for testing.
        validation: Fraction of the remaining cases held out for validation; ``"provided"`` takes the source's. 0 is for
            models that select hyperparameters by inner cross-validation, as those with a ``grid`` do: networks need
            validation cases.
        folds: Number of folds of cross-validation; 0 for one split. With folds, ``test`` must be left out.
        repeats: Number of repetitions of the k folds, each with another assignment.
        group: Whether cases of one patient stay together: ``"known"`` wherever groups are known, ``"none"`` never,
            ``"auto"`` also pseudo-patients, which the case table must then carry.
        seed: Seed of the assignment.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    test: Literal["provided"] | float = 0.2
    validation: Literal["provided"] | float = 0.2
    folds: int = Field(0, ge=0, le=100)
    repeats: int = Field(1, ge=1, le=100)
    group: Literal["known", "none", "auto"] = "known"
    seed: int = Field(0, ge=0, le=2**32 - 1)


@dataclass(frozen=True)
class Fold:
    """Sorted, disjoint rows of the case table; ``name`` is ``""`` for one split, ``"1"`` or ``"2.3"`` for folds."""

    name: str
    train: Rows
    validation: Rows
    test: Rows

    def parts(self) -> dict[str, Rows]:
        """Return the rows of the three sets by name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}
