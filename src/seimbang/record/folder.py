"""The run folder: whole files only, and for each step what it was made from and what it wrote."""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from seimbang.imaging.files import file_digest, write_atomic, write_error
from seimbang.record.base import dump
from seimbang.record.seal import STEPS, Marker, read_marker

HALF = re.compile(r"\..+\.[0-9a-f]{16}")
"""Name of a file that is being written, see ``imaging.files``."""
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0)
"""A named pipe in the place of a file is refused, not waited for."""
Files = Mapping[str, bytes | str]
"""What a step writes: content by name, relative to where the step writes."""


def digest(value: Any) -> str:
    """Return the sha256 of plain values; anything else is a mistake, since its text may hide what it holds."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, allow_nan=False).encode()).hexdigest()


@dataclass(frozen=True)
class RunFolder:
    """A run folder at ``path``."""

    path: Path

    def done(self, step: str, inputs: str) -> bool:
        """Whether ``step`` was finished with these inputs, and all that it wrote is still there as it wrote it."""
        return read_marker(self._file(step)).inputs == inputs and self.whole(step)

    def whole(self, step: str) -> bool:
        """Whether ``step`` was finished, and all that it wrote is still there as it wrote it."""
        marker = read_marker(self._file(step))
        files = marker.files.items()
        return bool(marker.inputs) and all(file_digest(self.path / name) == known for name, known in files)

    def publish(self, step: str, inputs: str, below: str, writes: Iterable[str], files: Files) -> None:
        """Write what a step made, take away what it made before and no more, and remember both.

        Args:
            step: Its name.
            inputs: Digest of what it was made from.
            below: Folder, relative to the run's, that the names are relative to; ``""`` for the run folder.
            writes: Patterns of the names that the step may write.
            files: Content by name.
        """
        odd = [name for name in files if not any(fnmatchcase(name, pattern) for pattern in writes)]
        assert not odd, f"step {step} writes {odd}, which its entry does not name"
        self.forget(step)
        place = self.path / below
        for name, content in files.items():
            write_atomic(place / name, content)
        for file in {file for pattern in writes for file in place.glob(pattern)} - {place / name for name in files}:
            file.unlink()
        digests = {f"{below}/{name}".lstrip("/"): file_digest(place / name) for name in files}
        write_atomic(self._file(step), dump(Marker(inputs=inputs, files=digests)))

    def forget(self, step: str) -> None:
        """Have ``step`` done again."""
        self._file(step).unlink(missing_ok=True)

    def remove(self, below: str, writes: Iterable[str]) -> None:
        """Take away what a step wrote."""
        for pattern in writes:
            for file in (self.path / below).glob(pattern):
                file.unlink()

    def sweep(self) -> None:
        """Take away files that a killed process had half written outside of jobs; only the coordinator writes these."""
        for place in ("", ".steps/", "samples/", "labels/", "figures/", "arms/*/", "arms/*/*/"):
            for file in self.path.glob(f"{place}.*"):
                if HALF.fullmatch(file.name) and file.is_file():
                    file.unlink(missing_ok=True)

    def log(self, event: str, **facts: Any) -> None:
        """Append one line to ``log.jsonl``, in one piece: several processes write it."""
        line = json.dumps({"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **facts})
        try:
            handle = os.open(self.path / "log.jsonl", _APPEND, 0o666)
            try:
                os.write(handle, f"{line}\n".encode())
            finally:
                os.close(handle)
        except OSError as error:
            raise write_error(self.path / "log.jsonl", error) from error

    def _file(self, step: str) -> Path:
        return self.path / STEPS / f"{step}.json"
