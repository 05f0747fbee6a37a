"""Images are decoded once: their pixels live in one memory-mapped file, found again by what they were made from."""

import hashlib
import json
import mmap
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedRandom
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import PIL
from filelock import FileLock

from seimbang.errors import ImageError, IntegrityError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.decode import VERSION, Pixels, decode
from seimbang.imaging.files import open_atomic, refused, write_atomic
from seimbang.progress import track

_AT_ONCE = 512
T = TypeVar("T")


@dataclass(frozen=True)
class Decoded:
    """What became of a list of files.

    Attributes:
        X: Pixels of the files that could be read, in their order: ``uint8[m, h, w, c]``, memory-mapped, read-only.
        digests: sha256 of every file, also of refused ones; ``""`` where not even the bytes could be read.
        refused: Position of each refused file, and why.
    """

    X: Pixels
    digests: list[str]
    refused: dict[int, ImageError]


def release(X: Pixels) -> None:
    """Give back the memory of the pages of ``X`` that were read; the kernel still has them, and reads them in again.

    Without it a process seems to hold every image it ever looked at.
    """
    if isinstance(X, np.memmap) and hasattr(mmap, "MADV_DONTNEED"):
        X._mmap.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined]


def cache_folder() -> Path:
    """Return where decoded images are kept: ``$SEIMBANG_CACHE``, else ``~/.cache/seimbang``."""
    return Path(os.environ.get("SEIMBANG_CACHE") or Path.home() / ".cache" / "seimbang")


def decode_all(names: Sequence[str], root: Path, settings: ImageSettings, folder: Path | None = None) -> Decoded:
    """Decode files through the door, in parallel, or find their pixels in the cache.

    Every file is read and hashed at each call, so that one changed byte is another digest and another cache entry.

    Args:
        names: Paths relative to ``root``.
        root: Folder of the data set.
        settings: Size, channels, pixel limit.
        folder: Where the cache is; by default `cache_folder`.

    Raises:
        ResourceError: The cache cannot be written (``DISK_FULL``, ``NOT_WRITABLE``).
    """

    def pixels(name: str) -> Pixels | ImageError:
        try:
            return decode(_read(root / name, name), settings, name)
        except ImageError as error:
            return error

    def rows() -> Iterator[Pixels | ImageError]:
        yield from track(_parallel(pixels, names), "Decoding images", len(names))

    digests = list(_parallel(lambda name: _digest(root / name), names))
    X, errors = stored([VERSION, PIL.__version__, *digests, *names], settings, rows, folder)
    return Decoded(X, digests, errors)


def stored(
    made_from: Iterable[str],
    settings: ImageSettings,
    rows: Callable[[], Iterable[Pixels | ImageError]],
    folder: Path | None = None,
) -> tuple[Pixels, dict[int, ImageError]]:
    """Return the pixels that ``rows`` yields, from the cache if it holds them whole and unchanged.

    Two runs that need the same entry at once make it once. A damaged entry is made again.

    Args:
        made_from: Everything but the image settings that the pixels depend on; its hash is the entry's name.
        settings: Size and channels of the rows.
        rows: Called when the entry must be made; yields ``uint8[h, w, c]``, or the error instead of a row.
        folder: Where the cache is; by default `cache_folder`.

    Returns:
        ``uint8[m, h, w, c]`` without the refused rows, memory-mapped, and the refused rows' positions and errors.

    Raises:
        ResourceError: The cache cannot be written (``DISK_FULL``, ``NOT_WRITABLE``).
    """
    decoding = settings.model_dump(mode="json", exclude={"augment", "flip_test"})
    return _entry([decoding, *made_from], lambda path: _make(path, settings, rows()), folder)


def features(made_from: Iterable[str], make: Callable[[], npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """Return the features ``float32[n, f]`` that ``make`` computes, from the cache if it holds them, memory-mapped.

    Args:
        made_from: Everything that the features depend on; its hash is the entry's name.
        make: Called when the entry must be made.

    Raises:
        ResourceError: The cache cannot be written (``DISK_FULL``, ``NOT_WRITABLE``).
    """

    def write(path: Path) -> None:
        with open_atomic(path) as file:
            np.save(file, make())
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        write_atomic(path.with_suffix(".json"), json.dumps({"sha256": digest, "refused": []}))

    return _entry(["features", *made_from], write, None)[0]


def _entry(
    made_from: Iterable[object], make: Callable[[Path], None], folder: Path | None
) -> tuple[npt.NDArray[Any], dict[int, ImageError]]:
    """Return what the cache holds under the hash of ``made_from``, having ``make`` write it where it is not there."""
    key = hashlib.sha256(json.dumps(list(made_from)).encode()).hexdigest()[:32]
    path = (folder or cache_folder()) / f"{key}.npy"
    found = _find(path)
    if found is None:
        with _locked(path):
            found = _find(path)  # another run may have made it while this one waited
            if found is None:
                make(path)
                found = _find(path)
    if found is None:
        raise IntegrityError(
            "CACHE_DAMAGED", f"{path} does not read back as written", "the same bytes", "check the disk"
        )
    return found


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = FileLock(path.with_suffix(".lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise refused(path, error) from error
    try:
        yield
    finally:
        lock.release()


def _make(path: Path, settings: ImageSettings, rows: Iterable[Pixels | ImageError]) -> None:
    """Write the rows as they come (a full disk is then an error, where a memory map would kill the process)."""
    errors, kept = [], 0
    with open_atomic(path) as file:
        _header(file, 0, settings)
        for position, row in enumerate(rows):
            if isinstance(row, ImageError):
                errors.append([position, *row.args])
            else:
                file.write(row.tobytes())
                kept += 1
        file.seek(0)
        _header(file, kept, settings)
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    write_atomic(path.with_suffix(".json"), json.dumps({"sha256": digest, "refused": errors}))


def _header(file: BufferedRandom, rows: int, settings: ImageSettings) -> None:
    # numpy pads the header so that the first axis may grow: it is equally long for every number of rows
    shape = (rows, *settings.size, settings.channels)
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})


def _find(path: Path) -> tuple[npt.NDArray[Any], dict[int, ImageError]] | None:
    """Return the entry, or None if it is missing, half-written or damaged."""
    try:
        note = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != note["sha256"]:
                return None
        errors = {position: ImageError(*args) for position, *args in note["refused"]}
        return np.load(path, mmap_mode="r", allow_pickle=False), errors
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _parallel(work: Callable[[str], T], names: Sequence[str]) -> Iterator[T]:
    """Yield ``work(name)`` in order; Pillow and hashlib release the interpreter lock, so threads do."""
    # only Linux tells which cores this process may use
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    with ThreadPoolExecutor(cores) as pool:
        for start in range(0, len(names), _AT_ONCE):  # a bounded queue: results never pile up in memory
            yield from pool.map(work, names[start : start + _AT_ONCE])


def _read(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        found, fix = f"{name} cannot be read ({error.strerror})", "check its permissions"
        raise ImageError("IMG_NO_ACCESS", found, "a readable file", fix) from error


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""  # decoding reports it with its reason
