"""DICOM as it comes from a PACS: files without endings in nested folders, told apart by their headers alone.

Nothing that names a person leaves this module: cases and patients get salted hashes, and paths are not told, as folders
of a PACS are often called by patients.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
from pydantic import Field, model_validator

from seimbang.datasets.base import Dataset, FileNote, SourceSettings
from seimbang.datasets.folder import open_base
from seimbang.datasets.images import Scan, check_renames, from_files, left_out, missing, parts, renamed, require_columns
from seimbang.datasets.names import part_of
from seimbang.datasets.secret import all_hidden, hidden, salt_of
from seimbang.datasets.sheets import read, whole
from seimbang.datasets.slices import numbered
from seimbang.errors import DataError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.dicom_facts import NO_DICOM, UNREAD, read_tags
from seimbang.imaging.dicom_header import MAX_FRAMES
from seimbang.imaging.store import Renamed

ACQUISITION = {
    "modality": "Modality",
    "body_part": "BodyPartExamined",
    "view": "ViewPosition",
    "manufacturer": "Manufacturer",
    "model": "ManufacturerModelName",
    "pixel_spacing": "PixelSpacing",
}
"""Columns that say how a picture was taken, and the elements that they are read from."""

SECRET = {"study": "StudyInstanceUID", "series": "SeriesInstanceUID"}
"""Columns of salted hashes."""

KEYS = ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "AccessionNumber", "PatientID")
"""Elements by which a list may name its cases, the narrowest first; ``path`` is another way."""

_PERSON = ("PatientName", "PatientID", "IssuerOfPatientID")
_ASKED = list(dict.fromkeys([*ACQUISITION.values(), *KEYS, *_PERSON, "ImagerPixelSpacing"]))
MAX_CLASSES = 20
"""More folders are hardly classes."""


@dataclass(frozen=True)
class Files:
    """The files of a folder.

    Attributes:
        rows: One row a case: ``case_id`` and ``group`` (salted hashes), ``path``, ``frame``, and elements by keyword.
        left: Every other file, and why.
    """

    rows: pd.DataFrame
    left: list[FileNote]


class Dicom(SourceSettings):
    """DICOM files, in any folders, with any names.

    The patient is the issuer and the number together; where there is no number, the study. Case ids are salted hashes;
    the salt is in ``.seimbang-salt`` in the data folder.

    Attributes:
        path: The folder, or a zip archive of it, below ``--data``, ``$SEIMBANG_DATA`` or ``./data``.
        labels: A CSV or Excel list with the classes, beside the folder or in it; without it the uppermost folders are
            the classes, or lie in folders of parts.
        key: Column of the list that names the cases: a DICOM keyword, such as ``StudyInstanceUID``, or ``path``; the
            first there is unless given.
        label_column: Column of the list with the class.
        split_column: Column of the list with the part, if there is one.
        only: Values of columns that a case must have, as in ``{ modality = ["CR", "DX"] }``.
        frames: Whether each frame of a file with several is a case; else ``image.frame`` names the one that is used.
    """

    source: Literal["dicom"] = "dicom"
    path: str = ""
    labels: str = ""
    key: str = ""
    label_column: str = "label"
    split_column: str = "split"
    only: dict[str, Annotated[tuple[str, ...], Field(strict=False)]] = Field(default_factory=dict)
    frames: bool = False

    @model_validator(mode="after")
    def _known(self) -> "Dicom":
        for name in self.only:
            _keyword(name)
        return self

    def files(self, root: Path, more: Sequence[str] = ()) -> Files:
        """Return which file is which case, with further elements by keyword; this table names patients.

        Raises:
            DataError: ``DATA_MISSING``, ``DATA_NOT_FOLDER``, ``DATA_ZIP``, ``DATA_SALT`` or ``DATA_EMPTY``.
            ResourceError: ``EXTRA_MISSING`` or ``NOT_WRITABLE``.
        """
        salt, store = salt_of(root), open_base(root / self.path)
        entries = [entry for entry in store.entries() if not _is_hidden(entry.path)]
        paths = [entry.path for entry in entries if not entry.trouble]
        tags = read_tags(store, paths, [*_ASKED, *more]).assign(path=paths)
        left = [_note(salt, entry.path, "FILE_LINK", entry.trouble) for entry in entries if entry.trouble]
        bad = tags[tags.code != ""]
        left += [_note(salt, *words) for words in zip(bad.path, bad.code, bad[UNREAD], strict=True)]
        rows = tags[tags.code == ""].drop(columns=["code", UNREAD])
        if rows.empty:
            raise _no_files(tags, root / self.path)
        uids = rows.SOPInstanceUID.where(rows.SOPInstanceUID != "", "path:" + rows.path)
        copies = uids.duplicated()
        left += [_note(salt, path, "FILE_COPY", "an image with the same UID as another") for path in rows.path[copies]]
        rows = rows.assign(case_id=all_hidden(salt, uids), group=_patients(salt, rows))[~copies]
        return Files(_framed(rows) if self.frames else rows.assign(frame=0), left)

    def load(self, image: ImageSettings, root: Path, classes: tuple[str, ...] | None = None) -> Dataset:
        """Read the folder.

        Raises:
            DataError: ``DATA_LAYOUT``, ``DATA_DICOM_KEY``, ``DATA_COLUMN``, and what `files` and `from_files` raise.
        """
        keywords = [_keyword(name) for name in self.only]
        files = self.files(root, keywords)
        rows, left = self.labelled(files.rows, root)
        check_renames(self, rows.label.unique())
        wanted = self._wanted(rows, keywords)
        rest = zip(rows.case_id[~wanted], rows.label[~wanted], strict=True)
        asked = [FileNote(case, label, "FILE_ASKED", "left out by the study") for case, label in rest]
        rows = rows[wanted].assign(label=rows.label[wanted].map(lambda name: renamed(self, name)))
        if rows.empty:
            found = f"{len(files.rows)} DICOM images, none of which the study takes"
            raise DataError("DATA_EMPTY", found, "images of two classes", "check data.only, leave_out and labels")
        base = root / self.path
        store = Renamed(open_base(base), dict(zip(rows.case_id, rows.path, strict=True)))
        facts = {"source": f"DICOM folder {base.name}", "format": f"{len(rows)} DICOM"}
        frames = dict(zip(rows.case_id, rows.frame, strict=True))
        columns = _acquisition(rows).set_axis(rows.case_id)
        table = rows[["case_id", "label", "group", "split"]].assign(path=rows.case_id)
        said = (*files.left, *left, *asked)
        scan = Scan(store, frames, columns)
        return from_files(table, base, self.with_facts(facts), image, classes, said, scan=scan)

    def columns_by_case(self, root: Path, names: Sequence[str]) -> pd.DataFrame:
        """Return columns as texts, by ``case_id``: those of ``ACQUISITION`` and ``SECRET``, and any DICOM keyword.

        Raises:
            DataError: ``DATA_COLUMN``, and what `files` raises.
        """
        keywords = {name: _keyword(name) for name in names}
        rows, salt = self.files(root, list(keywords.values())).rows, salt_of(root)
        columns = {
            name: all_hidden(salt, rows[keyword]) if name in SECRET else list(rows[keyword])
            for name, keyword in keywords.items()
        }
        return pd.DataFrame(columns, index=pd.Index(rows.case_id, name="case_id"))

    def labelled(self, rows: pd.DataFrame, root: Path) -> tuple[pd.DataFrame, list[FileNote]]:
        """Return the rows that have a class, with it and the part, and notes on the others."""
        rows = _by_folder(rows) if not self.labels else self._by_list(rows, root)
        rest = rows[rows.label == ""]
        where = "in no class folder" if not self.labels else "not in the list of labels"
        return rows[rows.label != ""], [FileNote(case, "", "FILE_OUTSIDE", where) for case in rest.case_id]

    def _by_list(self, rows: pd.DataFrame, root: Path) -> pd.DataFrame:
        inside = root / self.path / self.labels
        path = inside if inside.is_file() else root / self.labels
        if not path.is_file():
            missing(path)
        listed = whole(read(path).rows, path.name)
        require_columns(listed.columns, [self.label_column, *([self.key] if self.key else [])])
        key = self.key or _key_of(listed, self.label_column)
        known = _classes(listed, key, self.label_column)
        cells = _cells(rows, key)
        if not cells.isin(known.index).any():
            found = f"a list of {len(known)} cases, none of whose {key} is that of one of {len(rows)} images"
            raise DataError("DATA_DICOM_KEY", found, "values of that element", "name another column: data.key")
        has_parts = self.split_column in listed.columns
        split = listed.assign(split=parts(listed[self.split_column]) if has_parts else "")
        of_part = split.groupby(listed[key].map(_plain))["split"].first()
        return rows.assign(label=cells.map(known).fillna(""), split=cells.map(of_part).fillna(""))

    def _wanted(self, rows: pd.DataFrame, keywords: Sequence[str]) -> "pd.Series[bool]":
        """Return which rows the study takes."""
        named = zip(rows.split, rows.label, strict=True)
        kept = [not left_out(self, split, label, renamed(self, label)) for split, label in named]
        wanted = pd.Series(kept, rows.index, dtype=bool)
        for keyword, values in zip(keywords, self.only.values(), strict=True):
            wanted &= rows[keyword].isin(values)
        return wanted


def _is_hidden(path: str) -> bool:
    return any(name.startswith((".", "__")) for name in path.split("/"))


def _note(salt: bytes, path: str, code: str, message: str) -> FileNote:
    """Return a note on a file that is no case, under a name that does not tell its path."""
    return FileNote(f"file {hidden(salt, 'path', path)}", "", code, message)


def _keyword(name: str) -> str:
    """Return the element that a column is read from.

    Raises:
        DataError: ``DATA_COLUMN``.
    """
    keyword = (ACQUISITION | SECRET).get(name, name)
    if keyword == name and not re.fullmatch(r"[A-Z][A-Za-z0-9]+", name):
        found, expected = f"the column {name!r} of DICOM", f"{', '.join((*ACQUISITION, *SECRET))} or a DICOM keyword"
        raise DataError("DATA_COLUMN", found, expected, "name it as the standard does, such as PatientSex")
    return keyword


def _no_files(tags: pd.DataFrame, base: Path) -> DataError:
    counts = ", ".join(f"{count} {code}" for code, count in tags.code.value_counts().items()) or "no files at all"
    unread = next(iter(tags[UNREAD][tags.code != NO_DICOM]), "")
    fix = unread or 'check data.path; for pictures in class folders: source = "folder"'
    return DataError("DATA_EMPTY", f"{base} with {counts}", "DICOM files with images", fix)


def _patients(salt: bytes, rows: pd.DataFrame) -> list[str]:
    """Return the patient of each row: issuer and number, else the study; ``""`` where the file has neither."""
    numbers = rows.PatientID.where(rows.PatientID == "", "patient\0" + rows.IssuerOfPatientID + "\0" + rows.PatientID)
    studies = rows.StudyInstanceUID.where(rows.StudyInstanceUID == "", "study\0" + rows.StudyInstanceUID)
    return all_hidden(salt, numbers.where(numbers != "", studies))


def _framed(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row a frame; frames are numbered from 1, a single one is 0."""
    said = pd.to_numeric(rows.NumberOfFrames, errors="coerce").fillna(1).clip(1, MAX_FRAMES)
    return numbered(rows, said.astype(int).tolist())


