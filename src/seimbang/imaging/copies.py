"""Changed copies: one picture twice, turned, mirrored, moved, cropped, or with other or inverted grey values.

Candidates come from descriptors that such changes hardly alter; each is then registered, and is a copy only where
the fine structure of both agrees. The limits were chosen on chest X-rays, kidney CT and brain MRI, 13,000 images in
all, and on copies planted among them.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from seimbang.imaging.cache import features
from seimbang.imaging.frames import framed
from seimbang.imaging.invariant import PARTS, Whitening, candidates, describe, shrink
from seimbang.imaging.local import agree_in_places
from seimbang.imaging.registration import SLIGHT, Registered, displacement, register, register_unframed, unmoved
from seimbang.imaging.similarity import NEAR_IDENTICAL, Floats, Mask, Rows, similarity
from seimbang.progress import track
from seimbang.threads import cores

AGREEMENT = 0.83
"""Least agreement at 64 pixels of a picture that is mirrored, turned by over 45 degrees or inverted. Different pictures
stay below 0.8, symmetrical heads included; chest X-rays below 0.61."""

DETAIL, DISPLACEMENT = 0.93, 0.03
"""Least agreement at 128 pixels of any other copy, as two films of a patient may agree up to 0.91; and by how much a
corner of it must have moved, as a share of the side: what did not move is for the check on nearly identical images.
Neighbouring slices agree up to 0.998, but none lies off by more than 0.022."""

SURE = 0.95
"""One that agrees so much needs to have moved by ``SLIGHT`` only."""

GREY = 0.993
"""Least share of the variance of grey values that those of the other picture explain, where nothing moved. Films with
40 % more brightness reach it; of neighbouring slices, none that is not nearly identical anyway."""

OVERLAP = 0.3
"""Least share of a picture that the other must hold."""

LEAST_SIDE = 32
"""Smaller images hold too little structure to tell a copy from another image."""

SIMILAR, MOST = 0.55, 4
"""Candidates of an image: those whose descriptors correlate at least so much, and at most so many."""

VERSION = "2"
"""Part of the cache's key: to be raised whenever the same images would give other copies."""

_KEPT = 500
_MEASURES = ("matrix", "shift", "agreement", "detail")
_COLUMNS = ("first", "second", *_MEASURES, "alike")
_GREY_SIDE, _GREY_LEVELS = 32, 32
_PAIRS, _FITTED = 64, 20_000
_TURNED, _ENLARGED = 2.5, 0.03


@dataclass(frozen=True)
class Copies:
    """Pairs of images that are one picture.

    Attributes:
        first: Row of the first set.
        second: Row of the second set, or of the same.
        matrix: What was done to the first, in the order y, x: ``float32[m, 2, 2]``.
        shift: As a share of the side, ``float32[m, 2]``.
        agreement: Correlation of fine structure; negative where grey values are inverted.
        detail: The same of finer structure, without sign.
        alike: Whether they agree as they stand in most places, ``bool[m]``: softened, covered in part, or with other
            grey values. Close neighbours among slices do too.
    """

    first: Rows
    second: Rows
    matrix: Floats
    shift: Floats
    agreement: Floats
    detail: Floats
    alike: Mask

    def where(self, chosen: Mask) -> "Copies":
        """Return some of the pairs."""
        return Copies(*(getattr(self, name)[chosen] for name in _COLUMNS))

    @property
    def changes(self) -> list[str]:
        """What was done to each, such as ``mirrored and turned by 5°``."""
        return [_change(*values) for values in zip(self.matrix, self.shift, self.agreement, strict=True)]


