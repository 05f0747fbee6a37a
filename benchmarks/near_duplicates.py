"""Pseudo-patients among many images of 224 x 224: time, memory, and whether planted neighbours are found.

    python benchmarks/near_duplicates.py

Of the images, a third are runs of 60 consecutive slices with numbered names, a third are pairs (an image and a noisy,
brighter copy under an unrelated name), a third stand alone. They lie in one memory-mapped file; "own" memory is what
the process holds beside it. Images in one group that were not planted together count as wrong.
"""

import json
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
from measure import run
from smote_memory import own_memory

SIDE, SLICES = 224, 60
COUNTS = (3_000, 6_000, 12_446)


def write_images(path: Path, count: int) -> None:
    """Write the images one by one, and beside them a table of names and of what was planted together."""
    X = np.lib.format.open_memmap(path, "w+", np.uint8, (count, SIDE, SIDE, 1))
    rng = np.random.default_rng(0)
    rows = []
    for row in range(count):
        third, place = divmod(row, -(-count // 3))
        if third == 0:
            truth = f"run {place // SLICES}"
            if place % SLICES == 0:
                base, drift = shape(rng), shape(rng) / 4
            image, name = base + (place % SLICES) / 6 * drift, f"runs/slice {row}.png"
        else:
            truth = f"pair {place // 2}" if third == 1 else f"alone {row}"
            base = base if third == 1 and place % 2 else shape(rng)
            image = 1.1 * base + 8 if place % 2 else base
            name = f"{'singles' if third == 2 else 'pairs'}/{rng.bytes(8).hex()}x.png"
        noise = rng.normal(0, 3, image.shape)
        X[row] = np.clip(image + noise, 0, 255)[..., None]
        rows.append((f"{row:05}", name, "sick" if row % 5 else "well", "", truth))
    X.flush()
    pd.DataFrame(rows, columns=["case_id", "path", "label", "group", "truth"]).to_pickle(path.with_suffix(".pkl"))


def shape(rng: np.random.Generator) -> np.ndarray:
    """Return a smooth random image."""
    small = rng.uniform(20, 190, (14, 14)).astype(np.float32)
    return np.kron(small, np.ones((SIDE // 14, SIDE // 14), np.float32))


def child(path: Path) -> None:
    """Group the images, watching the own memory, and print one line of JSON."""
    from seimbang.imaging.pseudo_patients import find_pseudo_patients

    peak, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.005):
            peak[0] = max(peak[0], own_memory())

    X, frame = np.load(path, mmap_mode="r"), pd.read_pickle(path.with_suffix(".pkl"))
    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.perf_counter()
    group = find_pseudo_patients(X, frame).group
    seconds = time.perf_counter() - started
    done.set()
    watcher.join()
    truth = frame.truth.to_numpy()
    beside = truth[1:] == truth[:-1]
    together = group[1:] == group[:-1]
    wrong = sum(len(set(truth[group == number])) > 1 for number in np.flatnonzero(np.bincount(group) > 1))
    facts = {"recall": together[beside].mean(), "planted": int(beside.sum()), "wrong": wrong}
    print(json.dumps({"own": peak[0], "seconds": seconds, **facts}))


def main() -> None:
    columns = ("images", "seconds", "own MB", "planted", "found", "wrong groups")
    print("".join(f"{name:>13}" for name in columns), flush=True)
    for count in COUNTS:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "images.npy"
            write_images(path, count)
            facts = json.loads(run([sys.executable, __file__, str(path)]).output)
        cells = (count, f"{facts['seconds']:.1f}", f"{facts['own']:.0f}", facts["planted"], f"{facts['recall']:.2%}")
        print("".join(f"{cell:>13}" for cell in (*cells, facts["wrong"])), flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        child(Path(sys.argv[1]))
    else:
        main()
