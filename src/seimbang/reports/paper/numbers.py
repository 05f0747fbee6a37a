"""The one function through which every number of the paper goes, and the list of where each comes from."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seimbang.errors import IntegrityError
from seimbang.record.comparison import PairedTest
from seimbang.record.files import damaged, read_text
from seimbang.record.metrics import Gap, Value, fixed
from seimbang.reports.subgroups import gap_in_words
from seimbang.reports.words import difference

Key = str | int
EVERY = "*"
"""In the place of a key: the sum over all of them."""
COUNT = "#"
"""In the place of the last key: how many there are."""
COLUMNS = ("text", "file", "key", "value")


class Numbers:
    """Writes values of a run's records, and remembers which.

    Args:
        run: The run folder.
    """

    def __init__(self, run: Path) -> None:
        self._run = run
        self._files: dict[str, Any] = {}
        self._used: dict[tuple[str, str, str], str] = {}

    def __call__(self, file: str, *keys: Key, decimals: int | None = None) -> str:
        """Return a value of a JSON file of the run as the paper writes it.

        Args:
            file: POSIX, relative to the run folder, such as ``arms/none/metrics.json``.
            keys: Where it is in the file; ``EVERY`` adds up all there are, and ``COUNT`` counts them.
            decimals: Of a fraction; by default three digits.

        Raises:
            IntegrityError: ``RUN_MISSING`` or ``RUN_DAMAGED``: the file has no such value.
        """
        raw = self._at(file, keys)
        text = fixed(raw, decimals) if decimals is not None and isinstance(raw, float) else written(raw)
        self._used[file, pointer(keys), text] = json.dumps(raw, ensure_ascii=False)
        return text

    def sources(self) -> str:
        """Return ``numbers.csv``: each number as written, the file and JSON pointer it comes from, its value there."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows((text, file, key, raw) for (file, key, text), raw in self._used.items())
        return text.getvalue()

    def _at(self, file: str, keys: tuple[Key, ...]) -> Any:
        if file not in self._files:
            self._files[file] = json.loads(read_text(self._run / file))
        try:
            return at(self._files[file], keys)
        except (KeyError, IndexError, TypeError) as error:
            raise self._without(file, keys) from error

    def _without(self, file: str, keys: tuple[Key, ...]) -> IntegrityError:
        return damaged(self._run / file, f"a value at {pointer(keys)}", "none there")


def at(value: Any, keys: tuple[Key, ...]) -> Any:
    """Return what is at ``keys`` inside of plain values; dictionaries of counts become their sum."""
    for place, key in enumerate(keys):
        if key == EVERY:
            inner = value.values() if isinstance(value, Mapping) else value
            return sum(at(each, keys[place + 1 :]) for each in inner)
        if key == COUNT:
            return len(value)
        value = value[key]
    return _sum(value) if _counts(value) else value


def pointer(keys: tuple[Key, ...]) -> str:
    """Return keys as a JSON pointer (RFC 6901)."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in keys)


def written(value: Any) -> str:
    """Return a value of a record as the paper writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return (f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}").replace("-", "−")
    if isinstance(value, list):
        return " × ".join(map(written, value))
    if isinstance(value, Mapping):
        return _estimate(value)
    return "none" if value is None else str(value)


def _estimate(value: Mapping[str, Any]) -> str:
    """Return a figure, or what a test says of a difference, with its interval."""
    if "corrected" in value and "method" in value:
        return difference(PairedTest.model_validate(value))
    if "corrected" in value:
        return gap_in_words(Gap.model_validate(value))
    number = Value.model_validate(value)
    return number.beside(0)[0] if number.interval == "Newcombe" else str(number)


def _counts(value: Any) -> bool:
    inner = value.values() if isinstance(value, Mapping) else []
    return bool(inner) and all(_counts(each) or type(each) is int for each in inner)


def _sum(value: Any) -> int:
    return sum(map(_sum, value.values())) if isinstance(value, Mapping) else int(value)
