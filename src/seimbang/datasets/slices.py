"""Files with several pictures, of which each is a case of one patient: frames of DICOM, slices of NIfTI."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pandas as pd

from seimbang.errors import ImageError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.dicom_facts import read_tags
from seimbang.imaging.dicom_header import MAX_FRAMES
from seimbang.imaging.formats import image_format
from seimbang.imaging.nifti import PACKED, read_volume
from seimbang.imaging.other_formats import HEAD
from seimbang.imaging.store import Renamed, Store
from seimbang.threads import cores


def one_row_each(rows: pd.DataFrame, store: Store, image: ImageSettings) -> tuple[pd.DataFrame, Mapping[str, int]]:
    """Return one row a frame or slice, and the number of each by ``case_id``; 0 for that of a file with one.

    Args:
        rows: ``case_id`` and ``path``, and ``group``: where it is empty, the file is the patient.
        store: Where the files are; of each only the header is read.
        image: Along which axis slices are counted.

    Raises:
        ResourceError: ``EXTRA_MISSING``.
    """
    group = rows.group.where(rows.group != "", rows.path)
    repeated = numbered(rows.assign(group=group, case_id=rows.path), _counts(store, rows.path.tolist(), image))
    return repeated.drop(columns="frame"), dict(zip(repeated.case_id, repeated.frame, strict=True))


def numbered(rows: pd.DataFrame, counts: Sequence[int]) -> pd.DataFrame:
    """Return so many rows for each: ``frame`` counts from 1 and ends the ``case_id``, but of a single one it is 0."""
    repeated = rows.iloc[np.repeat(np.arange(len(rows)), counts)].reset_index(drop=True)
    frames = [k + 1 if count > 1 else 0 for count in counts for k in range(count)]
    pairs = zip(repeated.case_id, frames, strict=True)
    return repeated.assign(case_id=[f"{case}-{k:05d}" if k else case for case, k in pairs], frame=frames)


def by_case(store: Store, rows: pd.DataFrame) -> Renamed:
    """Return the files under the names of the cases that are in them."""
    return Renamed(store, dict(zip(rows.case_id, rows.path, strict=True)))


def _counts(store: Store, paths: Sequence[str], image: ImageSettings) -> list[int]:
    with ThreadPoolExecutor(cores()) as pool:
        return list(pool.map(partial(_count, store, image), paths))


def _count(store: Store, image: ImageSettings, path: str) -> int:
    """Return how many frames or slices a file has; 1 where that cannot be told, which the decoder then says."""
    kind = image_format(store.head(path)[:HEAD])
    try:
        if kind == "NIfTI":
            with store.open(path) as file:
                return read_volume(file.read(PACKED), path).slices(image.axis)
        said = read_tags(store, [path], []).NumberOfFrames[0] if kind == "DICOM" else "1"
        return min(max(int(said), 1), MAX_FRAMES)
    except (ImageError, OSError, ValueError):
        return 1
