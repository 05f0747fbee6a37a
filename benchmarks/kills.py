"""Kills workers and the process that started them at random moments; the run must end as an undisturbed one.

    python benchmarks/kills.py [--kills N] [--way serial|workers|ray|work] [--seed S] [--epochs N]

``serial``: ``seimbang run --workers 1``, killed (SIGKILL) each time. ``workers``: ``seimbang run --workers 2``, of
whose workers or itself one is killed each time. ``ray``: the
same on a Ray cluster that is started for it. ``work``: three ``seimbang work`` on one folder. Whoever is missing is
started again.

In the end every file but the log, the provenance and the report (which tell of times) has to have the bytes of an
undisturbed run; no case may be in two parts of a fold; no job may be lost, or be finished twice. Exit code 1 otherwise.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pandas as pd

STUDY = """
title = "Kills"

[data]
source = "phantom"
positive = "PNEUMONIA"
phantom = { patients = 80, prevalence = 0.4 }

[image]
size = [32, 32]
augment = { rotation = 5.0 }

[split]
folds = 2

[model]
name = "cnn"
widths = [4, 8]

[training]
epochs = EPOCHS
seeds = 2
precision = "float32"

[[arm]]
name = "none"

[[arm]]
name = "forest"
model = { name = "forest", trees = 100 }
"""
TIMED = {"log.jsonl", "provenance.json", "report.html"}
WORKER = b"seimbang.runs.executors.worker"


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "seimbang.cli", *map(str, words)]


def start(words: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    with errors(environment).open("ab") as file:  # not a pipe: it fills while nobody reads, and the command waits
        return subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=file)


def errors(environment: dict[str, str]) -> Path:
    """Return the file with what the commands of this benchmark said on standard error."""
    return Path(environment["SEIMBANG_CACHE"]).with_name("stderr.txt")


def processes(way: str, mark: str) -> list[int]:
    """Return the workers of this benchmark: by the mark in their environment, on Ray by the names of its tasks."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line, environment = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
        except OSError:
            continue
        task = way == "ray" and line.startswith(b"ray::") and b"." in line
        if task or (way == "workers" and WORKER in line and mark.encode() in environment):
            found.append(int(folder.name))
    return found


def wait_for_workers(way: str, mark: str, seconds: float = 20) -> list[int]:
    """Return the workers as soon as there are any; a command needs some time until it has them."""
    end = time.monotonic() + seconds
    while not (pids := processes(way, mark)) and time.monotonic() < end:
        time.sleep(0.2)
    return pids


def disturb(way: str, words: list[str], kills: int, environment: dict[str, str], chance: random.Random) -> Counter[str]:
    """Run ``words`` to the end, killing ``kills`` times; return how often who was killed."""
    crew = [start(words, environment) for _ in range(3 if way == "work" else 1)]
    done: Counter[str] = Counter()
    while sum(done.values()) < kills:
        time.sleep(chance.uniform(0.5, 12))  # a command needs some seconds until it has workers
        for k, process in enumerate(crew):
            if process.poll() is not None:
                if process.returncode > 0:
                    sys.exit(f"exit code {process.returncode}: {errors(environment).read_text()[-3000:]}")
                crew[k] = start(words, environment)
        workers = (
            wait_for_workers(way, environment["MARK"]) if way in ("workers", "ray") and chance.random() < 0.7 else []
        )
        everybody = [("main", process.pid) for process in crew]
        who, pid = chance.choice([("worker", pid) for pid in workers] or everybody)
        try:
            os.kill(pid, signal.SIGKILL)
            done[who] += 1
        except ProcessLookupError:
            continue
    for process in crew:
        process.wait()
    last = subprocess.run(words, env=environment, capture_output=True, text=True)
    if last.returncode:
        sys.exit(last.stderr[-3000:])
    return done


def files(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name not in TIMED)
    named = {path.relative_to(folder).as_posix(): path for path in paths}
    return {name: path.read_bytes() for name, path in named.items() if not name.startswith(".")}


def faults(disturbed: Path, quiet: Path) -> list[str]:
    """Return what is wrong with a run that was disturbed."""
    ours, theirs = files(disturbed), files(quiet)
    wrong = [f"{name} is not there" for name in theirs.keys() - ours.keys()]
    wrong += [f"{name} is too much" for name in ours.keys() - theirs.keys()]
    wrong += [f"{name} has other bytes" for name in ours.keys() & theirs.keys() if ours[name] != theirs[name]]
    half = [path for path in disturbed.rglob(".*") if path != disturbed / path.name]
    litter = [path.name for path in [*half, *disturbed.glob(".leases/*"), *disturbed.glob(".checkpoints/*")]]
    wrong += [f"litter: {name}" for name in litter]
    splits = pd.read_csv(disturbed / "splits.csv", dtype=str)
    if splits.duplicated(["protocol", "fold", "case_id"]).any():
        wrong.append("a case is in two parts")
    lines = [json.loads(line) for line in (disturbed / "log.jsonl").read_text().splitlines()]
    times = Counter(line["job"] for line in lines if line["event"] == "job")
    wrong += [f"job {name} was finished {number} times" for name, number in times.items() if number > 1]
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--way", choices=["serial", "workers", "ray", "work"], default="workers")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=150, help="of each network, so that there is something to kill")
    parser.add_argument("--study", type=Path, help="another study than the built-in one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder, mark = Path(scratch), f"seimbang-kills-{os.getpid()}"
        study = options.study or folder / "study.toml"
        if not options.study:
            study.write_text(STUDY.replace("EPOCHS", str(options.epochs)))
        environment = os.environ | {"SEIMBANG_CACHE": str(folder / "cache"), "MARK": mark}
        environment |= {"RAY_USAGE_STATS_ENABLED": "0"}
        quiet, out = folder / "quiet", folder / "disturbed"
        started = time.monotonic()
        subprocess.run(command("run", study, "--out", quiet, "--workers", 1), env=environment, check=True)
        print(f"undisturbed, one process: {time.monotonic() - started:.0f} s", flush=True)
        words = {
            "serial": command("run", study, "--out", out, "--workers", 1),
            "workers": command("run", study, "--out", out, "--workers", 2),
            "ray": command("run", study, "--out", out, "--on", "ray", "--address", "auto", "--workers", 2),
            "work": command("work", out),
        }[options.way]
        if options.way == "work":
            subprocess.run(command("run", study, "--out", out, "--workers", 0), env=environment, check=True)
        ray = [str(Path(sys.executable).with_name("ray"))]
        if options.way == "ray":
            subprocess.run(
                [*ray, "start", "--head", "--num-cpus=2", "--include-dashboard=false"], env=environment, check=True
            )
        started = time.monotonic()
        try:
            killed = disturb(options.way, words, options.kills, environment, random.Random(options.seed))
        finally:
            if options.way == "ray":
                subprocess.run([*ray, "stop", "--force"], env=environment)
        wrong = faults(out, quiet)
        seconds = time.monotonic() - started
        print(f"{options.way}: {dict(killed)} killed in {seconds:.0f} s; {len(files(out))} files compared")
        right = "every byte as undisturbed; no case in two parts; no job lost or finished twice; no litter"
        print("\n".join(wrong) or right)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
