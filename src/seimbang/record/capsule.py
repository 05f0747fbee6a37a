"""A capsule: what a run was made from and what came of it, without images, in one zip of canonical bytes.

Its members are not compressed, are in the order of their names and carry no time, so a run has one capsule, and whoever
reads one packs what it holds again: any other byte, as of a zip bomb, a second member of one name or something hidden
between members, is no capsule. Nothing of it is ever written under a name that it gives.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal, TypeVar
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from pydantic import Field

from seimbang.errors import IntegrityError, StudyError
from seimbang.imaging.files import read_whole
from seimbang.record.base import Record, dump, load
from seimbang.record.files import missing

T = TypeVar("T")
FACTS = "capsule.json"
OF_RUN = ("study.json", "study.toml", "splits.csv", "cases.csv", "data.json", "audit.json", "provenance.json")
OF_ARM = ("arm.json", "predictions.csv", "metrics.json")
MEMBER = re.compile(
    rf"{'|'.join(map(re.escape, (FACTS, *OF_RUN)))}|arms/[a-z0-9-]+/({'|'.join(map(re.escape, OF_ARM))})"
)
"""Every name that a capsule may hold."""
MOST = 1 << 31
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold."""


class Shortened(Record):
    """How a quick run was cut down: training cases of all folds together, and passes over them."""

    cases: int = Field(gt=0)
    epochs: int = Field(gt=0)


class Capsule(Record):
    """``capsule.json``.

    Attributes:
        version: Of the form.
        arms: Folder names of the arms, in the order of the study.
        quick: Whether the run gave a rough answer.
        cut: How a quick run was cut down; None of a whole one.
        closed: Whether test parts stayed closed.
        note: What a reader must know of the run folder before any figure, such as files changed by hand.
        files: sha256 of each other member.
    """

    version: Literal[1] = 1
    arms: list[str]
    quick: bool
    cut: Shortened | None
    closed: bool
    note: str
    files: dict[str, str]


@dataclass(frozen=True)
class Contents:
    """A capsule that was read: its facts, and its other members by name."""

    facts: Capsule
    members: Mapping[str, bytes]

    def read(self, name: str, kind: type[T]) -> T:
        """Return the objects in a JSON member.

        Raises:
            IntegrityError: CAPSULE_DAMAGED.
        """
        try:
            return load(self.members[name], kind)
        except (KeyError, ValueError, StudyError) as error:
            raise _damaged(f"{name} missing or not what a run writes") from error


def pack(facts: Capsule, members: Mapping[str, bytes]) -> bytes:
    """Return the bytes of a capsule; equal contents give equal bytes."""
    return _zipped({**members, FACTS: dump(facts).encode()})


def digests(members: Mapping[str, bytes]) -> dict[str, str]:
    """Return the sha256 of each member."""
    return {name: sha256(members[name]).hexdigest() for name in sorted(members)}


def _zipped(members: Mapping[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with ZipFile(whole, "w", ZIP_STORED) as file:
        for name in sorted(members):
            info = ZipInfo(name, EPOCH)
            info.create_system, info.external_attr = 3, 0o644 << 16  # the same on every system
            file.writestr(info, members[name])
    return whole.getvalue()


def read_capsule(path: Path) -> Contents:
    """Read a capsule that anybody may have made.

    Raises:
        IntegrityError: RUN_MISSING: no such file. CAPSULE_FOREIGN: it holds names that no capsule has. CAPSULE_DAMAGED:
            its bytes are not those of a capsule, or a member is not the one that was packed.
    """
    try:
        whole = read_whole(path, MOST)
    except OSError as error:
        raise missing(path, str(error.strerror)) from error
    members = _members(whole)
    if _zipped(members) != whole:
        raise _damaged("bytes beside those of the members")
    contents = Contents(Capsule(arms=[], quick=False, cut=None, closed=False, note="", files={}), members)
    facts = contents.read(FACTS, Capsule)
    own = {name: content for name, content in members.items() if name != FACTS}
    now = digests(own)
    wrong = sorted(name for name in now.keys() | facts.files.keys() if now.get(name) != facts.files.get(name))
    wanted = {*OF_RUN, *(f"arms/{arm}/{name}" for arm in facts.arms for name in OF_ARM)}
    if wrong or wanted != own.keys():
        named = ", ".join(wrong or sorted(wanted ^ own.keys()))
        raise _damaged(f"{named} missing, added or not as it was packed")
    return Contents(facts, own)


def _members(whole: bytes) -> dict[str, bytes]:
    """Return the members; none is larger than the file, as none is compressed."""
    try:
        with ZipFile(io.BytesIO(whole)) as file:
            infos = file.infolist()
            foreign = [info.filename for info in infos if not MEMBER.fullmatch(info.filename)]
            if foreign:
                found = f"{len(foreign)} foreign file(s), such as {foreign[0][:80]!r}"
                fix = "give a file that `seimbang capsule RUN` wrote"
                raise IntegrityError("CAPSULE_FOREIGN", found, "a capsule, which holds no other file", fix)
            if any(info.compress_type != ZIP_STORED or info.flag_bits & 1 for info in infos):
                raise _damaged("compressed or encrypted members")
            if sum(info.file_size for info in infos) > len(whole):
                raise _damaged("members that are larger than the file")
            return {info.filename: file.read(info) for info in infos}
    except (BadZipFile, NotImplementedError, ValueError, OSError, EOFError) as error:
        raise _damaged(f"no zip file that can be read ({error})") from error


def _damaged(found: str) -> IntegrityError:
    fix = "get the capsule again, or pack the run again: seimbang capsule RUN"
    return IntegrityError("CAPSULE_DAMAGED", found, "a capsule as `seimbang capsule RUN` writes it", fix)