def known_copies(
    X: npt.NDArray[Any], digests: Sequence[str], other: npt.NDArray[Any] | None = None, others: Sequence[str] = ()
) -> Copies:
    """Return what `find_copies` does, from the cache where a larger set was searched before.

    Args:
        X: Images.
        digests: Digest of the pixels of each.
        other: A second set, or None.
        others: Digests of its pixels.

    Raises:
        ResourceError: The cache cannot be written (``DISK_FULL``, ``NOT_WRITABLE``).
    """
    if len(X) < _KEPT:
        return find_copies(X, other)

    def table() -> Floats:
        copies = find_copies(X, other)
        measures = copies.matrix.reshape(-1, 4), copies.shift, copies.agreement, copies.detail
        rows = np.column_stack([copies.first, copies.second, *measures, copies.alike]).astype(np.float32)
        return np.concatenate([np.zeros((1, rows.shape[1]), np.float32), rows])  # nothing cannot be memory-mapped

    rows = np.array(features(["copies", VERSION, *digests, "and", *others], table)[1:])
    first, second = rows[:, :2].astype(np.int64).T
    return Copies(
        first, second, rows[:, 2:6].reshape(-1, 2, 2), *(rows[:, 6:8], rows[:, 8], rows[:, 9]), rows[:, 10] > 0
    )


