"""Features of ResNet-50 for images of 224 x 224: Keras's ``predict`` and seimbang.

    python benchmarks/features.py [--data ROOT] [--venv FOLDER]

Each side is one process, one after the other, on the same images of the brain-tumour data; the first pass does not
count. seimbang builds its network anew in each pass, as it does once for a data set whose features it then keeps.
"""

import json
import sys
import time
from pathlib import Path

from measure import Cost, versus_keras
from resnet50_vs_keras import HERE, show, side

IMAGES, PASSES = 64, 9


def ours(root: Path) -> None:
    from brain_images import load

    from seimbang.networks.network_features import NetworkFeatures
    from seimbang.training.device import prepare

    prepare(convolves=True)  # as a run does
    X, seconds = load(root, IMAGES), []
    for _ in range(PASSES):
        started = time.perf_counter()
        NetworkFeatures(backbone="resnet50", weights="random").extract(X)
        seconds.append(time.perf_counter() - started)
    print(json.dumps({"seconds": seconds, "images": len(X)}))


def keras_side(python: str, data: Path) -> tuple[Cost, dict]:
    return side(python, str(HERE / "keras_resnet50_side.py"), "features", str(data), str(IMAGES), str(PASSES))


def seimbang_side(data: Path, _: Path) -> tuple[Cost, dict]:
    return side(sys.executable, __file__, "--ours", str(data))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--ours"]:
        ours(Path(sys.argv[2]))
    else:
        versus_keras(__doc__, "brain_tumor", keras_side, seimbang_side, show)
