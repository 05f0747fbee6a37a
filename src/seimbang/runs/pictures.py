"""The pictures a run keeps: synthetic images beside their parents, right and wrong predictions."""

import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from seimbang.balance.base import Recipe
from seimbang.datasets.base import Dataset
from seimbang.evaluation.predictions import outcomes
from seimbang.record.base import dump
from seimbang.record.cases import ExampleRow, GalleryRow
from seimbang.record.folder import Files
from seimbang.record.metrics import Metrics
from seimbang.runs.model_input import ModelInput

GALLERY, CONFIDENT, UNSURE = 6, 4, 2


def png(pixels: npt.NDArray[Any]) -> bytes:
    """Return pixels ``[h, w, c]`` in 0 ... 255 as a PNG file."""
    image = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(buffer, "PNG")
    return buffer.getvalue()


def gallery_files(cases: Dataset, model_input: ModelInput, recipe: Recipe) -> Files:
    """Return a few synthetic images with both parents; none of a table, or where only features are made."""
    rows: list[GalleryRow] = []
    pictures: dict[str, bytes] = {}
    count = len(recipe.i) if cases.kind == "image" and model_input.features.images else 0
    for number, k in enumerate(np.linspace(0, count - 1, min(GALLERY, count)).astype(int)):
        i, j, made = int(recipe.i[k]), int(recipe.j[k]), len(recipe.real) + k
        names = {part: f"gallery/{number}_{part}.png" for part in ("first", "second", "synthetic")}
        shown = (cases.X[i], cases.X[j], recipe.draw(cases.X, np.array([made]))[0])
        pictures |= {file: png(pixels) for file, pixels in zip(names.values(), shown, strict=True)}
        ids, label = cases.cases.frame.case_id, cases.cases.classes[int(recipe.y[made])]
        parents = {"first_id": ids[i], "second_id": ids[j]}
        rows.append(GalleryRow(**names, delta=round(float(recipe.delta[k]), 4), label=label, **parents))
    return {"gallery.json": dump(rows), **pictures}


def example_files(cases: Dataset, predictions: pd.DataFrame, metrics: Metrics) -> Files:
    """Return test images that were predicted right and wrong, the most confident and the least."""
    test = tested(predictions, metrics)
    sides = [test[test.right == right] for right in (True, False)]
    ends = [part for side in sides for part in (side.head(CONFIDENT), side.iloc[CONFIDENT:].tail(UNSURE))]
    rows, pictures = show(cases, pd.concat(ends), "examples")
    return {"examples.json": dump(rows), **pictures}


def tested(predictions: pd.DataFrame, metrics: Metrics) -> pd.DataFrame:
    """Return what an arm predicts of the test cases, see ``evaluation.predictions.outcomes``."""
    rows = outcomes(predictions, metrics.classes, metrics.threshold.decides)
    return rows[rows.set == "test"]


def show(cases: Dataset, chosen: pd.DataFrame, kind: str) -> tuple[list[ExampleRow], dict[str, bytes]]:
    """Return a row for each of some judged cases, and its picture in the folder ``kind``; a table has neither."""
    rows: list[ExampleRow] = []
    pictures: dict[str, bytes] = {}
    if cases.kind == "table":
        return rows, pictures
    places = cases.cases.rows(chosen.case_id.tolist())
    for place, case in zip(places, chosen.to_dict("records"), strict=True):
        file = f"{kind}/{len(rows)}.png"
        pictures[file] = png(cases.X[place])
        known = {name: case[name] for name in ("case_id", "label", "predicted", "right")}
        rows.append(ExampleRow(file=file, **known, confidence=round(float(case["confidence"]), 4)))
    return rows, pictures
