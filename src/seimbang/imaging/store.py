"""Files by their paths, from a folder or straight out of a zip archive: listed, told from another, read."""

import errno
import hashlib
import os
import stat
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from seimbang.errors import DataError, ImageError
from seimbang.imaging.files import MAX_BYTES, file_digest, open_regular, read_whole
from seimbang.imaging.other_formats import HEAD

MAX_FILES = 2_000_000
MAX_TOTAL = 1 << 40
MAX_RATIO = 200
"""An archive that is larger than a gigabyte when unpacked, and by more than this, is a bomb; images hardly shrink."""

LEADS_OUT = "a link to a folder outside of the data folder"
LEADS_BACK = "a link that leads back up"
LEADS_AGAIN = "a link to a folder that another link leads to"
NO_FILE = "neither a file nor a folder"


@dataclass(frozen=True)
class Entry:
    """One file, or a folder that is not looked into.

    Attributes:
        path: POSIX, below the root; always the name by which it was reached, over links too.
        real: The same for files that are one file; ``""`` where there are no links.
        trouble: Why it cannot be used, in words; ``""`` where it can.
    """

    path: str
    real: str = ""
    trouble: str = ""


class Readable(Protocol):
    """Files by their names."""

    def digest(self, path: str) -> str:
        """Return the sha256 of a file, ``""`` where it cannot be read."""

    def read(self, path: str) -> bytes:
        """Return a whole file.

        Raises:
            ImageError: ``IMG_NO_ACCESS``, ``IMG_TOO_LARGE`` or ``IMG_CORRUPT``.
        """


class Store(Readable, Protocol):
    """Files below a root."""

    def entries(self) -> list[Entry]:
        """Return every file, in the order of the paths.

        Raises:
            DataError: A folder cannot be read (``DATA_MISSING``), or a name is no text (``DATA_NAME``).
        """

    def head(self, path: str) -> bytes:
        """Return the first bytes of a file, none where it cannot be read."""

    def open(self, path: str) -> IO[bytes]:
        """Open a file to read the beginning of; it raises what the operating system or zipfile does."""

    def size(self, path: str) -> int:
        """Return the bytes of a file, unpacked; it raises what ``open`` does."""


@dataclass(frozen=True)
class Renamed:
    """Files under other names, as their paths are not to be told.

    Attributes:
        store: The files.
        paths: Their paths by their names.
    """

    store: Store
    paths: Mapping[str, str]

    def digest(self, path: str) -> str:
        """Return the sha256 of a file, ``""`` where it cannot be read."""
        return self.store.digest(self.paths[path])

    def read(self, path: str) -> bytes:
        """Return a whole file; errors have its name, not its path."""
        try:
            return self.store.read(self.paths[path])
        except ImageError as error:
            raise ImageError(error.code, f"{path} cannot be read", error.expected, error.fix) from None


def open_store(root: Path) -> Store:
    """Return the files of a folder, or of a zip archive.

    Raises:
        DataError: ``DATA_ZIP``: the archive is damaged, has a password, or is made to do harm.
    """
    return Folder(root) if root.is_dir() else Archive(root)


