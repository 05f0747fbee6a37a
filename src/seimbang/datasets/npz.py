"""Arrays in one file as MedMNIST has them: ``train_images``, ``train_labels``, ``val_...``, ``test_...``."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import PIL
from PIL import Image

from seimbang.datasets.base import CaseTable, Dataset, SourceSettings
from seimbang.datasets.images import check_renames, left_out, missing
from seimbang.datasets.names import SPLITS
from seimbang.errors import DataError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.cache import stored
from seimbang.imaging.decode import VERSION, Pixels, to_pixels

Parts = dict[str, tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]]


class Npz(SourceSettings):
    """A MedMNIST-style file; images are resized to the study's size.

    Labels are numbers; the ``classes`` table gives them names, as in ``classes = { "0" = "normal" }``.

    Attributes:
        path: The file, below ``--data``, ``$SEIMBANG_DATA`` or ``./data``.
    """

    source: Literal["npz"] = "npz"
    path: str = ""

    def load(self, image: ImageSettings, root: Path, classes: tuple[str, ...] | None = None) -> Dataset:
        """Read the arrays.

        Raises:
            DataError: ``DATA_MISSING``, ``DATA_NPZ``, ``DATA_EMPTY`` and what `CaseTable.build` raises.
            ResourceError: The cache cannot be written.
        """
        path = root / self.path
        if not path.is_file():
            missing(path)
        arrays = _read(path)
        rows = self._rows(arrays)

        def pixels() -> Iterator[Pixels]:
            for part, k in zip(rows.part, rows.k, strict=True):
                yield to_pixels(Image.fromarray(arrays[part][0][k]), image)

        cases = CaseTable.build(rows, path.parent, self.positive, classes)
        X, _ = stored(["npz", VERSION, PIL.__version__, *rows.case_id, *rows.digest], image, pixels)
        facts = {"source": f"arrays in {path.name}", "format": "NumPy arrays (npz)"} | self.facts
        return Dataset(cases, X, path.stem, facts=facts)

    def _rows(self, arrays: Parts) -> pd.DataFrame:
        """Return one row an image, sorted by ``case_id``, with its part and position."""
        check_renames(self, (str(label) for _, labels in arrays.values() for label in np.unique(labels)))
        rows = []
        for part, (images, labels) in arrays.items():
            for k, number in enumerate(labels):
                label = self.classes.get(str(number), str(number))
                if not left_out(self, SPLITS[part], str(number), label):
                    rows.append((f"{part}/{k:06d}", label, SPLITS[part], _digest(images[k]), part, k))
        frame = pd.DataFrame(rows, columns=["case_id", "label", "split", "digest", "part", "k"])
        return frame.sort_values("case_id", kind="stable", ignore_index=True)


def _digest(pixels: Pixels) -> str:
    """Return the digest of an image; the same bytes in another shape are another image."""
    return hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()


def _read(path: Path) -> Parts:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except Exception as error:  # numpy and zipfile raise nearly every type there is on damaged files
        raise _refusal(path, f"content that is no plain npz ({error})") from error
    parts = {}
    for name in ("train", "val", "test"):
        if f"{name}_images" in arrays:
            if f"{name}_labels" not in arrays:
                raise _refusal(path, f"{name}_images without {name}_labels")
            parts[name] = _checked(path, name, arrays[f"{name}_images"], arrays[f"{name}_labels"])
    if not parts:
        raise _refusal(path, f"the arrays {', '.join(arrays) or '(none)'}")
    return parts


def _checked(
    path: Path, name: str, images: npt.NDArray[Any], labels: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    colour = images.ndim == 4 and images.shape[3] == 3
    if images.dtype != np.uint8 or not (images.ndim == 3 or colour) or 0 in images.shape[1:]:
        raise _refusal(path, f"{name}_images of {images.dtype}{list(images.shape)}")
    if labels.dtype.kind not in "iu" or labels.shape not in {(len(images),), (len(images), 1)}:
        raise _refusal(path, f"{name}_labels of {labels.dtype}{list(labels.shape)} for {len(images)} images")
    return images, labels.reshape(-1).astype(np.int64)


def _refusal(path: Path, found: str) -> DataError:
    expected = "train_images uint8[n, h, w] or uint8[n, h, w, 3] with train_labels of n integers; same for val, test"
    return DataError("DATA_NPZ", f"{found} in {path.name}", expected, "save the arrays in this form")
