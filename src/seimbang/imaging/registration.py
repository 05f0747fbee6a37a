"""Registration: how one picture was turned, mirrored, moved or enlarged into another, and how well they then agree.

A first guess from amplitude spectra (the turn) and cross-correlation (the shift) is refined by Gauss-Newton
steps (Baker and Matthews 2004, Int J Comput Vis 56:221: inverse compositional, affine), coarse to fine.
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from seimbang.imaging.frames import contents, unframed
from seimbang.imaging.invariant import PARTS, shrink, spectra
from seimbang.imaging.similarity import Floats, Mask, Rows

Images = npt.NDArray[Any]
Filters = tuple[float, float]

COARSE: tuple[int, Filters] = (32, (0.75, 3.0))
"""Side of the pictures, and the standard deviations of the two Gaussians of the band-pass filter, in pixels."""

FINER: tuple[tuple[int, Filters, Filters], ...] = ((64, (0.8, 3.0), (0.5, 1.5)), (128, (1.0, 4.0), (0.6, 2.0)))
"""Side and two filters of each finer registration. Refinement needs structure as wide as what it has to correct; what
tells one picture from another is fine structure."""

WORTHWHILE, SIMILAR = 0.65, 0.75
"""Pairs that agree less in the structure of 64 pixels, before refinement and after it, are given up. Of chest X-rays
the pairs of different films are below 0.73 before it in nine cases of ten; those of one film, cropped by up to 30 % or
turned, above 0.76."""

SLIGHT = 0.01
"""Displacement, as a share of the side, below which pictures are the same as they stand."""

STILL = 0.98
"""Agreement at 64 pixels from which on pictures are the same, or neighbouring slices, as they stand: a turn by one
degree leaves no more."""

MARGIN = 2
"""Width of the border that is left out: what a turn or a shift brought in there is not of the picture."""

_STEPS = 6
_LARGEST_STEP = 3.0


@dataclass(frozen=True)
class Registered:
    """How each picture of a first set was found in one of a second.

    The pixel at ``p`` of the first, about the centre, is at ``matrix p + shift`` of the second.

    Attributes:
        matrix: In the order y, x: ``float32[n, 2, 2]``.
        shift: As a share of the side, ``float32[n, 2]``.
        agreement: Correlation of their fine structure at 64 pixels where they overlap; negative where grey values are
            inverted, 0 where coarse registration already failed.
        detail: The same at 128 pixels; 0 where ``agreement`` is below ``SIMILAR``, or nothing moved.
        overlap: Share of the picture that is magnified less that is in the other.
    """

    matrix: Floats
    shift: Floats
    agreement: Floats
    detail: Floats
    overlap: Floats


def unmoved(X: Images, other: Images) -> Mask:
    """Return which pairs of images agree as they stand, ``bool[n]``."""
    a, b = _structure(X, other, np.ones(len(X), np.float32), *FINER[0][:2])
    still = np.tile(np.eye(2, dtype=np.float32), (len(X), 1, 1)), np.zeros((len(X), 2), np.float32)
    return np.asarray(_agreement(a, b, *still)[0] > STILL)


def register(X: Images, other: Images, parts: tuple[Rows, Rows]) -> Registered:
    """Register images pair by pair, always the one that is magnified more onto the other, which would lack its detail.

    Args:
        X: Images, ``uint8[n, h, w, c]``.
        other: Images, ``uint8[n, h, w, c]``.
        parts: Which of ``PARTS`` of the two are alike.
    """
    sizes = np.array(PARTS)[:, 0]
    turned = sizes[parts[1]] < sizes[parts[0]]
    ordered = np.where(turned, parts[1], parts[0]), np.where(turned, parts[0], parts[1])
    images = turned[:, None, None, None]
    found = _register(np.where(images, other, X), np.where(images, X, other), ordered)
    back = np.flatnonzero(turned)
    inverse = np.linalg.inv(found.matrix[back])
    found.shift[back] = -np.einsum("nij,nj->ni", inverse, found.shift[back])
    found.matrix[back] = inverse
    return found


def register_unframed(X: Images, other: Images) -> Registered:
    """Register what is inside the frames of images pair by pair; matrix and shift are of the whole images."""
    squares = unframed(X, FINER[-1][0]), unframed(other, FINER[-1][0])
    whole = np.zeros(len(X), np.int64)
    inside = _register(*squares, (whole, whole), unmoved_too=True)
    (size, centre), (other_size, other_centre) = contents(X), contents(other)
    shift = inside.shift - np.einsum("nij,nj->ni", inside.matrix, centre / size)
    matrix = other_size[:, :, None] * inside.matrix / size[:, None, :]
    return replace(inside, matrix=matrix, shift=other_size * shift + other_centre)


def _register(X: Images, other: Images, parts: tuple[Rows, Rows], unmoved_too: bool = False) -> Registered:
    matrix, shift, sign = _coarse(X, other, parts)
    side, wide, _ = FINER[0]
    values, overlap = np.zeros((3, len(X)), np.float32), np.zeros(len(X), np.float32)
    values[0] = _agreement(*_structure(X, other, sign, side, wide), matrix, side * shift)[0]
    for level, least in enumerate((WORTHWHILE, SIMILAR)):
        changed = unmoved_too | (sign < 0) | (displacement(matrix, shift) >= SLIGHT)
        worth = (values[level] > least) & ((level == 0) | changed)
        rows = np.flatnonzero(worth)
        if not len(rows):
            break
        pairs = X[rows], other[rows], sign[rows]
        matrix[rows], shift[rows], values[level + 1, rows], overlap[rows] = _finer(
            *pairs, matrix[rows], shift[rows], level
        )
    return Registered(matrix, shift, values[1] * sign, values[2], overlap)


def displacement(matrix: Floats, shift: Floats) -> Floats:
    """Return by how much the corner that moved most did, as a share of the side, shape ``(n,)``."""
    corners = np.array([(y, x) for y in (-0.5, 0.5) for x in (-0.5, 0.5)], np.float32)
    moved = np.einsum("nij,kj->nki", matrix, corners) + shift[:, None] - corners
    return np.asarray(np.linalg.norm(moved, axis=2).max(axis=1), np.float32)


def band(pictures: Floats, deviations: Filters) -> Floats:
    """Return square pictures without what is finer or coarser than two Gaussians, with contrast made even."""
    low, high = (gaussian(pictures.shape[1], deviation) for deviation in deviations)
    structure = low @ pictures @ low.T - high @ pictures @ high.T
    local = np.sqrt((high @ structure**2 @ high.T).clip(0))
    spread = structure.std(axis=(1, 2), keepdims=True)
    return np.asarray(structure / (local + 0.3 * spread + 1e-3), np.float32)


def warp(pictures: Floats, matrix: Floats, shift: Floats) -> tuple[Floats, Mask]:
    """Return pictures resampled, and which pixels come from inside, ``MARGIN`` pixels from the border or more.

    Args:
        pictures: ``float32[n, s, s]``.
        matrix: ``float32[n, 2, 2]``.
        shift: In pixels, ``float32[n, 2]``.
    """
    side, middle = pictures.shape[1], np.float32((pictures.shape[1] - 1) / 2)
    place = np.arange(side, dtype=np.float32) - middle
    y, x = (
        matrix[:, k, 0, None, None] * place[:, None]
        + matrix[:, k, 1, None, None] * place
        + (shift[:, k] + middle)[:, None, None]
        for k in (0, 1)
    )
    end = side - 1 - MARGIN
    inside = (y >= MARGIN) & (y <= end) & (x >= MARGIN) & (x <= end)
    y, x = y.clip(0, side - 1.001), x.clip(0, side - 1.001)
    top, left = y.astype(np.int32), x.astype(np.int32)
    down, right = y - top, x - left
    at = top * side + left + (np.arange(len(pictures), dtype=np.int32) * side**2)[:, None, None]
    flat = pictures.reshape(-1)
    above = flat[at] * (1 - right) + flat[at + 1] * right
    below = flat[at + side] * (1 - right) + flat[at + side + 1] * right
    return above * (1 - down) + below * down, inside


def _structure(X: Images, other: Images, sign: Floats, side: int, filters: Filters) -> tuple[Floats, Floats]:
    """Return the filtered pictures of both sets, those of the second with the sign that they have in the first."""
    return band(shrink(X, side), filters), band(shrink(other, side), filters) * sign[:, None, None]


def _coarse(X: Images, other: Images, parts: tuple[Rows, Rows]) -> tuple[Floats, Floats, Floats]:
    """Return matrix, shift as a share of the side, and sign after coarse registration."""
    a, b = _structure(X, other, np.ones(len(X), np.float32), *COARSE)
    matrix, shift, sign = _guess(a, b, (_spectra(X, parts[0]), _spectra(other, parts[1])), parts)
    matrix, shift = _refine(a, b * sign[:, None, None], matrix, shift)
    return matrix, np.asarray(shift / COARSE[0], np.float32), sign


def _finer(
    X: Images, other: Images, sign: Floats, matrix: Floats, shift: Floats, level: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return matrix and shift refined, and how much the pictures then agree and overlap."""
    side, wide, fine = FINER[level]
    matrix, shift = _refine(*_structure(X, other, sign, side, wide), matrix, side * shift)
    agreement, overlap = _agreement(*_structure(X, other, sign, side, fine), matrix, shift)
    return matrix, np.asarray(shift / side, np.float32), agreement, overlap


