"""Random changes that leave the diagnosis as it is: turned, mirrored, moved, lighter, noisier, partly hidden images."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

Floats = npt.NDArray[np.float32]
Degrees = Annotated[float, Field(ge=0, le=180)]
Fraction = Annotated[float, Field(ge=0, le=0.9)]

DRAWS = 11
"""Random numbers of each image, drawn whatever is on, so that one setting does not change what another draws."""
LATER_DRAWS = 8
"""Those of ``LATER``, drawn apart: what follows the first draws differs with the noise."""
LATER = {"gamma": 0.0, "erase": 0.0, "stretch": 0.0, "share": 1.0, "blur": 0.0}
"""The settings that came later, each off."""
THINNEST = 0.3
"""Least ratio of the sides of what is erased (Zhong et al. 2020)."""


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

    @model_serializer(mode="wrap")
    def _without_later_ones_off(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # what was trained before there were such changes keeps its hash
        return {key: value for key, value in dump(self).items() if key not in LATER or value != LATER[key]}


UNCHANGED = Augmentation()


def augment(images: Floats, seeds: npt.NDArray[np.int64], settings: Augmentation) -> Floats:
    """Change a whole batch at once; what becomes of an image depends on the image and its seed alone.

    What a turn or a shift brings in from outside is the border, repeated.

    Args:
        images: ``float32[b, h, w, c]`` in 0 ... 255; left as it is.
        seeds: One for each image, not negative, shape ``(b,)``.
        settings: How much may change.

    Returns:
        ``float32[b, h, w, c]`` in 0 ... 255.
    """
    if settings == UNCHANGED or not len(images):
        return images
    later = _later_draws(seeds, settings)
    if settings.share == 1:
        return _changed(images, seeds, later, settings)
    chosen, made = np.flatnonzero(later[:, 6] < 2 * settings.share - 1), images.copy()
    if len(chosen):
        made[chosen] = _changed(images[chosen], seeds[chosen], later[chosen], settings)
    return made


def _changed(images: Floats, seeds: npt.NDArray[np.int64], later: Floats, settings: Augmentation) -> Floats:
    generators = [np.random.default_rng(seed) for seed in seeds]
    u = np.array([generator.uniform(-1, 1, DRAWS) for generator in generators], np.float32)
    images = _flip(images, settings.flip_left_right & (u[:, 0] > 0), settings.flip_top_bottom & (u[:, 1] > 0))
    if settings.rotation or settings.shift or settings.zoom or settings.crop or settings.stretch:
        images = _resample(images, *_affine(u[:, 2:9], later[:, 5], images.shape[1:3], settings))
    if settings.blur:
        images = _blur(images, np.abs(later[:, 7]) * np.float32(settings.blur))
    if settings.gamma:
        _power(images, np.exp(later[:, 0] * np.float32(settings.gamma)))
    if settings.brightness or settings.contrast:
        _light(images, u[:, 9] * settings.brightness, u[:, 10] * settings.contrast)
    if settings.noise:
        noise = np.stack([generator.standard_normal(images.shape[1:], np.float32) for generator in generators])
        images += np.multiply(noise, 255 * settings.noise, out=noise)
    images = np.clip(images, 0, 255, out=images)
    if settings.erase:
        _erase(images, later[:, 1:5], settings.erase)
    return images


def _later_draws(seeds: npt.NDArray[np.int64], settings: Augmentation) -> Floats:
    if all(getattr(settings, key) == off for key, off in LATER.items()):
        return np.zeros((len(seeds), LATER_DRAWS), np.float32)
    return np.array([np.random.default_rng([seed, 1]).uniform(-1, 1, LATER_DRAWS) for seed in seeds], np.float32)


def _flip(images: Floats, left_right: npt.NDArray[np.bool_], top_bottom: npt.NDArray[np.bool_]) -> Floats:
    images = images.copy()
    images[left_right] = images[left_right, :, ::-1]
    images[top_bottom] = images[top_bottom, ::-1]
    return images


def _affine(u: Floats, stretch: Floats, size: tuple[int, ...], settings: Augmentation) -> tuple[Floats, Floats]:
    """Return how to find where the pixels of each image come from, in pixels about the centre of the image.

    Args:
        u: Random numbers in [-1, 1), shape ``(b, 7)``.
        stretch: One more for each image, shape ``(b,)``.
        size: Height and width.
        settings: How much may change.

    Returns:
        The matrices ``(b, 2, 2)`` and the shifts ``(b, 2)``, in the order y, x.
    """
    turn, cut = np.deg2rad(u[:, 0] * settings.rotation), np.abs(u[:, 2]) * np.float32(settings.crop)
    scale = (1 - cut) / (1 + u[:, 1] * settings.zoom)
    sin, cos = scale * np.sin(turn), scale * np.cos(turn)
    matrix = np.stack([np.stack([cos, sin], 1), np.stack([-sin, cos], 1)], 1)
    if settings.stretch:
        flatter = np.exp(stretch * np.float32(settings.stretch))
        matrix *= np.stack([flatter, 1 / flatter], 1)[:, :, None]
    shift = u[:, 3:5] * np.float32(settings.shift) + u[:, 5:7] * cut[:, None] / np.float32(2)
    return matrix, shift * np.array(size, np.float32)


def _resample(images: Floats, matrix: Floats, shift: Floats) -> Floats:
    """Take each pixel from between the four pixels around the place it comes from."""
    import torch
    from torch.nn.functional import grid_sample

    height, width = images.shape[1:3]
    y, x = (np.arange(side, dtype=np.float32) - (side - 1) / 2 for side in (height, width))
    grid = np.empty((len(images), height, width, 2), np.float32)  # (x, y), from -1 to 1 over the image
    for axis, side in ((0, height), (1, width)):  # sums, not affine_grid: a matrix product's last bit is the batch's
        down = (matrix[:, axis, 0, None] * y + shift[:, axis, None]) * (2 / side)
        across = matrix[:, axis, 1, None] * x * (2 / side)
        np.add(down[:, :, None], across[:, None, :], out=grid[..., 1 - axis])
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2)
    moved = grid_sample(pixels, torch.from_numpy(grid), padding_mode="border", align_corners=False)
    made: Floats = moved.permute(0, 2, 3, 1).numpy()
    return made


def _light(images: Floats, brightness: Floats, contrast: Floats) -> None:
    mean = images.reshape(len(images), -1).mean(1)
    images *= (1 + contrast)[:, None, None, None]
    images += (255 * brightness - contrast * mean)[:, None, None, None]


def _blur(images: Floats, deviations: Floats) -> Floats:
    from scipy.ndimage import gaussian_filter

    pairs = zip(images, deviations, strict=True)
    return np.stack([gaussian_filter(image, (deviation, deviation, 0)) for image, deviation in pairs])


def _power(images: Floats, exponents: Floats) -> None:
    np.clip(images, 0, 255, out=images)  # what is between two pixels may be a hair below 0
    images /= 255
    np.power(images, exponents[:, None, None, None], out=images)
    images *= 255


def _erase(images: Floats, u: Floats, share: float) -> None:
    """Hide a rectangle of each image.

    Args:
        images: ``float32[b, h, w, c]``, changed in place.
        u: Random numbers in [-1, 1) for area, ratio of the sides, and place in y and x, shape ``(b, 4)``.
        share: Largest part of the area.
    """
    size, ratio = np.array(images.shape[1:3]), THINNEST ** u[:, 1]
    sides = np.sqrt(share * np.abs(u[:, :1]) * np.stack([ratio, 1 / ratio], 1)).clip(max=1) * size
    corners = (u[:, 2:] + 1) / 2 * (size - sides)
    for image, (top, left), (bottom, right) in zip(
        images, np.rint(corners).astype(int), np.rint(corners + sides).astype(int), strict=True
    ):
        image[top:bottom, left:right] = image.mean((0, 1))
