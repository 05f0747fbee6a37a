"""The objects every stage receives: a validated table of cases, and its pixels or features."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from seimbang.datasets.names import Spellings, one_spelling, same_class
from seimbang.datasets.uses import ColumnUse
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

    def columns_by_case(self, root: Path, names: Sequence[str]) -> pd.DataFrame:
        """Return columns of the source as texts, by ``case_id``; most sources have none.

        Raises:
            DataError: DATA_COLUMN.
        """
        found, expected = f"no columns in data from {self.source or 'a folder'!r}", f"the column {', '.join(names)}"
        raise DataError(
            "DATA_COLUMN", found, expected, "list the cases in a CSV: seimbang init cases.csv --label COLUMN"
        )

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
        root: Folder, or zip archive, that the paths are relative to.
        spellings: Of each class that the data do not always spell as it is called here, the spellings and their cases.
    """

    frame: pd.DataFrame
    classes: tuple[str, ...]
    root: Path = field(default_factory=Path)
    spellings: Spellings = field(default_factory=dict)

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

        Class names that differ only in case, blanks, the form of accents or punctuation are one class.

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
        frame["label"], spellings = one_spelling(frame.label, classes or ())
        if classes is None:
            return cls(frame, _classes(frame.label, positive, order), root, spellings)
        unknown = sorted(set(frame.label) - set(classes))
        if unknown:
            fix = f'rename it in the classes table, as in {{ "{unknown[0]}" = "{classes[0]}" }}, or leave it out'
            expected = f"one of {', '.join(classes)}"
            raise DataError("DATA_UNKNOWN_CLASS", f"the class {unknown[0]!r} in {root}", expected, fix)
        return cls(frame, classes, root, spellings)

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
    ordered = [same_class(name, counts.index) for name in order]
    names = [name for name in ordered if name is not None] or sorted(counts.index)
    if len(names) < 2:
        raise DataError(
            "DATA_ONE_CLASS", f"only the class {names[0]!r}", "at least two classes", "add cases of another class"
        )
    wanted = positive if positive is None else same_class(positive, names)
    if positive is not None and wanted is None:
        raise DataError(
            "DATA_POSITIVE", f"the classes {', '.join(names)}", f"a class {positive!r}", "correct data.positive"
        )
    last = wanted or min(names, key=lambda name: (counts[name], name))
    if positive is None and len(names) > 2:
        return tuple(names)
    return (*(name for name in names if name != last), last)


@dataclass(frozen=True)
class FileNote:
    """A file that is left out, or that is used although there is something to say of it.

    Attributes:
        path: POSIX, below the data folder or archive.
        label: The class it is, or would be, of; ``""`` where that is not known.
        code: Why: a key of ``REASONS``.
        message: The same in words, with what is known of this file.
    """

    path: str
    label: str
    code: str
    message: str


REASONS = {
    "FILE_MASK": "mask of an image",
    "FILE_SYSTEM": "hidden, or written by a program for itself",
    "FILE_OTHER": "not an image",
    "FILE_LINK": "link that is not followed",
    "FILE_COPY": "there, or reached by a link, a second time",
    "FILE_OUTSIDE": "image outside of the class folders",
    "FILE_NESTED": "in a folder that is called like another class",
    "FILE_ASKED": "left out by the study",
    "FILE_MISSING": "in the list of images, but not there",
    "FILE_SEVERAL": "several files fit its name in the list of images",
    "FILE_UNSURE": "its label is neither affirmed nor denied (-1)",
    "FILE_UNCERTAIN": "its label is neither affirmed nor denied (-1), which counts as the study says",
    "IMG_BURNT_IN": "with text burnt into its pixels, says its header; it may name a person",
    "IMG_CORRUPT": "damaged",
    "IMG_EMPTY": "empty",
    "IMG_FIRST_FRAME": "several pictures; the first is used",
    "IMG_FORMAT": "image in a format that is not read",
    "IMG_FRAME": "without the frame that the study names",
    "IMG_MULTIFRAME": "several images in one file",
    "IMG_NO_ACCESS": "no permission to read it",
    "IMG_NO_END": "whole, but without its end marker; used",
    "IMG_NO_PIXELS": "DICOM without an image, such as a report",
    "IMG_NO_PREAMBLE": "DICOM without its preamble; used",
    "IMG_NOT_IMAGE": "called an image, but none",
    "IMG_STRETCHED": "more than 8 bits; stretched by its own values, as others are not",
    "IMG_TOO_LARGE": "too large",
    "IMG_TRUNCATED": "cut off",
    "IMG_WINDOW": "DICOM with a window or rescale slope of 0",
}
"""Why a file is left out, or what there is to say of it, in a few words."""

LOST = {
    *(code for code in REASONS if code.startswith("IMG_")),
    "FILE_LINK",
    "FILE_OUTSIDE",
    "FILE_MISSING",
    "FILE_SEVERAL",
}
"""Reasons that take a case away from the study, if the file is not used."""


def tally(notes: Iterable[FileNote]) -> list[tuple[str, str, int]]:
    """Return the table of files left out, or noted: class (``""`` where not known), code of the reason, and count."""
    counts = Counter((note.label, note.code) for note in notes)
    return [(label, code, count) for (label, code), count in sorted(counts.items())]


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
        left_out: Every file of the source that is not used, and why.
        noted: Files that are used although there is something to say of them.
        facts: Source, format, licence and the like, for the report and the page.
        columns: Of a table: what each column of ``X`` holds.
        uses: Of a table: what was made of each column of the file.
        meant: Columns that may tell the class by themselves, as the study says.
        acquisition: Of DICOM: how each picture was taken, as texts in the table's order, such as the manufacturer.
        origins: Of a table: columns that by their names tell whose or where a case is, as texts by ``case_id``, whether
            the models see them or not.
    """

    cases: CaseTable
    X: npt.NDArray[Any]
    name: str
    kind: Literal["image", "table"] = "image"
    synthetic: bool = False
    left_out: tuple[FileNote, ...] = ()
    noted: tuple[FileNote, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)
    columns: tuple[Column, ...] = ()
    uses: tuple[ColumnUse, ...] = ()
    meant: tuple[str, ...] = ()
    acquisition: pd.DataFrame | None = None
    origins: pd.DataFrame | None = None
