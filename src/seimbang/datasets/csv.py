"""A manifest: one row an image, with its path, label and perhaps patient, split and site; or a table of features."""

import os
from pathlib import Path, PurePosixPath

import pandas as pd

from seimbang.datasets import table
from seimbang.datasets.base import Dataset, DataSettings, Group
from seimbang.datasets.images import check_renames, from_files, left_out, missing, parts, require_columns
from seimbang.errors import DataError
from seimbang.imaging.base import ImageSettings

BY_COLUMN = Group.model_validate({"from": "column"})


def load(settings: DataSettings, image: ImageSettings, root: Path, classes: tuple[str, ...] | None = None) -> Dataset:
    """Read a comma-separated UTF-8 manifest; its paths are relative to its own folder.

    Where the study names features or categories, it is a table of them instead: see `table.load`.

    The columns ``split`` (train, val, test and their spellings), ``site`` and ``patient`` are used where they exist.

    Args:
        settings: The ``[data]`` table, with the names of the columns.
        image: The ``[image]`` table.
        root: Folder that ``settings.path`` is relative to.
        classes: Classes of the internal set when this is an external one.

    Raises:
        DataError: ``DATA_MISSING``, ``DATA_CSV``, ``DATA_COLUMN``, ``DATA_LABEL_MISSING``, ``DATA_SPLIT_NAME``,
            ``DATA_FILE_MISSING`` and what `from_files` raises.
    """
    if settings.features or settings.categories:
        return table.load(settings, image, root, classes)
    path = root / settings.path
    if not path.is_file():
        missing(path)
    listed = _read(path)
    named = [settings.split_column] * (settings.split_column != DataSettings.model_fields["split_column"].default)
    require_columns(listed.columns, [settings.image_column, settings.label_column, *named])
    check_renames(settings, listed[settings.label_column].str.strip())
    rows = _rows(listed, settings)
    if rows.empty:
        raise DataError("DATA_EMPTY", f"no cases in {path}", "one row an image", "check data.leave_out and the file")
    gone = [name for name in rows.path if not os.path.isfile(path.parent / name)]  # Path.is_file raises on long names
    if gone:
        found = f"{len(gone)} of {len(rows)} files missing, such as {', '.join(gone[:3])}"
        fix = "correct the paths; they are relative to the manifest's folder"
        raise DataError("DATA_FILE_MISSING", found, f"files below {path.parent}", fix)
    group = settings.group or (BY_COLUMN if BY_COLUMN.column in listed.columns else None)
    if group is not None and group.origin == "column":
        require_columns(listed.columns, [group.column])
        # from the manifest, as columns of the same name (case_id, path, label, split, group) are replaced in `rows`
        rows, group = rows.assign(**{BY_COLUMN.column: listed[group.column].str.strip()}), BY_COLUMN
    facts = {"source": f"manifest {path.name}", "format": "images listed in CSV"} | settings.facts
    return from_files(rows, path.parent, settings.model_copy(update={"facts": facts, "group": group}), image, classes)


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (ValueError, OSError) as error:  # pandas' parser errors are ValueErrors
        found = f"{path.name} is no such table ({error})"
        raise DataError("DATA_CSV", found, "comma-separated UTF-8 text with a header", "export it again") from error


def _rows(listed: pd.DataFrame, settings: DataSettings) -> pd.DataFrame:
    label = listed[settings.label_column].str.strip()
    if (label == "").any():
        line = int((label == "").to_numpy().argmax()) + 2
        raise DataError("DATA_LABEL_MISSING", f"no label in line {line}", "a label in every row", "fill it in")
    names = [PurePosixPath(name.replace("\\", "/")).as_posix() for name in listed[settings.image_column]]
    split = listed.get(settings.split_column, pd.Series("", index=listed.index))
    rows = listed.assign(case_id=names, path=names, label=label.replace(settings.classes), split=parts(split))
    keep = [not left_out(settings, *words) for words in zip(rows.split, label, rows.label, strict=True)]
    return rows[keep]
