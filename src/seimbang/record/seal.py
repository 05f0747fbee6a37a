"""What a run wrote, by digest: a file that somebody changed since is named, and never taken for a result.

The record is what the steps of a run left in ``.steps``, each with the digests of its files, and the ``digests.json``
of each arm for the files of its jobs. It guards against changes by hand, by mistake and by a bad disk, not against
somebody who writes the record again as well.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydantic import Field

from seimbang.errors import IntegrityError, first_few
from seimbang.imaging.files import file_digest, write_atomic
from seimbang.record.base import Record, dump, load
from seimbang.record.files import MEND, read_bytes
from seimbang.text import marked, tr

STEPS, EDITS, DIGESTS = ".steps", "edits.json", "digests.json"
REPORT = "report"
"""Name of the step whose files are made of all others and read by nobody."""
OF_RUN = (
    "study.json",
    "study.toml",
    "splits.csv",
    "data.json",
    "audit.json",
    "quality.csv",
    "comparisons.json",
    "sample_size.json",
    "levers.json",
    "openings.json",
    "probabilities.json",
    "labels.json",
    "labels.csv",
    "provenance.json",
)
OF_ARM = (
    "predictions.csv",
    "search.csv",
    "metrics.json",
    "clinical.json",
    "refusal.json",
    "gate.npz",
    "model.json",
    "arm.json",
    DIGESTS,
    "gallery.json",
    "examples.json",
    "heat.json",
    "quality.json",
    "boxes.json",
    "neighbours.npz",
    "importance.json",
)
"""Files that are there because a step wrote them: one that no step knows of was put there."""


class Marker(Record):
    """What a step, or a job, remembers: the digest of all it was made from, and the sha256 of each file it wrote."""

    inputs: str = ""
    files: dict[str, str] = Field(default_factory=dict)


class Edits(Record):
    """``edits.json``: changes by hand that somebody meant, and figures that were computed anew because of them.

    Attributes:
        files: sha256 of each file as it was accepted, ``""`` where it was taken away, by its path.
        recomputed: Paths of the files that were computed from the predictions again.
    """

    files: dict[str, str]
    recomputed: list[str]


@dataclass(frozen=True)
class Seal:
    """How a run folder compares with what the run wrote.

    Attributes:
        recorded: Whether the folder has a record at all; a copy without its hidden folders has none.
        changed: sha256 of each file that is not as the run wrote it, ``""`` where it is gone, by its path.
        edits: What was accepted.
    """

    recorded: bool
    changed: dict[str, str]
    edits: Edits

    @property
    def unseen(self) -> list[str]:
        """The changed files that nobody has accepted as they now are."""
        return [path for path, digest in self.changed.items() if self.edits.files.get(path) != digest]

    @property
    def sentence(self) -> str:
        """What a reader must know of it before any figure; ``""`` where every file is as the run wrote it."""
        if not self.recorded:
            return tr(
                "This folder holds no record of what the run wrote: nobody can tell whether it was changed since."
            )
        if not self.changed:
            return ""
        again = [path for path in self.changed if path in self.edits.recomputed]
        by_hand = [path for path in self.changed if path not in again]
        changed = tr("Changed by hand after the run: {files}.", files=", ".join(by_hand) or tr("figures"))
        if not again:
            return changed
        text = marked("Computed again from the predictions as they now are: {files}.")
        return f"{changed} {tr(text, files=', '.join(again))}"


def read_marker(path: Path) -> Marker:
    """Return what a step or a job remembers; nothing where that cannot be read."""
    try:
        return load(read_bytes(path), Marker)
    except (IntegrityError, ValueError):
        return Marker()


def sealed(folder: Path) -> Seal:
    """Compare a run folder with its record."""
    return Seal((folder / STEPS).is_dir(), changed(folder), _edits(folder))


def require_unedited(folder: Path) -> Seal:
    """Return how a run folder compares with its record.

    Raises:
        IntegrityError: RUN_EDITED: files are not as the run wrote them, and nobody has said that this is meant.
    """
    seal = sealed(folder)
    if seal.unseen:
        names = first_few([folder / path for path in seal.unseen])
        fix = f"{MEND}; if the changes are meant: seimbang report {folder} --accept-edits"
        found = f"{names}, changed after the run"
        raise IntegrityError("RUN_EDITED", found, "the files as they were written", fix)
    return seal


def require_as_written(file: Path) -> None:
    """See that a file that lies in a run folder is as the run wrote it; of others nothing is known.

    Raises:
        IntegrityError: RUN_EDITED.
    """
    for folder in file.resolve().parents[:3]:
        if (folder / STEPS).is_dir() and file.resolve().relative_to(folder).as_posix() in sealed(folder).unseen:
            fix = f"{MEND}, or review a copy outside the run folder"
            raise IntegrityError("RUN_EDITED", f"{file}, changed after the run", "the file as it was written", fix)


def changed(folder: Path) -> dict[str, str]:
    """Return the files that are not as the run wrote them, by path, each with its sha256, ``""`` where it is gone."""
    if not (folder / STEPS).is_dir():
        return {}
    known = _recorded(folder)
    present = [folder / name for name in OF_RUN] + [file for name in OF_ARM for file in folder.glob(f"arms/*/{name}")]
    added = {file.relative_to(folder).as_posix(): "" for file in present if os.path.lexists(file)}
    now = {path: _digest(folder / path) for path in sorted({**added, **known})}
    return {path: digest for path, digest in now.items() if digest != known.get(path)}


def write_edits(folder: Path, recomputed: list[str]) -> None:
    """Accept the files of a run folder as they now are."""
    write_atomic(folder / EDITS, dump(Edits(files=changed(folder), recomputed=recomputed)))


def _recorded(folder: Path) -> dict[str, str]:
    """Return the sha256 of each file that readers read, by its path."""
    known: dict[str, str] = {}
    for file in sorted((folder / STEPS).glob("[!.]*.json")):
        if file.stem != REPORT:
            marker = read_marker(file)
            known |= marker.files if marker.inputs else {file.relative_to(folder).as_posix(): "?"}
    for path in [path for path in known if path.endswith(f"/{DIGESTS}")]:
        arm = path.removesuffix(DIGESTS)
        of_jobs = read_digests(folder / arm).items()  # models are compared where they are loaded
        known |= {f"{arm}{name}": digest for name, digest in of_jobs if name.endswith(".csv")}
    return known


def read_digests(arm_folder: Path) -> dict[str, str]:
    """Return the sha256 of each file of each job of an arm, by its path; nothing where that cannot be read."""
    try:
        return load(read_bytes(arm_folder / DIGESTS), dict[str, str])
    except (IntegrityError, ValueError):
        return {}


def _edits(folder: Path) -> Edits:
    try:
        return load(read_bytes(folder / EDITS), Edits)
    except (IntegrityError, ValueError):
        return Edits(files={}, recomputed=[])


def _digest(path: Path) -> str:
    """Return the sha256 of a file, remembered while it stays the same: the page asks at each click."""
    try:
        facts = path.stat()
    except OSError:
        return ""
    return _digest_of(path, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)


@lru_cache(maxsize=10_000)
def _digest_of(path: Path, *facts: int) -> str:
    return file_digest(path)
