"""Files: written whole or not at all, every one that the program keeps; and told from another by what it holds."""

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedRandom
from pathlib import Path
from secrets import token_hex

from seimbang.errors import ResourceError

_NOT_WRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENOENT}


def file_digest(path: Path) -> str:
    """Return the sha256 of a file, ``""`` where it is not there or cannot be read."""
    try:
        with path.open("rb") as file:
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
