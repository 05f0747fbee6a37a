"""Images in arrays, in an npz or in .npy files: flat or volumes, grey or colour, of any common type of number."""

from functools import partial
from math import prod
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import PIL
from pydantic import BaseModel, BeforeValidator, Field

from seimbang.datasets.array_file import Array, Part, parts_in, refusal
from seimbang.datasets.base import STRICT, CaseTable, Dataset, SourceSettings
from seimbang.datasets.groups import ByColumn
from seimbang.datasets.images import check_renames, left_out, missing
from seimbang.datasets.stacks import Grey, Slices, Stack, Values, pixels_of
from seimbang.errors import DataError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.cache import blank, only_outline, stored
from seimbang.imaging.decode import VERSION


def _all_or_numbers(findings: Any) -> Any:
    some = isinstance(findings, list | tuple) and all(type(number) is int and number >= 0 for number in findings)
    if findings != "all" and not (some and len(set(findings)) == len(findings)):
        raise ValueError('"all" or a list of different numbers of labels')
    return findings


Columns = Annotated[Literal["all"] | Annotated[tuple[int, ...], Field(strict=False)], BeforeValidator(_all_or_numbers)]


class ArrayLabel(BaseModel):
    """One class against all others.

    Attributes:
        contains: Number of the class, or of the column where each image has a row of labels.
    """

    model_config = STRICT
    contains: int = Field(ge=0)


class Npz(SourceSettings):
    """Arrays of images and labels, in parts as in MedMNIST or whole; images are resized to the study's size.

    Labels that are numbers get names from the ``classes`` table, as in ``classes = { "0" = "normal" }``.

    Attributes:
        path: The npz, or a .npy with images that has one with labels beside it, below ``--data``,
            ``$SEIMBANG_DATA`` or ``./data``.
        group: Array with the patients; one called ``patient``, ``subject`` or alike, if there is one, unless given.
        label: Of several labels an image: the one that is the class.
        findings: Of several labels an image: the numbers of those each of which is studied against all others, in a run
            of its own; ``"all"`` for all that any image has.
        label_array: Name of the array with the labels, without the part; found by its name unless given.
        slices: Of a volume: its middle slice, or all of them, as cases of one patient.
    """

    source: Literal["npz"] = "npz"
    path: str = ""
    group: ByColumn | None = None
    label: ArrayLabel | None = None
    findings: Columns = ()
    label_array: str = ""
    slices: Slices = "middle"

    def findings_in(self, root: Path) -> tuple[str, ...]:
        """Return the findings that are to be studied, by the names that ``classes`` gives them.

        Raises:
            DataError: ``DATA_FINDINGS``: of ``"all"``, where an image has only one label; and what `stacks` raises.
        """
        numbers = self.findings
        if numbers == "all":
            labels = [stack.part.labels for stack in self.stacks(self._file(root))]
            if any(prod(array.shape[1:]) < 2 for array in labels):
                found, fix = f"one label an image in {labels[0].title}", "leave data.findings out"
                raise DataError("DATA_FINDINGS", found, "several labels an image", fix)
            numbers = tuple(np.flatnonzero(np.sum([counts_of(array.whole()) for array in labels], axis=0)).tolist())
        return tuple(self.classes.get(str(number), str(number)) for number in numbers)

    def of_finding(self, name: str) -> Self:
        """Return the settings of one finding against all others."""
        number = next((old for old, new in self.classes.items() if new == name), name)
        if not number.isdigit():
            return self
        return self.model_copy(update={"label": ArrayLabel(contains=int(number)), "findings": (), "positive": None})

    def _file(self, root: Path) -> Path:
        path = root / self.path
        if not path.is_file():
            missing(path)
        return path

    def load(self, image: ImageSettings, root: Path, classes: tuple[str, ...] | None = None) -> Dataset:
        """Read the arrays, some megabytes at a time; of several findings, for the first.

        Raises:
            DataError: ``DATA_MISSING``, ``DATA_NPZ``, ``DATA_SEVERAL_LABELS``, ``DATA_EMPTY`` and what
                `CaseTable.build` raises.
            ResourceError: The cache cannot be written.
        """
        if self.findings:
            return self.of_finding(self.findings_in(root)[0]).load(image, root, classes)
        path = self._file(root)
        stacks = self.stacks(path)
        if stacks[0].height * stacks[0].width > image.max_pixels:
            raise refusal(path, f"images of {stacks[0].size} pixels", "raise image.max_pixels")
        names = [class_names(path, stack.part.labels, self.label) for stack in stacks]
        values = Grey.of(stacks)
        rows = self._rows(path, stacks, names)
        order = tuple(dict.fromkeys(self._name(name) for name in _ordered({name for all in names for name in all})))
        cases = CaseTable.build(rows, path.parent, self._positive(), classes, order)
        if only_outline():
            return Dataset(cases, blank(len(rows), image), path.stem, facts=_facts(path, stacks, values) | self.facts)
        pixels = partial(pixels_of, stacks, rows, values, image)
        X, _ = stored(["npz", VERSION, PIL.__version__, values.key, *rows.case_id, *rows.digest], image, pixels)
        return Dataset(cases, X, path.stem, facts=_facts(path, stacks, values) | self.facts)

    def stacks(self, path: Path) -> list[Stack]:
        """Return the images of each part.

        Raises:
            DataError: ``DATA_NPZ``.
        """
        column = self.group.column if self.group else ""
        stacks = [Stack.of(part, self.slices) for part in parts_in(path, self.label_array, column)]
        if len({stack.volumes for stack in stacks}) > 1:
            raise refusal(path, " and ".join(stack.part.images.title for stack in stacks))
        if len({stack.part.labels.dtype.kind in "US" for stack in stacks}) > 1:
            raise refusal(path, " and ".join(stack.part.labels.title for stack in stacks))
        return stacks

    def _name(self, name: str) -> str:
        """Return what a class is called in the study; of one against all others, what the others are not."""
        own = str(self.label.contains) if self.label else name
        if name == own:
            return self.classes.get(name, name)
        return self.classes.get(name, f"no {self.classes.get(own, own)}")

    def _positive(self) -> str | None:
        return self.positive if self.positive or self.label is None else self._name(str(self.label.contains))

    def _rows(self, path: Path, stacks: list[Stack], names: list[list[str]]) -> pd.DataFrame:
        """Return one row a case, sorted by ``case_id``, with its part and position."""
        known = {name for each in names for name in each}
        if self.label and str(self.label.contains) not in known:
            raise refusal(path, f"no image with the label {self.label.contains}", "correct data.label")
        width = max(prod(stack.part.labels.shape[1:]) for stack in stacks) if self.label else 0
        check_renames(self, known | set(map(str, range(width))))
        rows = []
        for number, (stack, labels) in enumerate(zip(stacks, names, strict=True)):
            patients = _patients(stack.part)
            for k, (name, digests) in enumerate(zip(labels, stack.digests(), strict=True)):
                label = self._name(name)
                if left_out(self, stack.part.name, name, label):
                    continue
                for case, digest in zip(stack.ids(k), digests, strict=True):
                    group = patients[k] if patients else stack.group(k)
                    rows.append((case, label, stack.part.name, group, digest, number, k))
        columns = ["case_id", "label", "split", "group", "digest", "part", "k"]
        return pd.DataFrame(rows, columns=columns)


