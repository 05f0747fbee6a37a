"""The kidney network in Keras and in seimbang: three epochs on Normal and Stone, the same layers, batch and image size.

    python benchmarks/cnn_vs_keras.py [--data ROOT] [--venv FOLDER]

Each side is one whole process, from the JPEG files to the accuracy on the test images, one after the other. seimbang
starts with an empty cache and also audits the data, computes intervals and writes its report. Keras computes in
float32, seimbang in bfloat16 where the processor multiplies matrices in it, which the last line tells.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

import torch
from keras_vs_seimbang import facts
from measure import Cost, python_of, run

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
    print(f"fast bfloat16 on this processor: {'yes' if torch.cpu.get_capabilities().get('amx_bf16') else 'no'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data")
    parser.add_argument("--venv", type=Path, default=HERE.parent / ".venv-keras")
    options = parser.parse_args()
    if not (options.data / "kidney_ct").is_dir():
        sys.exit(f"no kidney_ct in {options.data}: give the folder that holds it with --data")
    python = python_of(options.venv, HERE / "requirements-keras.txt")
    with tempfile.TemporaryDirectory() as folder:
        theirs = keras_side(python, options.data)
        ours = seimbang_side(options.data, Path(folder))
    show(theirs, ours)


if __name__ == "__main__":
    main()
