"""Files that could not be read."""

from collections import Counter

from seimbang.checks.base import Found, plural
from seimbang.checks.evidence import Evidence, join
from seimbang.datasets.base import Unreadable


def unreadable(evidence: Evidence) -> Found | None:
    """Files that were refused, by reason, in the data set and in the external ones."""
    sets = {"": evidence.data, **evidence.external}
    return join(_unreadable(name, data.unreadable) for name, data in sets.items())


def _unreadable(name: str, files: tuple[Unreadable, ...]) -> Found | None:
    if not files:
        return None
    reasons = ", ".join(f"{code} {count}" for code, count in sorted(Counter(file.code for file in files).items()))
    of = f" of the external set {name}" if name else ""
    verb = "is" if len(files) == 1 else "are"
    sentence = f"{plural(len(files), 'file')}{of} could not be read and {verb} left out ({reasons})."
    return Found(sentence, [file.path for file in files], len(files))
