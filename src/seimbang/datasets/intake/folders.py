"""What a folder of images holds."""

from pathlib import Path

from seimbang.datasets.intake.base import Hints, Understanding


def understand(path: Path, hints: Hints) -> Understanding:
    """Say what is in a folder of images."""
    data = {"source": "folder", "path": path.name}
    return Understanding(data | ({"group": {"from": hints.group}} if hints.group else {}))
