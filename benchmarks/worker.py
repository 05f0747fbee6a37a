"""Preparing images in the decoding process against doing so in this one, in turns: the ratio of the times.

Run: .venv/bin/python benchmarks/worker.py [--images 5000] [--rounds 2] [--side 1000]
"""

import argparse
import io
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from seimbang.imaging.base import ImageSettings
from seimbang.imaging.decode import decode_noted
from seimbang.imaging.worker import decode_apart
from seimbang.threads import cores

ASKED = ImageSettings(size=(150, 150))
WANTED = 1.15
DIFFERENT = 50


def films(side):
    """Return JPEG files of soft shapes with grain, of this many pixels a side."""
    rng, files = np.random.default_rng(0), []
    for _ in range(DIFFERENT):
        coarse = Image.fromarray(rng.integers(0, 256, (12, 12), dtype=np.uint8)).resize((side, side))
        file = io.BytesIO()
        grain = np.asarray(coarse) + rng.normal(0, 5, (side, side))
        Image.fromarray(grain.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=90)
        files.append(file.getvalue())
    return files


def seconds(decode, files, images):
    """Return how long it takes to prepare images, on as many threads as the cache of pixels uses."""
    started = time.perf_counter()
    with ThreadPoolExecutor(cores()) as pool:
        for _ in pool.map(lambda k: decode(files[k % len(files)], ASKED, "a film"), range(images)):
            pass
    return time.perf_counter() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--side", type=int, default=1000)
    options = parser.parse_args()
    files = films(options.side)
    seconds(decode_apart, files, cores())  # the processes are started
    ways = (decode_noted, decode_apart)
    times = [[seconds(decode, files, options.images) for decode in ways] for _ in range(options.rounds)]
    here, apart = np.min(times, axis=0)
    size = sum(map(len, files)) / len(files) / 1000
    print(f"{options.images:,} JPEG of {options.side} x {options.side}, {size:.0f} kB, {cores()} threads")
    ratio = apart / here
    print(f"here {here:.1f} s, apart {apart:.1f} s: {ratio:.2f} times{'' if ratio <= WANTED else f', above {WANTED}'}")


if __name__ == "__main__":
    main()
