"""Folders as people have them: which are parts, which are classes, and which files are no cases."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

from seimbang.datasets.base import FileNote
from seimbang.datasets.masks import masks
from seimbang.datasets.names import class_key, part_of, same_class
from seimbang.datasets.sheets import TABLES
from seimbang.errors import DataError
from seimbang.imaging.formats import image_format
from seimbang.imaging.other_formats import ADVICE, PICTURES, by_ending, other_format
from seimbang.imaging.store import LEADS_AGAIN, LEADS_BACK, LEADS_OUT, NO_FILE, Entry, Store

DICOM, NIFTI = (".dcm", ".dicom"), (".nii", ".nii.gz")
ENDINGS = (
    ".png",
    ".jpg",
    ".jpeg",
    ".jpe",
    ".jfif",
    ".mpo",
    ".tif",
    ".tiff",
    ".bmp",
    ".dib",
    ".webp",
    ".gif",
    *DICOM,
    *NIFTI,
)
_SYSTEM = ("thumbs.db", "ehthumbs.db", "desktop.ini", "picasa.ini")
_TROUBLES = {LEADS_BACK: "FILE_COPY", LEADS_AGAIN: "FILE_COPY", NO_FILE: "FILE_OTHER"}
_UNFINISHED = ("~", ".bak", ".tmp", ".part", ".crdownload")
_GENERIC = re.compile(
    r"(?:^|.*[\W_])(?:data|datasets?|database|images?|imgs?|archive|set|citra|gambar|foto|raw)(?:[\W_\d].*)?", re.I
)
_PATIENT = re.compile(r"(?:p|pat|patient|person|pasien|subject|subj|sub|case|id)?[\s_-]*\d+", re.I)
MAX_OUTSIDE = 0.05
"""A larger share of the images outside of the classes is a mistake in the folder, not a few stray files."""

MAX_CLASSES = 20
"""More folders in the only folder are hardly classes; they may be patients of one."""


class File(NamedTuple):
    """An image.

    Attributes:
        part: The folder of its part; ``""`` without parts.
        folder: Its class folder; ``""`` outside of any.
        path: POSIX, below the root.
        levels: How many folders there are between the class, or the part below it, and the file.
    """

    part: str
    folder: str
    path: str
    levels: int = 0


@dataclass(frozen=True)
class Layout:
    """What is in a folder or archive.

    Attributes:
        files: Images in class folders.
        left: Every other file, and why it is left out.
        inside: The folder that holds the parts or classes; ``""`` for the root itself.
    """

    files: list[File]
    left: list[FileNote]
    inside: str


def lay_out(store: Store, name: str, classes: Collection[str] | None = None) -> Layout:
    """Sort every file below a root into parts and classes, or name it with its reason.

    Args:
        store: The files.
        name: Name of the root.
        classes: Of an external set: names of classes, which are then no folders around classes.

    Raises:
        DataError: ``DATA_LAYOUT``, and what ``store`` raises.
    """
    entries = store.entries()
    notes = {entry.path: note for entry in entries if (note := _no_case(entry, store))}
    images = [entry for entry in entries if entry.path not in notes]
    notes |= _copies(images)
    paths = [entry.path for entry in images if entry.path not in notes]
    notes |= {path: _note(path, "FILE_MASK", "mask of an image") for path in masks(paths)}
    paths = [path for path in paths if path not in notes]
    inside = _inside(paths, name, classes)
    notes |= _copy_inside(paths, inside, name)
    paths = [path for path in paths if path not in notes]
    place = _Places(paths, inside)
    files = [place.of(path) for path in paths]
    notes |= _nested(files)
    files = [file for file in files if file.path not in notes]
    outside = _outside(files, name, [entry.path for entry in entries if _is_table(entry.path)])
    _refuse_links(notes.values(), place)
    notes |= {file.path: _note(file.path, "FILE_OUTSIDE", "an image outside of the class folders") for file in outside}
    files = [file for file in files if file.path not in notes]
    folders = {file.folder for file in files}
    folders |= _unread(notes.values(), place, MAX_OUTSIDE * len(files))
    left = [_of_class(note, place.of(path).folder, folders) for path, note in sorted(notes.items())]
    return Layout(files, left, "/".join(inside))


def _note(path: str, code: str, message: str) -> FileNote:
    return FileNote(path, "", code, message)


def _of_class(note: FileNote, folder: str, folders: set[str]) -> FileNote:
    """Return the note with the class that its file lies in, if it is a class."""
    return FileNote(note.path, folder if folder in folders else "", note.code, note.message)


def _unread(notes: Iterable[FileNote], place: "_Places", few: float) -> set[str]:
    """Return the class folders whose images are in formats that are not read; a few such files make no class."""
    counts = Counter(place.of(note.path).folder for note in notes if note.code == "IMG_FORMAT")
    return {folder for folder, count in counts.items() if folder and count > few}


def _no_case(entry: Entry, store: Store) -> FileNote | None:
    """Return why a file is no case, as far as its own name and first bytes tell; None for an image."""
    path, name = entry.path, PurePosixPath(entry.path).name.lower()
    if any(folder.startswith((".", "__")) for folder in path.split("/")) or name in _SYSTEM:
        return _note(path, "FILE_SYSTEM", "hidden, or a file of the operating system")
    if entry.trouble:
        return _note(path, _TROUBLES.get(entry.trouble, "FILE_LINK"), entry.trouble)
    if name.endswith(_UNFINISHED):
        return _note(path, "FILE_SYSTEM", "an unfinished or saved copy")
    if name.endswith(ENDINGS):
        return None
    head = store.head(path)
    if image_format(head):
        return None
    kind = other_format(head)
    kind = by_ending(name) or kind if kind in ("", "gzip") else kind
    if not kind:
        return _note(path, "FILE_OTHER", "not an image")
    code = "IMG_FORMAT" if kind in PICTURES else "FILE_OTHER"
    advice = f"; {ADVICE[kind]}" if kind in ADVICE else ""
    return _note(path, code, f"{kind}{advice}")


def _copies(images: list[Entry]) -> dict[str, FileNote]:
    """Return all but one of the paths that lead to one file: the link where it is in a store, else the file itself."""
    by_file: dict[str, list[str]] = defaultdict(list)
    for entry in images:
        if entry.real:
            by_file[entry.real].append(entry.path)
    shared = {real: paths for real, paths in by_file.items() if len(paths) > 1}
    every = Counter(_top(entry.path) for entry in images) if shared else Counter[str]()
    stores = _stores(shared, every)
    notes: dict[str, FileNote] = {}
    for real, paths in shared.items():
        kept = min(paths, key=lambda path: (_top(path) in stores, not real.endswith(f"/{path}")))
        others = (path for path in paths if path != kept)
        notes |= {path: _note(path, "FILE_COPY", f"the same file as {kept}") for path in others}
    return notes


def _stores(shared: dict[str, list[str]], every: Counter[str]) -> set[str]:
    """Return the folders that are no classes: links from several others lead to each of their files."""
    own, others = Counter[str](), defaultdict[str, set[str]](set)
    for real, paths in shared.items():
        itself = next((_top(path) for path in paths if real.endswith(f"/{path}")), "")
        own[itself] += 1
        others[itself] |= {_top(path) for path in paths} - {itself}
    return {top for top, count in own.items() if count == every[top] and len(others[top]) > 1}


def _top(path: str) -> str:
    return path.partition("/")[0]


def _tops(paths: Iterable[str], inside: tuple[str, ...]) -> dict[str, list[tuple[str, ...]]]:
    """Return, for each folder directly below ``inside``, the paths of its images from there; ``""`` for loose ones."""
    tops: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for path in paths:
        parts = tuple(path.split("/"))
        if parts[: len(inside)] == inside:
            rest = parts[len(inside) :]
            tops[rest[0] if len(rest) > 1 else ""].append(rest[1:])
    return tops


def _inside(paths: list[str], name: str, classes: Collection[str] | None) -> tuple[str, ...]:
    """Return the folders around the parts or classes."""
    inside: tuple[str, ...] = ()
    above = PurePosixPath(name).stem
    while True:
        tops = _tops(paths, inside)
        if len(tops) != 1 or "" in tops:
            return inside
        top, images = next(iter(tops.items()))
        inner = {image[0] for image in images if len(image) > 1}
        if any(len(image) == 1 for image in images) or not _is_around(top, inner, above, classes):
            return inside
        inside, above = (*inside, top), top


def _is_around(top: str, inner: set[str], above: str, classes: Collection[str] | None) -> bool:
    """Tell whether the only folder lies around the classes, and is none itself."""
    if classes is not None and same_class(top, classes):
        return False
    if top.casefold() == above.casefold() or any(map(part_of, inner)):
        return True
    if all(_PATIENT.fullmatch(folder) for folder in inner):
        return False
    if _GENERIC.fullmatch(top):
        return True
    if classes is not None:
        return any(same_class(folder, classes) for folder in inner)
    return 2 <= len(inner) <= MAX_CLASSES


def _copy_inside(paths: list[str], inside: tuple[str, ...], name: str) -> dict[str, FileNote]:
    """Return the files of a folder that is called like the one it lies in, and holds the same files once more."""
    above = inside[-1] if inside else PurePosixPath(name).stem
    tops = _tops(paths, inside)
    copy = next((top for top in tops if top.casefold() == above.casefold()), None)
    if copy is None or len(tops) == 1:
        return {}
    outer = {"/".join((top, *image)) for top, images in tops.items() if top != copy for image in images}
    inner = ["/".join(image) for image in tops[copy]]
    if not outer.issuperset(inner):
        return {}
    start = "/".join((*inside, copy))
    return {f"{start}/{image}": _note(f"{start}/{image}", "FILE_COPY", f"once more in {start}") for image in inner}


def _nested(files: list[File]) -> dict[str, FileNote]:
    """Return the files below a class in a folder that is called like another one: whose they are cannot be told.

    A folder that holds nothing else is no class, but a copy, or another division, of those beside it.
    """
    keys = {class_key(file.folder) for file in files if file.folder}
    notes: dict[str, FileNote] = {}
    for file in files:
        inner = file.path.split("/")[-1 - file.levels] if file.levels else ""
        if inner and class_key(inner) in keys - {class_key(file.folder)}:
            message = f"in {inner!r} within {file.folder!r}, and there is a class {inner!r}"
            notes[file.path] = _note(file.path, "FILE_NESTED", message)
    return notes


class _Places:
    """Tells the part and the class of a file by the folders it lies in."""

    def __init__(self, paths: list[str], inside: tuple[str, ...]) -> None:
        self.inside = inside
        tops = _tops(paths, inside)
        self.parts = {top for top, images in tops.items() if part_of(top) and any(len(rest) > 1 for rest in images)}
        self.doubled = {top for top in self.parts if _is_doubled(top, tops[top])}
        seconds = {rest[0] for top, images in tops.items() if top for rest in images if len(rest) > 1}
        flat = any(len(rest) == 1 for top, images in tops.items() if top for rest in images)
        self.below = not self.parts and not flat and len(seconds) > 1 and all(map(part_of, seconds))

    def of(self, path: str) -> File:
        """Return the part and the class folder of a file, image or not."""
        parts = tuple(path.split("/"))
        if parts[: len(self.inside)] != self.inside:
            return File("", "", path)
        *folders, _ = parts[len(self.inside) :]
        part = folders.pop(0) if folders and folders[0] in self.parts else ""
        if part in self.doubled and folders:
            folders.pop(0)
        if self.below and len(folders) > 1:
            part = folders.pop(1)
        return File(part, folders[0] if folders else "", path, max(0, len(folders) - 1))


def _is_doubled(top: str, images: list[tuple[str, ...]]) -> bool:
    """Tell whether a part holds one folder of the same name, and the classes in it."""
    inner = {rest[0] for rest in images if len(rest) > 1}
    return len(inner) == 1 and part_of(next(iter(inner))) == part_of(top) and all(len(rest) > 2 for rest in images)


def _refuse_links(notes: Iterable[FileNote], place: "_Places") -> None:
    """Raise ``DATA_LINK`` where a whole class or part is a link to a folder that is not followed."""
    for note in notes:
        if note.message == LEADS_OUT and place.of(f"{note.path}/").levels == 0:
            found = f"the link {note.path} to a folder outside of the data folder"
            fix = "put the folder itself in its place (cp -rL), or give a folder that holds both"
            raise DataError("DATA_LINK", found, "folders inside of it", fix)


def _is_table(path: str) -> bool:
    return "/" not in path and path.lower().endswith(TABLES) and not path.startswith((".", "~"))


def _outside(files: list[File], name: str, tables: list[str]) -> list[File]:
    """Return the few images that lie in no class, or in a folder beside the parts.

    Raises:
        DataError: ``DATA_LAYOUT``: they are many.
    """
    loose = [file for file in files if not file.folder]
    stray = [file for file in files if file.folder and not file.part] if any(file.part for file in files) else []
    if len(loose) + len(stray) <= MAX_OUTSIDE * len(files):
        return loose + stray
    if loose:
        found = f"{len(loose)} of {len(files)} images in no class folder, such as {loose[0].path}"
        fix = f"seimbang init {name}/{tables[0]}, if it lists them" if tables else "sort them in folders of classes"
        raise DataError("DATA_LAYOUT", found, "one folder a class", fix)
    found = f"class folder {stray[0].folder!r} beside folders of parts (train, test, ...) in {name}"
    fix = "point data.path at the folder that holds either the parts or the classes"
    raise DataError("DATA_LAYOUT", found, "parts or classes, not both", fix)
