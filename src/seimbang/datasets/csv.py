"""A manifest: one row an image, with its path, label and perhaps patient, split and site."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn

import pandas as pd

from seimbang.datasets.base import REASONS, Dataset, FileNote
from seimbang.datasets.findings import Labelled
from seimbang.datasets.groups import ByColumn, ByFolder, ByName
from seimbang.datasets.images import check_renames, from_files, left_out, missing, parts, renamed, require_columns
from seimbang.datasets.labels import against_rest, columns_of, labels, uncertain
from seimbang.datasets.paths import NAMED, Place, locate
from seimbang.datasets.sheets import together, whole
from seimbang.errors import DataError
from seimbang.imaging.base import ImageSettings


@dataclass(frozen=True)
class Cases:
    """The rows of a manifest.

    Attributes:
        rows: Those that can be used: ``case_id``, ``path``, ``label``, ``group``, ``split`` and ``site``.
        folder: Folder that the paths are relative to.
        gone: The others that a study would have, and why they cannot be used.
        noted: Those with an uncertain label that are used all the same.
    """

    rows: pd.DataFrame
    folder: Path
    gone: Sequence[FileNote]
    noted: Sequence[FileNote] = ()


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
            DataError: ``DATA_EMPTY``, ``DATA_SPLIT_NAME``, ``DATA_FILE_MISSING``, ``DATA_FILE_SEVERAL``,
                ``DATA_GROUP_PATTERN``, ``DATA_GROUP_LEVEL`` and what `read` and `labels` raise.
        """
        listed, folder, alone = self.read(root), (root / self.path).parent / self.images, self.alone(root)
        rows = alone._rows(listed)
        if rows.empty:
            fix = "check data.leave_out and the file"
            raise DataError("DATA_EMPTY", f"no cases in {root / self.path}", "one row an image", fix)
        places = locate(rows.path.tolist(), folder)
        gone = _gone(rows, places, folder)
        here = [bool(place.path) and label != "" for place, label in zip(places, rows.label, strict=True)]
        rows = rows.assign(path=[place.path for place in places])[here]
        rows = rows.assign(case_id=rows.path, group=self._patients(listed, rows.path))
        counted = rows[uncertain(listed, alone.label)[rows.index]]
        pairs = zip(counted.path, counted.label, strict=True)
        noted = [FileNote(path, label, "FILE_UNCERTAIN", f"-1, taken as {label}") for path, label in pairs]
        return Cases(rows, folder, gone, noted)

    def columns_by_case(self, root: Path, names: Sequence[str]) -> pd.DataFrame:
        """Return columns of the list as texts, by ``case_id``.

        Raises:
            DataError: ``DATA_COLUMN``, and what `cases` raises.
        """
        listed = self.read(root)
        require_columns(listed.columns, names)
        rows = self.cases(root).rows
        return listed.loc[rows.index, list(names)].set_axis(rows.case_id)

    def load(self, image: ImageSettings, root: Path, classes: tuple[str, ...] | None = None) -> Dataset:
        """Read the manifest; rows without a file or with an unsure label are left out, each with its reason.

        Raises:
            DataError: What `cases` and `from_files` raise.
        """
        cases = self.cases(root)
        facts = {"source": f"manifest {Path(self.path).name}", "format": "images listed in a table"}
        settings = self.alone(root).with_facts(facts).with_positive()
        return from_files(cases.rows, cases.folder, settings, image, classes, cases.gone, cases.noted)

    def _blocks(self, path: Path) -> Iterator[pd.DataFrame]:
        return together(path).rows

    def _rows(self, listed: pd.DataFrame) -> pd.DataFrame:
        """Return the rows that are not left out, with the roles of their columns."""
        cells = labels(listed, self.label, self.label_column, self.classes.get("", ""))
        label = against_rest(cells, self.label)
        check_renames(self, ["", *label.unique()])
        new = label.map({name: renamed(self, name) for name in label.unique()})
        split = listed.get(self.split_column, pd.Series("", index=listed.index))
        rows = listed.reindex(columns=["site"], fill_value="")
        rows = rows.assign(path=listed[self.image_column], label=new, split=parts(split))
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
        sheet: Name of the sheet; the one with the most rows unless given.
    """

    source: Literal["excel"] = "excel"
    sheet: str = ""

    def _blocks(self, path: Path) -> Iterator[pd.DataFrame]:
        return together(path, self.sheet).rows


def _gone(rows: pd.DataFrame, places: Sequence[Place], folder: Path) -> list[FileNote]:
    """Return each row that cannot be used, and why.

    Raises:
        DataError: ``DATA_FILE_MISSING`` or ``DATA_FILE_SEVERAL``: no row has its file.
    """
    gone = []
    for name, label, place in zip(rows.path, rows.label, places, strict=True):
        code = "" if place.path else "FILE_SEVERAL" if place.rivals else "FILE_MISSING"
        if code or label == "":
            code = code or "FILE_UNSURE"
            fitting = f": {', '.join(place.rivals)}" if place.rivals else ""
            near = f"; did you mean {place.near}?" if place.near else ""
            gone.append(FileNote(name, label, code, REASONS[code] + fitting + near))
    if not any(place.path for place in places):
        _refuse(gone, folder)
    return gone


def _refuse(files: Sequence[FileNote], folder: Path) -> NoReturn:
    names = ", ".join(file.path for file in files[:NAMED])
    fix = "say where the images are: seimbang init MANIFEST --path FOLDER, or data.images in the study"
    expected = f"the images in {folder.resolve()} or in a folder below it"
    if files[0].code == "FILE_MISSING":
        near = f"; of {files[0].path}: {files[0].message}" if "did you mean" in files[0].message else ""
        found = f"none of the {len(files)} files that are listed ({names}){near}"
        raise DataError("DATA_FILE_MISSING", found, expected, fix)
    found = f"{len(files)} names without one file each; {files[0].path}: {files[0].message}"
    raise DataError("DATA_FILE_SEVERAL", found, expected, fix)
