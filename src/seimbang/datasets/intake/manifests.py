"""What is understood of a table that lists images: which columns say what, where the files are, what is not sure."""

import os
import re
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from seimbang.datasets import make
from seimbang.datasets.base import REASONS, tally
from seimbang.datasets.csv import Cases, Csv, ExcelManifest
from seimbang.datasets.intake.base import Hints, Understanding
from seimbang.datasets.intake.label_column import ALL, label_role
from seimbang.datasets.intake.patient_column import group_role, part_columns, parts_said, split_keys
from seimbang.datasets.paths import NAMED, Index, is_image, posix
from seimbang.datasets.roles import IMAGES, known_as
from seimbang.datasets.sheets import read, together, whole
from seimbang.errors import DataError

ROWS = 50
"""Cells of a column that are looked at to tell whether it names images."""
LOOKED_AT = 8
"""Images that are looked at to tell whether they are in colour."""
OF_IMAGES = re.compile(r"(images?|imgs?|pictures?|photos?|png|jpe?g|raw|citra|gambar|foto)(?![a-z])", re.IGNORECASE)


def lists_images(path: Path) -> bool:
    """Whether a CSV or workbook has a column that names images; any other is a table of features.

    Raises:
        DataError: It cannot be read as a table.
    """
    first = next(iter(together(path).rows), None)
    return first is not None and bool(_image_column(first, _folder(path, first, Hints())))


def understand(path: Path, hints: Hints) -> Understanding:
    """Return what the rows of a manifest say, and where its images are.

    Args:
        path: A CSV or an Excel workbook; the study's paths start from the folder that holds it.
        hints: What the user says.

    Raises:
        DataError: ``DATA_COLUMN``: no column names images, or none can be the class, or there is none as the user
            says; ``DATA_MISSING``: there is no folder as the user says; and what `blocks` raises.
    """
    path = path.resolve()
    reading = read(path)
    table = whole(reading.rows, path.name)
    folder = _folder(path, table, hints)
    image = _image_column(table, folder)
    if not image:
        found, fix = f"the columns {', '.join(table.columns)}", "call the column of the images image_path"
        raise DataError("DATA_COLUMN", found, "a column whose cells are names of images", fix)
    label = label_role(table, image, hints, path)
    parts = part_columns(table, label.columns)
    images = PurePosixPath(os.path.relpath(folder, path.parent)).as_posix()
    data = {
        "source": "excel" if reading.dialect.sheet else "csv",
        "path": path.name,
        **({"sheet": reading.dialect.sheet} if reading.dialect.others else {}),
        **({"images": images} if images != "." else {}),
        "image_column": image,
        **label.keys,
        **split_keys(table, parts),
        **({"positive": hints.positive} if hints.positive not in ("", ALL) else {}),
    }
    cases = _cases(data, path)
    group = group_role(table, path, [image, *label.columns], hints, cases)
    said = (*reading.dialect.sentences(), *_said(image, cases), *label.said, *group.said, *parts_said(table, parts))
    return Understanding(data | group.keys, _image(cases), said, (*label.guesses, *group.guesses), _sample(table))


def _cases(data: dict[str, Any], path: Path) -> Cases | None:
    """Return the rows, None where they are not in order: who loads the data will say why."""
    settings = make(data)
    assert isinstance(settings, Csv | ExcelManifest)
    try:
        return settings.cases(path.parent)
    except DataError:
        return None


def _image(cases: Cases | None) -> dict[str, Any]:
    """Return the keys of ``[image]``: three channels where one of a few images is in colour."""
    names = cases.rows.path.iloc[:: max(1, len(cases.rows) // LOOKED_AT)] if cases else ()
    return {"channels": 3} if cases and any(_coloured(cases.folder / name) for name in names) else {}


def _said(column: str, cases: Cases | None) -> list[str]:
    """Say where the images are, and how many rows of each class are left out for each reason."""
    if cases is None:
        return [f"The column {column!r} names the images."]
    tops = list(dict.fromkeys(path.split("/")[0] if "/" in path else "" for path in cases.rows.path))
    where = ", ".join(top for top in tops[:NAMED] if top) + (" and others" if len(tops) > NAMED else "")
    left_out = [
        f"Left out of {name or 'no class'}: {count:,} ({REASONS[code]})." for name, code, count in tally(cases.gone)
    ]
    return [f"The column {column!r} names the images" + (f"; they are in {where}." if where else "."), *left_out]


def _folder(path: Path, table: pd.DataFrame, hints: Hints) -> Path:
    """Return where the images are: the folder the user names, that of the manifest, or one called images beside it."""
    if hints.path:
        ways = (Path(hints.path), path.parent / hints.path)
        named = next((way for way in ways if way.is_dir()), None)
        if named is None:
            found, fix = f"no folder {hints.path}", f"correct it: seimbang init {path.name} --path FOLDER"
            raise DataError("DATA_MISSING", found, "the folder with the images", fix)
        return named.resolve()
    if _has_images(table, path.parent):
        return path.parent
    known = table[known_as(table.columns, IMAGES)]  # files of other data may be there: no other column is trusted
    beside = [folder for folder in _beside(path.parent) if any(_share(known[name], Index.of(folder)) for name in known)]
    if not beside:
        return path.parent
    return beside[0] if len(beside) == 1 else path.parent.parent


def _beside(folder: Path) -> list[Path]:
    """Return the folders beside this one that are called as folders of images are."""
    try:
        return sorted(place for place in folder.parent.iterdir() if OF_IMAGES.match(place.name) and place.is_dir())
    except OSError:
        return []


def _has_images(table: pd.DataFrame, folder: Path) -> bool:
    column = _image_column(table, folder)
    return bool(column) and _share(table[column], Index.of(folder)) > 0


def _image_column(table: pd.DataFrame, folder: Path) -> str:
    """Return the column whose cells end as names of images, or are those of images in the folder; ``""`` for none."""
    known = known_as(table.columns, IMAGES)
    order = [*known, *(name for name in table.columns if name not in known)]
    named = [name for name in order if sum(map(is_image, _first(table[name]))) > len(_first(table[name])) / 2]
    if named:
        return named[0]
    ids = [name for name in order if name in known or table[name].nunique() > len(table) / 2]
    index = Index.of(folder) if ids else None
    shares = {name: _share(table[name], index) for name in ids} if index else {}
    best = max(shares, key=lambda name: shares[name], default="")
    return best if best and shares[best] > 0.5 else ""


def _first(column: "pd.Series[str]") -> list[str]:
    full = column[column != ""]
    return full.iloc[:: max(1, len(full) // ROWS)].tolist()[:ROWS]


def _share(column: "pd.Series[str]", index: Index) -> float:
    """Return the share of some cells for which there is an image."""
    cells = [posix(cell) for cell in _first(column)]
    there = [any(map(is_image, index.candidates(cell))) for cell in cells]
    return sum(there) / len(there) if there else 0.0


def _coloured(file: Path) -> bool:
    """Whether an image is one in colour, and not grey values in three channels."""
    import numpy as np
    from PIL import Image

    try:
        with Image.open(file) as image:
            image.thumbnail((64, 64))
            pixels = np.asarray(image.convert("RGB"), np.int16)
    except Exception:  # Pillow raises nearly every type there is on damaged files; decoding says what is wrong
        return False
    return bool((np.ptp(pixels, axis=2) > 24).mean() > 0.01)


def _sample(table: pd.DataFrame) -> tuple[str, ...]:
    rows = table.head(3).to_dict("records")
    return tuple("; ".join(f"{name}: {value}" for name, value in row.items()) for row in rows)
