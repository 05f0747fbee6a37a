"""Fine-tuning ResNet-50 at 224 x 224 in batches of 16, the first 30 layers frozen: Keras and seimbang.

    python benchmarks/resnet50_vs_keras.py [--data ROOT] [--venv FOLDER] [--turns 3]

Each side is one process, the two in turn, on the same images of the brain-tumour data; the first epoch, in which
Keras traces its graph, does not count. Weights are random on both sides: they do not change the time a step takes.
"""

import json
import statistics
import sys
from pathlib import Path

from measure import Cost, run, versus_keras

HERE = Path(__file__).resolve().parent
IMAGES, EPOCHS = 64, 6


def ours(root: Path) -> None:
    """The other side: what ``seimbang run`` does in an epoch, its three validation images included."""
    import numpy as np
    from brain_images import BATCH, FROZEN, load

    from seimbang.balance import make as method
    from seimbang.balance.base import Recipe
    from seimbang.study.models import make
    from seimbang.training.base import TrainingSettings
    from seimbang.training.loop import Trainer

    X, settings = load(root, IMAGES), {"name": "resnet50", "weights": "random", "freeze": FROZEN}
    y, rows = np.arange(len(X)) % 3, np.arange(len(X))
    module = make(settings).build(X.shape[1:], 3)
    training = TrainingSettings(epochs=EPOCHS, batch_size=BATCH)
    trainer = Trainer(module, Recipe.of_real(rows, y), X, rows[:3], y, method({"method": "none"}), training)
    print(json.dumps({"seconds": [epoch.seconds for epoch in trainer.epochs()], "images": len(X)}))


def side(python: str, *arguments: str) -> tuple[Cost, dict]:
    cost = run([python, *arguments])
    return cost, json.loads(cost.output.splitlines()[-1])


def keras_side(python: str, data: Path) -> tuple[Cost, dict]:
    return side(python, str(HERE / "keras_resnet50_side.py"), "train", str(data), str(IMAGES), str(EPOCHS))


def seimbang_side(data: Path, _: Path) -> tuple[Cost, dict]:
    return side(sys.executable, __file__, "--ours", str(data))


def show(theirs: tuple[Cost, dict], ours: tuple[Cost, dict]) -> None:
    """Print images a second and the peak memory of both sides."""
    print(f"{'':<34}{'Keras':>12}{'seimbang':>12}{'ratio':>10}")
    for name, digits, value in (
        ("images a second (median)", 2, lambda cost, facts: facts["images"] / statistics.median(facts["seconds"][1:])),
        ("images a second (best)", 2, lambda cost, facts: facts["images"] / min(facts["seconds"][1:])),
        ("peak memory (MB)", 0, lambda cost, facts: cost.peak_mb),
    ):
        a, b = value(*theirs), value(*ours)
        print(f"{name:<34}{a:>12.{digits}f}{b:>12.{digits}f}{b / a:>10.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--ours"]:
        ours(Path(sys.argv[2]))
    else:
        versus_keras(__doc__, "brain_tumor", keras_side, seimbang_side, show)
