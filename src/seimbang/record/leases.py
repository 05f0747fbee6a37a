"""Who works on what: one lease file a piece of work, alive as long as its holder is, taken over when the holder died.

A lease is a file ``.leases/<name>.<generation>``. It is made whole under another name and linked into place, so that of
two who want it one gets it, on any file system with hard links, a cluster's too. Its holder touches it every few
seconds. Who finds that the holder is dead makes the file of the next generation; a holder that only slept sees it and
gives its own result up. Work is idempotent: should two ever do the same, the same bits come out.
"""

import json
import os
import socket
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from secrets import token_hex
from typing import Any, Self

from seimbang.imaging.files import read_whole, write_error

BEAT = 2.0
"""Seconds between two touches of a lease that is held."""
STALE = 30.0
"""Seconds without a touch after which a holder on another machine counts as dead."""


@dataclass(frozen=True)
class Lease:
    """A lease that this process holds; a context manager that gives it back."""

    file: Path
    name: str
    generation: int

    def held(self) -> bool:
        """Whether it is still ours: nobody took it over."""
        generations = _generations(self.file.parent, self.name)
        return bool(generations) and max(generations) == self.generation

    def release(self) -> None:
        """Give it back."""
        _held.discard(self.file)
        self.file.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


@dataclass
class Leases:
    """The leases of a run folder, as one process sees them.

    Whether a holder on another machine is alive is judged by watching its file for ``STALE`` seconds: clocks of two
    machines need not agree.

    Attributes:
        folder: Where the files are.
    """

    folder: Path
    _watched: dict[Path, tuple[int, float]] = field(default_factory=dict)

    def take(self, name: str) -> Lease | None:
        """Return the lease, or None where a living process holds it.

        Raises:
            ResourceError: NOT_WRITABLE or DISK_FULL.
        """
        generations = _generations(self.folder, name)
        last = max(generations, default=0)
        if generations and not self._dead(self._file(name, last)):
            return None
        file = self._file(name, last + 1)
        if not self._make(file):
            return None
        _keep_alive(file)
        for generation in generations:
            self._file(name, generation).unlink(missing_ok=True)
        return Lease(file, name, last + 1)

    def holder(self, name: str) -> dict[str, Any]:
        """Return what is known of who holds a lease: pid, host, since, command; nothing where nobody does."""
        generations = _generations(self.folder, name)
        return _read(self._file(name, max(generations))) if generations else {}

    def sweep(self) -> None:
        """Take away the leases of dead processes on this machine, which nobody wants any more."""
        for file in self.folder.glob("[!.]*"):
            if self._dead(file):
                file.unlink(missing_ok=True)

    def _file(self, name: str, generation: int) -> Path:
        return self.folder / f"{name}.{generation}"

    def _make(self, file: Path) -> bool:
        temporary = self.folder / f".{token_hex(8)}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(_self()), encoding="utf-8")
            try:
                os.link(temporary, file)
            except FileExistsError:
                return False
            finally:
                temporary.unlink(missing_ok=True)
        except OSError as error:
            raise write_error(file, error) from error
        return True

    def _dead(self, file: Path) -> bool:
        """Tell whether the holder of a lease is gone; one on this machine is looked up, another one watched."""
        holder = _read(file)
        if holder.get("host") == socket.gethostname() and holder.get("boot") == _boot():
            return bool(_started(int(holder["pid"])) != holder["started"])
        try:
            touched = file.stat().st_mtime_ns
        except OSError:
            return False  # just given back: the next look finds it free
        known, since = self._watched.get(file, (0, 0.0))
        if known != touched:
            self._watched[file] = (touched, time.monotonic())
            return False
        return time.monotonic() - since > STALE


def _generations(folder: Path, name: str) -> list[int]:
    found = (file.name.removeprefix(f"{name}.") for file in folder.glob(f"{name}.*"))
    return [int(number) for number in found if number.isdigit()]


def _read(file: Path) -> dict[str, Any]:
    try:
        holder: dict[str, Any] = json.loads(read_whole(file))
    except (OSError, ValueError):
        return {}
    return holder


def _self() -> dict[str, Any]:
    pid = os.getpid()
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return {"pid": pid, "host": socket.gethostname(), "boot": _boot(), "started": _started(pid), "since": since}


@cache
def _boot() -> str:
    """Return what tells this start of this machine from others; ``""`` where nothing does."""
    file = Path("/proc/sys/kernel/random/boot_id")
    return file.read_text().strip() if file.is_file() else ""


def _started(pid: int) -> str | None:
    """Return when a process began, as the kernel counts, since a number may be used again; None where it is gone."""
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None if Path("/proc/self/stat").exists() else _signalled(pid)
    return None if state == "Z" else rest[18]


def _signalled(pid: int) -> str | None:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return str(pid)


_held: set[Path] = set()


def _keep_alive(file: Path) -> None:
    _held.add(file)
    _heart()


@cache
def _heart() -> threading.Thread:
    """Start the one thread that touches every lease this process holds."""

    def beat() -> None:
        while True:
            time.sleep(BEAT)
            for file in list(_held):
                try:
                    os.utime(file)
                except OSError:  # taken over, or given back just now
                    _held.discard(file)

    thread = threading.Thread(target=beat, name="leases", daemon=True)
    thread.start()
    return thread
