"""Images in folders: ``split/class/files`` or ``class/files``; below a class, folders may go deeper."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from seimbang.datasets.base import Dataset, DataSettings
from seimbang.datasets.images import SPLITS, check_renames, from_files, left_out, missing
from seimbang.errors import DataError
from seimbang.imaging.base import ImageSettings

EXTENSIONS = (".png", ".jpg", ".jpeg")


def load(settings: DataSettings, image: ImageSettings, root: Path, classes: tuple[str, ...] | None = None) -> Dataset:
    """Read an image folder.

    Folders named train, training, val, valid, validation, test or testing (any case) that hold folders are parts; the
    next folder is the class. Names that start with ``.`` or ``__`` and files of other types are ignored.

    Args:
        settings: The ``[data]`` table; ``leave_out`` names classes (folder or new name) or parts.
        image: The ``[image]`` table.
        root: Folder that ``settings.path`` is relative to.
        classes: Classes of the internal set when this is an external one.

    Raises:
        DataError: ``DATA_MISSING``, ``DATA_NOT_FOLDER``, ``DATA_EMPTY``, ``DATA_LAYOUT``, ``DATA_NAME`` and what
            `from_files` raises.
    """
    base = root / settings.path
    if not base.exists():
        missing(base)
    if not base.is_dir():
        raise DataError("DATA_NOT_FOLDER", f"the file {base}", "a folder", 'set data.source to "csv" or "npz", maybe')
    found = list(_cases(base))
    _check_layout(base, found)
    check_renames(settings, (name for _, name, _ in found))
    images = [case for case in found if case[2].lower().endswith(EXTENSIONS)]
    rows = []
    for part, folder, path in images:
        label, split = settings.classes.get(folder, folder), SPLITS.get(part.lower(), "")
        if not left_out(settings, split, part, folder, label):
            rows.append((path, path, label, split))
    if not rows:
        _refuse_empty(base, found)
    frame = pd.DataFrame(rows, columns=["case_id", "path", "label", "split"])
    kinds = Counter(Path(path).suffix.lower().lstrip(".").replace("jpg", "jpeg").upper() for path, *_ in rows)
    facts = {
        "source": f"image folder {base.name}",
        "format": ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())),
        "files_ignored": str(len(found) - len(images)),
    }
    return from_files(frame, base, settings.model_copy(update={"facts": facts | settings.facts}), image, classes)


def _cases(base: Path) -> Iterator[tuple[str, str, str]]:
    """Yield part (``""`` without parts), class folder and POSIX path of every file; ``""`` as class outside of any."""
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


def _check_layout(base: Path, found: list[tuple[str, str, str]]) -> None:
    images = [case for case in found if case[2].lower().endswith(EXTENSIONS)]
    loose = [path for _, folder, path in images if not folder]
    if loose:
        found_text, fix = f"images such as {loose[0]} in no class folder", "sort them in folders, or move them away"
        raise DataError("DATA_LAYOUT", found_text, "one folder a class", fix)
    stray = sorted({folder for part, folder, _ in images if folder and not part})
    if stray and any(part for part, _, _ in images):
        found_text = f"class folder {stray[0]!r} beside folders of parts (train, test, ...) in {base}"
        fix = "point data.path at the folder that holds either the parts or the classes"
        raise DataError("DATA_LAYOUT", found_text, "parts or classes, not both", fix)


def _refuse_empty(base: Path, found: list[tuple[str, str, str]]) -> None:
    kinds = Counter(Path(path).suffix.lower() or "no extension" for *_, path in found)
    listing = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(4)) or "no files at all"
    fix = "check data.path and data.leave_out"
    raise DataError("DATA_EMPTY", f"{base} with {listing}", "PNG or JPEG files in class folders", fix)
