"""With what, where and how long a run was made."""

import json
import os
import platform
import resource
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from seimbang import __version__
from seimbang.record.base import dump
from seimbang.record.data import Provenance
from seimbang.record.folder import Files
from seimbang.study.schema import Plan, Study

LIBRARIES = ["torch", "numpy", "pandas", "scikit-learn", "scipy", "pillow", "pydantic", "safetensors"]


def provenance_files(
    study: Study,
    finished_arms: Sequence[Plan],
    log: Sequence[dict[str, Any]],
    data_digest: str,
    threads: int,
    quick: bool,
) -> Files:
    """Return ``provenance.json``: times are of all goes at the run, and of all jobs of an arm."""
    import torch

    started, finished, seconds = goes(log)
    peaks = [line["peak_memory_mb"] for line in worked(log) if "peak_memory_mb" in line]
    facts = Provenance(
        seimbang=__version__,
        python=platform.python_version(),
        libraries={name: version(name) for name in LIBRARIES},
        platform=platform.platform(),
        cpu=_cpu(),
        threads=threads,
        device=torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        seed=study.training.seed,
        command=" ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        started=started,
        finished=finished,
        seconds=seconds,
        peak_memory_mb=max([peak_memory(), *peaks]),
        arms={plan.slug: _times(plan, log) for plan in finished_arms},
        data_digest=data_digest,
        quick=quick,
    )
    return {"provenance.json": dump(facts)}


def events(log: Path) -> list[dict[str, Any]]:
    """Return the lines of ``log.jsonl``; one cut off by a kill is left out."""
    lines = []
    for line in log.read_text(encoding="utf-8").splitlines() if log.is_file() else ():
        with suppress(ValueError):
            lines.append(json.loads(line))
    return lines


def worked(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines that say that something was done: jobs and steps."""
    return [line for line in lines if line["event"] in ("job", "step")]


def goes(lines: Sequence[dict[str, Any]]) -> tuple[str, str, float]:
    """Return when the run was begun and last worked on, and the seconds of all goes, waits between them left out."""
    times = [datetime.fromisoformat(line["time"]) for line in lines]
    steps = zip(times, times[1:], lines[1:], strict=False)
    seconds = sum((now - before).total_seconds() for before, now, line in steps if line["event"] != "start")
    return lines[0]["time"], lines[-1]["time"], round(seconds, 3)


def peak_memory() -> float:
    """Return the largest resident set of this process in MB, mapped files included."""
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6, 1)


def _times(plan: Plan, log: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return the seconds of an arm's jobs, of each its last go, and of an epoch in the middle."""
    mine = [line for line in log if line.get("arm") == plan.slug]
    jobs = {line["job"]: line["seconds"] for line in mine if line["event"] == "job"}
    epochs = [line["seconds"] for line in mine if line["event"] == "epoch" and "epoch" in line]
    per_epoch = {"seconds_per_epoch": round(median(epochs), 2)} if epochs else {}
    return {"seconds": round(sum(jobs.values()), 1), **per_epoch}


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores"
