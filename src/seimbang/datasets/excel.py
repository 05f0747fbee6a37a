"""A sheet of an Excel workbook, one row a case."""

from pathlib import Path
from typing import Literal

from seimbang.datasets.base import Dataset
from seimbang.datasets.table import Table, from_file
from seimbang.imaging.base import ImageSettings


class Excel(Table):
    """A table in a workbook.

    Attributes:
        sheet: Name of the sheet; the one with the most rows unless given.
    """

    source: Literal["excel"] = "excel"
    sheet: str = ""

    @property
    def sheet_name(self) -> str:
        """The sheet; ``""`` where none is named."""
        return self.sheet

    def load(self, image: ImageSettings, root: Path, classes: tuple[str, ...] | None = None) -> Dataset:
        """Read the sheet; see `from_file`."""
        return from_file(self, root, classes, self.sheet)
