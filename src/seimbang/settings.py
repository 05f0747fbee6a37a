"""Validation of what a user wrote in a study: all mistakes at once, with the nearest known name."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from seimbang.errors import StudyError

Settings = TypeVar("Settings", bound=BaseModel)


def nearest(name: object, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the closest known name, or ``""`` where none is close."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    matches = get_close_matches(str(name).lower(), by_lower, 1, cutoff=0.6)
    return f"; did you mean {by_lower[matches[0]]!r}?" if matches else ""


def mistakes(error: ValidationError, kind: type[BaseModel], where: str) -> list[str]:
    """Return one sentence for each mistake.

    Args:
        error: Error raised by pydantic.
        kind: The settings class; an unknown key is compared with the names of its fields.
        where: Place in the study, such as ``arm.balance``; ``""`` for the top.
    """
    return [_sentence(detail, kind, where) for detail in error.errors()]


def build(kind: type[Settings], values: Mapping[str, Any], where: str) -> Settings:
    """Return ``kind`` made from ``values``.

    Args:
        kind: A settings class.
        values: The user's values, of plain types.
        where: Place in the study, for the message.

    Raises:
        StudyError: STUDY_INVALID, naming every wrong key and value.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise invalid(mistakes(error, kind, where)) from None


def choose(table: Mapping[str, type[Settings]], key: str, values: Mapping[str, Any], where: str) -> Settings:
    """Return the settings whose class ``values[key]`` names in ``table``, made from the other values.

    Raises:
        StudyError: STUDY_INVALID: the name is missing or unknown, or the other values are wrong.
    """
    name = values.get(key)
    if not isinstance(name, str) or name not in table:
        found = f"{where}.{key} is missing" if name is None else f"{where}.{key} = {name!r} is not known"
        raise invalid([f"{found}{nearest(name, table)} (known: {', '.join(table)})"])
    return build(table[name], {name: value for name, value in values.items() if name != key}, where)


def invalid(sentences: Iterable[str]) -> StudyError:
    """Return the error for a study with these mistakes."""
    return StudyError(
        "STUDY_INVALID", " | ".join(sentences), "only known keys with allowed values", "correct each of these"
    )


def _sentence(detail: ErrorDetails, kind: type[BaseModel], where: str) -> str:
    path = ".".join(str(part) for part in ((where,) if where else ()) + detail["loc"])
    if detail["type"] == "extra_forbidden":
        known = _keys(kind, detail["loc"][:-1])
        return f"{path} is not a known key{nearest(detail['loc'][-1], known)} (known: {', '.join(known)})"
    if detail["type"] == "missing":
        return f"{path} is missing"
    reason = detail["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return f"{path} = {detail['input']!r} should be {reason}"


def _keys(kind: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """Return the keys allowed at ``path`` below ``kind``, as a user writes them."""
    for part in path:
        field = {_key(name, kind): field for name, field in kind.model_fields.items()}.get(str(part))
        if field is not None:
            kind = next((inner for inner in _models(field.annotation)), kind)
    return [_key(name, kind) for name in kind.model_fields]


def _key(name: str, kind: type[BaseModel]) -> str:
    return kind.model_fields[name].alias or name


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Return the settings classes inside an annotation such as ``Group | None`` or ``tuple[Arm, ...]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models(part)]
