"""Random changes that leave the diagnosis as it is: turned, mirrored, moved, lighter, noisier, partly hidden images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from torch import Tensor

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Draws = dict[str, Floats]
Degrees = Annotated[float, Field(ge=0, le=180)]
Fraction = Annotated[float, Field(ge=0, le=0.9)]

DRAWS = (
    *("left_right", "top_bottom", "turn", "zoom", "stretch", "crop", "crop_y", "crop_x", "shift_y", "shift_x"),
    *("blur", "gamma", "brightness", "contrast", "area", "sides", "place_y", "place_x", "share"),
)
"""Random numbers of each image, drawn whatever is on, so that one setting does not change what another draws."""
THINNEST = 0.3
"""Least ratio of the sides of what is erased (Zhong et al. 2020)."""
TAIL = 3
"""Standard deviations after which a blur is cut off."""
GOLDEN = 0x9E3779B97F4A7C15
"""Step of the counter of SplitMix64."""


class Augmentation(BaseModel):
    """How much an image may change at random; 0 and false leave it as it is.

    Attributes:
        rotation: Turn by up to so many degrees either way.
        flip_left_right: Mirror every second image, by chance.
        flip_top_bottom: The same, upside down.
        shift: Move by up to this fraction of height and of width, either way.
        zoom: Enlarge or shrink by a factor of up to ``1 + zoom`` or down to ``1 - zoom``.
        crop: Cut off up to this fraction of height and width, anywhere, and enlarge the rest to the full size.
        stretch: Widen and flatten, or narrow and heighten, by a factor within ``exp(-stretch) ... exp(stretch)``: where
            pictures of other proportions were brought to one size, these are no sign of a class.
        brightness: Add up to this fraction of full white, or take it away.
        contrast: Stretch grey values about the image's mean by a factor within ``1 - contrast ... 1 + contrast``.
        noise: Standard deviation of Gaussian noise, as a fraction of full white.
        gamma: Raise grey values in [0, 1] to a power within ``exp(-gamma) ... exp(gamma)``.
        blur: Smooth with a Gaussian of a standard deviation of up to so many pixels: where classes come from other
            machines or were kept at other sizes, sharpness is no sign of one.
        erase: Fill a rectangle of up to this share of the area, anywhere, with the mean of the image.
        share: Share of the images that are changed at all. What is turned or enlarged is a little blurred; a network
            that has learned only on such images may misjudge the sharper ones in use.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    rotation: Degrees = 0.0
    flip_left_right: bool = False
    flip_top_bottom: bool = False
    shift: Fraction = 0.0
    zoom: Fraction = 0.0
    crop: Fraction = 0.0
    stretch: Fraction = 0.0
    brightness: Fraction = 0.0
    contrast: Fraction = 0.0
    noise: Fraction = 0.0
    gamma: Fraction = 0.0
    erase: Fraction = 0.0
    blur: float = Field(0.0, ge=0, le=10)
    share: float = Field(1.0, gt=0, le=1)


UNCHANGED = Augmentation()


def augment(images: Tensor, seeds: Ints, settings: Augmentation) -> Tensor:
    """Change a whole batch at once, on its device; what becomes of an image depends on it and its seed alone.

    What a turn or a shift brings in from outside is the border, repeated.

    Args:
        images: ``float32[b, c, h, w]`` in 0 ... 255; left as they are.
        seeds: One for each image, not negative, shape ``(b,)``.
        settings: How much may change.

    Returns:
        ``float32[b, c, h, w]`` in 0 ... 255.
    """
    if settings == UNCHANGED or not len(images):
        return images
    draws, keys = _draw(seeds)
    if settings.share == 1:
        return _changed(images, draws, keys, settings)
    changed, chosen = images.clone(), np.flatnonzero(draws["share"] < 2 * settings.share - 1)
    if len(chosen):
        some = {name: values[chosen] for name, values in draws.items()}
        changed[chosen] = _changed(images[chosen], some, keys[chosen], settings)
    return changed


def augment_rows(rows: Floats, seeds: Ints, settings: Augmentation) -> Floats:
    """Do the same for ``float32[b, h, w, c]`` in memory."""
    import torch

    changed = augment(torch.from_numpy(rows).permute(0, 3, 1, 2), seeds, settings)
    return np.ascontiguousarray(changed.permute(0, 2, 3, 1).numpy())


