"""The kidney network in Keras and in seimbang: three epochs on Normal and Stone, the same layers, batch and image size.

    python benchmarks/cnn_vs_keras.py [--data ROOT] [--venv FOLDER]

Each side is one whole process, from the JPEG files to the accuracy on the test images, one after the other. seimbang
starts with an empty cache and also audits the data, computes intervals and writes its report. Keras computes in
float32, seimbang in bfloat16 where the processor multiplies matrices in it, which the last line tells.
"""

import json
import statistics
import sys
from pathlib import Path

from keras_vs_seimbang import facts
from measure import Cost, run, versus_keras

from seimbang.training.device import fast_bfloat16

HERE = Path(__file__).resolve().parent
EPOCHS = 3


def keras_side(python: str, data: Path) -> tuple[Cost, dict]:
    cost = run([python, str(HERE / "keras_cnn_side.py"), str(data), str(EPOCHS)])
    return cost, json.loads(cost.output.splitlines()[-1])


def seimbang_side(data: Path, folder: Path) -> tuple[Cost, dict]:
    study, out = HERE / "kidney_cnn.toml", folder / "run"
    command = [sys.executable, "-m", "seimbang.cli", "run", str(study), "--data", str(data), "--out", str(out)]
    cost, arm = run(command, {"SEIMBANG_CACHE": str(folder / "cache")}), out / "arms" / "none"
    layers = json.loads((arm / "arm.json").read_text(encoding="utf-8"))["layers"]
    return cost, facts(arm) | {"weights": sum(layer["parameters"] for layer in layers)}


def show(theirs: tuple[Cost, dict], ours: tuple[Cost, dict]) -> None:
    print(f"{'':<34}{'Keras':>12}{'seimbang':>12}{'ratio':>10}")
    for name, digits, value in (
        ("seconds an epoch (median)", 2, lambda cost, found: statistics.median(found["epochs"])),
        ("seconds in all", 1, lambda cost, found: cost.seconds),
        ("peak memory (MB)", 0, lambda cost, found: cost.peak_mb),
        ("trained parameters", 0, lambda cost, found: found["weights"]),
        ("training rows", 0, lambda cost, found: found["rows"]),
        ("validation rows", 0, lambda cost, found: found["validation"]),
        (f"test accuracy after {EPOCHS} epochs", 3, lambda cost, found: found["accuracy"]),
    ):
        a, b = value(*theirs), value(*ours)
        print(f"{name:<34}{a:>12.{digits}f}{b:>12.{digits}f}{b / a:>10.2f}")
    print(f"fast bfloat16 on this processor: {'yes' if fast_bfloat16('cpu') else 'no'}")


if __name__ == "__main__":
    versus_keras(__doc__, "kidney_ct", keras_side, seimbang_side, show)
