"""What is done to every picture before a model sees it, in training, testing and use alike: one small step each."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from seimbang.imaging.base import ImageSettings

Step = Callable[[Image.Image, ImageSettings], Image.Image]

MIDDLE, SPREAD = 128, 40
"""Grey values that the mean and one standard deviation become by ``normalise = "zscore"``."""


def prepare(picture: Image.Image, settings: ImageSettings) -> Image.Image:
    """Take a picture in mode L or RGB through ``STEPS``; it comes out in the size and channels asked for."""
    for step in STEPS:
        picture = step(picture, settings)
    return picture


def crop(picture: Image.Image, settings: ImageSettings) -> Image.Image:
    """Cut ``border`` of the width off left and right, and of the height off top and bottom, whole pixels only."""
    if not settings.border:
        return picture
    x, y = (int(side * settings.border) for side in picture.size)
    return picture.crop((x, y, picture.width - x, picture.height - y))


def resize(picture: Image.Image, settings: ImageSettings) -> Image.Image:
    """Bring it to ``size``: bilinear, antialiased, proportions not kept."""
    height, width = settings.size
    if picture.size == (width, height):
        return picture
    return picture.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2)


def recolour(picture: Image.Image, settings: ImageSettings) -> Image.Image:
    """Bring it to ``channels``: grey is the ITU-R 601 luma."""
    return picture.convert("L" if settings.channels == 1 else "RGB")


def smooth(picture: Image.Image, settings: ImageSettings) -> Image.Image:
    """Take noise out, channel by channel: the median of 3 x 3 pixels, or a Gaussian of 1 pixel."""
    if settings.filter == "median":
        return picture.filter(ImageFilter.MedianFilter(3))
    return picture.filter(ImageFilter.GaussianBlur(1)) if settings.filter == "gaussian" else picture


def contrast(picture: Image.Image, settings: ImageSettings) -> Image.Image:
    """Spread the grey values, in a colour image those of the luma only, so that hues stay; one value stays as it is."""
    if settings.contrast == "none":
        return picture
    spread = equalise if settings.contrast == "equalise" else clahe
    if picture.mode == "L":
        return spread(picture)
    light, blue, red = picture.convert("YCbCr").split()
    return Image.merge("YCbCr", (spread(light), blue, red)).convert("RGB")


def equalise(grey: Image.Image) -> Image.Image:
    """Make all grey values about equally frequent: ``255 (C(v) - C(min)) / (n - C(min))``, ``C`` the cumulated counts.

    Gonzalez and Woods, Digital Image Processing, 3.3. Not Pillow's ``ImageOps.equalize``: its step is a whole number of
    pixels, which turns the brightest sixth of a 39 x 39 image into white.
    """
    counts = np.cumsum(grey.histogram())
    least = counts[counts > 0][0]
    if least == counts[-1]:
        return grey
    table = np.rint(255 * (counts - least).clip(0) / (counts[-1] - least))
    return grey.point(table.astype(int).tolist())


def clahe(grey: Image.Image) -> Image.Image:
    """Equalise in 8 x 8 tiles with limited contrast (Zuiderveld 1994), by scikit-image, whose defaults are kept."""
    from skimage.exposure import equalize_adapthist

    low, high = grey.getextrema()
    if low == high:
        return grey
    return Image.fromarray(np.rint(255 * equalize_adapthist(np.asarray(grey))).astype(np.uint8))


def normalise(picture: Image.Image, settings: ImageSettings) -> Image.Image:
    """Bring images to a common scale, each by its own values, all channels together; they stay bytes.

    ``minmax``: the darkest value becomes 0 and the brightest 255. ``zscore``: the mean becomes 128 and one standard
    deviation 40 grey values, so that 3.2 standard deviations either way fit; what is beyond is cut off. An image of one
    value becomes 0 or 128.
    """
    if settings.normalise == "none":
        return picture
    values = to_scale(np.asarray(picture, np.float64)[None], settings.normalise)[0]
    return Image.fromarray(np.rint(values).astype(np.uint8))


def to_scale(images: npt.NDArray[Any], how: Literal["minmax", "zscore"]) -> npt.NDArray[Any]:
    """Return ``images``, ``float[b, h, w]`` or ``float[b, h, w, c]``, on the scale that ``normalise`` describes."""
    flat = np.array(images.reshape(len(images), -1))
    if how == "minmax":
        flat -= flat.min(1, keepdims=True)
        flat *= 255
        flat /= np.maximum(flat.max(1, keepdims=True) / 255, 1)
    else:
        flat -= flat.mean(1, keepdims=True)
        spread = flat.std(1, keepdims=True)
        flat *= SPREAD
        flat /= np.where(spread > 0, spread, 1)
        flat += MIDDLE
        flat.clip(0, 255, out=flat)
    return flat.reshape(images.shape)


STEPS: tuple[Step, ...] = (crop, resize, recolour, smooth, contrast, normalise)
"""The order: noise goes before contrast, which would raise it, and the common scale comes last, so that it holds."""
