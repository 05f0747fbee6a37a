"""Inspecting without running: the audit of data or of a study, and what the machine offers."""

import importlib.util
import os
import platform
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from seimbang import datasets
from seimbang.checks import audit, deduplicate
from seimbang.checks.base import Finding
from seimbang.datasets.intake import understand
from seimbang.progress import working
from seimbang.runs.auditing import audit_division
from seimbang.runs.describe import divide
from seimbang.runs.file_table import show_prepared, show_sets
from seimbang.runs.over_findings import studies
from seimbang.runs.prepare import prepare
from seimbang.runs.provenance import LIBRARIES
from seimbang.study.draft import image_for
from seimbang.study.load import load as load_study
from seimbang.study.schema import Study
from seimbang.training.device import fast_bfloat16

EXTRAS = {"streamlit": "app", "ray": "ray"}


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
    return deduplicate(findings, len(study.protocols))


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
