"""Images in folders: ``part/class/files`` or ``class/files``; below a class, folders may go deeper."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NoReturn

import pandas as pd

from seimbang.datasets.base import Dataset, FileNote, SourceSettings
from seimbang.datasets.groups import ByFolder, ByName
from seimbang.datasets.images import Scan, check_renames, from_files, left_out, missing, renamed
from seimbang.datasets.layout import File, Layout, lay_out
from seimbang.datasets.names import part_of
from seimbang.datasets.slices import by_case, one_row_each
from seimbang.errors import DataError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.store import Store, open_store

ARCHIVE = ".zip"
ALIKE = {
    "jpg": "JPEG",
    "jpeg": "JPEG",
    "jpe": "JPEG",
    "jfif": "JPEG",
    "tif": "TIFF",
    "webp": "WebP",
    "": "without an ending",
}


class Folder(SourceSettings):
    """Files in class folders.

    Folders named train, validation or test, in any of their spellings in English and Indonesian (val, dev, latih,
    validasi, uji, ...), that hold folders are parts; the next folder is the class. Every file that is not used is named
    with its reason: masks, hidden files, files that are no images, links that lead elsewhere.

    Attributes:
        path: The folder, or a zip archive of it, below ``--data``, ``$SEIMBANG_DATA`` or ``./data``.
        group: Where the patient of each file is written, so that no patient is in two parts.
        frames: Whether each frame of DICOM, or slice of NIfTI, is a case of one patient; else ``image.frame`` names the
            one that is used.
    """

    source: Literal["folder"] = "folder"
    path: str = ""
    group: ByName | ByFolder | None = None
    frames: bool = False

    def load(self, image: ImageSettings, root: Path, classes: tuple[str, ...] | None = None) -> Dataset:
        """Read the folder.

        Raises:
            DataError: ``DATA_MISSING``, ``DATA_NOT_FOLDER``, ``DATA_ZIP``, ``DATA_EMPTY``, ``DATA_LAYOUT``,
                ``DATA_NAME``, ``DATA_GROUP_PATTERN``, ``DATA_GROUP_LEVEL`` and what `from_files` raises.
        """
        base = root / self.path
        layout = lay_out(open_base(base), base.name, classes)
        check_renames(self, [*(file.folder for file in layout.files), *(note.label for note in layout.left)])
        chosen, asked = self._chosen(layout.files)
        if not chosen:
            refuse_empty(base, layout, bool(asked))
        paths = [file.path for file in chosen]
        rows = pd.DataFrame({"case_id": paths, "path": paths, "label": [renamed(self, file.folder) for file in chosen]})
        rows["split"] = [part_of(file.part) for file in chosen]
        rows["group"] = self.group.patients(paths) if self.group else ""
        facts = {"source": f"image folder {base.name}", "format": _formats(paths)}
        left = [*(_relabelled(self, note) for note in layout.left), *asked]
        scan = None
        if self.frames:
            store = open_base(base)
            rows, numbers = one_row_each(rows, store, image)
            scan = Scan(by_case(store, rows), numbers)
            rows = rows.assign(path=rows.case_id)
        return from_files(rows, base, self.with_facts(facts), image, classes, left, scan=scan)

    def _chosen(self, files: list[File]) -> tuple[list[File], list[FileNote]]:
        """Return the images that the study uses, and those that it says it does not."""
        chosen, asked = [], []
        for file in files:
            label = renamed(self, file.folder)
            if left_out(self, part_of(file.part), file.part, file.folder, label):
                asked.append(FileNote(file.path, label, "FILE_ASKED", "left out by data.leave_out"))
            else:
                chosen.append(file)
        return chosen, asked


def _relabelled(settings: SourceSettings, note: FileNote) -> FileNote:
    """Return the note with the name that its class has by the study."""
    return FileNote(note.path, renamed(settings, note.label) if note.label else "", note.code, note.message)


def open_base(base: Path) -> Store:
    """Return the files of a folder or zip archive.

    Raises:
        DataError: ``DATA_MISSING``, ``DATA_NOT_FOLDER`` or ``DATA_ZIP``.
    """
    if not base.exists():
        missing(base)
    if not base.is_dir() and base.suffix.lower() != ARCHIVE:
        fix = 'set data.source to "csv" or "npz", maybe'
        raise DataError("DATA_NOT_FOLDER", f"the file {base}", "a folder, or a .zip of one", fix)
    return open_store(base)


def refuse_empty(base: Path, layout: Layout, asked: bool) -> NoReturn:
    """Raise ``DATA_EMPTY``, with what there is instead."""
    kinds = Counter(Path(note.path).suffix.lower() or "no extension" for note in layout.left)
    listing = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(4)) or "no files at all"
    reasons = ", ".join(f"{count} {code}" for code, count in Counter(note.code for note in layout.left).items())
    found = f"{base} with {listing}{f' ({reasons})' if reasons else ''}"
    unread = next((note.message for note in layout.left if note.code == "IMG_FORMAT"), "")
    fix = unread or "check data.path; docs/errors.md says what the reasons are"
    fix = "correct data.leave_out" if asked else fix
    raise DataError("DATA_EMPTY", found, "images in class folders", fix)


def _formats(paths: Iterable[str]) -> str:
    endings = [Path(path).suffix.lower().lstrip(".") for path in paths]
    kinds = Counter(ALIKE.get(ending, ending.upper()) for ending in endings)
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
