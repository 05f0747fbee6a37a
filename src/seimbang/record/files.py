"""The files of a run folder, read; one that is missing or damaged is named, never guessed around."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from seimbang.errors import IntegrityError, StudyError
from seimbang.imaging.files import read_whole
from seimbang.record.base import load

T = TypeVar("T")
MAX_RECORD = 1 << 36  # models and predictions may be large
MEND = "run the study again; finished steps are not repeated"


def read_json(path: Path, kind: type[T]) -> T:
    """Return the objects in a JSON file.

    Raises:
        IntegrityError: ``RUN_MISSING`` or ``RUN_DAMAGED``.
    """
    try:
        return load(read_bytes(path), kind)
    except (ValueError, StudyError) as error:
        raise damaged(path, "what a finished run writes", _first_mistake(error)) from error


def _first_mistake(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return getattr(error, "found", str(error))
    first = error.errors(include_url=False)[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {first['msg']}".lstrip(": ")


def read_text(path: Path) -> str:
    """Return the text of a file.

    Raises:
        IntegrityError: ``RUN_MISSING`` or ``RUN_DAMAGED``.
    """
    try:
        return read_bytes(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise damaged(path, "UTF-8 text", str(error)) from error


def read_image(folder: Path, file: str) -> bytes:
    """Return the bytes of a PNG that a JSON file of ``folder`` names.

    Raises:
        IntegrityError: ``RUN_DAMAGED``: it lies outside the folder or is no PNG; ``RUN_MISSING``.
    """
    content = read_bytes(inside(folder, file))
    if not content.startswith(b"\x89PNG\r\n\x1a\n"):
        raise damaged(folder / file, "a PNG image", "other content")
    return content


def read_bytes(path: Path) -> bytes:
    """Return the content of a file.

    Raises:
        IntegrityError: ``RUN_MISSING``.
    """
    try:
        return read_whole(path, MAX_RECORD)
    except OSError as error:
        raise missing(path, str(error.strerror)) from error


def inside(folder: Path, file: str) -> Path:
    """Return the path of a file that a JSON file of ``folder`` names.

    Raises:
        IntegrityError: ``RUN_DAMAGED``: it lies outside the folder.
    """
    path = (folder / file).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise damaged(folder / file, "a path inside the run folder", "a path that leads out of it")
    return path


def missing(path: Path, why: str = "no such file") -> IntegrityError:
    """Return the error for a file that the run folder should hold."""
    if path.parent.is_dir():
        return IntegrityError("RUN_MISSING", f"{path} cannot be read ({why})", "the file of a finished run", MEND)
    return IntegrityError("RUN_MISSING", f"there is no such folder: {path.parent}", "a run folder", _runs(path.parent))


def _runs(folder: Path) -> str:
    """Return which run folders there are instead of ``folder``."""
    near = next((parent for parent in (folder.parent, Path("runs"), Path()) if any(parent.glob("*/study.toml"))), None)
    if near is None:
        return "correct the path, or finish a run first: seimbang run STUDY"
    names = sorted((file.parent for file in near.glob("*/study.toml")), key=lambda run: -run.stat().st_mtime)
    return f"give one of these: {', '.join(map(str, names[:5]))}"


def damaged(path: Path, expected: str, found: str) -> IntegrityError:
    """Return the error for a file of the run folder that is not what a run writes."""
    return IntegrityError("RUN_DAMAGED", f"{path} damaged: {found}", expected, MEND)
