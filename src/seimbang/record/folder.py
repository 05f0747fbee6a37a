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

HALF = re.compile(r"\..+\.[0-9a-f]{16}")
"""Name of a file that is being written, see ``imaging.files``."""
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
        known, files = self._marker(step)
        return known == inputs and all(file_digest(self.path / name) == one for name, one in files.items())

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
        write_atomic(self._file(step), json.dumps({"inputs": inputs, "files": digests}, indent=1))

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
            handle = os.open(self.path / "log.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            try:
                os.write(handle, f"{line}\n".encode())
            finally:
                os.close(handle)
        except OSError as error:
            raise write_error(self.path / "log.jsonl", error) from error

    def _file(self, step: str) -> Path:
        return self.path / ".steps" / f"{step}.json"

    def _marker(self, step: str) -> tuple[str, dict[str, str]]:
        try:
            marker = json.loads(self._file(step).read_text(encoding="utf-8"))
            return marker["inputs"], marker["files"]
        except (OSError, ValueError, KeyError, TypeError):
            return "", {}