def _patients(part: Part) -> list[str]:
    """Return the patient of each row, nothing where they are not known."""
    if part.patients is None:
        return []
    if part.patients.shape[:1] != part.images.shape[:1] or part.patients.dtype.kind not in "iuUS":
        raise refusal(part.images.path, f"{part.patients.title} for {part.images.title}")
    return _texts(part.patients.whole().reshape(part.images.shape[0], -1)[:, 0])


def class_names(path: Path, array: Array, label: ArrayLabel | None) -> list[str]:
    """Return the class of each row of an array of labels.

    A column, texts, whole numbers however they are stored, or one column a class of which one is 1.

    Raises:
        DataError: ``DATA_SEVERAL_LABELS`` or ``DATA_NPZ``.
    """
    values = array.whole()
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    whole = values.dtype.kind in "biu" or (values.dtype.kind == "f" and bool((values == np.rint(values)).all()))
    if values.ndim == 1 and values.dtype.kind in "US":
        names = _texts(values)
    elif not whole:
        raise refusal(path, f"{array.title}, no whole numbers")
    elif values.ndim == 1:
        names = [str(int(value)) for value in values]
    else:
        return _of_columns(path, array, values, label)
    if label is None:
        return names
    own = str(label.contains)
    return [name if name == own else f"no {own}" for name in names]


def _of_columns(path: Path, array: Array, values: Values, label: ArrayLabel | None) -> list[str]:
    if not np.isin(values, (0, 1)).all():
        raise refusal(path, f"{array.title} with values besides 0 and 1")
    if label is not None:
        if label.contains >= values.shape[1]:
            raise refusal(path, f"no column {label.contains} in {array.title}", "correct data.label")
        own = str(label.contains)
        return [own if hit else f"no {own}" for hit in values[:, label.contains]]
    if (values.sum(axis=1) == 1).all():
        return [str(k) for k in values.argmax(axis=1)]
    found = f"up to {int(values.sum(axis=1).max())} of {values.shape[1]} labels an image in {path.name}"
    fix = f"name the one to tell from all others: seimbang init {path.name} --label {counts_of(values).argmax()}"
    raise DataError("DATA_SEVERAL_LABELS", found, "one class an image, or label = { contains = ... }", fix)


def counts_of(values: Values) -> npt.NDArray[np.int64]:
    """Return how many rows have each label."""
    counts: npt.NDArray[np.int64] = values.astype(np.int64).sum(axis=0)
    return counts


def _texts(values: Values) -> list[str]:
    texts = [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in values.tolist()]
    return [text.strip() for text in texts]


def _ordered(names: set[str]) -> list[str]:
    """Return names in the order of their numbers, which grades have; others by name."""
    return sorted(names, key=lambda name: (not name.isdigit(), int(name) if name.isdigit() else 0, name))


def _facts(path: Path, stacks: list[Stack], values: Grey) -> dict[str, str]:
    facts = {"source": f"arrays in {path.name}", "format": f"NumPy arrays ({path.suffix.lstrip('.').lower()})"}
    if values.dtype != "uint8":
        facts["values"] = f"{values.dtype}, {values.how}"
    if stacks[0].volumes:
        which = "the middle slice of each" if stacks[0].slices == "middle" else "all slices, as cases of one patient"
        facts["volumes"] = f"{sum(map(len, stacks)):,} volumes of {stacks[0].size}: {which}"
    return facts
