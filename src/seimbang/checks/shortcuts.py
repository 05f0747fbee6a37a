"""Shortcuts: does how a file was saved, or what is at the border of the picture, predict the class?

A model that learns such a sign is right for the wrong reason, and fails where the sign is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import is_numeric_dtype

from seimbang.checks.base import CheckResult
from seimbang.checks.evidence import Evidence
from seimbang.checks.separation import best_separated
from seimbang.imaging.headers import BYTES, COLUMNS, read_headers
from seimbang.imaging.marks import GRID, border_contrast, places
from seimbang.imaging.similarity import Mask
from seimbang.imaging.store import open_store

if TYPE_CHECKING:
    from sklearn.tree import DecisionTreeClassifier

MIN_HEADER_AUC = 0.6
"""A shortcut by the header is reported when the lower limit of its AUC is above this: no header depends on anatomy."""

MIN_BYTES_AUC = 0.93
"""The same for bytes per pixel, which depend on what a picture shows too: the AUC of pituitary tumours in brain MRI is
0.92, that of pneumonia in chest X-rays 0.89."""

MIN_BORDER_AUC = 0.87
"""The same for the contrast of one place at the border, where there may be anatomy: the largest AUC is 0.78 in chest
X-rays, 0.84 in brain MRI and 0.85 in kidney CT; with an R of 6 x 9 pixels burnt into a class it is 0.88 to 1."""

ADVICE = (
    "A model may learn this sign instead of the disease: find out why the classes differ, and test the model on images "
    "acquired elsewhere."
)


def header(evidence: Evidence) -> CheckResult | None:
    """The class that size, format, bit depth, compression or EXIF of the files separate best from the others."""
    table = _headers(evidence)
    if table is None:
        return None
    best = best_separated(evidence, _numbers(table[list(COLUMNS)]), MIN_HEADER_AUC, _tree(3))
    if best is not None:
        what = "size, format, bit depth, compression and EXIF of the files alone separate "
        what += f"{best}, most of all {_telling(evidence, table[list(COLUMNS)], best.name)}"
    else:
        best = best_separated(evidence, np.log(_numbers(table[[BYTES]])), MIN_BYTES_AUC, _tree(3))
        if best is None:
            return None
        what = f"bytes per pixel of the files alone separate {best}"
    return CheckResult(f"In the training and validation images, {what}. {ADVICE}", (), len(table))


def acquisition(evidence: Evidence) -> CheckResult | None:
    """The class that scanner, view, body part, modality and pixel spacing of DICOM separate best from the others."""
    if evidence.data.acquisition is None:
        return None
    table = evidence.data.acquisition.iloc[evidence.development]
    best = best_separated(evidence, _numbers(table), MIN_HEADER_AUC, _tree(3))
    if best is None:
        return None
    what = "how the pictures were taken (scanner, view, body part, modality, pixel spacing) alone separates "
    what += f"{best}, most of all {_telling(evidence, table, best.name, shown=False)}"
    return CheckResult(f"In the training and validation images, {what}. {ADVICE}", (), len(table))


def border(evidence: Evidence) -> CheckResult | None:
    """The class that contrast at the border of the images, as of a burnt-in label, separates best from the others."""
    if evidence.data.kind != "image" or min(evidence.data.X.shape[1:3]) < 2 * GRID:
        return None
    rows = evidence.development
    values = border_contrast(evidence.data.X)[rows]
    best = best_separated(evidence, values, MIN_BORDER_AUC, _tree(1))
    if best is None:
        return None
    importance = _tree(1).fit(values, _of_class(evidence, best.name)).feature_importances_
    where = places()[importance.reshape(2, -1).sum(axis=0).argmax()]
    what = f"the contrast of one place at the border ({where}), as of a burnt-in label, marker or frame, alone"
    ids = evidence.ids(rows[_of_class(evidence, best.name)])
    return CheckResult(f"In the training and validation images, {what} separates {best}. {ADVICE}", ids, len(rows))


def _headers(evidence: Evidence) -> pd.DataFrame | None:
    """Return the headers of the development images, or None where they are no files or some cannot be read."""
    frame, root = evidence.cases.frame, evidence.cases.root
    paths = frame.path.iloc[evidence.development]
    if evidence.data.kind != "image" or (paths == "").any():
        return None
    table = read_headers(open_store(root), paths.tolist())
    return None if table[BYTES].isna().any() else table


def _numbers(table: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the columns as numbers, texts by their order."""
    columns = [table[name] for name in table]
    numbers = [column if is_numeric_dtype(column) else pd.factorize(column, sort=True)[0] for column in columns]
    return np.stack([np.asarray(column, np.float64) for column in numbers], axis=1)


def _telling(evidence: Evidence, table: pd.DataFrame, name: str, shown: bool = True) -> str:
    """Say which column separates a class best on its own, and how the class differs in it.

    What a column holds is only ``shown`` where no person can be named in it.
    """
    of_class, numbers = _of_class(evidence, name), _numbers(table)
    fits = [_tree(1).fit(column, of_class).score(column, of_class) for column in numbers.T[:, :, None]]
    column = table.iloc[:, int(np.argmax(fits))]
    common = column[of_class].mode().iloc[0]
    shares = [float((column[side] == common).mean()) for side in (of_class, ~of_class)]
    value = common if shown else "one value"
    return f"{column.name} ({value} in {shares[0]:.0%} of {name}, in {shares[1]:.0%} of the others)"


def _of_class(evidence: Evidence, name: str) -> Mask:
    """Return which development cases are of the class."""
    return np.asarray(evidence.cases.y[evidence.development] == evidence.cases.classes.index(name))


def _tree(depth: int) -> DecisionTreeClassifier:
    """Return a tree so small that it finds a sign, not a case; one of depth 1 looks at one number."""
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(max_depth=depth, min_samples_leaf=5, class_weight="balanced", random_state=0)
