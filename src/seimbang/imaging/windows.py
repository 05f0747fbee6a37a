"""Values of a detector or scanner -> 8 bits: by a window, by the file's own table, or by the spread of the values."""

from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field

Values = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]

Width = Annotated[float, Field(gt=0)]
Window = Literal["dicom", "percentile"] | Annotated[tuple[float, Width], Field(strict=False)]
"""How values become grey: as the file says; by centre and width; or from the 1st to the 99th percentile."""

PERCENTILES = (1, 99)


class Ramp(NamedTuple):
    """A window.

    Attributes:
        centre: In units of the values, as is the width.
        width: Above 0.
        function: ``LINEAR``, ``LINEAR_EXACT`` or ``SIGMOID``, as in DICOM PS3.3 C.11.2.1.
    """

    centre: float
    width: float
    function: str = "LINEAR"

    def apply(self, values: Values) -> Bytes:
        """Return grey values 0 ... 255, as many as there are values."""
        if self.function == "SIGMOID":
            with np.errstate(over="ignore"):
                return to_bytes(1 / (1 + np.exp(-4 * (values - self.centre) / self.width)))
        if self.function == "LINEAR_EXACT":
            return to_bytes((values - self.centre) / self.width + 0.5)
        if self.width <= 1:
            return to_bytes((values > self.centre - 0.5).astype(np.float64))
        return to_bytes((values - (self.centre - 0.5)) / (self.width - 1) + 0.5)


def spread(values: Values, used: npt.NDArray[np.bool_], window: Window) -> tuple[float, float]:
    """Return the values that become black and white: the extremes, or ``PERCENTILES`` if the window says so.

    Args:
        values: Of one frame.
        used: Those that count; all of them where none would.
        window: As the study says.
    """
    counted = values[used] if used.any() else values
    low, high = np.percentile(counted, PERCENTILES) if window == "percentile" else (counted.min(), counted.max())
    return float(low), float(high)


def between(values: Values, low: float, high: float) -> Bytes:
    """Return grey values: 0 up to ``low``, 255 from ``high`` on; all 0 where these are equal."""
    return to_bytes((values - low) / (high - low)) if high > low else np.zeros(values.shape, np.uint8)


def to_bytes(shares: npt.NDArray[Any]) -> Bytes:
    """Return ``255 * shares``, rounded and limited to 0 ... 255."""
    return np.asarray(np.rint(255 * np.clip(shares, 0, 1)), np.uint8)
