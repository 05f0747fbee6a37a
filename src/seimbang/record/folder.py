"""The run folder: one writer at a time, whole files only, and a memory of which steps are done with which inputs."""

import hashlib
import json
import os
import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from seimbang.errors import ResourceError
from seimbang.imaging.files import refused, write_atomic


def digest(value: Any) -> str:
    """Return the sha256 of plain values."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


@dataclass(frozen=True)
class RunFolder:
    """A run folder at ``path``."""

    path: Path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder; the lock goes with the process, so a killed run leaves none behind.

        Raises:
            ResourceError: RUN_LOCKED, naming the holder; NOT_WRITABLE.
        """
        holder = self.path / ".holder.json"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.path / ".lock", timeout=0)
            lock.acquire()
        except Timeout:
            raise _held(self.path, holder) from None
        except OSError as error:
            raise refused(self.path, error) from error
        try:
            facts = {"pid": os.getpid(), "host": socket.gethostname(), "command": " ".join(sys.argv)}
            write_atomic(holder, json.dumps(facts | {"since": datetime.now(UTC).isoformat(timespec="seconds")}))
            yield
            holder.unlink(missing_ok=True)
        finally:
            lock.release()

    def json(self, name: str, value: Any) -> None:
        """Write plain values as JSON; NaN is refused."""
        write_atomic(self.path / name, json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False))

    def done(self, step: str, inputs: str) -> bool:
        """Whether ``step`` was finished with these inputs, and all that it wrote is still there."""
        marker = self.path / ".steps" / step
        if not marker.is_file():
            return False
        known, *files = marker.read_text(encoding="utf-8").split("\n")
        return known == inputs and all((self.path / file).is_file() for file in files)

    def finish(self, step: str, inputs: str, written: Iterable[Path]) -> None:
        """Remember that ``step`` is finished with these inputs, and which files it wrote."""
        files = [file.relative_to(self.path).as_posix() for file in written]
        write_atomic(self.path / ".steps" / step, "\n".join([inputs, *files]))

    def forget(self, step: str) -> None:
        """Have ``step`` done again."""
        (self.path / ".steps" / step).unlink(missing_ok=True)

    def log(self, event: str, **facts: Any) -> None:
        """Append one line to ``log.jsonl``."""
        line = json.dumps({"time": datetime.now(UTC).isoformat(timespec="seconds"), "event": event, **facts})
        try:
            with (self.path / "log.jsonl").open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise refused(self.path / "log.jsonl", error) from error


def _held(path: Path, holder: Path) -> ResourceError:
    try:
        facts = json.loads(holder.read_text(encoding="utf-8"))
        who = f"process {facts['pid']} on {facts['host']} since {facts['since']} ({facts['command']})"
    except (OSError, ValueError, KeyError):
        who = "another process"
    return ResourceError("RUN_LOCKED", f"{path} in use by {who}", "a run folder of its own", "wait, or use --out")
