"""Pseudo-patients: groups of images that may be of one patient, where nobody says whose they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from seimbang.imaging.series import RADII, RADIUS, join, near_links, number_links
from seimbang.imaging.similarity import Rows, thumbnails

PREFIX = "pseudo:"
"""What the name of every pseudo-patient starts with."""

FACT = "pseudo_patients"
"""Under this name the facts of a data set say how its pseudo-patients came about."""


@dataclass(frozen=True)
class Pseudo:
    """The images without a known patient, in groups.

    Attributes:
        rows: Rows of the case table that have no known patient.
        group: Group of each of ``rows``, numbers 0 ... g-1.
        radius: Radius that ``group`` was made with.
        by_radius: Number of groups at several radii.
        ordered: Series of files whose numbers carry the order, such as ``Stone/Stone- (*).jpg``.
    """

    rows: Rows
    group: Rows
    radius: float
    by_radius: Mapping[float, int]
    ordered: tuple[str, ...]

    @cached_property
    def sizes(self) -> Rows:
        """Number of images of each group, shape ``(g,)``."""
        return np.bincount(self.group)

    @property
    def names(self) -> list[str]:
        """The group of each of ``rows`` as a patient's name, such as ``pseudo:0001``."""
        return [f"{PREFIX}{number + 1:04}" for number in self.group.tolist()]

    @property
    def sentence(self) -> str:
        """How many images form how many groups, what led to them, and how they depend on the radius."""
        size = np.sort(self.sizes)[::-1]
        typical = size[np.searchsorted(size.cumsum(), len(self.rows) / 2)]
        found = (
            f"{len(self.rows):,} images without a known patient form {_groups(len(size))} that may be one patient "
            f"each; the largest has {size[0]:,}, and half of the images are in groups of {typical:,} or more. "
            f"A patient can still be in several groups. Images were joined up to a radius (1 minus their "
            f"correlation) of {self.radius:g}; {self._other_radii()}."
        )
        if self.ordered:
            found += f" File numbers follow the order of the slices in {', '.join(map(_series, self.ordered))}."
        return found

    def _other_radii(self) -> str:
        others = {radius: count for radius, count in self.by_radius.items() if radius != self.radius}
        if set(others.values()) == {len(self.sizes)}:
            return f"the groups are as many at any radius from {min(self.by_radius):g} to {max(self.by_radius):g}"
        return ", ".join(f"{radius:g} would give {count:,}" for radius, count in others.items())


def find(X: npt.NDArray[Any], frame: pd.DataFrame, radius: float = RADIUS) -> Pseudo:
    """Group the images whose patient is not known by similarity and by runs of file numbers.

    Memory grows by 4 kB an image (thumbnails) and does not depend on the images' size.

    Args:
        X: Images, ``uint8[n, h, w, c]``, possibly memory-mapped.
        frame: One row an image with ``case_id``, ``path``, ``label`` and ``group``; at least one without a group.
        radius: Images whose pixels correlate above ``1 - radius`` are joined.
    """
    rows = np.flatnonzero(frame.group == "")
    names = np.where(frame.path != "", frame.path, frame.case_id)[rows].tolist()
    y = pd.factorize(frame.label)[0][rows].astype(np.int64)
    small = thumbnails(X)
    small = small if len(rows) == len(X) else small[rows]  # a copy only where one is needed
    near = near_links(X, small, rows, max(radius, *RADII))
    numbered, ordered = number_links(small, names)
    groups = {each: join([near.within(each), numbered], y) for each in sorted({radius, *RADII})}
    counts = {each: int(group.max()) + 1 for each, group in groups.items()}
    return Pseudo(rows, groups[radius], radius, counts, tuple(ordered))


def _groups(count: int) -> str:
    return f"{count:,} group{'s' * (count != 1)}"


def _series(name: str) -> str:
    folder, _, start = name.rpartition("/")
    return folder or start
