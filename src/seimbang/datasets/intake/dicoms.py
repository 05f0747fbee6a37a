"""What is understood of a folder of DICOM."""

from pathlib import Path
from typing import Any

import numpy as np

from seimbang.datasets.base import REASONS, tally
from seimbang.datasets.dicom import Dicom, Files
from seimbang.datasets.intake.base import Hints, Understanding
from seimbang.datasets.intake.folders import image_keys, tables_in
from seimbang.datasets.intake.positive import positive_class
from seimbang.errors import DataError
from seimbang.imaging.formats import image_format
from seimbang.imaging.store import Renamed, open_store

_LOOKED_AT = 40


def holds_dicom(path: Path) -> bool:
    """Tell whether most of a sample of the files of a folder or archive are DICOM."""
    store = open_store(path)
    paths = [entry.path for entry in store.entries() if not entry.trouble]
    chosen = [paths[k] for k in np.linspace(0, len(paths) - 1, min(_LOOKED_AT, len(paths))).astype(int)]
    return sum(image_format(store.head(name)) == "DICOM" for name in chosen) > len(chosen) / 2


def understand(path: Path, hints: Hints) -> Understanding:
    """Return what the ``[data]`` table of a first study says of a folder of DICOM.

    Args:
        path: The folder.
        hints: What the user says; ``label`` is the column of the list with the classes.

    Raises:
        DataError: ``DATA_LAYOUT``: neither class folders nor a list; and what `Dicom.files` raises.
    """
    root = path.parent
    data: dict[str, Any] = {"source": "dicom", "path": path.name} | _labels(path, hints)
    settings = Dicom.model_validate(data)
    files = settings.files(root)
    rows, _ = settings.labelled(files.rows, root)
    counts = {str(name): int(count) for name, count in rows.label.value_counts().items()}
    if len(counts) < 2:
        raise DataError("DATA_ONE_CLASS", f"{len(counts)} classes", "at least two", "add cases of another class")
    positive = positive_class(path, counts, hints.positive)
    named = dict(zip(rows.case_id, rows.path, strict=True))
    image = image_keys(Renamed(open_store(path), named), [*named])
    return Understanding(data | {"positive": positive.chosen}, image, _said(files, counts, data), (positive,))


def _labels(path: Path, hints: Hints) -> dict[str, str]:
    """Return the list of labels, where there is one in the folder."""
    tables = [table for table in tables_in(path) if table.parent == path] if path.is_dir() else []
    if not tables:
        return {}
    return {"labels": tables[0].name} | ({"label_column": hints.label} if hints.label else {})


def _said(files: Files, counts: dict[str, int], data: dict[str, Any]) -> tuple[str, ...]:
    listing = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    where = f"classes from {data['labels']}" if "labels" in data else "class folders"
    said = [
        f"{sum(counts.values()):,} DICOM images, {where}: {listing}.",
        f"{files.rows.group.nunique():,} patients, by issuer and number; cases and patients get salted names.",
    ]
    several = int((files.rows.NumberOfFrames.replace("", "1") != "1").sum())
    if several:
        said.append(f"{several:,} files have several frames: frames = true in [data] makes each of them a case.")
    said += [f"Left out: {count:,}, {REASONS[code]} ({code})." for _, code, count in tally(files.left)]
    return tuple(said)
