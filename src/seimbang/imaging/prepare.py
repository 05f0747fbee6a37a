"""Image preparation, the same in training, testing and use: a sequence of small steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from seimbang.imaging.augment import channel_means
from seimbang.imaging.base import ImageSettings

if TYPE_CHECKING:
    from torch import Tensor

Step = Callable[[Image.Image, ImageSettings], Image.Image]

MEAN, SD = 128, 40
"""Grey values that the mean and one standard deviation become by ``normalise = "zscore"``."""


def prepare(image: Image.Image, settings: ImageSettings) -> Image.Image:
    """Apply ``STEPS`` to an image in mode L or RGB; the result has the size and channels of the settings."""
    for step in STEPS:
        image = step(image, settings)
    return image


def crop(image: Image.Image, settings: ImageSettings) -> Image.Image:
    """Cut ``border`` of the width off left and right, and of the height off top and bottom, in whole pixels."""
    if not settings.border:
        return image
    x, y = (int(side * settings.border) for side in image.size)
    return image.crop((x, y, image.width - x, image.height - y))


def resize(image: Image.Image, settings: ImageSettings) -> Image.Image:
    """Resize to ``size``: bilinear, antialiased; the aspect ratio is not kept."""
    height, width = settings.size
    if image.size == (width, height):
        return image
    return image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2)


def recolour(image: Image.Image, settings: ImageSettings) -> Image.Image:
    """Convert to ``channels``: grey is the ITU-R 601 luma."""
    return image.convert("L" if settings.channels == 1 else "RGB")


def smooth(image: Image.Image, settings: ImageSettings) -> Image.Image:
    """Denoise each channel: the median of 3 x 3 pixels, or a Gaussian with a sigma of 1 pixel."""
    if settings.filter == "median":
        return image.filter(ImageFilter.MedianFilter(3))
    return image.filter(ImageFilter.GaussianBlur(1)) if settings.filter == "gaussian" else image


def contrast(image: Image.Image, settings: ImageSettings) -> Image.Image:
    """Enhance contrast, in a colour image of the luma only, so that hues stay; a constant image stays as it is."""
    if settings.contrast == "none":
        return image
    enhance = equalise if settings.contrast == "equalise" else clahe
    if image.mode == "L":
        return enhance(image)
    luma, blue, red = image.convert("YCbCr").split()
    return Image.merge("YCbCr", (enhance(luma), blue, red)).convert("RGB")


def equalise(grey: Image.Image) -> Image.Image:
    """Make all grey values about equally frequent: ``255 (C(v) - C(min)) / (n - C(min))``, ``C`` the cumulative counts.

    Gonzalez and Woods, Digital Image Processing, 3.3. Not Pillow's ``ImageOps.equalize``: its step is a whole number of
    pixels, which turns the brightest sixth of a 39 x 39 image into white.
    """
    counts = np.cumsum(grey.histogram())
    lowest = counts[counts > 0][0]
    if lowest == counts[-1]:
        return grey
    table = np.rint(255 * (counts - lowest).clip(0) / (counts[-1] - lowest))
    return grey.point(table.astype(int).tolist())


def clahe(grey: Image.Image) -> Image.Image:
    """Equalise in 8 x 8 tiles with limited contrast (Zuiderveld 1994), with scikit-image's defaults."""
    from skimage.exposure import equalize_adapthist

    low, high = grey.getextrema()
    if low == high:
        return grey
    return Image.fromarray(np.rint(255 * equalize_adapthist(np.asarray(grey))).astype(np.uint8))


def normalise(image: Image.Image, settings: ImageSettings) -> Image.Image:
    """Normalise the intensities of each image by its own values, all channels together; they stay bytes.

    ``minmax``: the darkest value becomes 0 and the brightest 255. ``zscore``: the mean becomes 128 and one standard
    deviation 40 grey values, so that 3.2 standard deviations either way fit; values beyond are clipped. A constant
    image becomes 0 or 128.
    """
    if settings.normalise == "none":
        return image
    values = rescale(np.asarray(image, np.float64)[None], settings.normalise)[0]
    return Image.fromarray(np.rint(values).astype(np.uint8))


def rescale(images: npt.NDArray[Any], method: Literal["minmax", "zscore"]) -> npt.NDArray[Any]:
    """Return ``images``, ``float[b, h, w]`` or ``float[b, h, w, c]``, normalised as `normalise` describes."""
    flat = np.array(images.reshape(len(images), -1))
    if method == "minmax":
        flat -= flat.min(1, keepdims=True)
        flat *= 255
        flat /= np.maximum(flat.max(1, keepdims=True) / 255, 1)
    else:
        flat -= flat.mean(1, keepdims=True)
        sd = flat.std(1, keepdims=True)
        flat *= SD
        flat /= np.where(sd > 0, sd, 1)
        flat += MEAN
        flat.clip(0, 255, out=flat)
    return flat.reshape(images.shape)


def rescale_batch(images: Tensor, method: Literal["minmax", "zscore"]) -> Tensor:
    """Do the same for a batch ``float32[b, c, h, w]``, on its device; the last bits differ."""
    if method == "minmax":
        images = images - images.amin((1, 2, 3), keepdim=True)
        return images * (255 / images.amax((1, 2, 3), keepdim=True).clamp(min=1))
    images = images - channel_means(images).mean(1)[:, None, None, None]
    spread = channel_means(images.square()).mean(1).sqrt()
    spread[spread == 0] = 1
    return (images * (SD / spread)[:, None, None, None] + MEAN).clamp(0, 255)


STEPS: tuple[Step, ...] = (crop, resize, recolour, smooth, contrast, normalise)
"""The order: denoising comes before contrast enhancement, which would amplify noise; normalisation comes last."""
