"""Images in folders: ``split/class/files`` or ``class/files``; below a class, folders may go deeper."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, NoReturn

import pandas as pd

from seimbang.datasets.base import Dataset, SourceSettings
from seimbang.datasets.groups import ByFolder, ByName
from seimbang.datasets.images import SPLITS, check_renames, from_files, left_out, missing
from seimbang.errors import DataError
from seimbang.imaging.base import ImageSettings

EXTENSIONS = (".png", ".jpg", ".jpeg")
File = tuple[str, str, str]
"""Part (``""`` without parts), class folder (``""`` outside of any) and POSIX path below the data folder."""


class Folder(SourceSettings):
    """Files in class folders.

    Folders named train, training, val, valid, validation, dev, test or testing (any case) that hold folders are parts;
    the next folder is the class. Names that start with ``.`` or ``__`` and files of other types are ignored.

    Attributes:
        path: The folder, below ``--data``, ``$SEIMBANG_DATA`` or ``./data``.
        group: Where the patient of each file is written, so that no patient is in two parts.
    """

    source: Literal["folder"] = "folder"
    path: str = ""
    group: ByName | ByFolder | None = None

    def load(self, image: ImageSettings, root: Path, classes: tuple[str, ...] | None = None) -> Dataset:
        """Read the folder.

        Raises:
            DataError: ``DATA_MISSING``, ``DATA_NOT_FOLDER``, ``DATA_EMPTY``, ``DATA_LAYOUT``, ``DATA_NAME``,
                ``DATA_GROUP_PATTERN``, ``DATA_GROUP_LEVEL`` and what `from_files` raises.
        """
        base = root / self.path
        if not base.exists():
            missing(base)
        if not base.is_dir():
            fix = 'set data.source to "csv" or "npz", maybe'
            raise DataError("DATA_NOT_FOLDER", f"the file {base}", "a folder", fix)
        files = list(_files_of_classes(base))
        _check_layout(base, files)
        check_renames(self, (name for _, name, _ in files))
        rows = self._rows(files)
        if rows.empty:
            _refuse_empty(base, files)
        facts = {
            "source": f"image folder {base.name}",
            "format": _formats(rows.path),
            "files_ignored": str(sum(not is_image(path) for *_, path in files)),
        }
        return from_files(rows, base, self.with_facts(facts), image, classes)

    def _rows(self, files: list[File]) -> pd.DataFrame:
        rows = []
        for part, folder, path in files:
            label, split = self.classes.get(folder, folder), SPLITS.get(part.lower(), "")
            if is_image(path) and not left_out(self, split, part, folder, label):
                rows.append((path, path, label, split))
        frame = pd.DataFrame(rows, columns=["case_id", "path", "label", "split"])
        return frame.assign(group=self.group.patients(frame.path.tolist()) if self.group else "")


def is_image(path: str) -> bool:
    """Return whether a file's name ends as that of an image that can be decoded."""
    return path.lower().endswith(EXTENSIONS)


def _formats(paths: Iterable[str]) -> str:
    kinds = Counter(Path(path).suffix.lower().lstrip(".").replace("jpg", "jpeg").upper() for path in paths)
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))


def _files_of_classes(base: Path) -> Iterator[File]:
    """Yield every file below ``base``, in the order of the names."""
    for top in _entries(base):
        if not top.is_dir():
            yield "", "", top.name
            continue
        inside = _entries(Path(top.path))
        if top.name.lower() not in SPLITS or not any(entry.is_dir() for entry in inside):
            yield from (("", top.name, path) for path in _files(base, top.path))
            continue
        for entry in inside:
            if entry.is_dir():
                yield from ((top.name, entry.name, path) for path in _files(base, entry.path))
            else:
                yield top.name, "", f"{top.name}/{entry.name}"


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        entries = [entry for entry in os.scandir(folder) if not entry.name.startswith((".", "__"))]
    except OSError as error:
        found = f"{folder} cannot be read ({error.strerror})"
        raise DataError("DATA_MISSING", found, "a readable folder", "check its permissions") from error
    for entry in entries:
        if not entry.name.isprintable():
            expected, fix = "names in UTF-8 without control characters", "rename it"
            raise DataError("DATA_NAME", f"the name {entry.name!a} in {folder!a}", expected, fix)
    return sorted(entries, key=lambda entry: entry.name)


def _files(base: Path, folder: str) -> Iterator[str]:
    for entry in _entries(Path(folder)):
        if entry.is_dir() and entry.is_symlink():
            continue  # below a class, a link to a folder may lead back up
        if entry.is_dir():
            yield from _files(base, entry.path)
        else:
            yield Path(entry.path).relative_to(base).as_posix()


def _check_layout(base: Path, files: list[File]) -> None:
    images = [file for file in files if is_image(file[2])]
    loose = [path for _, folder, path in images if not folder]
    if loose:
        found, fix = f"images such as {loose[0]} in no class folder", "sort them in folders, or move them away"
        raise DataError("DATA_LAYOUT", found, "one folder a class", fix)
    stray = sorted({folder for part, folder, _ in images if folder and not part})
    if stray and any(part for part, _, _ in images):
        found = f"class folder {stray[0]!r} beside folders of parts (train, test, ...) in {base}"
        fix = "point data.path at the folder that holds either the parts or the classes"
        raise DataError("DATA_LAYOUT", found, "parts or classes, not both", fix)


def _refuse_empty(base: Path, files: list[File]) -> NoReturn:
    kinds = Counter(Path(path).suffix.lower() or "no extension" for *_, path in files)
    listing = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(4)) or "no files at all"
    fix = "check data.path and data.leave_out"
    raise DataError("DATA_EMPTY", f"{base} with {listing}", "PNG or JPEG files in class folders", fix)
