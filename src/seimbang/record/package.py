"""The package of a trained arm: ``model.json`` and the file of what was learned, both checked before they are used."""

import hashlib
import json
from pathlib import Path
from typing import Any

from seimbang.errors import IntegrityError
from seimbang.study.models import make

AGAIN = "run the study again"
PACKAGE = {"model", "classes", "positive", "image", "threshold", "decides", "sha256"}


def read_package(arm_folder: Path) -> tuple[dict[str, Any], bytes]:
    """Return the settings of an arm and the file of its model, both checked; torch is not needed for this.

    Raises:
        IntegrityError: ``MODEL_MISSING``, ``MODEL_DIGEST`` or ``MODEL_CLASSES``.
    """
    package = _settings(arm_folder)
    file = arm_folder / make(package["model"]).file
    try:
        learned = file.read_bytes()
    except OSError as error:
        raise missing(arm_folder, file.name) from error
    if hashlib.sha256(learned).hexdigest() != package["sha256"]:
        found = f"{file} with another sha256 than model.json says"
        raise IntegrityError("MODEL_DIGEST", found, "the file as it was saved", "restore it, or " + AGAIN)
    classes = package["classes"]
    if len(classes) < 2 or len(set(classes)) < len(classes) or package["positive"] not in classes:
        found = f"classes {classes} with the positive class {package['positive']!r} in {arm_folder / 'model.json'}"
        raise IntegrityError("MODEL_CLASSES", found, "two or more different classes, the positive one of them", AGAIN)
    return package, learned


def _settings(arm_folder: Path) -> dict[str, Any]:
    try:
        package = json.loads((arm_folder / "model.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise missing(arm_folder, "model.json") from error
    if not isinstance(package, dict) or not package.keys() >= PACKAGE:
        raise missing(arm_folder, "model.json")
    return package


def missing(folder: Path, name: str) -> IntegrityError:
    """Return the error for a file of a trained model that is not there or cannot be read."""
    fix = "finish the run: seimbang run STUDY"
    return IntegrityError("MODEL_MISSING", f"no readable {name} in {folder}", "a finished run", fix)
