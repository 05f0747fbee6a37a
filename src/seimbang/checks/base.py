"""What the audit says, and what a check is."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Generic, Literal, TypeVar

Severity = Literal["info", "warning", "leak", "error"]
SHOWN = 20
"""At most this many case ids go with a finding; its count says how many there are."""


@dataclass(frozen=True)
class Finding:
    """One thing the audit found.

    Attributes:
        code: Stable name such as ``DUPLICATE_TEST``.
        severity: ``info`` and ``warning`` are for the reader; a ``leak`` makes test results too good; an ``error``
            makes the plan impossible.
        title: What was looked for, a few words.
        sentence: What was found, in whole sentences.
        cases: Ids of cases it is about, at most ``SHOWN``; paths where a file could not be read.
        count: How many there are in all.
        arm: The arm of the study it is about; ``""`` when it is about the data.
        protocol: The way of dividing the cases it is about; ``""`` for all, or the only one.
    """

    code: str
    severity: Severity
    title: str
    sentence: str
    cases: tuple[str, ...] = ()
    count: int = 0
    arm: str = ""
    protocol: str = ""


@dataclass(frozen=True)
class Found:
    """What the function of a check returns: a sentence, the ids of the cases, and how many there are."""

    sentence: str
    cases: Sequence[str] = ()
    count: int = 0


T = TypeVar("T")


@dataclass(frozen=True)
class Check(Generic[T]):
    """A check is data and one function, which returns None when there is nothing to say."""

    code: str
    title: str
    severity: Severity
    find: Callable[[T], Found | None]

    def run(self, evidence: T, arm: str = "") -> Finding | None:
        """Return the finding, or None."""
        found = self.find(evidence)
        if found is None:
            return None
        cases = tuple(str(case) for case in found.cases[:SHOWN])
        return Finding(self.code, self.severity, self.title, found.sentence, cases, found.count, arm)


def leaks(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that make test results too good."""
    return [finding for finding in findings if finding.severity == "leak"]


def said_once(findings: Iterable[Finding], protocols: int) -> list[Finding]:
    """Return the findings with those that all ``protocols`` share said once, of no protocol."""
    pairs = [(found, replace(found, protocol="")) for found in findings]
    times = Counter(plain for _, plain in pairs)
    return list(dict.fromkeys(plain if times[plain] == protocols else found for found, plain in pairs))


def to_json(findings: Iterable[Finding]) -> str:
    """Return the text of ``audit.json``."""
    return json.dumps({"findings": [asdict(finding) for finding in findings]}, indent=2, ensure_ascii=False)


def from_json(text: str) -> list[Finding]:
    """Return the findings in the text of ``audit.json``."""
    rows = json.loads(text)["findings"]
    return [Finding(**{**row, "cases": tuple(row["cases"])}) for row in rows]


def plural(count: int, noun: str, many: str = "") -> str:
    """Return ``"1 image"`` or ``"1,341 images"``; ``many`` is the plural where it is not ``noun + "s"``."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"
