"""Files that could not be read."""

from collections import Counter

from seimbang.checks.base import CheckResult, merge, plural
from seimbang.checks.evidence import Evidence
from seimbang.datasets.base import Unreadable


def unreadable(evidence: Evidence) -> CheckResult | None:
    """Files that could not be read, by reason, in the internal data and in the external sets."""
    sets = {"": evidence.data, **evidence.external}
    return merge(_unreadable(name, data.unreadable) for name, data in sets.items())


def _unreadable(name: str, files: tuple[Unreadable, ...]) -> CheckResult | None:
    if not files:
        return None
    reasons = ", ".join(f"{code} {count}" for code, count in sorted(Counter(file.code for file in files).items()))
    of = f" of the external set {name}" if name else ""
    verb = "is" if len(files) == 1 else "are"
    sentence = f"{plural(len(files), 'file')}{of} could not be read and {verb} excluded ({reasons})."
    return CheckResult(sentence, [file.path for file in files], len(files))
