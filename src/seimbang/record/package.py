"""The package of a trained arm: ``model.json`` and the files of what was learned, all checked before they are used."""

import hashlib
import io
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from seimbang.errors import IntegrityError, StudyError
from seimbang.record.arm import Package
from seimbang.record.base import load
from seimbang.record.files import inside
from seimbang.record.refusal import Refusal

AGAIN = "run the study again"


def read_package(arm_folder: Path) -> tuple[Package, list[bytes]]:
    """Return how the models of an arm are used, and the file of each, one per seed; torch is not needed for this.

    Raises:
        IntegrityError: ``MODEL_MISSING``, ``MODEL_DIGEST`` or ``MODEL_CLASSES``; ``RUN_DAMAGED`` where a file would lie
            outside the arm's folder.
    """
    package = _settings(arm_folder)
    learned = [_learned(arm_folder, file, digest) for file, digest in package.files.items()]
    classes = package.classes
    if len(classes) < 2 or len(set(classes)) < len(classes) or package.positive not in classes:
        found = f"classes {classes} with the positive class {package.positive!r} in {arm_folder / 'model.json'}"
        raise IntegrityError("MODEL_CLASSES", found, "two or more different classes, the positive one of them", AGAIN)
    return package, learned


def read_refusal(arm_folder: Path, package: Package) -> tuple[Refusal, dict[str, npt.NDArray[Any]]]:
    """Return when the models of an arm should not answer, and the arrays that cases are compared with.

    Raises:
        IntegrityError: ``MODEL_MISSING`` or ``MODEL_DIGEST``.
    """
    refusal = load(_learned(arm_folder, "refusal.json", package.refusal), Refusal)
    if refusal.kind is None:
        return refusal, {}
    content = _learned(arm_folder, "gate.npz", refusal.kind.arrays)
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return refusal, dict(arrays)


def position_of(package: Package, seed: str) -> int:
    """Return which of the files of a package is the model of a seed.

    Raises:
        StudyError: ``SEED_UNKNOWN``.
    """
    seeds = [PurePosixPath(file).parent.name for file in package.files]
    if seed not in seeds:
        known = f"one of {', '.join(seeds)}"
        raise StudyError("SEED_UNKNOWN", f"no model of the seed {seed}", known, f"choose another: --seed {seeds[0]}")
    return seeds.index(seed)


def served_alone(package: Package, seed: str) -> Package:
    """Return a package with the model of one seed alone; of ``""`` with all.

    Raises:
        StudyError: ``SEED_UNKNOWN``.
    """
    if not seed:
        return package
    file = list(package.files)[position_of(package, seed)]
    return package.model_copy(update={"files": {file: package.files[file]}})


def _settings(arm_folder: Path) -> Package:
    try:
        package = load((arm_folder / "model.json").read_bytes(), Package)
    except (OSError, ValidationError) as error:
        raise no_model(arm_folder, "model.json") from error
    if not package.files:
        raise no_model(arm_folder, "file of a model")
    return package


def _learned(arm_folder: Path, file: str, digest: str) -> bytes:
    path = inside(arm_folder, file)
    try:
        learned = path.read_bytes()
    except OSError as error:
        raise no_model(path.parent, path.name) from error
    if hashlib.sha256(learned).hexdigest() != digest:
        found = f"{path} with another sha256 than its package says"
        raise IntegrityError("MODEL_DIGEST", found, "the file as it was saved", "restore it, or " + AGAIN)
    return learned


def no_model(folder: Path, name: str) -> IntegrityError:
    """Return the error for a file of a trained model that is not there or cannot be read."""
    fix = "finish the run: seimbang run STUDY"
    return IntegrityError("MODEL_MISSING", f"no readable {name} in {folder}", "a finished run", fix)
