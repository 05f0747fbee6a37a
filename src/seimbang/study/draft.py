"""A commented study file for data that somebody just has."""

import csv
from pathlib import Path

from seimbang.datasets import make
from seimbang.datasets.base import Dataset, SourceSettings
from seimbang.datasets.csv import Csv
from seimbang.errors import DataError
from seimbang.study.load import to_toml
from seimbang.study.models import MODELS

ENDINGS = {".csv": "csv", ".npz": "npz", ".xlsx": "excel"}
WRITTEN = {"source", "path", "features"}
"""Keys that a first file says of its data."""


def settings_for(path: Path) -> SourceSettings:
    """Return the ``[data]`` table of a folder, CSV (a manifest or a table of features), npz or Excel table.

    Raises:
        DataError: DATA_MISSING or DATA_FORMAT.
    """
    if not path.exists():
        raise DataError("DATA_MISSING", f"no {path}", "a folder, a .csv, .npz or .xlsx", "check the path")
    source = "folder" if path.is_dir() else ENDINGS.get(path.suffix.lower())
    if source is None:
        raise DataError("DATA_FORMAT", f"the file {path}", "a folder, a .csv, .npz or .xlsx", "give one of these")
    features = {"features": "all"} if source == "csv" and _lists_no_images(path) else {}
    return make({"source": source, "path": path.name, **features})


def _lists_no_images(path: Path) -> bool:
    """Tell whether a CSV has no column of image files; it is then a table of features."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        return Csv().image_column not in next(csv.reader(file), [])


def draft(path: Path, settings: SourceSettings, data: Dataset) -> str:
    """Return a study file for ``data``, which ``settings`` describe, with comments that say what to decide.

    Args:
        path: Where the data are.
        settings: From `settings_for`.
        data: The data set as loaded.
    """
    counts = data.cases.frame.label.value_counts()
    described = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    table = settings.model_dump(include=WRITTEN) | {"positive": data.cases.classes[-1]}
    head = {"title": f"Study of {data.name}", "question": "Does SMOTE help, and is the result free of leaks?"}
    images = data.kind == "image"
    return f"""# Written for {path.name}: {len(data.cases):,} cases ({described}). Run it with:
#   seimbang run THIS_FILE --data {path.parent}
{to_toml(head)}
{to_toml({"data": table}).strip()}
# positive is the class that matters; correct it if it is not {data.cases.classes[-1]!r}.
{GROUPS_OF_IMAGES if images else _roles(data)}
{_split(data)}
{_of_images() if images else OF_ROWS}"""


GROUPS_OF_IMAGES = r"""# Which images are of one patient? Say it, or slices of one may be in both parts. One of:
# group = { from = "name", pattern = '(patient\d+)' }   # a pattern in the file name
# group = { from = "folder", level = 1 }                # the folder that holds the file
# group = { from = "column", column = "patient" }       # a column of the CSV

[image]
size = [150, 150]
channels = 1                     # 3 for colour
"""

OF_ROWS = """[model]
name = "svm"                     # or knn, forest, logistic, boosting, mlp, naive_bayes, tree
grid = { C = [0.25, 1.0, 4.0, 16.0] }     # the best is searched for inside the training part

[[arm]]
name = "none"

[[arm]]
name = "class weights"
balance = { method = "class_weights" }

[[arm]]
name = "SMOTE"
balance = { method = "smote" }   # where there are categories: smote_nc
"""


def _roles(data: Dataset) -> str:
    names = ", ".join(column.name for column in data.columns)
    return f"""# The models see the columns {names}.
# features = ["..."]              # to choose among them
# categories = ["..."]            # columns of category levels, such as sex
# group = {{ from = "column", column = "patient" }}       # rows of one patient stay together
"""


def _split(data: Dataset) -> str:
    provided = (data.cases.frame.split == "test").any()
    group = "auto" if data.kind == "image" and not data.cases.has_groups else "known"
    split = {"test": "provided" if provided else 0.2, "validation": 0.2, "group": group}
    auto = ' "auto" keeps nearly identical images together.' if group == "auto" else ""
    return f"""# Validation is held out from training; nothing is ever chosen on test.{auto}
{to_toml({"split": split}).strip()}
"""


def _of_images() -> str:
    return f"""[model]
name = "cnn"                     # or {", ".join(name for name in MODELS if name != "cnn")}

[training]
epochs = 20
early_stopping = 5

[[arm]]
name = "none"

[[arm]]
name = "class weights"
balance = {{ method = "class_weights" }}

[[arm]]
name = "augmentation"
balance = {{ method = "augment" }}

[[arm]]
name = "SMOTE"
balance = {{ method = "smote" }}

# Images of another hospital, never trained on:
# [[external]]
# name = "other hospital"
# path = "folder_of_the_other_hospital"
"""
