"""A data set whose cases without a known patient carry pseudo-patients, and pictures of these."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from seimbang.datasets.base import Dataset
from seimbang.errors import DataError
from seimbang.imaging.pseudo_patients import FACT, PREFIX, PseudoPatients, find_pseudo_patients
from seimbang.imaging.similarity import Rows


def pseudo_patients(dataset: Dataset, images: Dataset | None = None) -> PseudoPatients | None:
    """Return groups of images that may be one patient each, or None where every patient is known.

    Args:
        dataset: The cases.
        images: The same cases, prepared as their similarity is to be judged; None for ``dataset`` itself.

    Raises:
        DataError: PSEUDO_TABLE: the data set is a table; its rows have neither similarity nor order.
    """
    if dataset.kind != "image":
        expected, fix = "images", 'set split.group to "known" or "none"'
        raise DataError("PSEUDO_TABLE", f"the table {dataset.name} and patients to be guessed", expected, fix)
    frame = dataset.cases.frame
    return find_pseudo_patients((images or dataset).X, frame) if (frame.group == "").any() else None


def with_pseudo_patients(dataset: Dataset, images: Dataset | None = None) -> Dataset:
    """Return the data set with pseudo-patients as groups; known patients stay, and ``facts`` tell what was done.

    Args:
        dataset: The cases.
        images: As in `pseudo_patients`.

    Raises:
        DataError: PSEUDO_TABLE: the data set is a table.
    """
    pseudo = pseudo_patients(dataset, images)
    if pseudo is None:
        return dataset
    group = dataset.cases.frame.group.to_numpy(copy=True)
    group[pseudo.rows] = pseudo.names
    cases = replace(dataset.cases, frame=dataset.cases.frame.assign(group=group))
    return replace(dataset, cases=cases, facts=dataset.facts | {FACT: pseudo.sentence})


def strip(dataset: Dataset, groups: int = 5, shown: int = 8, side: int = 96) -> npt.NDArray[np.uint8]:
    """Draw some pseudo-patients for a reader to judge: one row each, slices evenly spaced along it.

    Args:
        dataset: What `with_pseudo_patients` returned.
        groups: Number of groups: the largest, and others evenly spaced by size.
        shown: Images of each.
        side: Height and width of one image in pixels.

    Returns:
        ``uint8[groups * side, shown * side, c]``; black where a group has fewer images. No rows where no group has two.
    """
    chosen = _some([rows for rows in _by_size(dataset) if len(rows) > 1], groups)
    picture = np.zeros((len(chosen), side, shown, side, dataset.X.shape[-1]), np.uint8)
    for line, rows in zip(picture, chosen, strict=True):
        for place, row in enumerate(_some(list(rows), shown)):
            line[:, place] = _resized(dataset.X[row], side)
    return picture.reshape(len(chosen) * side, shown * side, dataset.X.shape[-1])


def _by_size(dataset: Dataset) -> list[Rows]:
    """Return the rows of each pseudo-patient, the largest first, in the order of the files' numbers."""
    frame = dataset.cases.frame
    frame = frame[frame.group.str.startswith(PREFIX)]
    frame = frame.iloc[np.lexsort((frame.path, frame.path.str.len()))]
    groups = [index.to_numpy() for index in frame.groupby("group").groups.values()]
    return sorted(groups, key=len, reverse=True)


def _some(items: list[Any], number: int) -> list[Any]:
    """Return at most ``number`` items, evenly spaced from the first to the last."""
    return [items[k] for k in np.linspace(0, len(items) - 1, min(number, len(items))).round().astype(int)]


def _resized(pixels: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    image = Image.fromarray(pixels.squeeze(axis=-1) if pixels.shape[-1] == 1 else pixels)
    return np.asarray(image.resize((side, side), reducing_gap=2)).reshape(side, side, -1)
