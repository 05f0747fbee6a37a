"""Pseudo-patients: groups of images that may be of one patient, where patients are not identified."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from seimbang.imaging.copies import known_copies
from seimbang.imaging.digests import digests
from seimbang.imaging.series import RADII, RADIUS, Links, group_linked, near_links, number_links
from seimbang.imaging.similarity import Rows, thumbnails

PREFIX = "pseudo:"
"""Prefix of the name of every pseudo-patient."""

FACT = "pseudo_patients"
"""Name of the fact of a data set that says how its pseudo-patients were found."""


@dataclass(frozen=True)
class PseudoPatients:
    """The images without a patient identifier, in groups.

    Attributes:
        rows: Rows of the case table without a patient identifier.
        group: Group of each of ``rows``, numbers 0 ... g-1.
        radius: Radius of ``group``.
        by_radius: Number of groups at several radii.
        ordered: Series of files numbered in anatomical order, such as ``Stone/Stone- (*).jpg``.
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
        """The number of images and groups, the linking radius, and how the groups depend on it."""
        sizes = np.sort(self.sizes)[::-1]
        typical = sizes[np.searchsorted(sizes.cumsum(), len(self.rows) / 2)]
        sentence = (
            f"{len(self.rows):,} images without a patient identifier form {_groups(len(sizes))}, each possibly one "
            f"patient; {_sizes(int(sizes[0]), int(typical))}. "
            f"A patient may still be split over several groups. Images were linked up to a distance (1 minus their "
            f"correlation) of {self.radius:g}; {self._other_radii()}."
        )
        if self.ordered:
            sentence += f" File numbers follow the order of the slices in {', '.join(map(_folder, self.ordered))}."
        return sentence

    def _other_radii(self) -> str:
        others = {radius: count for radius, count in self.by_radius.items() if radius != self.radius}
        if set(others.values()) == {len(self.sizes)}:
            return f"any distance from {min(self.by_radius):g} to {max(self.by_radius):g} gives as many groups"
        return ", ".join(f"{radius:g} would give {count:,}" for radius, count in others.items())


def find_pseudo_patients(X: npt.NDArray[Any], frame: pd.DataFrame, radius: float = RADIUS) -> PseudoPatients:
    """Group the images without a patient identifier: similar ones, changed copies, and runs of file numbers.

    Memory grows by 4 kB per image (thumbnails), whatever the size of the images.

    Args:
        X: Images, ``uint8[n, h, w, c]``, possibly memory-mapped.
        frame: One row per image with ``case_id``, ``path``, ``label`` and ``group``; at least one without a group.
        radius: Images whose pixels correlate above ``1 - radius`` are linked.
    """
    rows = np.flatnonzero(frame.group == "")
    names = np.where(frame.path != "", frame.path, frame.case_id)[rows].tolist()
    y = pd.factorize(frame.label)[0][rows].astype(np.int64)
    small = thumbnails(X)
    small = small if len(rows) == len(X) else small[rows]  # a copy only where one is needed
    near = near_links(X, small, rows, max(radius, *RADII))
    numbered, ordered = number_links(small, names)
    copied = _copy_links(X, rows)
    groups = {limit: group_linked([near.within(limit), numbered, copied], y) for limit in sorted({radius, *RADII})}
    counts = {limit: int(group.max()) + 1 for limit, group in groups.items()}
    return PseudoPatients(rows, groups[radius], radius, counts, tuple(ordered))


def _copy_links(X: npt.NDArray[Any], rows: Rows) -> Links:
    """Return links between images that are one picture, changed: in two parts they would be a leak."""
    copies = known_copies(X, digests(X).tolist())
    own = np.isin(copies.first, rows) & np.isin(copies.second, rows)
    first, second = np.searchsorted(rows, copies.first[own]), np.searchsorted(rows, copies.second[own])
    return Links(first, second, np.zeros(len(first), np.float32))


def _sizes(largest: int, typical: int) -> str:
    """Say how large the groups are; half of the images are in groups of ``typical`` or more."""
    if largest == 1:
        return "no two images are in one group"
    most = "most images are alone" if typical == 1 else f"half of the images are in groups of {typical:,} or more"
    return f"the largest has {largest:,} images, {most}"


def _groups(count: int) -> str:
    return f"{count:,} group{'s' * (count != 1)}"


def _folder(name: str) -> str:
    folder, _, start = name.rpartition("/")
    return folder or start
