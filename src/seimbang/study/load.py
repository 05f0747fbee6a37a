"""Finding, reading and writing study files."""

import json
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import re2

from seimbang.datasets.sheets import TABLES
from seimbang.errors import StudyError
from seimbang.imaging.files import read_whole
from seimbang.settings import nearest
from seimbang.study.schema import Study, parse

DATA = (*TABLES, ".npz", ".npy", ".zip")
"""Endings of files that are data, not studies."""

MAX_STUDY = 1 << 24
"""Bytes of a study file; the largest of a thousand arms has a tenth."""


_DEEP = r"""(?:["']?[\w-]+["']?[ \t]*\.[ \t]*){100}"""


def shipped() -> dict[str, Study]:
    """Return the studies that come with the package, by name."""
    folder = files("seimbang.study") / "studies"
    texts = {entry.name: entry.read_text(encoding="utf-8") for entry in folder.iterdir()}
    return {
        name.removesuffix(".toml"): parse(tomllib.loads(text))
        for name, text in sorted(texts.items())
        if name.endswith(".toml")
    }


def load(name: str) -> Study:
    """Return a study by the path of its file or the name of a shipped one.

    Raises:
        StudyError: STUDY_MISSING, STUDY_SYNTAX or STUDY_INVALID (all mistakes at once).
    """
    path = Path(name)
    if path.is_file() and not is_data(path):
        return parse(_read(path))
    studies = shipped()
    if name in studies:
        return studies[name]
    if is_data(path):
        fix = f"write a study file for it: seimbang init {name}"
        raise StudyError("STUDY_MISSING", f"data, {name}, where a study is wanted", "a .toml file", fix)
    known = ", ".join(studies)
    fix = f"give a path, or a name that `seimbang studies` lists{nearest(name, studies)}"
    raise StudyError("STUDY_MISSING", f"no file and no shipped study {name!r}", f"a .toml file or one of {known}", fix)


def _read(path: Path) -> dict[str, Any]:
    try:
        text = read_whole(path, MAX_STUDY).decode("utf-8-sig")  # Windows' editors put a mark at the start
        if re2.search(_DEEP, text):
            raise ValueError("a key of a hundred parts")  # tomllib's time grows with their square
        return tomllib.loads(text)
    except (
        OSError,
        ValueError,
        RecursionError,
    ) as error:  # no TOML, no UTF-8, a number of thousands of digits, lists without end
        raise StudyError("STUDY_SYNTAX", f"{path}: {error}", "a TOML file", "correct that place") from error


def is_data(path: Path) -> bool:
    """Whether a path is one of data, not of a study."""
    return path.is_dir() or (path.is_file() and path.suffix.lower() in DATA)


def to_dict(study: Study) -> dict[str, Any]:
    """Return the study as plain values, every default written out."""
    values: dict[str, Any] = study.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {key: value for key, value in values.items() if key != ("split" if study.protocol else "protocol")}


def to_toml(values: dict[str, Any]) -> str:
    """Write plain values as TOML: scalars, lists, tables, and lists of tables at the top."""
    plain = {key: value for key, value in values.items() if not _nested(value)}
    lines = [f"{_key(key)} = {inline(value)}" for key, value in plain.items()]
    for key, value in values.items():
        for table in value if isinstance(value, list) else [value]:
            if _nested(value):
                heading = f"[[{_key(key)}]]" if isinstance(value, list) else f"[{_key(key)}]"
                lines += ["", heading, *(f"{_key(name)} = {inline(inner)}" for name, inner in table.items())]
    return "\n".join(lines) + "\n"


def _nested(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else inline(name)


def inline(value: Any) -> str:
    """Write a plain value as TOML in one line."""
    if isinstance(value, dict) and value:
        return "{ " + ", ".join(f"{_key(key)} = {inline(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(inline(inner) for inner in value) + "]"
    # TOML's strings, numbers and booleans are JSON's, but for DEL, which it wants escaped
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
