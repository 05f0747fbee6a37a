"""How often the same method, trained with other seeds, is called different from itself.

    python benchmarks/same_method.py [--arms N] [--seeds N] [--model cnn|mlp] [--repeats N]

Arms that differ in nothing but their seeds, on the phantom (``cnn``) or the breast-cancer table (``mlp``). Of all
pairs it counts those whose balanced accuracy is called different: by p of the pair alone, and corrected for all pairs
of a study. The first column is of one seed an arm, which is what tests of trainings say; the second of all seeds.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seimbang.evaluation.compare import compare
from seimbang.evaluation.predictions import read
from seimbang.runs.executors import Options
from seimbang.runs.run import run
from seimbang.study.schema import parse

DATA: dict[str, dict[str, Any]] = {
    "cnn": {
        "data": {"source": "phantom", "positive": "PNEUMONIA", "phantom": {"patients": 200, "prevalence": 0.3}},
        "image": {"size": [32, 32]},
        "model": {"name": "cnn", "widths": [8], "dense": [8]},
    },
    "mlp": {"data": {"source": "sklearn:breast_cancer"}, "model": {"name": "mlp"}},
}


def study(model: str, arms: int, seeds: int, repeat: int) -> dict[str, Any]:
    """Return a study of equal arms, whose seeds are all different."""
    first = 10_000 * repeat
    return {
        "title": "The same method",
        **DATA[model],
        "split": {"seed": repeat},
        "training": {"epochs": 8, "seeds": seeds},
        "arm": [{"name": f"none {k}", "training": {"seed": first + seeds * k}} for k in range(arms)],
    }


def called_different(tables: dict[str, pd.DataFrame], classes: list[str]) -> np.ndarray:
    """Return for each pair whether it is called different: by its own p, and after correction."""
    pairs = compare(tables, classes)["sets"]["test"]["pairs"]
    tests = [pair["balanced_accuracy"] for pair in pairs]
    return np.array([[(test[key] or 1.0) < 0.05 for key in ("p", "corrected")] for test in tests])


def measure(model: str, arms: int, seeds: int, repeat: int, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return ``called_different`` of one seed an arm, and of all."""
    run(parse(study(model, arms, seeds, repeat)), Path(), folder, options=Options(workers=2))
    tables = {path.name: read(path) for path in sorted((folder / "arms").iterdir())}
    names = [name.removeprefix("p_") for name in next(iter(tables.values())).columns if name.startswith("p_")]
    first = {name: table[table.seed == table.seed.iloc[0]] for name, table in tables.items()}
    return called_different(first, names), called_different(tables, names)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arms", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--model", choices=sorted(DATA), default="cnn")
    parser.add_argument("--repeats", type=int, default=3, help="studies, each of another split")
    options = parser.parse_args()
    one, every = [], []
    for repeat in range(options.repeats):
        with tempfile.TemporaryDirectory() as scratch:
            alone, together = measure(options.model, options.arms, options.seeds, repeat, Path(scratch) / "run")
        one.append(alone)
        every.append(together)
        print(
            f"study {repeat}: {alone.sum(0)} of {len(alone)} pairs with one seed, {together.sum(0)} with all",
            flush=True,
        )
    for name, parts in (("one seed", one), (f"{options.seeds} seeds", every)):
        share = np.concatenate(parts).mean(0)
        print(f"{name}: {share[0]:.3f} of pairs have p < .05, {share[1]:.3f} are called different after correction")


if __name__ == "__main__":
    main()
