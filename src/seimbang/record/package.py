"""The package of a trained arm: ``model.json`` and the files of what was learned, all checked before they are used."""

import hashlib
import io
import os
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from seimbang.balance import METHODS
from seimbang.errors import IntegrityError, StudyError
from seimbang.imaging.files import read_whole
from seimbang.record.arm import ArmFacts, Package
from seimbang.record.base import load
from seimbang.record.data import Data
from seimbang.record.files import MAX_RECORD, damaged, inside, read_json
from seimbang.record.refusal import Refusal
from seimbang.record.seal import read_digests, require_unedited

AGAIN = "run the study again"


def read_package(arm_folder: Path) -> tuple[Package, list[bytes]]:
    """Return how the models of an arm are used, and the file of each, one per seed; torch is not needed for this.

    Raises:
        IntegrityError: ``MODEL_MISSING``, ``MODEL_DIGEST`` or ``MODEL_CLASSES``; ``RUN_EDITED``; ``RUN_DAMAGED`` where
            a file would lie outside the arm's folder, or the package is not that of this arm.
    """
    require_unedited(arm_folder.parents[1])
    package = _settings(arm_folder)
    classes = package.classes
    if len(classes) < 2 or len(set(classes)) < len(classes) or package.positive not in classes:
        found = f"classes {classes} with the positive class {package.positive!r} in {arm_folder / 'model.json'}"
        raise IntegrityError("MODEL_CLASSES", found, "two or more different classes, the positive one of them", AGAIN)
    _require_own(arm_folder, package)
    return package, [_learned(arm_folder, file, digest) for file, digest in package.files.items()]


def _require_own(arm_folder: Path, package: Package) -> None:
    """See that a package is that of its arm: what it says of data and model is what ``data.json`` and ``arm.json`` say.

    Raises:
        IntegrityError: ``RUN_DAMAGED``; ``RUN_MISSING``.
    """
    data, facts = read_json(arm_folder.parents[1] / "data.json", Data), read_json(arm_folder / "arm.json", ArmFacts)
    digests = read_digests(arm_folder)
    folders = [str(PurePosixPath(file).parent) for file in package.files]
    alike = {
        "classes": package.classes == data.classes,
        "positive": package.positive == data.positive,
        "image": data.kind == "table" or (*package.image.size, package.image.channels) == (*data.size, data.channels),
        "table": (package.table is not None) == (data.kind == "table"),
        "model": package.model == facts.model,
        "decides": package.decides == METHODS[facts.method].decides,
        "files": folders == facts.served and (not digests or package.files.items() <= digests.items()),
    }
    other = [name for name, same in alike.items() if not same]
    if other:
        expected = "what data.json, arm.json and digests.json of the same run say"
        raise damaged(arm_folder / "model.json", expected, f"{', '.join(other)} of another data set or arm")


def read_refusal(arm_folder: Path, package: Package) -> tuple[Refusal, dict[str, npt.NDArray[Any]]]:
    """Return when the models of an arm should not answer, and the arrays that cases are compared with.

    Raises:
        IntegrityError: ``MODEL_MISSING``, ``MODEL_DIGEST`` or ``RUN_DAMAGED``.
    """
    content = _learned(arm_folder, "refusal.json", package.refusal)
    try:
        refusal = load(content, Refusal)
    except ValueError as error:
        raise damaged(arm_folder / "refusal.json", "what a finished run writes", "other content") from error
    if refusal.kind is None:
        return refusal, {}
    content = _learned(arm_folder, "gate.npz", refusal.kind.arrays)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return refusal, dict(arrays)
    except (ValueError, OSError, BadZipFile) as error:
        raise damaged(arm_folder / "gate.npz", "the arrays that a finished run writes", "other content") from error


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
    if not os.path.lexists(arm_folder / "model.json"):
        raise no_model(arm_folder, "model.json")
    package = read_json(arm_folder / "model.json", Package)
    if not package.files:
        raise no_model(arm_folder, "file of a model")
    return package


def _learned(arm_folder: Path, file: str, digest: str) -> bytes:
    path = inside(arm_folder, file)
    try:
        learned = read_whole(path, MAX_RECORD)
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
