"""Where cases come from. A new source is a file in this folder, with its settings, and a line in ``SOURCES``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from seimbang.datasets.base import Dataset, SourceSettings
from seimbang.datasets.csv import Csv, ExcelManifest
from seimbang.datasets.csv_table import CsvTable
from seimbang.datasets.dicom import Dicom
from seimbang.datasets.excel import Excel
from seimbang.datasets.findings import Labelled
from seimbang.datasets.folder import Folder
from seimbang.datasets.labels import kind_of
from seimbang.datasets.npz import Npz
from seimbang.datasets.phantom import Phantom
from seimbang.datasets.sklearn import Sklearn
from seimbang.errors import StudyError
from seimbang.imaging.base import ImageSettings
from seimbang.settings import build, choose, invalid, nearest

SOURCES: dict[str, type[SourceSettings]] = {
    "folder": Folder,
    "csv": Csv,
    "csv with features": CsvTable,
    "dicom": Dicom,
    "npz": Npz,
    "phantom": Phantom,
    "excel": Excel,
    "excel with images": ExcelManifest,
    "sklearn": Sklearn,
}


def make(values: Mapping[str, Any], where: str = "data") -> SourceSettings:
    """Return the settings that ``values`` describe, such as ``{"source": "npz", "path": "chest.npz"}``.

    Raises:
        StudyError: STUDY_INVALID: unknown source, unknown keys, keys of another source or values out of range, all of
            them named.
    """
    name = _source(values, where)
    kind, wrong = SOURCES[name], []
    own: dict[str, Any] = {}
    for key, value in values.items():
        others = [other for other, settings in SOURCES.items() if key in settings.model_fields]
        if key in kind.model_fields or not others:
            own[key] = value
        else:
            known = ", ".join(kind.model_fields)
            wrong.append(f"{where}.{key} is a key of {', '.join(others)}, not of {name} (known: {known})")
    if isinstance(own.get("group"), Mapping):
        try:
            own["group"] = choose(groups(kind), "from", own["group"], f"{where}.group")
        except StudyError as error:
            wrong.append(error.found)
            del own["group"]
    if issubclass(kind, Labelled) and isinstance(own.get("label"), Mapping):
        try:
            own["label"] = build(kind_of(own["label"]), own["label"], f"{where}.label")
        except StudyError as error:
            wrong.append(error.found)
            del own["label"]
    try:
        settings = build(kind, own, where)
    except StudyError as error:
        wrong.append(error.found)
    if wrong:
        raise invalid(wrong)
    return settings


def _source(values: Mapping[str, Any], where: str) -> str:
    """Return which of ``SOURCES`` the values are for.

    A CSV is a table as soon as they say what the models see, a workbook lists images as soon as they say where.
    """
    names = [name for kind in SOURCES.values() for name in get_args(kind.model_fields["source"].annotation)]
    source = values.get("source", "folder")
    if source not in names:
        known = ", ".join(dict.fromkeys(names))
        raise invalid([f"{where}.source = {source!r} is not known{nearest(source, names)} (known: {known})"])
    if source == "csv" and not {"features", "categories"}.isdisjoint(values):
        return "csv with features"
    return "excel with images" if source == "excel" and "image_column" in values else str(source).partition(":")[0]


def groups(kind: type[SourceSettings]) -> dict[str, type[BaseModel]]:
    """Return the ways of naming the patient that a source knows, by their value of ``from``."""
    ways = get_args(kind.model_fields["group"].annotation)
    return {way.model_fields["origin"].default: way for way in ways if way is not type(None)}


def load(settings: SourceSettings, image: ImageSettings, root: Path, classes: tuple[str, ...] | None = None) -> Dataset:
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
    return settings.load(image, root, classes)
