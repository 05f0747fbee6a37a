"""Images likely to be slices of one examination: near-identical ones, and neighbours in a run of file numbers.

The defaults were chosen on sets whose patients are known or visible, not by any model's score:

- Radius 0.03: on 5,856 chest X-rays 34 pairs are linked, 33 of them of one patient; at 0.05 similarly centred films of
  different patients begin to be linked (9 in one group), at 0.06 they chain (176 in one group).
- A quantile of 0.95: on the kidney CT slices neighbours in number correlate above 0.93 within an examination, and below
  0.83 where the next one begins; pairs far apart in number do so below 0.84.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from seimbang.imaging.similarity import NEAR_IDENTICAL, Floats, Rows, close_pairs, similarity

RADIUS = 0.03
"""Images are linked when their pixels correlate above 1 - RADIUS."""

RADII = (0.01, 0.02, RADIUS, 0.05)
"""Radii at which the groups are counted, as a sensitivity analysis."""

MAX_PAIRS = 8
"""Close pairs considered for each image; it keeps memory proportional to the number of images."""

MIN_GROUPS = 3
"""No group holds more than 1 / MIN_GROUPS of a class, so that training, validation and test can each get one."""

ORDERED = 0.7
"""File numbers follow the slices when a neighbour is more similar than a distant image at least this often. 0.5 is
chance; the kidney CT slices have 0.98, the chest X-rays, numbered by patient, at most 0.64."""

QUANTILE = 0.95
"""A run of numbers is cut where neighbours are less similar than this share of distant pairs. Cutting too rarely merges
two patients, which costs a group; cutting too often splits one patient, which leaks."""

_MIN_LENGTH, _DISTANT_PAIRS = 30, 4000


@dataclass(frozen=True)
class Links:
    """Pairs of images that may be of one examination: ``distance`` is 1 minus their similarity."""

    first: Rows
    second: Rows
    distance: Floats

    def within(self, radius: float) -> "Links":
        """Return the links up to ``radius``."""
        near = self.distance < radius
        return Links(self.first[near], self.second[near], self.distance[near])


def near_links(X: npt.NDArray[Any], small: Floats, rows: Rows, radius: float) -> Links:
    """Return pairs of near-identical images: candidates from thumbnails, confirmed on pixels.

    Thumbnails that correlate above 0.995 need no confirmation: the audit calls such images nearly identical.

    Args:
        X: Images, ``uint8[n, h, w, c]``.
        small: Thumbnails of ``rows``, shape ``(len(rows), s)``; the links are numbered as these.
        rows: Rows of ``X`` to search.
        radius: Largest distance.
    """
    first, second, correlation = close_pairs(small, 1 - radius, MAX_PAIRS)
    unsure = correlation <= NEAR_IDENTICAL
    correlation[unsure] = similarity(X, rows[first[unsure]], rows[second[unsure]])
    return Links(first, second, 1 - correlation).within(radius)


def number_links(small: Floats, names: Sequence[str]) -> tuple[Links, list[str]]:
    """Return links between neighbours in runs of file numbers, and the series numbered in order.

    A series is the files of one folder whose names differ only in their last number.
    """
    firsts, seconds, ordered = [np.empty(0, np.int64)], [np.empty(0, np.int64)], []
    for series, rows in _series(names).items():
        adjacent, distant = similarity(small, rows[:-1], rows[1:]), _distant_similarity(small, rows)
        if np.searchsorted(distant, adjacent).mean() < ORDERED * len(distant):
            continue
        ordered.append(series)
        same = adjacent > np.quantile(distant, QUANTILE)
        firsts.append(rows[:-1][same])
        seconds.append(rows[1:][same])
    first, second = np.concatenate(firsts), np.concatenate(seconds)
    return Links(first, second, 1 - similarity(small, first, second)), ordered


def group_linked(links: Sequence[Links], y: Rows) -> Rows:
    """Return the group of each image, 0 ... g-1 in order of appearance, shape ``(n,)``.

    Single linkage, most similar first, except that no group may hold more than a third of a class: a chain of links
    could otherwise put the whole class into one group.

    Args:
        links: Links of all kinds.
        y: Label of each image, shape ``(n,)``; what the links number.
    """
    first, second, distance = (
        np.concatenate([getattr(kind, name) for kind in links]) for name in ("first", "second", "distance")
    )
    order = np.lexsort((second, first, distance))
    counts = np.eye(int(y.max()) + 1, dtype=np.int64)[y]
    limit = np.maximum(counts.sum(axis=0) // MIN_GROUPS, 2)
    parent = list(range(len(y)))
    for a, b in zip(first[order].tolist(), second[order].tolist(), strict=True):
        root, other = sorted((_root(parent, a), _root(parent, b)))
        if root != other and (counts[root] + counts[other] <= limit).all():
            parent[other] = root
            counts[root] += counts[other]
    roots = np.array([_root(parent, row) for row in range(len(y))])
    return np.unique(roots, return_inverse=True)[1].astype(np.int64)


def _root(parent: list[int], row: int) -> int:
    """Return the root of ``row`` in the union-find forest, halving its path."""
    while parent[row] != row:
        parent[row] = row = parent[parent[row]]
    return row


def _series(names: Sequence[str]) -> dict[str, Rows]:
    """Return the rows of each series in order of their numbers; short series show no order."""
    numbered: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for row, name in enumerate(names):
        if match := re.fullmatch(r"(.*?)(\d+)([^\d/]*)", name):
            numbered[f"{match[1]}*{match[3]}"].append((int(match[2]), row))
    return {
        name: np.array([row for _, row in sorted(files)], np.int64)
        for name, files in sorted(numbered.items())
        if len(files) >= _MIN_LENGTH
    }


def _distant_similarity(small: Floats, rows: Rows) -> Floats:
    """Return the similarity of random pairs more than a quarter of the series apart, sorted."""
    i, j = np.random.RandomState(0).randint(0, len(rows), (2, _DISTANT_PAIRS))
    distant = np.abs(i - j) > len(rows) / 4
    return np.sort(similarity(small, rows[i[distant]], rows[j[distant]]))
