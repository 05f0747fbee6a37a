"""Images are decoded once: their pixels are kept in one memory-mapped file, named by a hash of its inputs."""

import hashlib
import json
import mmap
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from io import BufferedRandom, BufferedReader
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import PIL
import simplejpeg
from filelock import FileLock

from seimbang.errors import ImageError, IntegrityError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.decode import VERSION, Pixels
from seimbang.imaging.files import open_atomic, write_atomic, write_error
from seimbang.imaging.notes import Note
from seimbang.imaging.store import Readable
from seimbang.imaging.worker import decode_apart
from seimbang.progress import track
from seimbang.threads import cores

_BATCH = 512
_SAMPLE = 16
"""Files that are decoded where only an outline of the data is wanted."""
_outline: ContextVar[bool] = ContextVar("outline", default=False)
T = TypeVar("T")
Row = Pixels | ImageError | tuple[Pixels, Note | None]
"""The pixels of a file, perhaps with what there is to say of it, or why there are none."""
Entry = tuple[npt.NDArray[Any], dict[int, ImageError], dict[int, Note]]
"""An array, the errors of rejected rows and the notes on others, by position."""


@dataclass(frozen=True)
class Decoded:
    """The decoded files of a list.

    Attributes:
        X: Pixels of the files that could be decoded, in their order: ``uint8[m, h, w, c]``, memory-mapped, read-only.
        digests: sha256 of every file, also of rejected ones; ``""`` where not even the bytes could be read.
        errors: The error of each rejected file, by its position.
        notes: What there is to say of a file that is used all the same, by its position.
    """

    X: Pixels
    digests: list[str]
    errors: dict[int, ImageError]
    notes: dict[int, Note]


def release(X: Pixels) -> None:
    """Release the pages of ``X`` that were read; the kernel keeps them cached, and maps them again when needed.

    Without it the resident memory of a process grows to all images it has read, as if it held them.
    """
    if isinstance(X, np.memmap) and hasattr(mmap, "MADV_DONTNEED"):
        X._mmap.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined]


def cache_folder() -> Path:
    """Return the folder of the cache: ``$SEIMBANG_CACHE``, else ``~/.cache/seimbang``."""
    return Path(os.environ.get("SEIMBANG_CACHE") or Path.home() / ".cache" / "seimbang")


@contextmanager
def outline() -> Iterator[None]:
    """Inside the block data sets are listed, not read: pixels are zeros, digests are empty, only a few files opened."""
    token = _outline.set(True)
    try:
        yield
    finally:
        _outline.reset(token)


def only_outline() -> bool:
    """Whether pixels and digests are not wanted."""
    return _outline.get()


def blank(rows: int, settings: ImageSettings) -> Pixels:
    """Return pixels that stand for those of so many rows in an outline."""
    return np.broadcast_to(np.uint8(0), (rows, *settings.size, settings.channels))


def decode_all(
    names: Sequence[str],
    store: Readable,
    settings: ImageSettings,
    folder: Path | None = None,
    frames: Mapping[str, int] | None = None,
) -> Decoded:
    """Decode files in parallel, or take their pixels from the cache.

    Every file is read and hashed at each call, so that one changed byte gives another digest and another cache entry.

    Args:
        names: Paths in ``store``.
        store: Where the files are.
        settings: Size, channels, pixel limit.
        folder: Folder of the cache; by default `cache_folder`.
        frames: Number of the frame that a name stands for, where it is one of several of its file; it is part of it.

    Raises:
        ResourceError: The cache cannot be written (``DISK_FULL``, ``NOT_WRITABLE``).
    """

    def pixels(name: str) -> Row:
        try:
            return decode_apart(store.read(name), _of_frame(settings, (frames or {}).get(name, 0)), name)
        except ImageError as error:
            return error

    def rows() -> Iterator[Row]:
        yield from track(_parallel(pixels, names), "Decoding images", len(names))

    if only_outline():
        return _outlined(names, settings, pixels)
    digests = list(_parallel(store.digest, names))
    inputs = [VERSION, PIL.__version__, simplejpeg.__version__, *digests, *names]
    X, errors, notes = _pixels(inputs, settings, rows, folder)
    return Decoded(X, digests, errors, notes)


def _outlined(names: Sequence[str], settings: ImageSettings, pixels: Callable[[str], Row]) -> Decoded:
    """Decode a few files: where none can be, it is hopeless to try the others."""
    tried = [pixels(names[k]) for k in np.linspace(0, len(names) - 1, min(_SAMPLE, len(names))).astype(int)]
    broken = [row for row in tried if isinstance(row, ImageError)]
    hopeless = dict.fromkeys(range(len(names)), broken[0]) if len(broken) == len(tried) else {}
    return Decoded(blank(len(names) - len(hopeless), settings), [""] * len(names), hopeless, {})


def _of_frame(settings: ImageSettings, frame: int) -> ImageSettings:
    return settings.model_copy(update={"frame": frame}) if frame else settings


