"""Run a command and measure it: wall time and the peak memory of the whole process."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """What a command took: wall time in seconds, peak resident memory in MB, and what it printed."""

    seconds: float
    peak_mb: float
    output: str


def run(command: list[str], env: dict[str, str] | None = None) -> Cost:
    """Run ``command`` to its end; its standard error is passed through. Stops the benchmark when it fails."""
    print("$", " ".join(command), file=sys.stderr, flush=True)
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **(env or {})})
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{output}\nthe command above failed with exit code {process.returncode}")
    return Cost(time.perf_counter() - started, usage.ru_maxrss / 1024, output)


def versus_keras(doc: str, folder: str, theirs: Callable, ours: Callable, show: Callable) -> None:
    """Run both sides on the data set in ``folder`` and show them; the options are those of the command line."""
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=here.parent.parent / "shared" / "data")
    parser.add_argument("--venv", type=Path, default=here.parent / ".venv-keras")
    parser.add_argument("--turns", type=int, default=1, help="how often each side is run, one after the other")
    options = parser.parse_args()
    if not (options.data / folder).is_dir():
        sys.exit(f"no {folder} in {options.data}: give the folder that holds it with --data")
    python = python_of(options.venv, here / "requirements-keras.txt")
    for _ in range(options.turns):
        with tempfile.TemporaryDirectory() as scratch:
            first = theirs(python, options.data)
            second = ours(options.data, Path(scratch))
        show(first, second)


def python_of(venv: Path, requirements: Path) -> str:
    """Return the interpreter of ``venv``, made from ``requirements`` where it does not exist yet."""
    python = venv / "bin" / "python"
    ready = venv / ".ready"
    if not ready.exists():
        print(f"installing {requirements.name} into {venv}", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "-r", str(requirements)], check=True)
        ready.touch()
    return str(python)
