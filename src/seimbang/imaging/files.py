"""Files: written whole or not at all, every one that the program keeps; and told from another by what it holds."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedRandom, BufferedReader
from pathlib import Path
from secrets import token_hex

from seimbang.errors import ResourceError

_NOT_WRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENOENT}


MAX_BYTES = 1 << 30
"""A larger file is not read whole: no image of the largest size that is decoded needs as much."""
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def open_regular(path: Path) -> BufferedReader:
    """Open a file to be read; never waits, as the opening of a named pipe does.

    Raises:
        OSError: It cannot be opened, or is a folder, pipe, device or socket.
    """
    file = open(path, "rb", opener=lambda name, _: os.open(name, _FLAGS))  # noqa: SIM115 (the caller closes it)
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "a pipe, device or socket, not a file", str(path))
    return file


def read_whole(path: Path, most: int = MAX_BYTES) -> bytes:
    """Return the content of a file of up to ``most`` bytes.

    Raises:
        OSError: What `open_regular` raises; ``EFBIG`` where there is more.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise OSError(errno.EFBIG, f"more than {most:,} bytes", str(path))
        return file.read(size)


def file_digest(path: Path) -> str:
    """Return the sha256 of a file, ``""`` where it is not there or cannot be read."""
    try:
        with open_regular(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def write_atomic(path: Path, data: bytes | str) -> None:
    """Write ``data`` to ``path`` so that a reader, or a crash, finds either the old file or the complete new one.

    Args:
        path: Target; missing parent folders are created.
        data: Bytes, or text to be written as UTF-8.

    Raises:
        ResourceError: ``DISK_FULL`` or ``NOT_WRITABLE``.
    """
    with open_atomic(path) as file:
        file.write(data.encode() if isinstance(data, str) else data)


@contextmanager
def open_atomic(path: Path) -> Iterator[BufferedRandom]:
    """Open a temporary file beside ``path`` that replaces it, once synced, when the block ends without an error.

    Raises:
        ResourceError: ``DISK_FULL`` or ``NOT_WRITABLE``.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(
            f".{path.name[:60]}.{token_hex(8)}"
        )  # created by open, so that the umask sets its permissions
        try:
            with temporary.open("x+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise write_error(path, error) from error


def write_error(path: Path, error: OSError) -> Exception:
    """Translate an operating system error on writing ``path``; errors of other kinds are returned as they are."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return ResourceError(
            "DISK_FULL", f"no space left for {path}", "free space on the disk", "free some, or use another disk"
        )
    if error.errno in _NOT_WRITABLE:
        found = f"{path} cannot be written ({error.strerror})"
        return ResourceError("NOT_WRITABLE", found, "a folder you may write to", "choose another folder")
    return error
