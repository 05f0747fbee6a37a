"""The findings of the audit, and the checks that give them."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Literal, TypeVar

Severity = Literal["info", "warning", "leak", "error"]
MAX_CASES = 20
"""At most this many case ids go with a finding; its count gives their total number."""


@dataclass(frozen=True)
class Finding:
    """One finding of the audit.

    Attributes:
        code: Stable name such as ``DUPLICATE_TEST``.
        severity: ``info`` and ``warning`` are for the reader; a ``leak`` makes test results too good; an ``error``
            makes the plan impossible.
        title: What was checked, in a few words.
        sentence: The result, in whole sentences.
        cases: Ids of the cases concerned, at most ``MAX_CASES``; paths where a file could not be read.
        count: Total number of cases, groups or classes concerned.
        arm: The arm of the study concerned; ``""`` for a finding about the data.
        protocol: The split protocol concerned; ``""`` for all, or the only one.
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
class CheckResult:
    """Return value of a check's function: a sentence, the ids of the cases concerned, and their total number."""

    sentence: str
    cases: Sequence[str] = ()
    count: int = 0


T = TypeVar("T")


@dataclass(frozen=True)
class Check(Generic[T]):
    """A check is data and one function, which returns None when there is nothing to report."""

    code: str
    title: str
    severity: Severity
    function: Callable[[T], CheckResult | None]

    def run(self, evidence: T, arm: str = "") -> Finding | None:
        """Return the finding, or None."""
        result = self.function(evidence)
        if result is None:
            return None
        cases = tuple(str(case) for case in result.cases[:MAX_CASES])
        return Finding(self.code, self.severity, self.title, result.sentence, cases, result.count, arm)


def leaks(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that make test results too good."""
    return [finding for finding in findings if finding.severity == "leak"]


def deduplicate(findings: Iterable[Finding], protocols: int) -> list[Finding]:
    """Return the findings; one shared by all ``protocols`` is kept once, without a protocol."""
    pairs = [(finding, replace(finding, protocol="")) for finding in findings]
    counts = Counter(common for _, common in pairs)
    return list(dict.fromkeys(common if counts[common] == protocols else finding for finding, common in pairs))


def merge(results: Iterable[CheckResult | None]) -> CheckResult | None:
    """Return several results as one, or None where all are None."""
    present = [result for result in results if result is not None]
    if not present:
        return None
    cases = [case for result in present for case in result.cases]
    return CheckResult(" ".join(result.sentence for result in present), cases, sum(result.count for result in present))


def plural(count: int, noun: str, many: str = "") -> str:
    """Return ``"1 image"`` or ``"1,341 images"``; ``many`` is the plural where it is not ``noun + "s"``."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def plural_verb(count: int, noun: str, verb: tuple[str, str] = ("is", "are"), of: str = "") -> str:
    """Return ``"1 image is"`` or ``"30 images are"``; ``of`` goes before the verb."""
    return f"{plural(count, noun)}{of} {verb[count != 1]}"
