"""What a table of features holds."""

from pathlib import Path

from seimbang.datasets.intake.base import Hints, Understanding

WORKBOOKS = (".xlsx", ".xlsm")


def understand(path: Path, hints: Hints) -> Understanding:
    """Say what is in a table of features."""
    source = "excel" if path.suffix.lower() in WORKBOOKS else "csv"
    data = {"source": source, "path": path.name, "features": "all"}
    data |= {"label_column": hints.label} if hints.label else {}
    return Understanding(data | ({"group": {"from": "column", "column": hints.group}} if hints.group else {}))
