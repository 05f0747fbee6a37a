"""How often the same method, trained with other seeds, is called different from itself.

    python benchmarks/same_method.py [--arms N] [--seeds N] [--model gru|kidney_cnn|mlp] [--repeats N] [--flip SHARE]

Arms that differ in nothing but their seeds, on the data of the phantom study (networks) or the breast-cancer table. Of
all pairs it counts those whose balanced accuracy is called different: by p of the pair alone, and corrected for all
pairs of a study. The first column is of one seed an arm, which is what tests of trainings say; the second of all.

With ``--flip`` the last arm has a real effect, which is to be found: this share of the labels of its rarest class are
wrong in training. Then only its pairs are counted.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from pydantic import Field

from seimbang.balance import METHODS
from seimbang.balance.base import Balance, Ints, Recipe
from seimbang.evaluation.compare import compare
from seimbang.evaluation.predictions import read
from seimbang.runs.executors import Options
from seimbang.runs.run import run
from seimbang.study.schema import parse

PHANTOM = {"source": "phantom", "positive": "PNEUMONIA", "phantom": {"patients": 800, "prevalence": 0.2}}
IMAGE = {"size": [64, 64], "channels": 1}
DATA: dict[str, dict[str, Any]] = {
    "gru": {
        "data": PHANTOM,
        "image": IMAGE,
        "model": {"name": "gru", "units": 32},
        "training": {"epochs": 15, "batch_size": 16, "learning_rate": 0.002},
    },
    "kidney_cnn": {
        "data": PHANTOM,
        "image": IMAGE,
        "model": {"name": "kidney_cnn"},
        "training": {"epochs": 8, "learning_rate": 0.0003},
    },
    "mlp": {"data": {"source": "sklearn:breast_cancer"}, "model": {"name": "mlp"}, "training": {"epochs": 8}},
}


class Flipped(Balance):
    """Not a method of balancing but an effect of known direction: labels of the rarest class are wrong in training.

    Attributes:
        share: Of its cases.
    """

    title: ClassVar[str] = "wrong labels"
    share: float = Field(gt=0, lt=1)

    def rows(self, X: np.ndarray, among: Ints, y: Ints, rng: np.random.RandomState) -> Recipe:
        """Return every row once, some of the rarest class with the label of the most frequent one."""
        counts, labels = np.bincount(y), y.copy()
        rare = np.flatnonzero(y == counts.argmin())
        labels[rng.choice(rare, round(self.share * len(rare)), replace=False)] = counts.argmax()
        return Recipe.of_real(np.arange(len(y)), labels)


METHODS["flipped"] = Flipped


def study(model: str, arms: int, seeds: int, repeat: int, flip: float) -> dict[str, Any]:
    """Return a study of equal arms, or with ``flip`` a last one that is worse, whose seeds are all different."""
    settings = [{"name": f"none {k}", "training": {"seed": 10_000 * repeat + seeds * k}} for k in range(arms)]
    if flip:
        settings[-1] |= {"name": "worse", "balance": {"method": "flipped", "share": flip}}
    training = {**DATA[model]["training"], "seeds": seeds}
    return {"title": "The same method", **DATA[model], "split": {"seed": repeat}, "training": training, "arm": settings}


def called_different(tables: dict[str, pd.DataFrame], classes: list[str]) -> np.ndarray:
    """Return for each pair whether it is called different: by its own p, and after correction."""
    pairs = compare(tables, classes)["sets"]["test"]["pairs"]
    if "worse" in tables:
        pairs = [pair for pair in pairs if "worse" in (pair["first"], pair["second"])]
    tests = [pair["balanced_accuracy"] for pair in pairs]
    return np.array([[(test[key] or 1.0) < 0.05 for key in ("p", "corrected")] for test in tests])


def measure(options: argparse.Namespace, repeat: int, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return ``called_different`` of one seed an arm, and of all."""
    settings = study(options.model, options.arms, options.seeds, repeat, options.flip)
    # other processes would not know the method of this file
    run(parse(settings), Path(), folder, options=Options(workers=1 if options.flip else 2))
    tables = {path.name: read(path) for path in sorted((folder / "arms").iterdir())}
    names = [name.removeprefix("p_") for name in next(iter(tables.values())).columns if name.startswith("p_")]
    first = {name: table[table.seed == table.seed.iloc[0]] for name, table in tables.items()}
    return called_different(first, names), called_different(tables, names)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arms", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--model", choices=sorted(DATA), default="gru")
    parser.add_argument("--repeats", type=int, default=3, help="studies, each of another split")
    parser.add_argument(
        "--flip", type=float, default=0.0, metavar="SHARE", help="of labels, of a last arm that is worse"
    )
    options = parser.parse_args()
    one, every = [], []
    for repeat in range(options.repeats):
        with tempfile.TemporaryDirectory() as scratch:
            alone, together = measure(options, repeat, Path(scratch) / "run")
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
