"""What is done with a classical model: fitted at once, saved by skops, loaded for single cases."""

from __future__ import annotations

import json
import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, cast

import numpy.typing as npt

from seimbang.balance.base import Balance, Floats, Ints
from seimbang.classical.base import Estimator
from seimbang.classical.fit import Fitted, fit, require
from seimbang.classical.saved import load, save
from seimbang.imaging.base import ImageSettings
from seimbang.training.base import (
    SEARCH,
    Features,
    Labels,
    Learned,
    Learner,
    Model,
    Progress,
    Shape,
    Task,
    TrainingSettings,
    unfit,
)


class ClassicalLearner(Learner):
    """Fits a classical model; there is no half-way to go on from."""

    def train(self, task: Task, state: bytes = b"") -> Generator[Progress, None, Learned]:
        """Search, fit, and report once.

        Raises:
            StudyError, DataError: See ``fit``.
        """
        started = time.perf_counter()
        model, seed = cast(Estimator, task.model), task.training.seed
        fitted = fit(model, task.recipe, task.X, task.y, task.groups, task.balance, seed)
        seconds = time.perf_counter() - started
        line = f"{model.title} fitted to {len(task.recipe):,} rows ({seconds:.1f} s)"
        yield Progress(line, {"engine": fitted.engine, "seconds": seconds})
        search = fitted.search.astype(object).where(fitted.search.notna(), None).to_dict("records")
        files = {SEARCH: json.dumps({"engine": fitted.engine, "search": search}, indent=2).encode()}
        return Learned(fitted, files | ({model.file: save(fitted)} if task.kept else {}))

    def require(self, model: Model, training: TrainingSettings, balance: Balance, labels: Labels) -> None:
        """Check every inner fold and every candidate; see ``fit.require``."""
        require(cast(Estimator, model), balance, labels.shape, labels.y, labels.groups, training.seed)

    def load(self, model: Model, learned: bytes, shape: Shape, classes: int, image: ImageSettings) -> Complete:
        """Return the model and what it needs to see an image.

        Raises:
            IntegrityError: MODEL_DAMAGED, MODEL_UNTRUSTED or MODEL_CLASSES.
        """
        fitted = load(learned)
        if fitted.classes != classes:
            raise unfit(model, classes)
        return Complete(fitted, model.extractor)


@dataclass(frozen=True)
class Complete:
    """A fitted model as a ``Classifier`` of images, or of the prepared rows of a table.

    Attributes:
        fitted: The model.
        extractor: What it sees of an image.
    """

    fitted: Fitted
    extractor: Features

    def probabilities(self, X: npt.NDArray[Any], rows: Ints | None = None) -> Floats:
        """Return the probabilities ``float64[n, classes]`` of ``rows`` of images ``uint8[n, h, w, c]``, or of all.

        Rows ``float32[n, f]`` are taken as what the model sees.
        """
        cases = X if rows is None else X[rows]
        return self.fitted.probabilities(self.extractor.extract(cases) if X.ndim == 4 else cases)

    @property
    def network(self) -> None:
        """There is none."""
        return None
