"""How long it takes to understand a list of images of full size: NIH-like, several labels in a cell, many folders.

    python benchmarks/intake.py --rows 10000
    python benchmarks/intake.py --rows 112120

The images are hard links to one small file, so that only what the list and the folders say is measured.
"""

import argparse
import csv
import tempfile
import time
from pathlib import Path

from PIL import Image

from seimbang.datasets.intake.base import Hints
from seimbang.datasets.intake.manifests import lists_images, understand

CELLS = ("No Finding", "Infiltration", "Effusion|Infiltration", "Mass", "Edema|Effusion|Mass", "Hernia")


def write(root: Path, rows: int) -> Path:
    """Write a list of so many images in folders of 10,000, as that of NIH, and return its path."""
    with (root / "Data_Entry_2017.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["Image Index", "Finding Labels", "Follow-up #", "Patient ID", "Patient Age"])
        for k in range(rows):
            folder = root / f"images_{1 + k // 10_000:03d}" / "images"
            name = f"{k // 4:08d}_{k % 4:03d}.png"
            if k % 10_000 == 0:  # a file has only so many hard links
                folder.mkdir(parents=True)
                first = folder / name
                Image.new("L", (8, 8)).save(first)
            else:
                (folder / name).hardlink_to(first)
            writer.writerow([name, CELLS[k % len(CELLS)], k % 4, k // 4, 40])
    return root / "Data_Entry_2017.csv"


def main() -> None:
    """Write the images, and print how long each step takes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    with tempfile.TemporaryDirectory() as scratch:
        path = write(Path(scratch), parser.parse_args().rows)
        for name, step in {
            "lists_images": lambda: lists_images(path),
            "understand": lambda: understand(path, Hints()),
        }.items():
            started = time.perf_counter()
            step()
            print(f"{name}: {time.perf_counter() - started:.2f} s")


if __name__ == "__main__":
    main()
