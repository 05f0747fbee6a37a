"""Every error a user can cause: what was found, what was expected, how to fix it."""

from collections.abc import Sequence


class SeimbangError(Exception):
    """Base of all errors caused by the input or the machine, as opposed to internal errors.

    Args:
        code: Stable name such as ``IMG_TRUNCATED``; scripts may rely on it.
        found: What was found.
        expected: What was expected instead.
        fix: What the user can do about it.
    """

    exit_code = 1

    def __init__(self, code: str, found: str, expected: str, fix: str) -> None:
        super().__init__(code, found, expected, fix)
        self.code, self.found, self.expected, self.fix = code, found, expected, fix

    def __str__(self) -> str:
        return f"{self.code}: found {self.found}; expected {self.expected}. To fix it: {self.fix}"


class StudyError(SeimbangError):
    """The study file, or what was asked on the command line, is wrong."""

    exit_code = 2


class DataError(SeimbangError):
    """The data set cannot support the study: missing, empty, one class, too few cases, leaking."""

    exit_code = 3


class ImageError(SeimbangError):
    """An image is damaged or of an unsupported kind."""

    exit_code = 4


class IntegrityError(SeimbangError):
    """A file that must not change has changed: a digest, a run folder, a model package."""

    exit_code = 5


class ResourceError(SeimbangError):
    """A resource is missing: disk full, no permission, port in use, an optional package not installed."""

    exit_code = 6


NAMED = 5
"""At most this many names are in a sentence."""


def first_few(names: Sequence[object], most: int = NAMED) -> str:
    """Return names for a sentence: ``"a, b"``, or the first of many, as in ``"a, b and 3 more"``."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{', '.join(map(str, names[:most]))}{more}"
