"""Names for cases and patients that say nothing of them: salted hashes, whose salt stays with the data."""

import os
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from secrets import token_hex

from seimbang.errors import DataError
from seimbang.imaging.files import write_error

SALT = ".seimbang-salt"
"""File in the data folder. With it, and only with it, a name can be found again from the UID it was made of."""

_DIGITS = 64


def salt_of(root: Path) -> bytes:
    """Return the salt of all data sets below a data folder; it is made when there is none.

    Raises:
        ResourceError: ``NOT_WRITABLE`` or ``DISK_FULL``.
        DataError: ``DATA_SALT``: the file holds something else.
    """
    path = root / SALT
    new = path.with_name(f"{SALT}.{os.getpid()}")
    try:
        if not path.exists():
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(token_hex(_DIGITS // 2))
            _claim(new, path)
        text = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise write_error(path, error) from error
    if len(text) != _DIGITS:
        fix = "restore the file; without it, cases get other names"
        raise DataError("DATA_SALT", f"{len(text)} signs in {path}", f"{_DIGITS}, as they were written", fix)
    return text.encode()


def _claim(new: Path, path: Path) -> None:
    """Give a file its name unless another process did so first."""
    try:
        os.link(new, path)
    except FileExistsError:
        pass
    finally:
        new.unlink()


def hidden(salt: bytes, *parts: str) -> str:
    """Return a name of 20 signs for these texts: the same for the same texts and salt."""
    return blake2b("\0".join(parts).encode(), key=salt, digest_size=10).hexdigest()


def all_hidden(salt: bytes, texts: Iterable[str]) -> list[str]:
    """Return such a name for each text; ``""`` stays."""
    return [hidden(salt, text) if text else "" for text in texts]
