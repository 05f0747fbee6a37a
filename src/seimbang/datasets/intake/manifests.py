"""What a list of images holds."""

import csv
from pathlib import Path

from seimbang.datasets.intake.base import Hints, Understanding


def lists_images(path: Path) -> bool:
    """Whether a file is a list of images, not a table of features."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        return "path" in next(csv.reader(file), [])


def understand(path: Path, hints: Hints) -> Understanding:
    """Say what is in a list of images."""
    data = {"source": "csv", "path": path.name}
    data |= {"label_column": hints.label} if hints.label else {}
    return Understanding(data | ({"group": {"from": "column", "column": hints.group}} if hints.group else {}))