def _spectra(images: Images, part: Rows) -> Floats:
    """Return the spectra of the part of each image."""
    polar = [(part == k, spectra(images[part == k], PARTS[k])) for k in np.unique(part)]
    whole = np.empty((len(images), *polar[0][1].shape[1:]), np.float32)
    for chosen, values in polar:
        whole[chosen] = values
    return whole


def _guess(
    a: Floats, b: Floats, polar: tuple[Floats, Floats], parts: tuple[Rows, Rows]
) -> tuple[Floats, Floats, Floats]:
    """Return matrix, shift in pixels, and sign of the best of the possible turns, each with the shift that suits it."""
    side = a.shape[1]
    part_a, part_b = (np.array(PARTS, np.float32)[part] for part in parts)
    zoom = (part_b[:, 0] / part_a[:, 0])[:, None, None]
    centre_a, centre_b = (part[:, 1:] * (side / 2) for part in (part_a, part_b))
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    distance = np.hypot(y - centre_a[:, 0, None, None], x - centre_a[:, 1, None, None])
    window = np.cos(np.pi / 2 * (distance / (side / 2 * part_a[:, 0, None, None])).clip(0, 1)) ** 2
    spectrum = np.conj(np.fft.rfft2(a * window))
    best = np.zeros(len(a), np.float32)
    matrix, shift = np.tile(np.eye(2, dtype=np.float32), (len(a), 1, 1)), np.zeros((len(a), 2), np.float32)
    for turn in _turns(*polar):
        linear = zoom * turn
        start = centre_b - np.einsum("nij,nj->ni", linear, centre_a)
        peak, move = _peak(spectrum, warp(b, linear, start)[0])
        better = np.abs(peak) > np.abs(best)
        best[better], matrix[better] = peak[better], linear[better]
        shift[better] = (start + np.einsum("nij,nj->ni", linear, move))[better]
    return matrix, shift, np.where(best < 0, -1, 1).astype(np.float32)


