"""How often a test part was opened: each study that predicts its cases is written down once, before it does.

A ledger is a folder with one file an opening. A file appears whole or not at all, and its name says which part and
which opening it is, so that any number of processes may write the same one at once, be killed, and write it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from seimbang.imaging.cache import cache_folder
from seimbang.imaging.files import read_whole, write_atomic
from seimbang.record.base import Record, dump
from seimbang.record.files import read_json


class HeldOutPart(Record):
    """Cases that are only ever tested on.

    Attributes:
        set: ``test`` or ``external:<name>``.
        protocol: Which divides them off; ``""`` for the only one, and of an external set.
        digest: Of what the cases hold and of their ids; image settings do not change it.
        cases: How many there are; of folds, in all of them together.
    """

    set: str
    protocol: str
    digest: str
    cases: int


class Opening(Record):
    """A go at a study as one that opens test parts.

    Attributes:
        study: Hash of the study file as it is written out, before a quick run cuts it down.
        title: Of the study.
        id: What tells this opening from others: the study, the arms that were asked for, and whether it is quick.
        parts: What it opens.
    """

    study: str
    title: str
    id: str
    parts: list[HeldOutPart]


class Entry(Record):
    """One file of a ledger."""

    time: str
    study: str
    title: str
    set: str
    protocol: str


class PartCount(Record):
    """How often one test part has been opened, and by how many studies; ``here`` whether in this run too."""

    set: str
    protocol: str
    cases: int
    times: int
    studies: int
    here: bool


class Openings(Record):
    """``openings.json``; ``closed`` where the run was made without opening any test part."""

    closed: bool
    parts: list[PartCount]


@dataclass(frozen=True)
class Ledger:
    """The openings that are known in one place: the folder ``path``."""

    path: Path

    @classmethod
    def of_run(cls, folder: Path) -> Ledger:
        """Return that of a run folder."""
        return cls(folder / ".openings")

    @classmethod
    def of_user(cls) -> Ledger:
        """Return that of all runs of this user on this machine, beside the cached images."""
        return cls(cache_folder() / "openings")

    def add(self, opening: Opening, part: HeldOutPart) -> None:
        """Write down that a part is opened, unless it is known of this opening.

        Raises:
            ResourceError: DISK_FULL or NOT_WRITABLE.
        """
        file = self.path / part.digest / f"{opening.id}.json"
        if not file.is_file():
            now = datetime.now(UTC).isoformat(timespec="seconds")
            about = {"study": opening.study, "title": opening.title, "set": part.set, "protocol": part.protocol}
            write_atomic(file, dump(Entry(time=now, **about)))

    def of(self, part: HeldOutPart) -> dict[str, Entry]:
        """Return the openings of a part by their id.

        Raises:
            IntegrityError: RUN_DAMAGED: somebody else has written into a file.
        """
        return {file.stem: read_json(file, Entry) for file in sorted((self.path / part.digest).glob("[!.]*.json"))}

    def copy_to(self, other: Ledger) -> None:
        """Write down in another ledger what only this one knows: workers may have run on other machines."""
        for file in self.path.glob("*/[!.]*.json"):
            target = other.path / file.relative_to(self.path)
            if not target.is_file():
                write_atomic(target, read_whole(file))


def counted(parts: Sequence[HeldOutPart], closed: bool, own: Ledger, every: Ledger) -> Openings:
    """Return how often parts have been opened, as far as the ledgers of a run and of all runs know."""
    return Openings(closed=closed, parts=[_count(part, own.of(part), every.of(part)) for part in parts])


def _count(part: HeldOutPart, own: dict[str, Entry], every: dict[str, Entry]) -> PartCount:
    entries = every | own
    return PartCount(
        set=part.set,
        protocol=part.protocol,
        cases=part.cases,
        times=len(entries),
        studies=len({entry.study for entry in entries.values()}),
        here=bool(own),
    )
