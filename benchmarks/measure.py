"""Run a command and measure it: wall time and the peak memory of the whole process."""

import os
import subprocess
import sys
import time
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