def _changed(images: Tensor, draws: Draws, keys: npt.NDArray[np.int32], settings: Augmentation) -> Tensor:
    """Return changed copies of all images."""
    flips = [settings.flip_top_bottom & (draws["top_bottom"] > 0), settings.flip_left_right & (draws["left_right"] > 0)]
    if settings.rotation or settings.shift or settings.zoom or settings.crop or settings.stretch:
        matrix, shift = _affine(draws, tuple(images.shape[2:]), settings)
        signs = 1 - 2 * np.stack(flips, 1).astype(np.float32)
        images = _resample(images, matrix * signs[:, :, None], shift * signs)
    else:
        images = _flip(images.clone(), flips)
    if settings.blur:
        images = _blur(images, np.abs(draws["blur"]) * np.float32(settings.blur), round(TAIL * settings.blur + 0.5))
    if settings.gamma:
        exponents = _to(images, np.exp(draws["gamma"] * np.float32(settings.gamma)))
        images.clamp_(0, 255).div_(255).pow_(exponents).mul_(255)  # between two pixels it may be a hair below 0
    if settings.brightness or settings.contrast:
        mean = channel_means(images).mean(1)[:, None, None, None]
        stretch = _to(images, draws["contrast"] * settings.contrast)
        images.mul_(1 + stretch).add_(_to(images, 255 * settings.brightness * draws["brightness"]) - stretch * mean)
    if settings.noise:
        images.add_(_noise(images, keys), alpha=255 * settings.noise)
    images.clamp_(0, 255)
    return _erase(images, draws, settings.erase) if settings.erase else images


def _draw(seeds: Ints) -> tuple[Draws, npt.NDArray[np.int32]]:
    """Return random numbers in [-1, 1) by name, ``float32[b]`` each, and a key for the noise of each image.

    They are those of the counter-based generator SplitMix64 (Steele et al. 2014, OOPSLA), begun at the hash of a seed.
    """
    counter = _hash64(seeds.astype(np.uint64))[:, None] + np.arange(1, len(DRAWS) + 2, dtype=np.uint64) * GOLDEN
    bits = _hash64(counter).T
    uniform = (bits >> np.uint64(40)).astype(np.float32) * np.float32(2**-23) - 1
    return dict(zip(DRAWS, uniform, strict=False)), bits[-1].astype(np.uint32).view(np.int32)


