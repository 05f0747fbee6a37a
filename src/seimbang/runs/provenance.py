"""With what, where and how long a run was made."""

import json
import os
import platform
import resource
import sys
from contextlib import suppress
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from seimbang import __version__
from seimbang.classical.base import Estimator
from seimbang.runs.arms import measured
from seimbang.runs.context import Context
from seimbang.runs.estimators import FIT
from seimbang.study.schema import Plan

LIBRARIES = ["torch", "numpy", "pandas", "scikit-learn", "scipy", "pillow", "pydantic", "safetensors"]


def provenance(run: Context) -> dict[str, object]:
    """Return the facts of ``provenance.json``: times are of all goes at the run, and of all folds of an arm."""
    import torch

    started, finished, seconds = _goes(run.folder.path / "log.jsonl")
    return {
        "seimbang": __version__,
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "platform": platform.platform(),
        "cpu": _cpu(),
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "seed": run.study.training.seed,
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "started": started,
        "finished": finished,
        "seconds": seconds,
        "peak_memory_mb": peak_memory(),
        "arms": {plan.slug: _times(run, plan) for plan in run.study.plans() if measured(run, plan)},
        "data_digest": run.data_digest,
        "quick": run.quick,
    }


def _goes(log: Path) -> tuple[str, str, float]:
    """Return when the run was begun and last worked on, and the seconds of all goes, waits between them left out."""
    events = []
    for line in log.read_text(encoding="utf-8").splitlines():
        with suppress(ValueError):  # a line cut off by a kill
            events.append(json.loads(line))
    times = [datetime.fromisoformat(event["time"]) for event in events]
    steps = zip(times, times[1:], events[1:], strict=False)
    seconds = sum((now - before).total_seconds() for before, now, event in steps if event["event"] != "start")
    return events[0]["time"], events[-1]["time"], seconds


def peak_memory() -> float:
    """Return the largest resident set of this process in MB, mapped files included."""
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6, 1)


def _times(run: Context, plan: Plan) -> dict[str, float]:
    if isinstance(plan.model, Estimator):
        fits = [json.loads((run.fold_folder(plan, fold) / FIT).read_text()) for fold in run.folds_of(plan)]
        return {"seconds": round(sum(fit["seconds"] for fit in fits), 1)}
    histories = [pd.read_csv(run.fold_folder(plan, fold) / "history.csv") for fold in run.folds_of(plan)]
    seconds = pd.concat(histories).seconds
    return {"seconds": round(float(seconds.sum()), 1), "seconds_per_epoch": round(float(seconds.median()), 2)}


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores"
