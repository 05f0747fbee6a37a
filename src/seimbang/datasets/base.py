"""The objects every stage receives: a validated table of cases, and its pixels or features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from seimbang.errors import DataError
from seimbang.imaging.base import ImageSettings

STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True, allow_inf_nan=False)
"""Of every settings class here: unknown keys, other types, infinity and NaN are mistakes."""

COLUMNS = ("case_id", "path", "label", "group", "site", "split", "digest")


class SourceSettings(BaseModel):
    """What every ``[data]`` table may say; each source adds its own keys and knows how to load itself.

    Attributes:
        source: Name of the source.
        positive: The class that matters; without it the rarest of two.
        classes: New names: the name in the data, then the one to use. Two with one new name become one class.
        leave_out: Classes or parts (``train``, ``validation``, ``test``, in any spelling) that are not used.
        facts: Lines for the report and the page, such as origin and licence.
    """

    model_config = STRICT
    source: str = ""
    positive: str | None = None
    classes: dict[str, str] = Field(default_factory=dict)
    leave_out: tuple[str, ...] = Field((), strict=False)
    facts: dict[str, str] = Field(default_factory=dict)

    def load(self, image: ImageSettings, root: Path, classes: tuple[str, ...] | None = None) -> Dataset:
        """Return the data set; see `datasets.load`."""
        raise NotImplementedError

    def findings_in(self, root: Path) -> tuple[str, ...]:
        """Return the findings each of which is to be studied by itself; most sources have none."""
        return ()

    def of_finding(self, name: str) -> Self:
        """Return the settings of one finding against the rest; here the same, as there is nothing to choose among."""
        return self

    def with_facts(self, facts: dict[str, str]) -> Self:
        """Return the settings with these facts too, where the study does not say otherwise."""
        return self.model_copy(update={"facts": facts | self.facts})


@dataclass(frozen=True)
class CaseTable:
    """One row a case, sorted by ``case_id``.

    Attributes:
        frame: Columns ``case_id`` (unique), ``path`` (POSIX, relative to ``root``; empty for arrays), ``label``,
            ``group`` (the patient; empty where unknown), ``site``, ``split`` (train, validation, test; empty where
            the source has none) and ``digest`` (sha256 of the file); all strings. The index is 0 ... n-1.
        classes: Class names in column order of every probability; in a two-class problem the positive one is last.
        root: Folder the paths are relative to.
    """

    frame: pd.DataFrame
    classes: tuple[str, ...]
    root: Path = field(default_factory=Path)

    @classmethod
    def build(
        cls,
        rows: pd.DataFrame,
        root: Path = Path(),
        positive: str | None = None,
        classes: tuple[str, ...] | None = None,
        order: tuple[str, ...] = (),
    ) -> Self:
        """Check ``rows`` (missing optional columns are filled with ``""``), sort them and name the classes.

        Args:
            rows: At least ``case_id`` and ``label``.
            root: Folder that the paths are relative to.
            positive: The class that matters; it becomes the last one. Without it the rarest class is positive.
            classes: For an external set: the classes of the internal one, in their order; some may have no case.
            order: Classes that have an order of their own; without it they are sorted by name.

        Raises:
            DataError: No rows, ids that repeat, fewer than two classes, a positive class that does not occur, or a
                label that is none of ``classes``.
        """
        texts = {name: rows[name].astype(object).fillna("").astype(str) for name in COLUMNS if name in rows}
        frame = pd.DataFrame(dict.fromkeys(COLUMNS, "") | texts, rows.index)
        frame = frame.sort_values("case_id", kind="stable", ignore_index=True)
        if frame.empty:
            raise DataError("DATA_EMPTY", f"no cases in {root}", "at least two classes with cases", "check the path")
        twice = frame.case_id[frame.case_id.duplicated()]
        if len(twice):
            raise DataError("DATA_DUPLICATE_ID", f"id {twice.iloc[0]!r} twice", "one row a case", "make ids unique")
        if classes is None:
            return cls(frame, _classes(frame.label, positive, order), root)
        unknown = sorted(set(frame.label) - set(classes))
        if unknown:
            fix = f'rename it in the classes table, as in {{ "{unknown[0]}" = "{classes[0]}" }}, or leave it out'
            expected = f"one of {', '.join(classes)}"
            raise DataError("DATA_UNKNOWN_CLASS", f"the class {unknown[0]!r} in {root}", expected, fix)
        return cls(frame, classes, root)

    def __len__(self) -> int:
        return len(self.frame)

    @cached_property
    def y(self) -> npt.NDArray[np.int64]:
        """Labels as positions in ``classes``, shape ``(n,)``."""
        return pd.Categorical(self.frame.label, categories=list(self.classes)).codes.astype(np.int64)

    @cached_property
    def groups(self) -> npt.NDArray[np.str_]:
        """The patient of each case, shape ``(n,)``; a case without a known patient is its own."""
        return np.where(self.frame.group != "", self.frame.group, "case:" + self.frame.case_id).astype(str)

    @property
    def has_groups(self) -> bool:
        """Whether any patient is known."""
        return bool((self.frame.group != "").any())

    def rows(self, ids: Sequence[str]) -> npt.NDArray[np.int64]:
        """Return the positions of these case ids."""
        return np.asarray(pd.Index(self.frame.case_id).get_indexer(pd.Index(ids)), np.int64)


def _classes(labels: pd.Series[str], positive: str | None, order: tuple[str, ...]) -> tuple[str, ...]:
    counts = labels.value_counts()
    names = [name for name in order if name in counts] or sorted(counts.index)
    if len(names) < 2:
        raise DataError(
            "DATA_ONE_CLASS", f"only the class {names[0]!r}", "at least two classes", "add cases of another class"
        )
    if positive is not None and positive not in names:
        raise DataError(
            "DATA_POSITIVE", f"the classes {', '.join(names)}", f"a class {positive!r}", "correct data.positive"
        )
    last = positive if positive is not None else min(names, key=lambda name: (counts[name], name))
    if positive is None and len(names) > 2:
        return tuple(names)
    return (*(name for name in names if name != last), last)


@dataclass(frozen=True)
class Unreadable:
    """A file that the decoder rejected."""

    path: str
    code: str
    message: str


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        name: As in the file.
        kind: Numbers, or one level out of a few.
        unit: Unit of the numbers; empty where unknown.
        categories: The category levels; ``X`` holds their positions.
        low: Smallest number; 0 for a category.
        high: Largest number; 0 for a category.
    """

    name: str
    kind: Literal["number", "category"]
    unit: str = ""
    categories: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0


@dataclass(frozen=True)
class Dataset:
    """Cases and what the models see of them.

    Attributes:
        cases: The table.
        X: ``uint8[n, h, w, c]`` for images (memory-mapped, in the table's order) or ``float32[n, f]`` for tables, NaN
            where a value is missing.
        name: How it is called in reports.
        kind: What ``X`` holds.
        synthetic: Whether it was generated (the phantom); everything shown of it says so.
        unreadable: Files that were left out, and why.
        facts: Source, format, licence and the like, for the report and the page.
        columns: Of a table: what each column of ``X`` holds.
    """

    cases: CaseTable
    X: npt.NDArray[Any]
    name: str
    kind: Literal["image", "table"] = "image"
    synthetic: bool = False
    unreadable: tuple[Unreadable, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)
    columns: tuple[Column, ...] = ()
