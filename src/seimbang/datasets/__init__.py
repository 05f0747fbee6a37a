"""Where cases come from. A new source is a module with ``load`` and one line in ``SOURCES``."""

from collections.abc import Callable
from pathlib import Path

from seimbang.datasets import csv, folder, npz, phantom, sklearn, table
from seimbang.datasets.base import Dataset, DataSettings
from seimbang.imaging.base import ImageSettings

Source = Callable[[DataSettings, ImageSettings, Path, tuple[str, ...] | None], Dataset]

SOURCES: dict[str, Source] = {
    "folder": folder.load,
    "csv": csv.load,
    "npz": npz.load,
    "phantom": phantom.load,
    "excel": table.load,
    "sklearn": sklearn.load,
}


def load(settings: DataSettings, image: ImageSettings, root: Path, classes: tuple[str, ...] | None = None) -> Dataset:
    """Return the data set that a ``[data]`` table describes.

    Args:
        settings: The ``[data]`` table, or an ``[[external]]`` one.
        image: The ``[image]`` table.
        root: Folder that ``settings.path`` is relative to.
        classes: For an external set: the internal set's classes, so that labels map onto the same columns; classes
            may lack cases there, but there may be no others (``DATA_UNKNOWN_CLASS``).

    Raises:
        DataError: The data cannot be used; the message says what was found and how to fix it.
        ResourceError: The cache cannot be written.
    """
    return SOURCES[settings.source.partition(":")[0]](settings, image, root, classes)
