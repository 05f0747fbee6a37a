"""One worker process: it ends when no job is left, or when the process that started it is gone."""

import os
import signal
import sys
import threading
from pathlib import Path

from seimbang.errors import SeimbangError
from seimbang.record.folder import RunFolder
from seimbang.runs.prepare import restore
from seimbang.runs.work import take


def main(path: str) -> int:
    """Do free jobs of a prepared run; return the exit code. An error is in the log, for whoever started this."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the starter ends its workers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        scope, asked = restore(RunFolder(Path(path)))
        for _ in take(scope, asked):
            pass
    except SeimbangError as error:
        facts = {"code": error.code, "found": error.found, "expected": error.expected, "fix": error.fix}
        RunFolder(Path(path)).log("failed", kind=type(error).__name__, **facts)
        return error.exit_code
    return 0


def _end_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)  # returns when the parent's death closes the other end; a buffer has a lock at exit
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
