"""What is understood of one role that a column of a list of images may have."""

import json
import shlex
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd

from seimbang.datasets.intake.base import Guess
from seimbang.errors import DataError


@dataclass(frozen=True)
class Role:
    """What is understood of one role.

    Attributes:
        keys: Of ``[data]``.
        columns: Those that have the role.
        said: Sentences.
        guesses: What is not sure.
    """

    keys: dict[str, Any]
    columns: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    guesses: tuple[Guess, ...] = ()


def require(table: pd.DataFrame, path: Path, option: str, name: str) -> None:
    """Raise ``DATA_COLUMN``, with the command that names the nearest column, unless there is one of this name."""
    if name not in table.columns:
        near = get_close_matches(name, list(table.columns), 1, 0.5)
        fix = f"seimbang init {path.name} --{option} {shlex.quote(near[0]) if near else 'COLUMN'}"
        raise DataError("DATA_COLUMN", f"the columns {', '.join(table.columns)}", f"a column {name!r}", fix)


def choice(key: str, question: str, chosen: str, lines: dict[str, str]) -> tuple[Guess, ...]:
    """Return the guess that ``chosen`` is, where there is anything else to choose; ``lines`` by what they say."""
    return (Guess(key, question, chosen, tuple(lines), tuple(lines.values())),) if lines else ()


def quoted(value: Any) -> str:
    """Return a text, a number or a list of these as TOML writes it."""
    return json.dumps(value, ensure_ascii=False)
