"""What a file says of its picture before any pixel is decoded: size, format, bit depth, compression, EXIF."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pandas as pd
from PIL import Image

from seimbang.imaging.store import Store
from seimbang.threads import cores

DEPTHS = {"1": 1, "I;16": 16, "I;16B": 16, "I": 32, "F": 32}
"""Bits of a channel by Pillow's mode; 8 in all others."""

COLUMNS = (
    "width",
    "height",
    "format",
    "mode",
    "bits",
    "quantisation",
    "progressive",
    "EXIF",
    "colour profile",
    "resolution",
)
"""What does not depend on what the picture shows."""

BYTES = "bytes per pixel"
"""How far the picture could be compressed: this depends on how it was saved, and on what it shows."""


def read_headers(store: Store, paths: Sequence[str]) -> pd.DataFrame:
    """Return one row a file, ``COLUMNS`` and ``BYTES``, as numbers or texts; gaps where it has no known header.

    Args:
        store: Where the files are.
        paths: Their paths in it; only their first bytes are read.
    """
    with ThreadPoolExecutor(cores()) as pool:
        rows = list(pool.map(partial(_header, store), paths))
    return pd.DataFrame(rows, columns=[*COLUMNS, BYTES])


def _header(store: Store, path: str) -> dict[str, object]:
    try:
        size = store.size(path)
        with store.open(path) as file, Image.open(file) as image:
            tables: dict[int, list[int]] = getattr(image, "quantization", None) or {}
            coefficients = [value for table in tables.values() for value in table]
            return {
                "width": image.width,
                "height": image.height,
                "format": image.format,
                "mode": image.mode,
                "bits": DEPTHS.get(image.mode, 8),
                "quantisation": sum(coefficients) / max(len(coefficients), 1),
                "progressive": bool(image.info.get("progressive") or image.info.get("interlace")),
                "EXIF": "exif" in image.info,
                "colour profile": "icc_profile" in image.info,
                "resolution": float(image.info.get("dpi", (0, 0))[0]),
                BYTES: size / (image.width * image.height),
            }
    except Exception:  # a header that Pillow cannot read has nothing to say; the decoder reports what is damaged
        return {}
