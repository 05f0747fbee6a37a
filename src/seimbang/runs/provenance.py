"""With what, where and how long a run was made."""

import os
import platform
import resource
import sys
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from seimbang import __version__
from seimbang.runs.context import Context

LIBRARIES = ["torch", "numpy", "pandas", "scikit-learn", "scipy", "pillow", "pydantic", "safetensors"]


def provenance(run: Context, started: str, finished: str, seconds: float) -> dict[str, object]:
    """Return the facts of ``provenance.json``; times of arms are those of their training."""
    import torch

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
        "seconds": round(seconds, 1),
        "peak_memory_mb": peak_memory(),
        "arms": {plan.slug: _times(run.arm_folder(plan)) for plan in run.plans},
        "data_digest": run.data_digest,
        "quick": run.quick,
    }


def peak_memory() -> float:
    """Return the largest resident set of this process in MB, mapped files included."""
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6, 1)


def _times(arm: Path) -> dict[str, float]:
    seconds = pd.read_csv(arm / "history.csv").seconds
    return {"seconds": round(float(seconds.sum()), 1), "seconds_per_epoch": round(float(seconds.median()), 2)}


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores"
