"""A trained arm -> an ONNX file that says how its input is prepared, and a certificate that it predicts the same."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from seimbang import __version__
from seimbang.errors import IntegrityError
from seimbang.evaluation.threshold import decide
from seimbang.imaging.files import write_atomic
from seimbang.record.arm import ArmFacts, Package
from seimbang.record.base import dump
from seimbang.record.certificate import Certificate
from seimbang.record.files import read_json
from seimbang.record.package import read_package, served_alone
from seimbang.serving.extras import require
from seimbang.serving.onnx.graphs import graph
from seimbang.serving.onnx.session import OnnxClassifier, certificate_of
from seimbang.serving.predictor import Predictor

TOLERANCE = 1e-5
LIBRARIES = ("torch", "scikit-learn", "onnx", "onnxruntime", "skl2onnx")
WHY = (
    "A comparison of two programs needs no case that neither has seen. A test part is opened as rarely as it can be, "
    "so it stays closed here."
)
STEPS = (
    "Decode the file, EXIF orientation applied; cut image.border off each side; resize to image.size (height, width), "
    "bilinear and antialiased; convert to image.channels; then image.filter, image.contrast and image.normalise "
    "(minmax: 0 to 255; zscore: mean 128, standard deviation 40). The input is bytes in the order case, row, column, "
    "channel; the graph itself scales them, and mirrors them where the study does."
)
ROW_STEPS = (
    "Fill each missing value with table.fill, subtract table.centre, divide by table.scale; a category becomes a "
    "number for each of its levels, 1 at its own and 0 at the others."
)


@dataclass(frozen=True)
class Compared:
    """Cases on which an export is compared with what it was made of.

    Attributes:
        part: Where they come from.
        X: Prepared images ``uint8[n, h, w, c]`` or rows of a table ``float32[n, f]`` that are not prepared yet.
    """

    part: Literal["validation", "train"]
    X: npt.NDArray[Any]


def export(arm_folder: Path, seed: str, cases: Compared, out: Path) -> Certificate:
    """Write ``out`` and its certificate.

    Args:
        arm_folder: Folder of the arm.
        seed: The one whose model alone is exported; ``""`` for those of all seeds together.
        cases: To compare on.
        out: ONNX file to write.

    Raises:
        ResourceError: EXTRA_MISSING; the file cannot be written.
        StudyError: EXPORT_MODEL or SEED_UNKNOWN.
        IntegrityError: EXPORT_DIFFERS: it would not predict as the models do; nothing is written. What
            ``Predictor.load`` raises.
    """
    require("export", "onnx", "onnxruntime", "skl2onnx")
    predictor, package = Predictor.load(arm_folder, seed), served_alone(read_package(arm_folder)[0], seed)
    X = cases.X if predictor.table is None else predictor.table.transform(cases.X)
    model = graph(predictor.classifiers, X.shape[1:], len(predictor.classes))
    facts = read_json(arm_folder / "arm.json", ArmFacts)
    _describe(model, predictor, package, facts)
    content = model.SerializeToString()
    certificate = _compared(content, predictor, X, cases.part, facts.slug, seed, package.files)
    write_atomic(out, content)
    write_atomic(certificate_of(out), dump(certificate))
    return certificate


def _describe(model: Any, predictor: Predictor, package: Package, facts: ArmFacts) -> None:
    """Write into the metadata all that is needed to use the file without seimbang."""
    from onnx import helper

    calibrated = facts.model_kind == "network" and facts.training.calibrate
    described = {
        "arm": facts.name,
        "model": package.model,
        "classes": package.classes,
        "positive": package.positive,
        "threshold": predictor.threshold,
        "decides": "tuned threshold" if predictor.decides else "most probable class",
        "temperature": "in the weights of the last layer" if calibrated else "none",
        "files": package.files,
        "preparation": STEPS if package.table is None else ROW_STEPS,
        "seimbang": __version__,
        "use": "For research only; not a medical device.",
    }
    if package.table is None:
        described["image"] = package.image.model_dump(mode="json", exclude={"augment", "flip_test", "max_pixels"})
    else:
        described["table"] = json.loads(dump(package.table))
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in described.items()}
    helper.set_model_props(model, texts)


def _compared(
    content: bytes,
    predictor: Predictor,
    X: npt.NDArray[Any],
    part: Literal["validation", "train"],
    slug: str,
    seed: str,
    files: dict[str, str],
) -> Certificate:
    p, exported = predictor.probabilities(X), OnnxClassifier.of(content).probabilities(X)
    cut = predictor.threshold if predictor.decides else None
    difference, changes = float(np.abs(p - exported).max()), int((decide(p, cut) != decide(exported, cut)).sum())
    if difference > TOLERANCE or changes:
        found = f"an ONNX form that differs by {difference:.1e} and changes {changes} of {len(X)} classes"
        expected = f"probabilities that differ by no more than {TOLERANCE:g}, and no other class"
        raise IntegrityError("EXPORT_DIFFERS", found, expected, "export another arm: seimbang export RUN --arm ARM")
    return Certificate(
        onnx=hashlib.sha256(content).hexdigest(),
        arm=slug,
        seed=seed,
        files=files,
        part=part,
        cases=len(X),
        largest_difference=difference,
        class_changes=changes,
        tolerance=TOLERANCE,
        libraries={name: version(name) for name in LIBRARIES},
        why=WHY,
    )
