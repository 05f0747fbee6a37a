"""From a path to the ``[data]`` table of a first study file: nothing that can be guessed is refused."""

import shlex
import zipfile
from collections.abc import Callable
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from seimbang.datasets.intake import arrays, dicoms, folders, manifests, tables
from seimbang.datasets.intake.base import Hints, Understanding
from seimbang.datasets.intake.folders import tables_in
from seimbang.datasets.sheets import TABLES
from seimbang.errors import DataError
from seimbang.imaging.formats import image_format
from seimbang.imaging.other_formats import ADVICE, by_ending, other_format
from seimbang.imaging.store import open_store

Reader = Callable[[Path, Hints], Understanding]
NO_CLASSES = ("DATA_ONE_CLASS", "DATA_LAYOUT")
"""How images are refused that are not in class folders."""


def _images(path: Path, hints: Hints) -> Understanding:
    """Return what a folder or archive holds: DICOM, images in class folders, else a table in it that lists them."""
    if dicoms.holds_dicom(path):
        return dicoms.understand(path, hints)
    try:
        return folders.understand(path, hints)
    except DataError as error:
        if error.code not in NO_CLASSES:
            raise
        _refuse_packed(path)
        tables = list(filter(_lists_images, tables_in(path)))
        if not tables:
            raise
    understood = manifests.understand(tables[0], hints)
    inner = tables[0].relative_to(path).as_posix()
    said = [f"The images are not in class folders: {inner} lists them."]
    said += [f"{table.relative_to(path).as_posix()} lists images too and is not used." for table in tables[1:]]
    data = {**understood.data, "path": f"{path.name}/{inner}"}
    return replace(understood, data=data, understood=(*said, *understood.understood))


def _refuse_packed(path: Path) -> None:
    """Raise ``DATA_LAYOUT`` for an archive with a table, which is read only where it is unpacked."""
    names = [entry.path for entry in open_store(path).entries()] if path.is_file() else []
    tables = [name for name in names if Path(name).suffix.lower() in TABLES]
    if tables:
        found = f"{path.name}, whose images are not in class folders, and the table {tables[0]} in it"
        fix = shlex.join(["unzip", path.name, "-d", path.stem]) + "; " + shlex.join(["seimbang", "init", path.stem])
        raise DataError("DATA_LAYOUT", found, "class folders in an archive, or a list of images that is unpacked", fix)


def _lists_images(table: Path) -> bool:
    try:
        return manifests.lists_images(table)
    except DataError:  # it is no table, whatever its name
        return False


READERS: dict[str, Reader] = {
    "arrays": arrays.understand,
    "images": _images,
    "manifest": manifests.understand,
    "table": tables.understand,
}
EXPECTED = "a folder or a .zip of images, a .csv, .tsv or .xlsx table or list of images, or a .npz or .npy of arrays"
SUFFIXES = {".npz": "arrays", ".npy": "arrays", ".zip": "images", ".xlsx": "sheet", ".xlsm": "sheet"}
TEXTS = (".csv", ".tsv", ".tab", ".txt", ".dat")
STARTS = {b"PK\x03\x04": "zip", b"\x93NUMPY": "arrays"}


def understand(path: Path, hints: Hints | None = None) -> Understanding:
    """Say what data are, as well as can be told from them, and what is not sure.

    Args:
        path: A folder, or a file of any kind that is known by its name or its content.
        hints: What the user says of them.

    Raises:
        DataError: ``DATA_MISSING``; ``DATA_FORMAT``: nothing that cases could be read from; and what the reader of
            that kind of data raises.
    """
    path = path.resolve()
    if not path.exists():
        raise _missing(path)
    hints, kind = hints or Hints(), kind_of(path)
    return READERS["manifest" if kind == "table" and hints.path else kind](path, hints)


def _missing(path: Path) -> DataError:
    near = next(parent for parent in path.parents if parent.is_dir())
    inside = sorted(entry.name for entry in near.iterdir() if not entry.name.startswith("."))
    found = f"no {path.name} in {near}, which holds {', '.join(inside[:8]) or 'nothing'}"
    alike = get_close_matches(path.name, inside, 1, 0.5)
    fix = f"did you mean: seimbang init {near / alike[0]}" if alike else "correct the path"
    return DataError("DATA_MISSING", found, EXPECTED, fix)


def kind_of(path: Path) -> str:
    """Return which of ``READERS`` reads a path.

    Raises:
        DataError: ``DATA_FORMAT``.
    """
    if path.is_dir():
        return "images"
    if path.exists() and not path.is_file():
        fix = "save what it holds in a file"
        raise DataError("DATA_FORMAT", f"a pipe, device or socket, {path}", EXPECTED, fix)
    suffix = path.suffix.lower()
    kind = SUFFIXES.get(suffix, "text" if suffix in TEXTS else "") or _by_content(path)
    if kind in ("text", "sheet"):
        return "manifest" if manifests.lists_images(path) else "table"
    return kind


def _by_content(path: Path) -> str:
    """Return the kind of a file whose name does not tell."""
    with path.open("rb") as file:
        start = file.read(4096)
    if image := image_format(start):
        found, fix = f"one {image} image, {path.name}", f"give the folder that holds it: seimbang init {path.parent}"
        raise DataError("DATA_FORMAT", found, EXPECTED, fix)
    if path.suffix.lower() == ".toml":
        found, fix = f"a study file, {path.name}", f"it needs no init: seimbang check {path.name}"
        raise DataError("DATA_FORMAT", found, EXPECTED, fix)
    kind = next((kind for signature, kind in STARTS.items() if start.startswith(signature)), "")
    if kind == "zip":
        return _in_zip(path)
    if kind:
        return kind
    if other := other_format(start) or by_ending(path.name):
        fix = ADVICE.get(other, "export it as one of these")
        raise DataError("DATA_FORMAT", f"{other} content in {path.name}", EXPECTED, fix)
    if start and b"\0" not in start and b"\n" in start and path.suffix.lower() in ("", *TEXTS):
        return "text"
    raise DataError("DATA_FORMAT", f"the file {path.name}", EXPECTED, "export or unpack it as one of these")


def _in_zip(path: Path) -> str:
    """Return what a zip file without the usual ending is."""
    try:
        with zipfile.ZipFile(path) as file:
            names = file.namelist()
    except zipfile.BadZipFile as error:
        raise DataError("DATA_FORMAT", f"{path.name}, a damaged zip", EXPECTED, "copy it again") from error
    if "[Content_Types].xml" in names:
        return "sheet"
    return "arrays" if names and all(name.endswith(".npy") for name in names) else "images"