def _acquisition(rows: pd.DataFrame) -> pd.DataFrame:
    """Return how each picture was taken, as texts."""
    columns = {name: rows[keyword] for name, keyword in ACQUISITION.items()}
    columns["pixel_spacing"] = rows.PixelSpacing.where(rows.PixelSpacing != "", rows.ImagerPixelSpacing)
    return pd.DataFrame(columns)


def _by_folder(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with class and part by their uppermost folders.

    Raises:
        DataError: ``DATA_LAYOUT``: the folders are no classes, or are called by patients.
    """
    above = rows.path.str.split("/").map(lambda names: names[:-1])
    in_parts = above.map(lambda names: bool(names) and bool(part_of(names[0])) and len(names) > 1)
    label = [names[int(part)] if len(names) > int(part) else "" for names, part in zip(above, in_parts, strict=True)]
    split = [part_of(names[0]) if part else "" for names, part in zip(above, in_parts, strict=True)]
    labelled = rows.assign(label=label, split=split)
    names = {name for name in label if name}
    fix = 'give a list: labels = "labels.csv" in [data], with a column such as StudyInstanceUID or PatientID, and label'
    if not 1 < len(names) <= MAX_CLASSES:
        raise DataError("DATA_LAYOUT", f"{len(names)} folders of DICOM", f"2 to {MAX_CLASSES}, one a class", fix)
    if _called_by_patients(labelled):
        raise DataError("DATA_LAYOUT", "folders that are called by their patients", "one folder a class", fix)
    return labelled


def _called_by_patients(rows: pd.DataFrame) -> bool:
    """Tell whether most folders share a word with the names or numbers of the patients in them."""
    shared = [
        bool(_words(str(name)) & set().union(*map(_words, [*files.PatientName, *files.PatientID])))
        for name, files in rows[rows.label != ""].groupby("label")
    ]
    return sum(shared) > len(shared) / 2


def _words(text: str) -> set[str]:
    return {word for word in re.split(r"[\W_]+", text.casefold()) if len(word) > 2 or not word.isalpha()} - {""}


def _plain(name: str) -> str:
    return name.strip()


def _key_of(listed: pd.DataFrame, label_column: str) -> str:
    """Return the column of a list that names its cases.

    Raises:
        DataError: ``DATA_DICOM_KEY``.
    """
    plain = {re.sub(r"[\W_]+", "", name).casefold(): name for name in listed.columns if name != label_column}
    for key in (*KEYS, "path"):
        if key.casefold() in plain:
            return plain[key.casefold()]
    found, expected = f"a list with {', '.join(listed.columns)}", f"a column {', '.join(KEYS)} or path"
    raise DataError("DATA_DICOM_KEY", found, expected, 'rename it, or name it: key = "COLUMN" in [data]')


def _classes(listed: pd.DataFrame, key: str, label_column: str) -> "pd.Series[str]":
    """Return the class by the value of the key.

    Raises:
        DataError: ``DATA_DICOM_KEY``: a value has two classes.
    """
    by_key = listed[label_column].groupby(listed[key].map(_plain))
    several = sum(len(set(classes)) > 1 for _, classes in by_key)
    if several:
        found = f"{several} values of {key} with several classes each"
        raise DataError("DATA_DICOM_KEY", found, "one class each", "name a narrower column: data.key")
    return by_key.first()


def _cells(rows: pd.DataFrame, key: str) -> "pd.Series[str]":
    """Return the value of the key of each row, spelt in the list as people do."""
    plain = re.sub(r"[\W_]+", "", key).casefold()
    keyword = next((name for name in KEYS if name.casefold() == plain), "path")
    return rows[keyword].map(_plain)
