"""The same study written with Keras and run with seimbang: five epochs of SMOTE and a recurrent network on X-rays.

    python benchmarks/keras_vs_seimbang.py [--data ROOT] [--venv FOLDER]

Each side is one whole process, from the JPEG files to the accuracy on the test images, the two in turn. seimbang starts
with an empty cache and also audits the data, computes intervals and writes its report. Peak memory is the resident set,
as the kernel counts it; it includes the memory-mapped pixels.
"""

import json
import statistics
import sys
from pathlib import Path

from measure import Cost, run, versus_keras

HERE = Path(__file__).resolve().parent
STUDY = HERE / "pneumonia.toml"
EPOCHS = 5


def keras_side(python: str, data: Path) -> tuple[Cost, dict]:
    cost = run([python, str(HERE / "keras_side.py"), str(data), str(EPOCHS)])
    return cost, json.loads(cost.output.splitlines()[-1])


def seimbang_side(data: Path, folder: Path) -> tuple[Cost, dict]:
    out = folder / "run"
    command = [sys.executable, "-m", "seimbang.cli", "run", str(STUDY), "--data", str(data), "--out", str(out)]
    cost = run(command, {"SEIMBANG_CACHE": str(folder / "cache")})
    return cost, facts(next((out / "arms").iterdir()))


def facts(arm: Path) -> dict:
    """Return what the run folder says of an arm: rows, time per epoch and test accuracy."""
    lines = (arm.parents[1] / "log.jsonl").read_text(encoding="utf-8").splitlines()
    epochs = [
        line["seconds"] for line in map(json.loads, lines) if line["event"] == "epoch" and line["arm"] == arm.name
    ]
    described = json.loads((arm / "arm.json").read_text(encoding="utf-8"))
    metrics = json.loads((arm / "metrics.json").read_text(encoding="utf-8"))
    return {
        "rows": sum(described["after"].values()),
        "validation": metrics["sets"]["validation"]["n"],
        "epochs": epochs,
        "accuracy": metrics["sets"]["test"]["default"]["metrics"]["accuracy"]["value"],
    }


def show(theirs: tuple[Cost, dict], ours: tuple[Cost, dict]) -> None:
    def line(name: str, a: float, b: float, digits: int, ratio: bool = True) -> None:
        print(f"{name:<34}{a:>12.{digits}f}{b:>12.{digits}f}" + (f"{b / a:>10.2f}" if ratio else ""))

    epoch = [statistics.median(facts["epochs"]) for _, facts in (theirs, ours)]
    print(f"{'':<34}{'Keras':>12}{'seimbang':>12}{'ratio':>10}")
    line("peak memory (MB)", theirs[0].peak_mb, ours[0].peak_mb, 0)
    line("seconds an epoch (median)", *epoch, 2)
    line("seconds in all", theirs[0].seconds, ours[0].seconds, 1)
    line("training rows after SMOTE", theirs[1]["rows"], ours[1]["rows"], 0)
    line("validation rows", theirs[1]["validation"], ours[1]["validation"], 0)
    line("test accuracy after 5 epochs", theirs[1]["accuracy"], ours[1]["accuracy"], 3, ratio=False)


if __name__ == "__main__":
    versus_keras(__doc__, "chest_xray", keras_side, seimbang_side, show)