def _hash64(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
    return x ^ (x >> np.uint64(31))


def _to(images: Tensor, values: npt.NDArray[np.floating]) -> Tensor:
    """Put one number for each image beside the images, ``float32[b, 1, 1, 1]``."""
    import torch

    return torch.as_tensor(values, dtype=images.dtype).to(images.device)[:, None, None, None]


def channel_means(images: Tensor) -> Tensor:
    """Return the mean of each channel, ``float32[b, c]``; row by row, as torch sums a single image in another order."""
    return images.sum(3).sum(2) / (images.shape[2] * images.shape[3])


def _flip(images: Tensor, flips: list[npt.NDArray[np.bool_]]) -> Tensor:
    for axis, which in enumerate(flips, start=2):
        rows = np.flatnonzero(which)
        if len(rows):
            images[rows] = images[rows].flip(axis)
    return images


def _affine(draws: Draws, size: tuple[int, ...], settings: Augmentation) -> tuple[Floats, Floats]:
    """Return how to find where the pixels of each image come from, in pixels about the centre of the image.

    Args:
        draws: Random numbers in [-1, 1).
        size: Height and width.
        settings: How much may change.

    Returns:
        The matrices ``(b, 2, 2)`` and the shifts ``(b, 2)``, in the order y, x.
    """
    turn, cut = np.deg2rad(draws["turn"] * settings.rotation), np.abs(draws["crop"]) * np.float32(settings.crop)
    scale = (1 - cut) / (1 + draws["zoom"] * settings.zoom)
    sin, cos = scale * np.sin(turn), scale * np.cos(turn)
    flatter = np.exp(draws["stretch"] * np.float32(settings.stretch))
    matrix = np.stack([np.stack([cos, sin], 1) * flatter[:, None], np.stack([-sin, cos], 1) / flatter[:, None]], 1)
    shifts = [draws[f"shift_{axis}"] * settings.shift + draws[f"crop_{axis}"] * cut / 2 for axis in "yx"]
    return matrix.astype(np.float32), (np.stack(shifts, 1) * np.array(size)).astype(np.float32)


def _resample(images: Tensor, matrix: Floats, shift: Floats) -> Tensor:
    """Take each pixel from between the four pixels around the place it comes from."""
    import torch
    from torch.nn.functional import grid_sample

    size, device = images.shape[2:], images.device
    y, x = (torch.arange(side, dtype=torch.float32, device=device) - (side - 1) / 2 for side in size)
    grid = torch.empty(len(images), *size, 2, device=device)  # (x, y), from -1 to 1 over the image
    affine = torch.from_numpy(np.concatenate([matrix, shift[:, :, None]], 2)).to(device)
    for axis in (0, 1):  # sums, not affine_grid: a matrix product's last bit is the batch's
        rows, columns, start = (affine[:, axis] * (2 / size[axis])).unbind(1)
        down, across = rows[:, None] * y + start[:, None], columns[:, None] * x
        torch.add(down[:, :, None], across[:, None, :], out=grid[..., 1 - axis])
    return grid_sample(images, grid, padding_mode="border", align_corners=False)


def _blur(images: Tensor, deviations: Floats, reach: int) -> Tensor:
    """Smooth each image with a Gaussian of its own, tap by tap: a convolution's last bit is the batch's.

    Args:
        images: ``float32[b, c, h, w]``.
        deviations: Of each image, in pixels.
        reach: Taps to either side; the same for all batches.
    """
    from torch.nn.functional import pad

    taps = np.exp(-0.5 * (np.arange(reach + 1)[:, None] / np.maximum(deviations, 1e-3)) ** 2)
    weights = [_to(images, tap) for tap in taps / (2 * taps.sum(0) - 1)]
    for axis, sides in ((2, (0, 0, reach, reach)), (3, (reach, reach, 0, 0))):
        padded, length = pad(images, sides, "replicate"), images.shape[axis]
        images = images * weights[0]
        for k, weight in enumerate(weights[1:], start=1):
            both = padded.narrow(axis, reach - k, length) + padded.narrow(axis, reach + k, length)
            images.addcmul_(both, weight)
    return images


def _noise(images: Tensor, keys: npt.NDArray[np.int32]) -> Tensor:
    """Return Gaussian noise ``float32[b, c, h, w]``: two pixels by Box and Muller from the hash of key and place."""
    import torch

    pairs = (images[0].numel() + 1) // 2
    places = _hash32(torch.arange(pairs, dtype=torch.int32, device=images.device))
    bits = _hash32(places ^ torch.from_numpy(keys).to(images.device)[:, None])
    radius = (bits & 0xFFFF).float().add_(0.5).div_(1 << 16).log_().mul_(-2).sqrt_()
    angle = (bits >> 16).float().mul_(np.pi / (1 << 15))
    noise = torch.empty(len(images), 2, pairs, device=images.device)
    torch.cos(angle, out=noise[:, 0])
    torch.sin(angle, out=noise[:, 1])
    return noise.mul_(radius[:, None]).flatten(1)[:, : images[0].numel()].reshape(images.shape)


def _hash32(x: Tensor) -> Tensor:
    """Return the hash lowbias32 (Wellons 2018) of whole numbers ``int32``, changed in place."""
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B - (1 << 32))):
        x.bitwise_xor_((x >> shift).bitwise_and_((1 << (32 - shift)) - 1)).mul_(factor)
    return x.bitwise_xor_((x >> 16).bitwise_and_(0xFFFF))


def _erase(images: Tensor, draws: Draws, share: float) -> Tensor:
    """Hide a rectangle of up to ``share`` of the area of each image."""
    import torch

    size, ratio = np.array(images.shape[2:]), THINNEST ** draws["sides"]
    sides = np.sqrt(share * np.abs(draws["area"][:, None]) * np.stack([ratio, 1 / ratio], 1)).clip(max=1) * size
    corners = (np.stack([draws["place_y"], draws["place_x"]], 1) + 1) / 2 * (size - sides)
    first, last = np.rint(corners), np.rint(corners + sides)
    inside = [(np.arange(n) >= first[:, i, None]) & (np.arange(n) < last[:, i, None]) for i, n in enumerate(size)]
    hidden = torch.from_numpy(inside[0][:, None, :, None] & inside[1][:, None, None, :]).to(images.device)
    return torch.where(hidden, channel_means(images)[:, :, None, None], images)
