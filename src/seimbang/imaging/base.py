"""Settings of image decoding, preparation and augmentation."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from seimbang.imaging.augment import UNCHANGED, Augmentation
from seimbang.imaging.windows import Window

Normalise = Literal["none", "minmax", "zscore"]
Axis = Literal["axial", "coronal", "sagittal"]
Side = Annotated[int, Field(ge=1, le=4096)]


class ImageSettings(BaseModel):
    """The ``[image]`` table of a study.

    Attributes:
        size: Height and width in pixels.
        channels: 1 for greyscale, 3 for colour.
        max_pixels: Images with more pixels are rejected before they are decoded.
        window: How the values of DICOM become grey: ``"dicom"``, as the file says (its table or window, else
            its full range, or its own if it has more than 8 bits); ``[centre, width]`` in the units of the modality,
            such as Hounsfield units; or ``"percentile"``, from the 1st percentile of the frame to the 99th.
        frame: Number of the frame that is used of DICOM with several, or of the slice of NIfTI, from 1; 0 if there is
            one.
        axis: Which slices of NIfTI are counted: ``axial`` from foot to head, ``coronal`` from back to front, or
            ``sagittal`` from left to right.
        border: Fraction cropped from each side, before resizing.
        filter: Denoising filter: ``median`` of 3 x 3 pixels, or ``gaussian`` with a sigma of 1 pixel.
        contrast: Contrast enhancement: ``equalise`` the histogram, or ``clahe``, which does so in tiles.
        normalise: Intensity normalisation of each image: ``minmax``, darkest 0 and brightest 255; ``zscore``, mean 128
            and standard deviation 40 grey values, clipped to 0 and 255; ``none``. An augmented training image is
            normalised once more.
        augment: Random augmentation of training images, drawn again in each epoch.
        flip_test: Test-time augmentation: average the predictions of the image and of its left-right mirror image.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    size: tuple[Side, Side] = Field((150, 150), strict=False)
    channels: Literal[1, 3] = 1
    max_pixels: int = Field(100_000_000, ge=1)
    window: Window = "dicom"
    frame: int = Field(0, ge=0)
    axis: Axis = "axial"
    border: float = Field(0.0, ge=0, le=0.45)
    filter: Literal["none", "median", "gaussian"] = "none"
    contrast: Literal["none", "equalise", "clahe"] = "none"
    normalise: Normalise = "none"
    augment: Augmentation = UNCHANGED
    flip_test: bool = False
