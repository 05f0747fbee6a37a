"""What workers write into the log, for the process that shows it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seimbang import errors
from seimbang.errors import SeimbangError
from seimbang.progress import Board


@dataclass
class Watch:
    """The lines that are added to a log from now on.

    Attributes:
        log: ``log.jsonl``; it may grow while it is read.
        board: Shows what they say.
        failed: The first error of a job, where there was one.
    """

    log: Path
    board: Board
    failed: SeimbangError | None = None
    _read: int = field(init=False)

    def __post_init__(self) -> None:
        self._read = self.log.stat().st_size if self.log.is_file() else 0

    def events(self) -> list[dict[str, Any]]:
        """Show the new lines, and return them."""
        events = list(self._new())
        for event in events:
            if event["event"] in ("epoch", "fit"):
                self.board.update(event["job"], event["line"], event["peak_memory_mb"])
            elif event["event"] == "failed" and self.failed is None:
                kind = getattr(errors, event["kind"])
                self.failed = kind(event["code"], event["found"], event["expected"], event["fix"])
        return events

    def _new(self) -> Iterator[dict[str, Any]]:
        if not self.log.is_file():
            return
        with self.log.open("rb") as file:
            file.seek(self._read)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            try:
                yield json.loads(line)
            except ValueError:  # cut off by a kill
                continue