class Folder:
    """Files in a folder and those below it; links are followed inside of it, into each folder once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._real = Path(os.path.realpath(root))
        self._entered: set[str] = set()

    def entries(self) -> list[Entry]:
        """Return every file; a link that leads out of the root or in a circle is one entry, with its trouble."""
        self._entered = set()
        return sorted(self._below(self.root, "", self._real), key=lambda entry: entry.path)

    def _below(self, folder: Path, prefix: str, real: Path) -> Iterator[Entry]:
        for entry in self._scan(folder):
            path = prefix + entry.name
            if entry.is_symlink():
                yield from self._linked(entry, path, real)
            elif entry.is_dir():
                yield from self._below(Path(entry.path), f"{path}/", real / entry.name)
            elif entry.is_file():
                yield Entry(path, f"{real}/{entry.name}")
            else:
                yield Entry(path, trouble=NO_FILE)

    def _linked(self, entry: os.DirEntry[str], path: str, here: Path) -> Iterator[Entry]:
        target = os.path.realpath(entry.path)
        if not os.path.exists(target):
            yield Entry(path, trouble="a link that leads nowhere")
        elif not Path(target).is_relative_to(self._real):
            folder = os.path.isdir(target)
            yield Entry(path, trouble=LEADS_OUT if folder else "a link to a file outside of the data folder")
        elif not os.path.isdir(target):
            yield Entry(path, target)
        elif here.is_relative_to(target):
            yield Entry(path, trouble=LEADS_BACK)
        elif target in self._entered:
            yield Entry(path, trouble=LEADS_AGAIN)
        else:
            self._entered.add(target)
            yield from self._below(Path(entry.path), f"{path}/", Path(target))

    def _scan(self, folder: Path) -> list[os.DirEntry[str]]:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            found = f"{folder} cannot be read ({error.strerror})"
            raise DataError("DATA_MISSING", found, "a readable folder", "check its permissions") from error
        for entry in entries:
            if not entry.name.isprintable():
                raise _no_text(entry.name, str(folder))
        return entries

    def digest(self, path: str) -> str:
        """Return the sha256 of a file, ``""`` where it cannot be read."""
        return file_digest(self.root / path)

    def head(self, path: str) -> bytes:
        """Return the first bytes of a file, none where it cannot be read."""
        try:
            with open_regular(self.root / path) as file:
                return file.read(HEAD)
        except OSError:
            return b""

    def read(self, path: str) -> bytes:
        """Return a whole file."""
        try:
            return read_whole(self.root / path)
        except OSError as error:
            if error.errno == errno.EFBIG:
                raise _too_large(path) from error
            found, fix = f"{path} cannot be read ({error.strerror})", "check its permissions"
            raise ImageError("IMG_NO_ACCESS", found, "a readable file", fix) from error

    def open(self, path: str) -> IO[bytes]:
        """Open a file to read the beginning of."""
        return open_regular(self.root / path)

    def size(self, path: str) -> int:
        """Return the bytes of a file."""
        return (self.root / path).stat().st_size


class Archive:
    """Members of a zip archive, read without unpacking it; nothing is ever written to the disk."""

    def __init__(self, root: Path) -> None:
        self.root = root
        try:
            open_regular(root).close()
            self._zip = zipfile.ZipFile(root)
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise _no_zip(root, f"that cannot be read ({error})", "copy it again, or unpack it") from error
        members = [member for member in self._zip.infolist() if not member.is_dir()]
        self._refuse_bombs(members)
        self._members = {_name(member): member for member in members}
        self._refuse_names(members)

    def _refuse_bombs(self, members: list[zipfile.ZipInfo]) -> None:
        size, packed = sum(member.file_size for member in members), sum(member.compress_size for member in members)
        there = self.root.stat().st_size
        if len(members) > MAX_FILES:
            raise _no_zip(self.root, f"of {len(members):,} files", f"unpack it; up to {MAX_FILES:,} are read")
        if size > MAX_TOTAL or (size > MAX_BYTES and size > MAX_RATIO * there):
            raise _no_zip(
                self.root, f"of {there:,} bytes that says it holds {size:,}", "do not open it; ask for another"
            )
        if packed > there:
            raise _no_zip(self.root, "whose files lie over one another", "do not open it; ask for another")

    def _refuse_names(self, members: list[zipfile.ZipInfo]) -> None:
        for name in self._members:
            if name.startswith("/") or ".." in PurePosixPath(name).parts or name[1:2] == ":":
                raise _no_zip(self.root, f"with the path {name!r}", "do not open it; ask for another")
            if not name.isprintable():
                raise _no_text(name, self.root.name)
        if len(self._members) < len(members):
            twice = next(name for name, times in Counter(map(_name, members)).items() if times > 1)
            raise _no_zip(self.root, f"with two files {twice!r}", "unpack it, or pack it again")
        if any(member.flag_bits & 1 for member in members):
            raise _no_zip(self.root, "with a password", "unpack it, or pack it without")

    def entries(self) -> list[Entry]:
        """Return every member that is a file."""
        return [Entry(path, trouble=_trouble(self._members[path])) for path in sorted(self._members)]

    def digest(self, path: str) -> str:
        """Return the sha256 of a member, ``""`` where it cannot be read."""
        try:
            return hashlib.sha256(self.read(path)).hexdigest()
        except ImageError:
            return ""

    def head(self, path: str) -> bytes:
        """Return the first bytes of a member, none where it cannot be read."""
        try:
            with self._zip.open(self._members[path]) as file:
                return file.read(HEAD)
        except Exception:  # zipfile and zlib raise nearly every type there is on damaged members
            return b""

    def read(self, path: str) -> bytes:
        """Return a whole member; its checksum is verified."""
        if path not in self._members:
            raise ImageError("IMG_NO_ACCESS", f"no {path} in {self.root.name}", "a member of it", "check the name")
        try:
            with self._zip.open(self._members[path]) as file:
                return _bounded(file, path)
        except ImageError:
            raise
        except Exception as error:  # zipfile and zlib raise nearly every type there is on damaged members
            found = f"{path} cannot be unpacked ({error})"
            raise ImageError("IMG_CORRUPT", found, "an intact archive", "copy it again") from error

    def open(self, path: str) -> IO[bytes]:
        """Open a member to read the beginning of."""
        return self._zip.open(self._members[path])

    def size(self, path: str) -> int:
        """Return the bytes of a member, unpacked."""
        return self._members[path].file_size


def _bounded(file: IO[bytes], path: str) -> bytes:
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise _too_large(path)
    return data


def _too_large(path: str) -> ImageError:
    found = f"more than {MAX_BYTES:,} bytes in {path}"
    return ImageError("IMG_TOO_LARGE", found, "a smaller file", "make it smaller, or move it away")


def _name(member: zipfile.ZipInfo) -> str:
    """Return the path of a member: with slashes, and as UTF-8 where the packer wrote that without saying so."""
    name = member.filename
    if not member.flag_bits & 0x800:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/").removeprefix("./")


def _trouble(member: zipfile.ZipInfo) -> str:
    return "a link inside an archive" if stat.S_ISLNK(member.external_attr >> 16) else ""


def _no_zip(root: Path, found: str, fix: str) -> DataError:
    return DataError("DATA_ZIP", f"an archive {found}: {root.name}", "a zip of images in class folders", fix)


def _no_text(name: str, where: str) -> DataError:
    expected, fix = "names in UTF-8 without control characters", "rename it"
    return DataError("DATA_NAME", f"the name {name!a} in {where!a}", expected, fix)
