"""How often the test parts have been opened, and that a run left them closed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from seimbang.record.openings import PartCount
from seimbang.record.read import Run
from seimbang.reports.words import listed
from seimbang.text import ntr, tr


@dataclass(frozen=True)
class Opened:
    """Test parts that have been opened equally often."""

    parts: Sequence[PartCount]

    @property
    def times(self) -> str:
        """How often each."""
        return ntr("once", "{count} times", self.parts[0].times)

    @property
    def studies(self) -> str:
        """By how many studies."""
        return ntr("{count} study", "{count} studies", self.parts[0].studies)

    @property
    def how(self) -> Literal["never", "once", "often"]:
        """Whether so often that it matters."""
        first = self.parts[0]
        if not first.times:
            return "never"
        return "once" if first.times == 1 and first.here else "often"

    @property
    def names(self) -> str:
        """What the parts are called."""
        return listed([_name(part) for part in self.parts])

    @property
    def has(self) -> str:
        """The verb."""
        return tr("has") if len(self.parts) == 1 else tr("have")


def opened(run: Run) -> Iterator[Opened]:
    """Yield the test parts and external sets, those together that have been opened equally often."""
    alike: dict[tuple[int, int, bool], list[PartCount]] = {}
    for part in run.openings.parts:
        alike.setdefault((part.times, part.studies, part.here), []).append(part)
    for parts in alike.values():
        yield Opened(parts)


def _name(part: PartCount) -> str:
    if part.set != "test":
        return tr("the external set “{name}”", name=part.set.removeprefix("external:"))
    if part.protocol:
        return tr("the test part of the protocol “{protocol}”", protocol=part.protocol)
    return tr("this test part")


@dataclass(frozen=True)
class Closed:
    """A run that left its test parts closed; ``cases`` of the internal one."""

    cases: str


def closed(run: Run) -> Iterator[Closed]:
    """Yield the test part that stayed closed; nothing where it was opened."""
    if run.openings.closed:
        yield Closed(tr(" or ").join(str(part.cases) for part in run.openings.parts if part.set == "test"))
