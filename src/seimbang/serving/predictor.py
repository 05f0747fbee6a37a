"""A trained arm, loaded from its package: an image or rows of a table in, class and probabilities out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from seimbang.datasets.prepare import TablePreparer
from seimbang.evaluation.local import Correction
from seimbang.evaluation.threshold import decide
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.worker import decode_apart
from seimbang.record.package import position_of, read_package, read_refusal, served_alone
from seimbang.record.profile import read_profile
from seimbang.record.read import threshold_of
from seimbang.serving.advice import Advice, Adviser
from seimbang.serving.onnx.session import OnnxClassifier
from seimbang.study.models import learner_of, make
from seimbang.training.base import Classifier

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Prediction:
    """What a model says of one case.

    Attributes:
        label: The predicted class: the most probable one, or that by the threshold where the arm decides by it.
        confidence: Its probability, in [0, 1].
        probabilities: One for each class, in the order of the package; they sum to 1.
        label_tuned: For comparison, the class by the threshold that was chosen on the validation set; None where
            there is none or ``label`` is that already.
        advice: Whether it should have been made, and whether it is sure.
        note: What there is to say of the file, such as that only the first of its pictures is used.
    """

    label: str
    confidence: float
    probabilities: dict[str, float]
    label_tuned: str | None
    advice: Advice
    note: str = ""


@dataclass(frozen=True)
class Predictor:
    """The trained models of an arm, one per seed, and what is needed to use them as they were trained.

    Attributes:
        classifiers: Each: pixels ``uint8[n, h, w, c]`` or prepared rows ``float32[n, f]`` -> probabilities. What is
            predicted is their mean.
        classes: Names in the order of the probabilities; the positive class of two is the last.
        image: How images are made ready.
        table: How the rows of a table are made ready; None where the model looks at images.
        threshold: Probability from which on the tuned prediction is the positive class, or None.
        decides: Whether the tuned prediction is the answer.
        adviser: Says when the models should not answer.
        correction: Of the probabilities, learned at one place; None where they are taken as they are.
    """

    classifiers: tuple[Classifier, ...]
    classes: tuple[str, ...]
    image: ImageSettings
    table: TablePreparer | None
    threshold: float | None
    decides: bool
    adviser: Adviser
    correction: Correction | None = None

    @classmethod
    def load(cls, arm_folder: Path, seed: str = "", profile: str | Path = "", onnx: Path | None = None) -> Predictor:
        """Read the package of an arm: ``model.json`` and the files of its models.

        Args:
            arm_folder: Folder of the arm.
            seed: The one whose model alone predicts; ``""`` for those of all seeds together.
            profile: File of a local profile of all seeds together; ``""`` for none.
            onnx: File that ``seimbang export`` made of the same models, which then predicts in their place.

        Raises:
            ResourceError: ``EXTRA_MISSING``.
            StudyError: ``SEED_UNKNOWN``; ``ONNX_OTHER``; ``PROFILE_SEED``: a profile and a seed.
            IntegrityError: ``MODEL_MISSING``, ``MODEL_DIGEST``, ``MODEL_CLASSES``; ``MODEL_UNTRUSTED`` or
                ``MODEL_DAMAGED`` of a classical model; ``PROFILE_DAMAGED`` or ``PROFILE_MODEL``;
                ``ONNX_DIGEST``.
        """
        package, learned = read_package(arm_folder)
        model, image, classes = make(package.model), package.image, tuple(package.classes)
        shape, learner = (*image.size, image.channels), learner_of(model)
        if seed:
            learned, threshold = [learned[position_of(package, seed)]], threshold_of(arm_folder, classes, seed)
        else:
            threshold = package.threshold
        if onnx is None:
            classifiers = tuple(learner.load(model, each, shape, len(classes), image) for each in learned)
        else:
            classifiers = (OnnxClassifier.load(onnx, served_alone(package, seed).files, seed),)
        adviser = Adviser.of(*read_refusal(arm_folder, package), classes, seed)
        predictor = cls(classifiers, classes, image, package.table, threshold, package.decides == "tuned", adviser)
        return predictor._at(Path(profile), arm_folder, seed) if profile else predictor

    def _at(self, file: Path, arm_folder: Path, seed: str) -> Predictor:
        """Return the predictor with a local profile."""
        profile = read_profile(file, arm_folder, seed)
        correction = Correction(profile.slope, tuple(profile.shift), profile.threshold)
        threshold, adviser = profile.threshold, self.adviser.at(profile)
        decides = threshold is not None
        return replace(self, threshold=threshold, decides=decides, adviser=adviser, correction=correction)

    @property
    def network(self) -> nn.Module | None:
        """The network of the first seed, in evaluation mode; None of a classical model.

        It maps ``float[b, c, h, w]`` in [0, 1] to logits.
        """
        return self.classifiers[0].network

    def predict(self, data: bytes, name: str) -> Prediction:
        """Classify one image, always in a batch of its own: the same bytes give the same numbers everywhere.

        Args:
            data: The whole image file.
            name: How to call it in errors.

        Raises:
            ImageError: What ``imaging.decode`` raises.
        """
        pixels, note = decode_apart(data, self.image, name)
        prediction = self._predictions(pixels[None])[0]
        return replace(prediction, note=note.message) if note else prediction

    def predict_rows(self, X: npt.NDArray[np.float32]) -> list[Prediction]:
        """Classify rows of a table, ``float32[n, f]`` as ``datasets.columns.encode`` makes them, NaN where missing."""
        assert self.table is not None
        return self._predictions(self.table.transform(X))

    def probabilities(self, X: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return the mean ``float64[n, classes]`` of what the models say of prepared images or prepared rows."""
        return np.asarray(np.mean([classifier.probabilities(X) for classifier in self.classifiers], axis=0))

    def predict_all(self, X: npt.NDArray[Any]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], list[Advice]]:
        """Return probabilities, the positions of the predicted classes, and what to make of each prediction.

        Args:
            X: Decoded images ``uint8[n, h, w, c]``, or rows ``float32[n, f]`` as ``predict_rows`` takes them.
        """
        predictions = self._predictions(X if self.table is None else self.table.transform(X))
        p = np.array([list(one.probabilities.values()) for one in predictions])
        predicted = np.array([self.classes.index(one.label) for one in predictions])
        return p, predicted, [one.advice for one in predictions]

    def _predictions(self, X: npt.NDArray[Any]) -> list[Prediction]:
        p = self.probabilities(X)
        p = self.correction.apply(p) if self.correction else p
        tuned = None if self.threshold is None else decide(p, self.threshold)
        predicted = tuned if self.decides and tuned is not None else decide(p)
        advice = self.adviser.advise(X, p, predicted)
        second = [None] * len(p) if self.decides or tuned is None else [self.classes[k] for k in tuned]
        return [
            Prediction(self.classes[k], values[k], dict(zip(self.classes, values, strict=True)), label, said)
            for k, values, label, said in zip(predicted, p.tolist(), second, advice, strict=True)
        ]
