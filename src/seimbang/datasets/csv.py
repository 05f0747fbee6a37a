"""A manifest: one row an image, with its path, label and perhaps patient, split and site."""

import os
from pathlib import Path, PurePosixPath
from typing import Literal

import pandas as pd

from seimbang.datasets.base import Dataset, SourceSettings
from seimbang.datasets.groups import ByColumn, ByFolder, ByName
from seimbang.datasets.images import check_renames, from_files, left_out, missing, parts, require_columns
from seimbang.errors import DataError
from seimbang.imaging.base import ImageSettings


class Csv(SourceSettings):
    """A comma-separated UTF-8 manifest, one row an image; a CSV of features is a `CsvTable`.

    The columns ``split`` (train, val, test and their spellings), ``site`` and ``patient`` are used where they exist.

    Attributes:
        path: The CSV, below ``--data``, ``$SEIMBANG_DATA`` or ``./data``.
        group: Where the patient of each image is written; in the column ``patient``, if there is one, unless given.
        image_column: Column with the path of the image, from the CSV's own folder.
        label_column: Column with the class.
        split_column: Column with the part, if there is one.
    """

    source: Literal["csv"] = "csv"
    path: str = ""
    group: ByName | ByFolder | ByColumn | None = None
    image_column: str = "path"
    label_column: str = "label"
    split_column: str = "split"

    def load(self, image: ImageSettings, root: Path, classes: tuple[str, ...] | None = None) -> Dataset:
        """Read the manifest.

        Raises:
            DataError: ``DATA_MISSING``, ``DATA_CSV``, ``DATA_COLUMN``, ``DATA_LABEL_MISSING``, ``DATA_SPLIT_NAME``,
                ``DATA_FILE_MISSING``, ``DATA_GROUP_PATTERN``, ``DATA_GROUP_LEVEL`` and what `from_files` raises.
        """
        path = root / self.path
        if not path.is_file():
            missing(path)
        listed = _read(path)
        named = [self.split_column] * (self.split_column != Csv.model_fields["split_column"].default)
        require_columns(listed.columns, [self.image_column, self.label_column, *named])
        check_renames(self, listed[self.label_column].str.strip())
        rows = self._rows(listed)
        if rows.empty:
            fix = "check data.leave_out and the file"
            raise DataError("DATA_EMPTY", f"no cases in {path}", "one row an image", fix)
        _require_files(path.parent, rows.path)
        rows = rows.assign(group=self._patients(listed, rows.path))
        facts = {"source": f"manifest {path.name}", "format": "images listed in CSV"}
        return from_files(rows, path.parent, self.with_facts(facts), image, classes)

    def _rows(self, listed: pd.DataFrame) -> pd.DataFrame:
        """Return the rows that are not left out, with the roles of their columns."""
        label = listed[self.label_column].str.strip()
        if (label == "").any():
            line = int((label == "").to_numpy().argmax()) + 2
            raise DataError("DATA_LABEL_MISSING", f"no label in line {line}", "a label in every row", "fill it in")
        names = [PurePosixPath(name.replace("\\", "/")).as_posix() for name in listed[self.image_column]]
        split = listed.get(self.split_column, pd.Series("", index=listed.index))
        rows = listed.assign(case_id=names, path=names, label=label.replace(self.classes), split=parts(split))
        keep = [not left_out(self, *names) for names in zip(rows.split, label, rows.label, strict=True)]
        return rows[keep]

    def _patients(self, listed: pd.DataFrame, paths: "pd.Series[str]") -> list[str]:
        """Return the patient of each row that is kept; a column is that of the file, whatever its name."""
        group = self.group or (ByColumn() if ByColumn().column in listed.columns else None)
        if not isinstance(group, ByColumn):
            return group.patients(paths.tolist()) if group else [""] * len(paths)
        require_columns(listed.columns, [group.column])
        return [patient.strip() for patient in listed.loc[paths.index, group.column]]


def _require_files(folder: Path, names: "pd.Series[str]") -> None:
    gone = [name for name in names if not os.path.isfile(folder / name)]  # Path.is_file raises on long names
    if gone:
        found = f"{len(gone)} of {len(names)} files missing, such as {', '.join(gone[:3])}"
        fix = "correct the paths; they are relative to the manifest's folder"
        raise DataError("DATA_FILE_MISSING", found, f"files below {folder}", fix)


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (ValueError, OSError) as error:  # pandas' parser errors are ValueErrors
        found = f"{path.name} is no such table ({error})"
        raise DataError("DATA_CSV", found, "comma-separated UTF-8 text with a header", "export it again") from error
