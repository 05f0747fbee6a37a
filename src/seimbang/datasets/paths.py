"""The files that a manifest names: without endings, with another machine's folders, or in several folders."""

import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from unicodedata import category, normalize

from seimbang.datasets.layout import ENDINGS
from seimbang.datasets.masks import masks
from seimbang.errors import DataError
from seimbang.imaging.other_formats import without_ending

NAMED = 3
"""How many files a message names."""


@dataclass(frozen=True)
class Place:
    """Where the file that a manifest names is.

    Attributes:
        path: POSIX path below the folder, or as the manifest has it; ``""`` where no file fits, or several do.
        rivals: The first files that fit equally well.
        near: Where none fits, an image whose name differs in its ending, accents or signs that do not show alone.
    """

    path: str = ""
    rivals: tuple[str, ...] = ()
    near: str = ""


@dataclass(frozen=True)
class Index:
    """Every file below a folder.

    Attributes:
        folder: The folder.
        by_name: POSIX paths of the files by their folded last name.
        by_stem: Those of images by their folded last name without its ending.
    """

    folder: Path
    by_name: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    by_stem: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, folder: Path) -> "Index":
        """Read a folder, and linked ones in it; names that start with ``.`` or ``__`` are left out."""
        index = cls(folder)
        for path in _files(folder, "", {_identity(folder)}):
            name = _fold(path.rpartition("/")[2])
            index.by_name[name].append(path)
            if is_image(name):
                index.by_stem[without_ending(name)].append(path)
        return index

    def candidates(self, name: str) -> list[str]:
        """Return the files whose last name is that of ``name``, with its ending or without."""
        last = _fold(name.rpartition("/")[2])
        return (self.by_name.get(last) or self.by_stem.get(last) or []) if last else []

    @cached_property
    def _by_letters(self) -> dict[str, str]:
        """An image for each last name without its ending, in plain letters."""
        paths = [path for stem in self.by_stem.values() for path in stem]
        return {_letters(path): path for path in reversed(paths)}

    def near(self, name: str) -> str:
        """Return an image whose last name is that of ``name`` but for ending, accents and signs that do not show."""
        return self._by_letters.get(_letters(name), "")

    def best(self, name: str) -> tuple[int, list[str]]:
        """Return how many of the last parts of ``name`` the files have that fit best, and these files."""
        scores = {path: _common(name, path) for path in self.candidates(name)}
        most = max(scores.values(), default=(0, 0))
        return most[0], [path for path, score in scores.items() if score == most]

    def images(self, paths: list[str]) -> list[str]:
        """Return which of equally good files are meant: no masks, and of copies with the same bytes the first."""
        if len(paths) < 2:
            return paths
        outlines = masks(paths)
        images = [path for path in paths if path not in outlines] or paths
        return images[:1] if len(images) > 1 and self._copies(images) else images

    def _copies(self, paths: list[str]) -> bool:
        files = [self.folder / path for path in paths]
        if len({file.stat().st_size for file in files}) > 1:
            return False
        return len({hashlib.sha256(file.read_bytes()).digest() for file in files}) == 1


def locate(names: Sequence[str], folder: Path) -> list[Place]:
    """Return where each file is that a manifest names; a name says how the file is reached from ``folder``, or nearly.

    A name that is no such path is looked for below ``folder``, which is read once: the file that has the longest common
    tail with it, in any case of letters, with or without its ending. A tail shorter than those of most names counts
    only where its last part is that of one name and of one file: else the file of another patient might fit.

    Args:
        names: As the manifest has them; Windows separators and drives are understood.
        folder: Where to look.

    Raises:
        DataError: ``DATA_OUTSIDE``: a file lies outside of the folder, by its name or over a link.
    """
    plain = [posix(name) for name in names]
    there = _listed(plain, folder)
    whole = all(name in there for name in plain)
    places = [Place(name) for name in plain] if whole else _search(plain, there, Index.of(folder))
    _refuse_outside([place.path for place in places if place.path], folder)
    return places


