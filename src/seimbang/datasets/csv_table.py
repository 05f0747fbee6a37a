"""A CSV of features, one row a case: ``source = "csv"`` where the study names features or categories."""

from pathlib import Path
from typing import Literal

from seimbang.datasets.base import Dataset
from seimbang.datasets.table import Table, from_file
from seimbang.imaging.base import ImageSettings


class CsvTable(Table):
    """A table in text with commas, semicolons, tabs or bars between the columns."""

    source: Literal["csv"] = "csv"

    def load(self, image: ImageSettings, root: Path, classes: tuple[str, ...] | None = None) -> Dataset:
        """Read the table, a block of rows at a time; see `from_file`."""
        return from_file(self, root, classes)
