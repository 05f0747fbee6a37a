"""Settings of the way from bytes to pixels."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from seimbang.imaging.augment import UNCHANGED, Augmentation

Normalise = Literal["none", "minmax", "zscore"]
Side = Annotated[int, Field(ge=1, le=4096)]


class ImageSettings(BaseModel):
    """The ``[image]`` table of a study.

    Attributes:
        size: Height and width in pixels.
        channels: 1 for greyscale, 3 for colour.
        max_pixels: Images with more are refused before they are decoded.
        border: Fraction to crop off each side, before resizing.
        filter: How noise is taken out: ``median`` of 3 x 3 pixels, or ``gaussian`` of 1 pixel.
        contrast: How grey values are spread: ``equalise`` the histogram, or ``clahe``, which does so in tiles.
        normalise: How each image is brought to a common scale: ``minmax``, darkest 0 and brightest 255; ``zscore``,
            mean 128 and 40 grey values a standard deviation, cut off at 0 and 255; ``none``, as it is. A training image
            that was changed at random is brought there once more.
        augment: How training images are changed at random, anew in each epoch.
        flip_test: Predict from the image and from its mirror image, left for right, and take the mean.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    size: tuple[Side, Side] = Field((150, 150), strict=False)
    channels: Literal[1, 3] = 1
    max_pixels: int = Field(100_000_000, ge=1)
    border: float = Field(0.0, ge=0, le=0.45)
    filter: Literal["none", "median", "gaussian"] = "none"
    contrast: Literal["none", "equalise", "clahe"] = "none"
    normalise: Normalise = "none"
    augment: Augmentation = UNCHANGED
    flip_test: bool = False

    @model_serializer(mode="wrap")
    def _without_steps_off(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # what was made before there were such steps keeps its cache entry, its hash and its trained arms
        off = {"border": 0.0, "filter": "none", "contrast": "none", "normalise": "none", "flip_test": False}
        return {key: value for key, value in dump(self).items() if key not in off or value != off[key]}
