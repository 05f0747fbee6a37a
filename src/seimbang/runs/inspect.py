"""Inspecting without running: the audit of data or of a study, and what the machine offers."""

import importlib.util
import os
import platform
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from seimbang import datasets
from seimbang.checks import audit, deduplicate
from seimbang.checks.base import Finding
from seimbang.checks.known_data import recognise
from seimbang.datasets.base import Dataset
from seimbang.datasets.intake import understand
from seimbang.errors import DataError, ImageError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.cache import outline
from seimbang.imaging.decode import decode
from seimbang.imaging.similarity import Floats, thumbnails
from seimbang.imaging.store import open_store
from seimbang.progress import working
from seimbang.runs.auditing import audit_division
from seimbang.runs.describe import divide
from seimbang.runs.file_table import show_prepared, show_sets
from seimbang.runs.foresight import findings as foreseen
from seimbang.runs.foresight import require_possible
from seimbang.runs.over_findings import studies
from seimbang.runs.prepare import prepare
from seimbang.runs.provenance import LIBRARIES
from seimbang.study.draft import image_for
from seimbang.study.load import load as load_study
from seimbang.study.schema import Study
from seimbang.training.device import fast_bfloat16

LOOKED_AT = 200
"""Images that are read to tell whether the data are public ones."""
EXTRAS = {"streamlit": "app", "pydicom": "dicom", "ray": "ray"}


def inspect(what: str | Path | Study, root: Path) -> list[Finding]:
    """Audit a study as it would be divided, or plain data by the parts they come in.

    Args:
        what: A study, its file or name, or a folder, CSV, npz or Excel table.
        root: Folder that the data paths of a study start from.
    """
    if isinstance(what, Study):
        return _findings(what, root)
    path = Path(what)
    if path.exists() and path.suffix != ".toml":
        understanding = understand(path)
        with working("Loading the cases"):
            data = datasets.load(datasets.make(understanding.data), image_for(understanding), path.resolve().parent)
        show_sets({"": data})
        with working("Looking for leaks and faults"):
            return audit(data)
    return _findings(load_study(str(what)), root)


def _findings(study: Study, root: Path) -> list[Finding]:
    """Return what the audit of a study finds; over several findings, that of each, called as if it were a protocol."""
    every = studies(study, root)
    if not every:
        return _study(study, root)
    found = [
        replace(finding, protocol=f"{name}, {finding.protocol}" if finding.protocol else name)
        for name, of_finding in every.items()
        for finding in _study(of_finding, root)
    ]
    return deduplicate(found, len(every))


def _study(study: Study, root: Path) -> list[Finding]:
    with working("Loading the cases"):
        prepared = prepare(study, root)
    show_prepared(prepared)
    with working("Looking for leaks and faults"):
        divided = divide(prepared)
        findings = [
            replace(finding, protocol=protocol.name)
            for protocol in study.protocols
            for finding in audit_division(divided, protocol)
        ]
        findings += foreseen(divided, study.plans())
    return deduplicate(findings, len(study.protocols))


def rehearse(study: Study, root: Path) -> list[str]:
    """Say what would happen to a study, decoding a few images at most.

    Args:
        study: As it is read.
        root: Folder that its data paths are relative to.

    Returns:
        A sentence; of a study over several findings also one for each that a run would leave out, and why; and what is
        known of the data.

    Raises:
        SeimbangError: What would stop a run.
    """
    every = studies(study, root) or {"": study}
    failed: dict[str, DataError] = {}
    said: list[str] = []
    for name, of_finding in every.items():
        try:
            said = _rehearse(of_finding, root)
        except DataError as error:
            failed[name] = error
    if len(failed) == len(every):
        raise next(iter(failed.values()))
    left_out = [f"{name} would be left out. {error}" for name, error in failed.items()]
    return ["Every arm can be trained.", *left_out, *said]


def _rehearse(study: Study, root: Path) -> list[str]:
    """Return what is known of the data where they are public ones."""
    known = {"group": "known"}  # patients are guessed from pixels
    protocols = tuple(one.model_copy(update=known) if one.group == "auto" else one for one in study.protocol)
    split = study.split.model_copy(update=known) if study.split.group == "auto" else study.split
    outlined = study.model_copy(update={"protocol": protocols, "split": split})
    with outline():
        prepared = prepare(outlined, root)
        require_possible(divide(prepared), outlined.plans())
    return [known.sentence for known in recognise(_some_thumbnails(prepared.data))]


def _some_thumbnails(data: Dataset) -> Floats:
    """Return those of a few of the images, none where they are no files, or cannot be read."""
    paths = [path for path in data.cases.frame.path if path]
    chosen = [paths[k] for k in np.linspace(0, len(paths) - 1, min(LOOKED_AT, len(paths))).astype(int)]
    settings, images = ImageSettings(size=(64, 64)), []
    for path in chosen:
        with suppress(ImageError):
            images.append(decode(open_store(data.cases.root).read(path), settings, path))
    return thumbnails(np.stack(images)) if images else np.empty((0, 0), np.float32)


def machine() -> Iterator[tuple[str, str]]:
    """Yield what is installed and what the processor offers."""
    from importlib.metadata import version

    import torch

    yield "Python", platform.python_version()
    for name in LIBRARIES:
        yield name, version(name)
    for name, extra in EXTRAS.items():
        there = importlib.util.find_spec(name) is not None
        yield name, version(name) if there else f"missing: pip install 'seimbang[{extra}]'"
    yield "cores", str(os.cpu_count())
    yield "GPU", torch.cuda.get_device_name() if torch.cuda.is_available() else "none; networks run on the processor"
    yield "bfloat16 on the processor", "yes" if fast_bfloat16("cpu") else "no; float32 is used"
