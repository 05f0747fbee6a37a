"""A trained arm, loaded from its package: an image or rows of a table in, class and probabilities out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from seimbang.datasets.prepare import TablePreparer
from seimbang.errors import IntegrityError
from seimbang.imaging.base import ImageSettings
from seimbang.networks.base import Network
from seimbang.record.contents import called
from seimbang.record.package import AGAIN, read_package
from seimbang.study.models import make
from seimbang.training.base import Classifier, Features, Shape

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Prediction:
    """What a model says of one case.

    Attributes:
        label: The answer: the most probable class, or that by the threshold where the arm answers so.
        confidence: Its probability, in [0, 1].
        probabilities: One for each class, in the order of the package; they sum to 1.
        label_tuned: As a second reading, the class by the threshold that was chosen on the validation set; None where
            there is none or the answer is that already.
    """

    label: str
    confidence: float
    probabilities: dict[str, float]
    label_tuned: str | None


@dataclass(frozen=True)
class Predictor:
    """A trained model and what is needed to use it as it was trained.

    Attributes:
        classifier: Pixels ``uint8[n, h, w, c]``, features or prepared rows ``float32[n, f]`` -> probabilities.
        classes: Names in the order of the probabilities; the positive class of two is the last.
        image: How images are made ready.
        inputs: What the classifier sees of an image instead of its pixels, or None.
        table: How the rows of a table are made ready; None where the model looks at images.
        threshold: Probability from which on the tuned reading is the positive class, or None.
        decides: Whether the tuned reading is the answer.
    """

    classifier: Classifier
    classes: tuple[str, ...]
    image: ImageSettings
    inputs: Features | None
    table: TablePreparer | None
    threshold: float | None
    decides: bool

    @classmethod
    def load(cls, arm_folder: Path) -> Predictor:
        """Read the package of an arm: ``model.json`` and the file of its model.

        Raises:
            IntegrityError: ``MODEL_MISSING``, ``MODEL_DIGEST``, ``MODEL_CLASSES``; ``MODEL_UNTRUSTED`` or
                ``MODEL_DAMAGED`` of a classical model.
        """
        package, learned = read_package(arm_folder)
        image = ImageSettings.model_validate(package["image"])
        model, classes = make(package["model"]), tuple(package["classes"])
        if isinstance(model, Network):
            inputs, shape = None, (*image.size, image.channels)
            mirrored = image.flip_test and model.inputs is None
            classifier: Classifier = OneByOne(_network(model, learned, shape, len(classes), arm_folder), mirrored)
        else:
            inputs, classifier = model.inputs, _estimator(learned, len(classes), arm_folder)
        table = TablePreparer.from_json(package["table"]) if package.get("table") else None
        decides = package["decides"] == "tuned"
        return cls(classifier, classes, image, inputs, table, package["threshold"], decides)

    @property
    def network(self) -> nn.Module | None:
        """The network, in evaluation mode: ``float[b, c, h, w]`` in [0, 1] -> logits; None of a classical model."""
        return self.classifier.network if isinstance(self.classifier, OneByOne) else None

    def predict(self, data: bytes, name: str) -> Prediction:
        """Classify one image, always in a batch of its own: the same bytes give the same numbers everywhere.

        Args:
            data: The whole PNG or JPEG file.
            name: How to call it in errors.

        Raises:
            ImageError: What the door of ``imaging`` raises.
        """
        from seimbang.imaging.decode import decode

        pixels = decode(data, self.image, name)[None]
        return self._read(self.classifier.probabilities(self.inputs.extract(pixels) if self.inputs else pixels))[0]

    def predict_rows(self, X: npt.NDArray[np.float32]) -> list[Prediction]:
        """Classify rows of a table, ``float32[n, f]`` as ``datasets.columns.encode`` makes them, NaN where missing."""
        assert self.table is not None
        return self._read(self.classifier.probabilities(self.table.transform(X)))

    def _read(self, found: npt.NDArray[np.float64]) -> list[Prediction]:
        return [self._prediction(values) for values in found.tolist()]

    def _prediction(self, values: Sequence[float]) -> Prediction:
        probabilities = dict(zip(self.classes, values, strict=True))
        label = called(probabilities, self.threshold if self.decides else None)
        second = None if self.decides or self.threshold is None else called(probabilities, self.threshold)
        return Prediction(label, probabilities[label], probabilities, second)


@dataclass(frozen=True)
class OneByOne:
    """A network as a ``Classifier`` that sees one image at a time.

    Attributes:
        network: In evaluation mode.
        mirrored: Whether the mean of an image and its mirror image counts.
    """

    network: nn.Module
    mirrored: bool

    def probabilities(self, X: npt.NDArray[Any], rows: npt.NDArray[np.int64] | None = None) -> npt.NDArray[np.float64]:
        """Return the probabilities ``float64[n, classes]`` of ``rows`` of images ``uint8[n, h, w, c]``, or of all."""
        import torch

        from seimbang.training.device import mean_probabilities

        with torch.inference_mode():
            images = torch.from_numpy(X.copy() if rows is None else X[rows]).permute(0, 3, 1, 2).float() / 255
            p = [mean_probabilities(self.network, image[None], self.mirrored)[0].numpy() for image in images]
        return np.stack(p)


def _network(model: Network, learned: bytes, shape: Shape, classes: int, arm_folder: Path) -> nn.Module:
    from safetensors import SafetensorError
    from safetensors.torch import load

    network = model.skeleton(shape, classes)
    try:
        network.load_state_dict(load(learned))
    except (RuntimeError, SafetensorError) as error:
        raise _unfit(arm_folder, classes) from error
    return network.eval()


def _estimator(learned: bytes, classes: int, arm_folder: Path) -> Classifier:
    from seimbang.classical.saved import load

    fitted = load(learned)
    if fitted.classes != classes:
        raise _unfit(arm_folder, classes)
    return fitted


def _unfit(arm_folder: Path, classes: int) -> IntegrityError:
    found = f"weights in {arm_folder} that do not fit the model and its {classes} classes"
    return IntegrityError("MODEL_CLASSES", found, "the classes it was trained on", AGAIN)