def find_copies(X: npt.NDArray[Any], other: npt.NDArray[Any] | None = None) -> Copies:
    """Return pairs of images that are one picture, changed; each pair once.

    Memory grows by 8 kB per image, whatever the size of the images.

    Args:
        X: Images, ``uint8[n, h, w, c]``, possibly memory-mapped.
        other: A second set ``uint8[m, h, w, c]`` to compare them with; None compares them with each other.
    """
    if min(X.shape[1:3]) < LEAST_SIDE or not len(X) or (other is not None and not len(other)):
        return _copies([])
    plain = describe(X)
    flat = plain[: len(PARTS)].reshape(-1, plain.shape[2])
    white = Whitening.fit(flat[:: -(-len(flat) // _FITTED)])
    first = white(plain)
    second = first if other is None else white(describe(other))
    pairs = _unique(candidates(first, second, SIMILAR, MOST), ordered=other is None)
    return _best(_copies(list(_confirmed(X, X if other is None else other, pairs))), one_set=other is None)


def _unique(blocks: Iterator[tuple[Rows, Rows, Rows, Rows]], ordered: bool) -> Rows:
    """Return candidates ``int64[m, 4]``: two rows and their parts, each pair of rows once and none with itself."""
    pairs = np.concatenate([np.stack(block, axis=1) for block in blocks])
    if ordered:
        pairs = pairs[pairs[:, 0] != pairs[:, 1]]
        backward = pairs[:, 0] > pairs[:, 1]
        pairs[backward] = pairs[backward][:, [1, 0, 3, 2]]
    return pairs[np.unique(pairs[:, :2], axis=0, return_index=True)[1]]


def _confirmed(X: npt.NDArray[Any], other: npt.NDArray[Any], pairs: Rows) -> Iterator[Copies]:
    """Yield the copies among candidates, block by block."""

    def confirm(block: Rows) -> Copies:
        images, others = X[block[:, 0]], other[block[:, 1]]
        grey = recoloured(images, others)
        alike = ~grey & agree_in_places(images, others)
        rows = np.flatnonzero(~grey & ~alike & ~unmoved(images, others))
        found = [_unmoved_copies(block[grey], alike=False), _unmoved_copies(block[alike], alike=True)]
        found += _registered_copies(images[rows], others[rows], block[rows])
        return _copies(found)

    if not len(pairs):
        return
    blocks = [pairs[start : start + _PAIRS] for start in range(0, len(pairs), _PAIRS)]
    with ThreadPoolExecutor(cores()) as pool:
        yield from track(pool.map(confirm, blocks), "Comparing pictures that may be copies", len(blocks))


def _registered_copies(images: npt.NDArray[Any], others: npt.NDArray[Any], pairs: Rows) -> Iterator[Copies]:
    """Yield the copies among candidates that differ as they stand; where there are frames, those inside them too."""
    if not len(pairs):
        return
    registered = register(images, others, (pairs[:, 2], pairs[:, 3]))
    copy = is_copy(registered)
    yield _moved_copies(pairs, registered, copy)
    rows = np.flatnonzero(~copy & (framed(images) | framed(others)))
    if len(rows):
        inside = register_unframed(images[rows], others[rows])
        yield _moved_copies(pairs[rows], inside, is_copy(inside))


def _moved_copies(pairs: Rows, registered: Registered, copy: Mask) -> Copies:
    still = np.zeros(int(copy.sum()), np.bool_)
    values = {name: getattr(registered, name)[copy] for name in _MEASURES}
    return Copies(pairs[copy, 0], pairs[copy, 1], **values, alike=still)


def recoloured(X: npt.NDArray[Any], other: npt.NDArray[Any]) -> Mask:
    """Return which pairs are the same picture by other grey values: those of one explain those of the other.

    What they do not explain is the variance within groups of pixels with about the same grey value in the other, as a
    share of all variance. Images that are nearly identical are not meant.
    """
    a, b = (shrink(images, _GREY_SIDE).reshape(len(images), -1) for images in (X, other))
    explained = np.maximum(_explained(a, b), _explained(b, a))
    pairs = np.arange(len(a))
    alike = similarity(np.concatenate([a, b]), pairs, pairs + len(a)) > NEAR_IDENTICAL
    return np.asarray((explained >= GREY) & ~alike)


def _explained(a: Floats, b: Floats) -> Floats:
    """Return the share of the variance of each row of ``b`` that grey values of ``a`` explain; 0 of a constant row."""
    ordered = np.take_along_axis(b, np.argsort(a, axis=1), axis=1).reshape(len(b), _GREY_LEVELS, -1)
    return np.asarray(1 - (ordered.var(axis=2).mean(axis=1) + 1e-6) / (b.var(axis=1) + 1e-6), np.float32)


def _unmoved_copies(pairs: Rows, alike: bool) -> Copies:
    """Return pairs as copies that did not move."""
    one = np.ones(len(pairs), np.float32)
    return Copies(
        pairs[:, 0],
        pairs[:, 1],
        np.tile(np.eye(2, dtype=np.float32), (len(pairs), 1, 1)),
        np.zeros((len(pairs), 2), np.float32),
        one,
        one,
        np.full(len(pairs), alike),
    )


def is_copy(registered: Registered) -> Mask:
    """Return which pairs are one picture that was changed, rather than unchanged, or two pictures."""
    moved, agreement = displacement(registered.matrix, registered.shift), registered.agreement
    size = np.linalg.det(registered.matrix)
    odd = (agreement < 0) | (size < 0) | (np.trace(registered.matrix, axis1=1, axis2=2) < np.sqrt(2 * np.abs(size)))
    alike = np.where(odd, np.abs(agreement) >= AGREEMENT, registered.detail >= DETAIL)
    far = odd | (moved >= DISPLACEMENT) | ((registered.detail >= SURE) & (moved >= SLIGHT))
    return np.asarray(alike & far & (registered.overlap >= OVERLAP))


def _change(matrix: Floats, shift: Floats, agreement: np.float32) -> str:
    """Say what was done to a picture."""
    mirrored = np.linalg.det(matrix) < 0
    turned = matrix @ np.diag((1, -1)) if mirrored else matrix
    angle = round(float(np.degrees(np.arctan2(turned[0, 1] - turned[1, 0], turned.trace()))))
    scale = float(np.sqrt(abs(np.linalg.det(matrix))))
    said = ["mirrored"] * bool(mirrored)
    said += [f"turned by {abs(angle)}°"] * (abs(angle) > _TURNED)
    said += ["enlarged"] * bool(abs(np.log(scale)) > _ENLARGED)
    said += ["inverted"] * bool(agreement < 0)
    return " and ".join(said) or ("shifted" if shift.any() else "lighter or darker")


def _copies(blocks: list[Copies]) -> Copies:
    """Return the copies of all blocks as one."""
    none = _unmoved_copies(np.empty((0, 4), np.int64), alike=False)
    return Copies(*(np.concatenate([getattr(block, name) for block in (none, *blocks)]) for name in _COLUMNS))


def _best(copies: Copies, one_set: bool) -> Copies:
    """Return copies without those in doubt of images that have one beyond doubt.

    The mirror image of a film resembles other films of the patient too, but not as closely as the film itself.
    """
    sure = copies.detail >= DETAIL
    first, second = copies.first[sure], copies.second[sure]
    if one_set:
        first = second = np.concatenate([first, second])
    kept = sure | ~(np.isin(copies.first, first) | np.isin(copies.second, second))
    return copies.where(kept)