def _refuse_outside(paths: Sequence[str], folder: Path) -> None:
    real = cache(os.path.realpath)
    root = real(folder)
    for path in paths:
        file = folder / path
        target = Path(real(file) if file.is_symlink() else f"{real(file.parent)}/{file.name}")
        if not target.is_relative_to(root):
            fix = f"if it is meant, name its folder: seimbang init MANIFEST --path {target.parent}, or data.images"
            raise DataError("DATA_OUTSIDE", f"{path!r}, which is {target}", f"files in {root} or below it", fix)


def is_image(name: str) -> bool:
    """Whether a file is called as an image is."""
    return name.lower().endswith(ENDINGS)


def posix(name: str) -> str:
    """Return a name with ``/`` between its parts, without a drive, ``file:`` and parts that say nothing."""
    parts = name.strip().replace("\\", "/").removeprefix("file://").split("/")
    kept = [part for k, part in enumerate(parts) if part not in ("", ".") and not (k == 0 and part.endswith(":"))]
    return "/" * (parts[0] == "" and len(parts) > 1) + "/".join(kept)


def _listed(names: Sequence[str], folder: Path) -> set[str]:
    """Return which names are files as they stand; each folder that they name is read once."""
    folders: dict[str, set[str]] = {}
    there = set()
    for name in names:
        above, _, last = name.rpartition("/")
        if above not in folders:
            folders[above] = set(_names(folder / (above or ("/" if name.startswith("/") else ""))))
        if last in folders[above]:
            there.add(name)
    return there


def _names(folder: Path) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            yield from (entry.name for entry in entries if entry.is_file())
    except (OSError, ValueError):  # not there, no folder, a name too long or with a zero byte
        return


def _search(names: Sequence[str], there: set[str], index: Index) -> list[Place]:
    best = {name: index.best(name) for name in dict.fromkeys(names) if name not in there}
    dropped = Counter(_parts(name) - common for name, (common, paths) in best.items() if len(paths) == 1)
    dropped[0] += sum(name in there for name in names)
    usual = min((count for count in dropped), key=lambda count: (-dropped[count], count))
    alike = Counter(_fold(name.rpartition("/")[2]) for name in dict.fromkeys(names))

    def place(name: str) -> Place:
        if name in there:
            return Place(name)
        common, paths = best[name]
        alone = alike[_fold(name.rpartition("/")[2])] == len(index.candidates(name)) == 1
        if not paths or (_parts(name) - common > usual and not alone):
            return Place(near="" if paths else index.near(name))
        images = index.images(paths)
        return Place(images[0]) if len(images) == 1 else Place("", tuple(sorted(images)[:NAMED]))

    known = {name: place(name) for name in dict.fromkeys(names)}
    return [known[name] for name in names]


def _parts(name: str) -> int:
    return len(name.strip("/").split("/"))


def _common(name: str, path: str) -> tuple[int, int]:
    """Return how many of their last parts two paths share, in any case of letters and in the same one.

    The last of all is shared: it is how the file came to be a candidate.
    """
    pairs = list(zip(reversed(name.strip("/").split("/")), reversed(path.split("/")), strict=False))
    folded = 1
    while folded < len(pairs) and _fold(pairs[folded][0]) == _fold(pairs[folded][1]):
        folded += 1
    return folded, sum(own == other for own, other in pairs[:folded])


def _fold(name: str) -> str:
    return normalize("NFC", name).casefold()


def _letters(path: str) -> str:
    """Return the last name of a path without its ending, accents and signs that do not show."""
    signs = normalize("NFKD", _fold(path.rpartition("/")[2]))
    name = "".join(sign for sign in signs if category(sign) not in ("Mn", "Cf")).strip()
    return without_ending(name).strip() if is_image(name) else name


def _identity(folder: Path) -> tuple[int, int]:
    status = os.stat(folder)
    return status.st_dev, status.st_ino


def _files(folder: Path, below: str, seen: set[tuple[int, int]]) -> Iterator[str]:
    """Yield every file below a folder, each folder once, whatever leads to it."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith((".", "__")):
            continue
        if entry.is_file():
            yield below + entry.name
        elif entry.is_dir() and (identity := _identity(Path(entry.path))) not in seen:
            seen.add(identity)
            yield from _files(Path(entry.path), f"{below}{entry.name}/", seen)