def stored(
    inputs: Iterable[str],
    settings: ImageSettings,
    rows: Callable[[], Iterable[Pixels | ImageError]],
    folder: Path | None = None,
) -> tuple[Pixels, dict[int, ImageError]]:
    """Return the pixels that ``rows`` yields, from the cache if it holds them intact.

    Two runs that need the same entry at the same time write it once. A damaged entry is written again.

    Args:
        inputs: Everything but the image settings that the pixels depend on; its hash is the entry's name.
        settings: Size and channels of the rows.
        rows: Called when the entry is missing; yields ``uint8[h, w, c]``, or the error instead of a row.
        folder: Folder of the cache; by default `cache_folder`.

    Returns:
        ``uint8[m, h, w, c]`` without the rejected rows, memory-mapped, and the errors of the rejected rows by position.

    Raises:
        ResourceError: The cache cannot be written (``DISK_FULL``, ``NOT_WRITABLE``).
    """
    X, errors, _ = _pixels(inputs, settings, rows, folder)
    return X, errors


def _pixels(
    inputs: Iterable[str], settings: ImageSettings, rows: Callable[[], Iterable[Row]], folder: Path | None
) -> Entry:
    # augmentation and flip_test act on decoded pixels: studies that differ in these alone share an entry
    decoding = settings.model_dump(mode="json", exclude={"augment", "flip_test"})
    return _entry([decoding, *inputs], lambda path: _write(path, settings, rows()), folder)


def features(inputs: Iterable[str], compute: Callable[[], npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """Return the features ``float32[n, f]`` that ``compute`` returns, from the cache if it holds them, memory-mapped.

    Args:
        inputs: Everything that the features depend on; its hash is the entry's name.
        compute: Called when the entry is missing.

    Raises:
        ResourceError: The cache cannot be written (``DISK_FULL``, ``NOT_WRITABLE``).
    """

    def write(path: Path) -> None:
        with open_atomic(path) as file:
            np.save(file, compute())
            digest = _sha256(file)
        write_atomic(path.with_suffix(".json"), json.dumps({"sha256": digest, "errors": [], "notes": []}))

    return _entry(["features", *inputs], write, None)[0]


def _entry(inputs: Iterable[object], write: Callable[[Path], None], folder: Path | None) -> Entry:
    """Return the entry under the hash of ``inputs``; ``write`` writes it where it is missing or damaged."""
    key = hashlib.sha256(json.dumps(list(inputs)).encode()).hexdigest()[:32]
    path = (folder or cache_folder()) / f"{key}.npy"
    entry = _load(path)
    if entry is None:
        with locked(path):
            entry = _load(path)  # another run may have written it while this one waited
            if entry is None:
                write(path)
                entry = _load(path)
    if entry is None:
        raise IntegrityError(
            "CACHE_DAMAGED", f"{path} differs from what was written", "the bytes that were written", "check the disk"
        )
    return entry


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of the file ``path``, beside it, for which other processes wait.

    Raises:
        ResourceError: It cannot be written (``DISK_FULL``, ``NOT_WRITABLE``).
    """
    lock = FileLock(path.with_suffix(".lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise write_error(path, error) from error
    try:
        yield
    finally:
        lock.release()


def _write(path: Path, settings: ImageSettings, rows: Iterable[Row]) -> None:
    """Write the rows as they come (a full disk is then an error, where a memory map would kill the process)."""
    errors, notes, count = [], [], 0
    with open_atomic(path) as file:
        _write_header(file, 0, settings)
        for position, row in enumerate(rows):
            if isinstance(row, ImageError):
                errors.append([position, *row.args])
                continue
            pixels, note = row if isinstance(row, tuple) else (row, None)
            file.write(pixels.tobytes())
            count += 1
            if note:
                notes.append([position, *note])
        file.seek(0)
        _write_header(file, count, settings)
        digest = _sha256(file)
    write_atomic(path.with_suffix(".json"), json.dumps({"sha256": digest, "errors": errors, "notes": notes}))


def _write_header(file: BufferedRandom, rows: int, settings: ImageSettings) -> None:
    # numpy pads the header so that the first axis may grow: it is equally long for every number of rows
    shape = (rows, *settings.size, settings.channels)
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})


def _sha256(file: BufferedRandom | BufferedReader) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()


def _load(path: Path) -> Entry | None:
    """Return the entry, or None if it is missing, half-written or damaged."""
    try:
        sidecar = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        with path.open("rb") as file:
            if _sha256(file) != sidecar["sha256"]:
                return None
        errors = {position: ImageError(*args) for position, *args in sidecar["errors"]}
        notes = {position: Note(*said) for position, *said in sidecar["notes"]}
        return np.load(path, mmap_mode="r", allow_pickle=False), errors, notes
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _parallel(work: Callable[[str], T], names: Sequence[str]) -> Iterator[T]:
    """Yield ``work(name)`` in order, on threads: Pillow and hashlib release the interpreter lock."""
    with ThreadPoolExecutor(cores()) as pool:
        for start in range(0, len(names), _BATCH):  # a bounded queue: results never pile up in memory
            yield from pool.map(work, names[start : start + _BATCH])
