"""Images in arrays, one after the other: what the axes are, and how values become grey values."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from seimbang.datasets.array_file import SHORT, Array, Part, refusal
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.cache import only_outline
from seimbang.imaging.decode import Pixels, to_pixels

Values = npt.NDArray[Any]
Slices = Literal["middle", "all"]
SMALLEST = 8
"""Pixels that each side of a volume has at least: fewer are channels."""
NEAR = 1e-3
"""By so much rounding may take values in 0 ... 1 out of it."""


@dataclass(frozen=True)
class Stack:
    """The images of one part, one after the other.

    Attributes:
        part: Its arrays.
        first: Whether channels come before the sides.
        colour: Whether there are three channels.
        volumes: Whether a row is a volume.
        slices: Which slices of a volume are cases.
    """

    part: Part
    first: bool
    colour: bool
    volumes: bool
    slices: Slices

    @classmethod
    def of(cls, part: Part, slices: Slices) -> "Stack":
        """Tell what the axes are.

        Raises:
            DataError: ``DATA_NPZ``.
        """
        array, path = part.images, part.images.path
        shape, rows = array.shape, array.shape[:1]
        if part.labels.shape[:1] != rows or len(part.labels.shape) > 2:
            raise refusal(path, f"{part.labels.title} for {array.title}")
        if not 3 <= len(shape) <= 5 or array.dtype.kind not in "buif" or 0 in shape[1:]:
            raise refusal(path, array.title)
        last, first = shape[-1] in (1, 3), len(shape) > 3 and shape[1] in (1, 3)
        channels = len(shape) > 3 and (last or first)
        sides = shape[1:-1] if channels and last else shape[2:] if channels else shape[1:]
        volumes = len(sides) == 3
        if not 2 <= len(sides) <= 3 or (volumes and min(sides) < SMALLEST):
            raise refusal(path, array.title)
        count = (shape[-1] if last else shape[1]) if channels else 1
        return cls(part, channels and not last, count == 3, volumes, slices)

    @property
    def _sides(self) -> tuple[int, ...]:
        shape, sides = self.part.images.shape, 3 if self.volumes else 2
        return shape[2:] if self.first else shape[1 : 1 + sides]

    @property
    def height(self) -> int:
        """Of an image, in pixels."""
        return self._sides[-2]

    @property
    def width(self) -> int:
        """Of an image, in pixels."""
        return self._sides[-1]

    @property
    def depth(self) -> int:
        """Slices of a volume; 1 of an image."""
        return self._sides[0] if self.volumes else 1

    @property
    def size(self) -> str:
        """Sides of an image or a volume, in words."""
        return " x ".join(map(str, self._sides))

    def __len__(self) -> int:
        return self.part.images.shape[0]

    def rows(self) -> Iterator[Values]:
        """Yield each image or volume as cases: ``[cases, h, w]``, or ``[cases, h, w, 3]`` in colour."""
        for block in self.part.images.blocks():
            for row in block:
                yield self._cases(row)

    def _cases(self, row: Values) -> Values:
        if self.first:
            row = np.moveaxis(row, 0, -1)
        row = row.reshape(*self._sides, 3) if self.colour else row.reshape(self._sides)
        if not self.volumes:
            return row[None]
        middle = self.depth // 2
        return row if self.slices == "all" else row[middle : middle + 1]

    def digests(self) -> Iterator[list[str]]:
        """Yield the digest of each case of each row; nothing is read where only an outline is wanted."""
        if only_outline():
            yield from ([""] * len(self.ids(k)) for k in range(len(self)))
            return
        for cases in self.rows():
            yield [_digest(case) for case in cases]

    def ids(self, k: int) -> list[str]:
        """Return the names of the cases of row ``k``."""
        name = self._id(k)
        return [f"{name}/{s:03d}" for s in range(self.depth)] if self.volumes and self.slices == "all" else [name]

    def group(self, k: int) -> str:
        """Return the patient of the cases of row ``k``: the slices of a volume are of one."""
        return f"volume {self._id(k)}" if self.volumes and self.slices == "all" else ""

    def _id(self, k: int) -> str:
        part = SHORT[self.part.name]
        return f"{part}{'/' * bool(part)}{k:0{max(6, len(str(len(self))))}d}"


@dataclass(frozen=True)
class Grey:
    """How values become grey values.

    Attributes:
        dtype: Type of the values.
        how: As they are, times 255, or each image by its own range.
    """

    dtype: str
    how: Literal["as they are", "times 255", "each image by its own range"]

    @classmethod
    def of(cls, stacks: list[Stack]) -> "Grey":
        """Decide for all parts alike.

        Raises:
            DataError: ``DATA_NPZ``: a value is infinite or missing.
        """
        dtype = stacks[0].part.images.dtype
        if dtype.kind == "b":
            return cls("bool", "times 255")
        if all(stack.part.images.dtype == np.uint8 for stack in stacks):
            return cls("uint8", "as they are")
        ends = [end for stack in stacks for end in _range(stack.part.images)]
        low, high = min(ends, default=0.0), max(ends, default=0.0)
        if dtype.kind == "f" and low >= -NEAR and high <= 1 + NEAR:
            return cls(str(dtype), "times 255")
        return cls(str(dtype), "as they are" if low >= 0 and high <= 255 else "each image by its own range")

    @property
    def key(self) -> str:
        """What of it decides the pixels."""
        return "" if self.dtype == "uint8" else self.how

    def grey(self, case: Values) -> Pixels:
        """Return a case as ``uint8``."""
        if case.dtype == np.uint8:
            return case
        values = case.astype(np.float32)
        if self.how == "times 255":
            values = values * 255
        elif self.how != "as they are":
            low, high = values.min(), values.max()
            values = (values - low) * (255 / (high - low or 1))
        grey: Pixels = np.rint(np.clip(values, 0, 255)).astype(np.uint8)
        return grey


def _range(array: Array) -> Iterator[float]:
    """Yield the smallest and largest value of each block."""
    for block in array.blocks():
        low, high = float(block.min()), float(block.max())
        if not np.isfinite([low, high]).all():
            raise refusal(array.path, f"values that are no numbers in {array.title}", "fill in NaN and infinity")
        yield from (low, high)


def pixels_of(stacks: list[Stack], rows: pd.DataFrame, values: Grey, image: ImageSettings) -> Iterator[Pixels]:
    """Yield the prepared pixels of each case, in the order of ``rows``."""
    for number, stack in enumerate(stacks):
        kept = set(rows.k[rows.part == number])
        for k, cases in enumerate(stack.rows()):
            if k in kept:
                yield from (
                    to_pixels(Image.fromarray(np.ascontiguousarray(values.grey(case))), image) for case in cases
                )


def _digest(pixels: Values) -> str:
    """Return the digest of an image; the same bytes in another shape or of another type are another image."""
    kind = "" if pixels.dtype == np.uint8 else str(pixels.dtype)
    return hashlib.sha256(repr(pixels.shape).encode() + kind.encode() + pixels.tobytes()).hexdigest()
