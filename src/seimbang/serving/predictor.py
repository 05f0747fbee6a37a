"""A trained arm, loaded from its package: bytes of an image in, class and probabilities out."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seimbang.errors import IntegrityError, StudyError
from seimbang.imaging.base import ImageSettings
from seimbang.serving.contents import called, read_json
from seimbang.settings import nearest

if TYPE_CHECKING:
    from torch import nn

AGAIN = "run the study again"
PACKAGE = {"model", "classes", "positive", "image", "threshold", "decides", "sha256"}


@dataclass(frozen=True)
class Prediction:
    """What a model says of one image.

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
    """A network and what is needed to use it as it was trained.

    Attributes:
        network: In evaluation mode: ``float[b, c, h, w]`` in [0, 1] -> logits.
        classes: Names in the order of the logits; the positive class of two is the last.
        image: How images are made ready.
        threshold: Probability from which on the tuned reading is the positive class, or None.
        decides: Whether the tuned reading is the answer.
    """

    network: nn.Module
    classes: tuple[str, ...]
    image: ImageSettings
    threshold: float | None
    decides: bool = False

    @classmethod
    def load(cls, arm_folder: Path) -> Predictor:
        """Read ``model.json`` and ``model.safetensors`` of an arm.

        Raises:
            IntegrityError: ``MODEL_MISSING``, ``MODEL_DIGEST`` or ``MODEL_CLASSES``.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load

        from seimbang.models import make
        from seimbang.models.base import Network

        package, weights = read_package(arm_folder)
        image = ImageSettings.model_validate(package["image"])
        model = make(package["model"])
        assert isinstance(model, Network)
        network = model.skeleton((*image.size, image.channels), len(package["classes"]))
        try:
            network.load_state_dict(load(weights))
        except (RuntimeError, SafetensorError) as error:
            found = f"weights in {arm_folder} that do not fit the model and its {len(package['classes'])} classes"
            raise IntegrityError("MODEL_CLASSES", found, "the classes it was trained on", AGAIN) from error
        decides = package["decides"] == "tuned"
        return cls(network.eval(), tuple(package["classes"]), image, package["threshold"], decides)

    def predict(self, data: bytes, name: str) -> Prediction:
        """Classify one image, always in a batch of its own: the same bytes give the same numbers everywhere.

        Args:
            data: The whole PNG or JPEG file.
            name: How to call it in errors.

        Raises:
            ImageError: What the door of ``imaging`` raises.
        """
        import torch

        from seimbang.imaging.door import decode
        from seimbang.training.device import mean_probabilities

        pixels = torch.from_numpy(decode(data, self.image, name).copy())
        with torch.inference_mode():
            image = pixels.permute(2, 0, 1).unsqueeze(0).float() / 255
            values = mean_probabilities(self.network, image, self.image.flip_test)[0].tolist()
        probabilities = dict(zip(self.classes, values, strict=True))
        label = called(probabilities, self.threshold if self.decides else None)
        second = None if self.decides or self.threshold is None else called(probabilities, self.threshold)
        return Prediction(label, probabilities[label], probabilities, second)


def read_package(arm_folder: Path) -> tuple[dict[str, Any], bytes]:
    """Return the settings and the weights of an arm, both checked; torch is not needed for this.

    Raises:
        IntegrityError: ``MODEL_MISSING``, ``MODEL_DIGEST`` or ``MODEL_CLASSES``.
    """
    try:
        package = json.loads((arm_folder / "model.json").read_text(encoding="utf-8"))
        weights = (arm_folder / "model.safetensors").read_bytes()
    except (OSError, ValueError) as error:
        raise _missing(arm_folder) from error
    if not isinstance(package, dict) or not package.keys() >= PACKAGE:
        raise _missing(arm_folder)
    if hashlib.sha256(weights).hexdigest() != package["sha256"]:
        found = f"{arm_folder / 'model.safetensors'} with another sha256 than model.json says"
        raise IntegrityError("MODEL_DIGEST", found, "the file as it was saved", "restore it, or " + AGAIN)
    classes = package["classes"]
    if len(classes) < 2 or len(set(classes)) < len(classes) or package["positive"] not in classes:
        found = f"classes {classes} with the positive class {package['positive']!r} in {arm_folder / 'model.json'}"
        raise IntegrityError("MODEL_CLASSES", found, "two or more different classes, the positive one of them", AGAIN)
    return package, weights


def best_arm(run: Path) -> str:
    """Return the folder name of the arm with the highest balanced accuracy on the validation set.

    An arm that leaks is chosen only where no other is there: its figures flatter it. Of equal arms the first by name.

    Raises:
        IntegrityError: ``MODEL_MISSING``: no arm of ``run`` has a model.
    """
    arms = [read_json(folder / "arm.json") for folder in _finished(run)]
    if not arms:
        raise _missing(run / "arms")
    candidates = [arm for arm in arms if not arm["leaky"]] or arms
    return max((str(arm["slug"]) for arm in candidates), key=lambda slug: _validated(run, slug))


def find_arm(run: Path, arm: str | None) -> str:
    """Return the folder name of the arm called ``arm`` (its name or its folder's), or of the best one for None.

    Raises:
        StudyError: ``ARM_UNKNOWN``: no trained arm is called so.
        IntegrityError: ``MODEL_MISSING``: no arm of ``run`` has a model.
    """
    if arm is None:
        return best_arm(run)
    names: dict[str, str] = {}
    for folder in _finished(run):
        names |= {str(read_json(folder / "arm.json")["name"]): folder.name, folder.name: folder.name}
    if arm not in names:
        known = f"one of {', '.join(sorted(set(names.values())))}" + nearest(arm, names)
        raise StudyError("ARM_UNKNOWN", f"no trained arm {arm!r} in {run}", known, "name an arm that was trained")
    return names[arm]


def _finished(run: Path) -> list[Path]:
    needed = ("arm.json", "metrics.json", "model.json")
    return sorted(path for path in run.glob("arms/*") if all((path / name).is_file() for name in needed))


def _validated(run: Path, slug: str) -> float:
    """Return the balanced accuracy on validation; an arm without that figure comes after all others."""
    sets = read_json(run / "arms" / slug / "metrics.json")["sets"]
    value = sets["validation"]["default"]["metrics"]["balanced_accuracy"]["value"] if "validation" in sets else None
    return -1.0 if value is None else float(value)


def _missing(folder: Path) -> IntegrityError:
    found = f"no readable model.json and model.safetensors in {folder}"
    return IntegrityError("MODEL_MISSING", found, "a finished run", "finish the run: seimbang run STUDY")
