"""SMOTE alone on colour images of 224 x 224, more and more of them: time and memory, beside imbalanced-learn.

    python benchmarks/smote_memory.py

The images lie in one memory-mapped file: n of the small class and 2 n of the large one, so n synthetic ones are made.
"Own" memory is what the process itself holds; "resident" also counts the pages of the file that the kernel happens to
keep mapped, which it takes back when memory is short. imbalanced-learn gets float32, as on bytes its rows are wrong.
"""

import json
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from measure import run

SIDE = 224
COUNTS = (500, 1000, 2000, 4000)
LARGEST_IMBALANCED_LEARN = 1000
"""Beyond, imbalanced-learn needs more memory than a small machine has."""


def write_images(path: Path, count: int) -> None:
    """Write smooth random images; those of the large class stay 0, as SMOTE never reads them."""
    X = np.lib.format.open_memmap(path, "w+", np.uint8, (3 * count, SIDE, SIDE, 3))
    rng = np.random.default_rng(0)
    for row in range(count):
        X[row] = np.kron(rng.integers(0, 230, (14, 14, 3)), np.ones((16, 16, 1))) + rng.integers(0, 25, X[row].shape)
    X.flush()


def ours(X: np.ndarray, y: np.ndarray) -> None:
    from seimbang.balance import make

    recipe = make({"method": "smote"}).recipe(X, y, 0)
    for start in range(0, len(recipe), 16):
        recipe.draw(X, np.arange(start, min(start + 16, len(recipe))))


def theirs(X: np.ndarray, y: np.ndarray) -> None:
    from imblearn.over_sampling import SMOTE

    SMOTE(random_state=0).fit_resample(X.reshape(len(X), -1).astype(np.float32), y)


def own_memory() -> float:
    """Return the anonymous memory of this process in MB."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) / 1024


def child(side: str, path: Path) -> None:
    """Do the work of one side, watching its own memory, and print one line of JSON."""
    peak, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.005):
            peak[0] = max(peak[0], own_memory())

    watcher = threading.Thread(target=watch)
    watcher.start()
    X = np.load(path, mmap_mode="r")
    y = (np.arange(len(X)) >= len(X) // 3).astype(np.int64)
    started = time.perf_counter()
    {"ours": ours, "theirs": theirs}[side](X, y)
    seconds = time.perf_counter() - started
    done.set()
    watcher.join()
    print(json.dumps({"own": peak[0], "seconds": seconds}))


def measure(side: str, path: Path) -> str:
    cost = run([sys.executable, __file__, side, str(path)])
    facts = json.loads(cost.output)
    return f"{facts['own']:>10.0f}{cost.peak_mb:>10.0f}{facts['seconds']:>10.1f}"


def main() -> None:
    head = f"{'own MB':>10}{'resident':>10}{'seconds':>10}"
    print(f"{'':>7}{'seimbang':>30}{'imbalanced-learn':>30}\n{'images':>7}{head}{head}", flush=True)
    for count in COUNTS:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "images.npy"
            write_images(path, count)
            other = measure("theirs", path) if count <= LARGEST_IMBALANCED_LEARN else f"{'not run':>30}"
            print(f"{count:>7}{measure('ours', path)}{other}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        child(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
