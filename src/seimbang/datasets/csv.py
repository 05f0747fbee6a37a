"""A manifest: one row an image, with its path, label and perhaps patient, split and site."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pandas as pd

from seimbang.datasets.base import Dataset, Unreadable
from seimbang.datasets.findings import Labelled
from seimbang.datasets.groups import ByColumn, ByFolder, ByName
from seimbang.datasets.images import check_renames, from_files, left_out, missing, parts, require_columns
from seimbang.datasets.labels import against_rest, columns_of, labels
from seimbang.datasets.paths import NAMED, Place, locate
from seimbang.datasets.sheets import blocks, whole
from seimbang.errors import DataError
from seimbang.imaging.base import ImageSettings

UNSURE = "the label is neither affirmed nor denied (-1)"
REASONS = {
    "DATA_FILE_MISSING": "files_missing",
    "DATA_FILE_AMBIGUOUS": "files_ambiguous",
    "DATA_LABEL_UNSURE": "labels_unsure",
}
"""Why a row is left out, by the key of its fact."""


@dataclass(frozen=True)
class Cases:
    """The rows of a manifest.

    Attributes:
        rows: Those that can be used: ``case_id``, ``path``, ``label``, ``group``, ``split`` and ``site``.
        folder: Folder that the paths are relative to.
        gone: The others that a study would have, with their classes.
        listed: How many rows the manifest has.
    """

    rows: pd.DataFrame
    folder: Path
    gone: Sequence[tuple[Unreadable, str]]
    listed: int

    def left_out(self) -> dict[str, str]:
        """Return how many rows of each class are left out for each reason, for the report and the page."""
        facts = {}
        for code, title in REASONS.items():
            number = Counter(label for file, label in self.gone if file.code == code)
            if number:
                each = ", ".join(f"{label} {count:,}" for label, count in sorted(number.items()))
                facts[title] = f"{number.total():,} of {self.listed:,} rows, left out ({each})"
        return facts


class Manifest(Labelled):
    """A manifest, one row an image; each kind of file adds how it is read.

    The columns ``split`` (train, val, test and their spellings), ``site`` and ``patient`` are used where they exist.

    Attributes:
        path: The file, below ``--data``, ``$SEIMBANG_DATA`` or ``./data``.
        images: Folder with the images, from the manifest's own folder, which it is unless given. Images in folders
            below it are found too, by their names with or without ending.
        group: Where the patient of each image is written; in the column ``patient``, if there is one, unless given.
        image_column: Column with the name of the image or its path.
        split_column: Column with the part, if there is one; ``""`` where a column ``split`` says something else.
    """

    path: str = ""
    images: str = ""
    group: ByName | ByFolder | ByColumn | None = None
    image_column: str = "path"
    split_column: str = "split"

    def read(self, root: Path) -> pd.DataFrame:
        """Return the rows as texts; the index is the row in the file.

        Raises:
            DataError: ``DATA_MISSING``, ``DATA_COLUMN`` and what `blocks` raises.
        """
        path = root / self.path
        if not path.is_file():
            missing(path)
        listed = whole(self._blocks(path), path.name)
        named = [self.split_column] * (self.split_column not in ("", Manifest.model_fields["split_column"].default))
        require_columns(listed.columns, [self.image_column, *columns_of(self.label, self.label_column), *named])
        return listed

    def label_cells(self, root: Path) -> Iterable["pd.Series[str]"]:
        """Return the cells of ``label_column``."""
        return [self.read(root)[self.label_column]]

    def cases(self, root: Path) -> Cases:
        """Return the rows that can be used and those that cannot, decoding none; of several findings, for the first.

        Raises:
            DataError: ``DATA_EMPTY``, ``DATA_SPLIT_NAME``, ``DATA_FILE_MISSING``, ``DATA_FILE_AMBIGUOUS``,
                ``DATA_GROUP_PATTERN``, ``DATA_GROUP_LEVEL`` and what `read` and `labels` raise.
        """
        listed, folder = self.read(root), (root / self.path).parent / self.images
        rows = self.alone(root)._rows(listed)
        if rows.empty:
            fix = "check data.leave_out and the file"
            raise DataError("DATA_EMPTY", f"no cases in {root / self.path}", "one row an image", fix)
        places = locate(rows.path.tolist(), folder)
        gone = _gone(rows, places, folder)
        here = [bool(place.path) and label != "" for place, label in zip(places, rows.label, strict=True)]
        rows = rows.assign(path=[place.path for place in places])[here]
        rows = rows.assign(case_id=rows.path, group=self._patients(listed, rows.path))
        return Cases(rows, folder, gone, len(listed))

    def load(self, image: ImageSettings, root: Path, classes: tuple[str, ...] | None = None) -> Dataset:
        """Read the manifest; rows without a file or with an unsure label are left out, each with its reason.

        Raises:
            DataError: What `cases` and `from_files` raise.
        """
        cases = self.cases(root)
        facts = {"source": f"manifest {Path(self.path).name}", "format": "images listed in a table"}
        settings = self.alone(root).with_facts(facts | cases.left_out()).with_positive()
        data = from_files(cases.rows, cases.folder, settings, image, classes)
        return replace(data, unreadable=(*data.unreadable, *(file for file, _ in cases.gone)))

    def _blocks(self, path: Path) -> Iterator[pd.DataFrame]:
        return blocks(path)

    def _rows(self, listed: pd.DataFrame) -> pd.DataFrame:
        """Return the rows that are not left out, with the roles of their columns."""
        label = against_rest(labels(listed, self.label, self.label_column), self.label)
        check_renames(self, label[label != ""])
        split = listed.get(self.split_column, pd.Series("", index=listed.index))
        rows = listed.reindex(columns=["site"], fill_value="").assign(
            path=listed[self.image_column], label=label.replace(self.classes), split=parts(split)
        )
        keep = [not left_out(self, *names) for names in zip(rows.split, label, rows.label, strict=True)]
        return rows[keep]

    def _patients(self, listed: pd.DataFrame, paths: "pd.Series[str]") -> list[str]:
        """Return the patient of each row that is kept; a column is that of the file, whatever its name."""
        group = self.group or (ByColumn() if ByColumn().column in listed.columns else None)
        if not isinstance(group, ByColumn):
            return group.patients(paths.tolist()) if group else [""] * len(paths)
        require_columns(listed.columns, [group.column])
        return list(listed.loc[paths.index, group.column])


class Csv(Manifest):
    """A manifest in delimited text; a CSV of features is a `CsvTable`."""

    source: Literal["csv"] = "csv"


class ExcelManifest(Manifest):
    """A manifest in a sheet of a workbook.

    Attributes:
        sheet: Name of the sheet; the first unless given.
    """

    source: Literal["excel"] = "excel"
    sheet: str = ""

    def _blocks(self, path: Path) -> Iterator[pd.DataFrame]:
        return blocks(path, self.sheet)


def _gone(rows: pd.DataFrame, places: Sequence[Place], folder: Path) -> list[tuple[Unreadable, str]]:
    """Return each row that cannot be used, with its class.

    Raises:
        DataError: ``DATA_FILE_MISSING`` or ``DATA_FILE_AMBIGUOUS``: no row has its file.
    """
    gone = []
    for name, label, place in zip(rows.path, rows.label, places, strict=True):
        if not place.path:
            code = "DATA_FILE_AMBIGUOUS" if place.rivals else "DATA_FILE_MISSING"
            why = f"several files fit: {', '.join(place.rivals)}" if place.rivals else "there is no such file"
            gone.append((Unreadable(name, code, why), label))
        elif label == "":
            gone.append((Unreadable(name, "DATA_LABEL_UNSURE", UNSURE), "unsure"))
    if not any(place.path for place in places):
        _refuse([file for file, _ in gone], folder)
    return gone


def _refuse(files: Sequence[Unreadable], folder: Path) -> None:
    names = ", ".join(file.path for file in files[:NAMED])
    fix = "say where the images are: seimbang init MANIFEST --path FOLDER, or data.images in the study"
    expected = f"the images in {folder.resolve()} or in a folder below it"
    if files[0].code == "DATA_FILE_MISSING":
        raise DataError("DATA_FILE_MISSING", f"none of the {len(files)} files that are listed ({names})", expected, fix)
    found = f"several files for each of the {len(files)} names; for {files[0].path} {files[0].message}"
    raise DataError("DATA_FILE_AMBIGUOUS", found, expected, fix)
