"""Where the patient of a case is written: in the file's name, in a folder, or in a column."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any, Literal

import re2
from pydantic import BaseModel, Field, field_validator

from seimbang.datasets.base import STRICT
from seimbang.datasets.names import part_of
from seimbang.errors import DataError


def _compiled(pattern: str) -> Any:
    """Return the pattern for RE2, which takes a time that grows with the name alone: Python's may backtrack for years.

    Raises:
        ValueError: It is no regular expression, or one that RE2 does not know.
    """
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeError) as error:
        said = error.args[0].decode(errors="replace") if isinstance(error, re2.error) else str(error)
        raise ValueError(f"a regular expression without look-around and back references ({said})") from error


class ByName(BaseModel):
    """The patient is part of the file's name.

    Attributes:
        origin: Where to look.
        pattern: A regular expression, without look-around and back references; its first group (or the whole match)
            is the patient.
    """

    model_config = STRICT
    origin: Literal["name"] = Field("name", alias="from")
    pattern: str = "(.*)"

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        _compiled(pattern)
        return pattern

    def patients(self, paths: Sequence[str]) -> list[str]:
        """Return the patient of each file.

        Raises:
            DataError: ``DATA_GROUP_PATTERN`` if a name does not match or the match is empty.
        """
        rule = _compiled(self.pattern)
        matches = [rule.search(PurePosixPath(path).name) for path in paths]
        patients = [(match[1] or match[0] if rule.groups else match[0]) if match else "" for match in matches]
        missed = [path for path, patient in zip(paths, patients, strict=True) if not patient]
        if missed:
            names = f"{len(missed)} of {len(paths)} file names without match, such as {PurePosixPath(missed[0]).name!r}"
            fix = "widen data.group.pattern so that it finds the patient in every name"
            raise DataError("DATA_GROUP_PATTERN", names, f"names that match {self.pattern!r}", fix)
        return patients


class ByFolder(BaseModel):
    """The patient is a folder above the file.

    Attributes:
        origin: Where to look.
        level: 1 is the folder that holds the file, 2 the one above. Folders of one name in two parts (train, test,
            ...) are one patient, in two other folders, such as classes, two.
    """

    model_config = STRICT
    origin: Literal["folder"] = Field("folder", alias="from")
    level: int = Field(1, ge=1, le=1000)

    def patients(self, paths: Sequence[str]) -> list[str]:
        """Return the patient of each file.

        Raises:
            DataError: ``DATA_GROUP_LEVEL`` if a path has too few folders.
        """
        return [self._patient(path) for path in paths]

    def _patient(self, path: str) -> str:
        folders = PurePosixPath(path).parts[:-1]
        if self.level > len(folders):
            found, fix = f"{path!r} with {len(folders)} folders", "lower data.group.level"
            raise DataError("DATA_GROUP_LEVEL", found, f"at least {self.level}", fix)
        *above, own = folders[: len(folders) - self.level + 1]
        return "/".join([*(name for name in above if not part_of(name)), own])


class ByColumn(BaseModel):
    """The patient is in a column of the CSV or the table.

    Attributes:
        origin: Where to look.
        column: The column's name.
    """

    model_config = STRICT
    origin: Literal["column"] = Field("column", alias="from")
    column: str = "patient"
