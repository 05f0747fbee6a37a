"""Settings of the way from bytes to pixels."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from seimbang.imaging.augment import UNCHANGED, Augmentation

Side = Annotated[int, Field(ge=1, le=4096)]


class ImageSettings(BaseModel):
    """The ``[image]`` table of a study.

    Attributes:
        size: Height and width in pixels.
        channels: 1 for greyscale, 3 for colour.
        max_pixels: Images with more are refused before they are decoded.
        augment: How training images are changed at random, anew in each epoch.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    size: tuple[Side, Side] = Field((150, 150), strict=False)
    channels: Literal[1, 3] = 1
    max_pixels: int = Field(100_000_000, ge=1)
    augment: Augmentation = UNCHANGED
