"""Eight equal jobs of the phantom study: one worker, two workers, and two on Ray; how much faster, and the same bits?

    python benchmarks/parallel.py [--epochs N] [--ray]

Each run is one whole command, from an empty run folder to the report; the images are in the cache before. What is
compared is the time from the first job's start to the last one's end, as ``log.jsonl`` has it, and that of the command.
"""

import argparse
import json
import os
import sys
import tempfile
from datetime import datetime
from pathlib import Path

from measure import run

STUDY = """
title = "Eight equal jobs"

[data]
source = "phantom"
positive = "PNEUMONIA"
phantom = {{ patients = 200, prevalence = 0.3 }}

[image]
size = [96, 96]

[model]
name = "cnn"
widths = [16, 32]

[training]
epochs = {epochs}
seeds = 8
precision = "float32"

[[arm]]
name = "none"
"""


def seconds_of_jobs(folder: Path) -> float:
    """Return the seconds from the first step of a job to the end of the last job."""
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    started = datetime.fromisoformat(next(line["time"] for line in lines if line["event"] == "start"))
    ends = [datetime.fromisoformat(line["time"]) for line in lines if line["event"] == "job"]
    return (max(ends) - started).total_seconds()


def bits(folder: Path) -> dict[str, bytes]:
    """Return what the jobs left."""
    names = ("model.safetensors", "probabilities.npy", "history.csv")
    return {str(file.relative_to(folder)): file.read_bytes() for name in names for file in folder.rglob(name)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--ray", action="store_true", help="also with Ray")
    options = parser.parse_args()
    ways = {"1 worker": ["--workers", "1"], "2 workers": ["--workers", "2"]}
    ways |= {"Ray, 2 workers": ["--on", "ray", "--workers", "2"]} if options.ray else {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "study.toml").write_text(STUDY.format(epochs=options.epochs))
        environment = {"SEIMBANG_CACHE": str(folder / "cache"), "RAY_USAGE_STATS_ENABLED": "0"}
        command = [sys.executable, "-m", "seimbang.cli", "run", str(folder / "study.toml"), "--out"]
        run([*command, str(folder / "prepared"), "--workers", "0"], environment)
        rows = {}
        for name, words in ways.items():
            out = folder / name.replace(" ", "-").replace(",", "")
            rows[name] = (run([*command, str(out), *words], environment).seconds, seconds_of_jobs(out), bits(out))
    whole, jobs, first = rows["1 worker"]
    print(f"8 equal jobs, {os.cpu_count()} processors")
    print(f"{'':<16}{'command (s)':>14}{'jobs (s)':>12}{'faster':>10}{'jobs faster':>14}{'same bits':>12}")
    for name, (seconds, of_jobs, own) in rows.items():
        alike = "yes" if own == first and own else "NO"
        print(f"{name:<16}{seconds:>14.1f}{of_jobs:>12.1f}{whole / seconds:>10.2f}{jobs / of_jobs:>14.2f}{alike:>12}")


if __name__ == "__main__":
    main()
