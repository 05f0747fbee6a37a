"""What augmentation costs: the seconds of an epoch without it and with it, in turn, in one process.

    python benchmarks/augmentation.py [--models rnn cnn kidney_cnn] [--side 150] [--batch 16] [--rows 640] [--repeats 5]

The pixels are random, as time does not depend on them. Validation, a tenth of the rows, is part of an epoch and never
augmented. Of each, the fastest epoch counts: what else the machine does can only make one slower.
"""

import argparse

import numpy as np
import torch

from seimbang.balance import make
from seimbang.imaging.augment import UNCHANGED, Augmentation
from seimbang.networks import NETWORKS
from seimbang.study.models import make as make_network
from seimbang.training.base import TrainingSettings
from seimbang.training.loop import Trainer

KIDNEY = {"rotation": 10, "flip_left_right": True, "flip_top_bottom": True}
GEOMETRY = {**KIDNEY, "shift": 0.1, "zoom": 0.1, "crop": 0.1}
LIGHT = {"brightness": 0.1, "contrast": 0.1}
CHANGES = {
    "rotation, flips": Augmentation(**KIDNEY),
    "all but noise": Augmentation(**GEOMETRY, **LIGHT),
    "all": Augmentation(**GEOMETRY, **LIGHT, noise=0.02),
}


def trainer(name: str, options: argparse.Namespace, augmentation: Augmentation) -> Trainer:
    X = np.random.default_rng(0).integers(0, 256, (options.rows, options.side, options.side, 1), dtype=np.uint8)
    y = np.arange(options.rows) % 2
    module = make_network({"name": name}).build(X.shape[1:], 2)
    balance, train = make({"method": "none"}), np.arange(options.rows // 10, options.rows)
    settings = TrainingSettings(epochs=10_000, batch_size=options.batch)
    recipe = balance.recipe(X, y[train], 0, train)
    return Trainer(module, recipe, X, np.arange(options.rows // 10), y, balance, settings, augmentation)


def seconds(name: str, options: argparse.Namespace) -> dict[str, float]:
    """Return the seconds of the fastest epoch, by what is changed; an epoch of each in turn, over and over."""
    runs = {title: trainer(name, options, one).epochs() for title, one in {"none": UNCHANGED, **CHANGES}.items()}
    rounds = [{title: next(run).seconds for title, run in runs.items()} for _ in range(options.repeats)]
    return {title: min(one[title] for one in rounds) for title in runs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=list(NETWORKS), default=["rnn", "cnn", "kidney_cnn"])
    for option, value in {"side": 150, "batch": 16, "rows": 640, "repeats": 5}.items():
        parser.add_argument(f"--{option}", type=int, default=value)
    options = parser.parse_args()
    print(f"{options.rows} images of {options.side} px, batches of {options.batch}, {torch.get_num_threads()} threads")
    print(f"{'model':<12}{'augmentation':<18}{'seconds an epoch':>18}{'ratio':>8}")
    for name in options.models:
        fastest = seconds(name, options)
        for title, time in fastest.items():
            print(f"{name:<12}{title:<18}{time:>18.2f}{time / fastest['none']:>8.2f}", flush=True)


if __name__ == "__main__":
    main()