def _turns(first: Floats, second: Floats) -> list[Floats]:
    """Return matrices of possible turns by the spectra, ``(n, 2, 2)``: mirrored or not, and by half a turn more."""
    angles = first.shape[1]
    a, b = (np.fft.rfft(polar - polar.mean(axis=1, keepdims=True), axis=1) for polar in (first, second))
    turns = []
    for flip, left in ((1, np.conj(a)), (-1, a)):
        value = np.fft.irfft((left * b).sum(axis=2), n=angles, axis=1)
        peak = value.argmax(axis=1)
        before, at, after = (
            np.take_along_axis(value, ((peak + step) % angles)[:, None], 1)[:, 0] for step in (-1, 0, 1)
        )
        place = peak + 0.5 * (before - after) / (before - 2 * at + after - 1e-9)  # of the parabola through the three
        sin, cos = np.sin(place * np.pi / angles), np.cos(place * np.pi / angles)
        # what is at angle t of the first is at angle flip * t + place of the second
        turn = np.stack([np.stack([flip * cos, sin], 1), np.stack([-flip * sin, cos], 1)], 1).astype(np.float32)
        turns += [turn, -turn]
    return turns


def _peak(spectrum: npt.NDArray[np.complexfloating], moved: Floats) -> tuple[Floats, Floats]:
    """Return the largest cross-correlation, of either sign, and by how much ``moved`` lies off, in pixels y, x."""
    side = moved.shape[1]
    reach = side // 3
    value = np.fft.irfft2(spectrum * np.fft.rfft2(moved), s=(side, side))
    value[:, reach : side - reach], value[:, :, reach : side - reach] = 0, 0
    flat = value.reshape(len(value), -1)
    place = np.abs(flat).argmax(axis=1)
    move = np.stack(np.divmod(place, side), 1)
    move = np.where(move > side // 2, move - side, move).astype(np.float32)
    norm = np.sqrt((moved**2).sum(axis=(1, 2))) + 1e-9
    return (flat[np.arange(len(flat)), place] / norm).astype(np.float32), move


def _refine(a: Floats, b: Floats, matrix: Floats, shift: Floats) -> tuple[Floats, Floats]:
    """Return matrix and shift after Gauss-Newton steps that lessen the squared difference of standardised pictures."""
    place = np.arange(a.shape[1], dtype=np.float32) - np.float32((a.shape[1] - 1) / 2)
    down, right = np.gradient(a, axis=1), np.gradient(a, axis=2)
    slopes = [down * place[:, None], down * place, right * place[:, None], right * place, down, right]
    jacobian = np.stack([slope.reshape(len(a), -1) for slope in slopes], axis=1)
    for _ in range(_STEPS):
        moved, inside = warp(b, matrix, shift)
        weighted = jacobian * inside.reshape(len(a), 1, -1)
        hessian = weighted @ jacobian.swapaxes(1, 2)
        hessian += (1e-3 * hessian.trace(axis1=1, axis2=2)[:, None, None] / 6 + 1e-6) * np.eye(6, dtype=np.float32)
        spread = np.sqrt((a**2 * inside).sum((1, 2)) / (inside.sum((1, 2)) + 1))[:, None, None]
        error = spread * (_standardised(moved, inside) - _standardised(a, inside))
        step = np.linalg.solve(hessian, weighted @ error.reshape(len(a), -1, 1))[..., 0]
        step = step.clip(-_LARGEST_STEP, _LARGEST_STEP)
        change = np.linalg.inv(np.eye(2, dtype=np.float32) + step[:, :4].reshape(-1, 2, 2).clip(-0.3, 0.3))
        shift = shift - np.einsum("nij,njk,nk->ni", matrix, change, step[:, 4:])
        matrix = matrix @ change
    return matrix, shift


def _agreement(a: Floats, b: Floats, matrix: Floats, shift: Floats) -> tuple[Floats, Floats]:
    """Return the correlation of pictures where they overlap, and how much of the first does."""
    moved, inside = warp(b, matrix, shift)
    inside[:, :MARGIN], inside[:, -MARGIN:], inside[:, :, :MARGIN], inside[:, :, -MARGIN:] = (False,) * 4
    product = (_standardised(a, inside) * _standardised(moved, inside)).sum((1, 2))
    count = inside.sum((1, 2))
    return (product / (count + 1e-9)).astype(np.float32), (count / a[0].size).astype(np.float32)


def _standardised(pictures: Floats, inside: Mask) -> Floats:
    """Return pictures with mean 0 and variance 1 over ``inside``; 0 outside."""
    count = inside.sum((1, 2), keepdims=True) + 1e-9
    centred = (pictures - (pictures * inside).sum((1, 2), keepdims=True) / count) * inside
    return np.asarray(centred / (np.sqrt((centred**2).sum((1, 2), keepdims=True) / count) + 1e-6), np.float32)


@cache
def gaussian(side: int, deviation: float) -> Floats:
    """Return the matrix that smooths ``side`` pixels; its rows sum to 1 at the borders too."""
    place = np.arange(side)
    weights = np.exp(-0.5 * ((place - place[:, None]) / deviation) ** 2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)
