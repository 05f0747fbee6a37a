"""Rows of a table: predicted, written back with what the model says, and compared with those it learned from."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import pandas as pd

from seimbang.datasets.base import Column
from seimbang.datasets.columns import encode
from seimbang.datasets.images import missing
from seimbang.datasets.sheets import every_number, together, whole
from seimbang.record.files import damaged, read_bytes
from seimbang.serving.predictor import Prediction, Predictor

FORMULA = "=+-@\t\r"
"""What a cell may begin with that spreadsheets run as a formula."""

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
NEAREST = 5
Rows = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Neighbour:
    """A training row beside a new one; ``distance`` is Euclidean, between the rows as the model sees them."""

    case_id: str
    label: str
    distance: float


def read_file(path: Path) -> pd.DataFrame:
    """Return the rows of a table as `blocks` has them, its columns of numbers read as such.

    Raises:
        DataError: ``DATA_MISSING``, and what `blocks` and `whole` raise.
    """
    if not path.is_file():
        missing(path)
    return whole(together(path, numbers=every_number).rows, path.name)


def read_rows(predictor: Predictor, table: pd.DataFrame) -> tuple[Rows, list[Prediction]]:
    """Return the rows of a file as ``float32[n, f]`` and what the model says of each.

    Args:
        predictor: Of a table.
        table: Texts; the index is the row in the file.

    Raises:
        DataError: ``DATA_COLUMN``, ``DATA_TEXT`` or ``DATA_CATEGORY``, naming row and column.
    """
    X = encode(table, columns(predictor))
    return X, predictor.predict_rows(X)


def columns(predictor: Predictor) -> tuple[Column, ...]:
    """Return the columns that a table's model looks at, with the ranges of its training rows."""
    assert predictor.table is not None
    return predictor.table.columns


def outside(X: Rows, known: tuple[Column, ...]) -> npt.NDArray[np.bool_]:
    """Return which values of ``X``, ``[n, f]``, are numbers outside the range of the training rows."""
    numbers = np.array([column.kind == "number" for column in known])
    low, high = (np.array([getattr(column, end) for column in known], np.float32) for end in ("low", "high"))
    return np.asarray(numbers & ((low > X) | (high < X)))


def with_predictions(tables: list[pd.DataFrame], predictions: list[Prediction]) -> str:
    """Return the rows of all tables with the predictions added as columns, as a CSV in which no cell is a formula."""
    added = {
        "predicted": _cells(predictions, lambda said: said.label),
        "confidence": _cells(predictions, lambda said: f"{said.confidence:.6f}"),
    }
    if predictions[0].label_tuned is not None:
        added["predicted_at_tuned_threshold"] = _cells(predictions, lambda said: str(said.label_tuned))
    for name in predictions[0].probabilities:
        added[f"p_{name}"] = _cells(predictions, partial(_share, name))
    added["answer"] = [str(prediction.advice) for prediction in predictions]
    whole = pd.concat(tables).fillna("").assign(**added).map(harmless).rename(columns=harmless)
    return whole.to_csv(index=False)


def _share(name: str, said: Prediction) -> str:
    return f"{said.probabilities[name]:.6f}"


def _cells(predictions: list[Prediction], of: Callable[[Prediction], str]) -> list[str]:
    """Return a column of what predictions say, empty where one is refused."""
    return [said.advice.told(of(said)) or "" for said in predictions]


def harmless(text: str) -> str:
    """Return a text that a spreadsheet shows as it is: one that it would run as a formula gets a quote before it."""
    return f"'{text}" if text[:1] and text[0] in FORMULA and not NUMBER.fullmatch(text) else text


def neighbours(arm_folder: Path, predictor: Predictor, X: Rows) -> list[Neighbour]:
    """Return the training rows nearest to the only row of ``X``, nearest first.

    Raises:
        IntegrityError: ``RUN_MISSING`` or ``RUN_DAMAGED``: the arm holds no training rows.
    """
    assert predictor.table is not None
    file = arm_folder / "neighbours.npz"
    try:
        with np.load(io.BytesIO(read_bytes(file)), allow_pickle=False) as kept:
            rows, labels, ids = (kept[name] for name in ("rows", "labels", "ids"))
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise damaged(file, "the arrays rows, labels and ids", repr(error)) from error
    distance = np.linalg.norm(rows - predictor.table.transform(X), axis=1)
    nearest = np.argsort(distance, kind="stable")[:NEAREST]
    return [Neighbour(str(ids[k]), str(labels[k]), float(distance[k])) for k in nearest]
