"""The pictures a run keeps: synthetic images beside their parents, right and wrong predictions."""

import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from seimbang.balance.base import Recipe
from seimbang.imaging.files import write_atomic
from seimbang.runs.context import Context
from seimbang.study.schema import Plan

GALLERY, SURE, UNSURE = 6, 4, 2


def png(pixels: npt.NDArray[Any]) -> bytes:
    """Return pixels ``[h, w, c]`` in 0 ... 255 as a PNG file."""
    image = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(buffer, "PNG")
    return buffer.getvalue()


def gallery(run: Context, plan: Plan, recipe: Recipe) -> list[dict[str, object]]:
    """Save a few synthetic images with both parents, and return the rows of ``gallery.json``."""
    folder, X = run.arm_folder(plan), run.data.X
    ids, classes = run.data.cases.frame.case_id, run.data.cases.classes
    rows: list[dict[str, object]] = []
    if run.data.kind == "table" or run.model_input(plan, run.folds_of(plan)[0]).features is not None:
        return rows
    for number, k in enumerate(np.linspace(0, len(recipe.i) - 1, min(GALLERY, len(recipe.i))).astype(int)):
        i, j = int(recipe.i[k]), int(recipe.j[k])
        made = recipe.draw(X, np.array([len(recipe.real) + k]))[0]
        files = {part: f"gallery/{number}_{part}.png" for part in ("first", "second", "synthetic")}
        for file, pixels in zip(files.values(), (X[i], X[j], made), strict=True):
            write_atomic(folder / file, png(pixels))
        label = classes[int(recipe.y[len(recipe.real) + k])]
        facts = {"delta": round(float(recipe.delta[k]), 4), "label": label, "first_id": ids[i], "second_id": ids[j]}
        rows.append({**files, **facts})
    return rows


def examples(run: Context, plan: Plan, predictions: pd.DataFrame, cuts: dict[str, float]) -> list[dict[str, object]]:
    """Save test images that were predicted right and wrong, the surest and the least sure, as ``examples.json``."""
    test = judged(run, predictions, cuts)
    sides = [test[test.right == right] for right in (True, False)]
    chosen = pd.concat([part for some in sides for part in (some.head(SURE), some.iloc[SURE:].tail(UNSURE))])
    return shown(run, plan, chosen, "examples")


def judged(run: Context, predictions: pd.DataFrame, cuts: dict[str, float]) -> pd.DataFrame:
    """Return the test cases with what was ``predicted``, its ``confidence`` and whether it is ``right``, surest first.

    Args:
        run: The run.
        predictions: ``predictions.csv`` of an arm; a case tested in several folds is taken from the first.
        cuts: Threshold of each fold where the arm answers by it, else nothing.
    """
    classes = list(run.data.cases.classes)
    test = predictions[predictions.set == "test"].drop_duplicates("case_id")
    p = test[[f"p_{name}" for name in classes]].to_numpy()
    called = (p[:, 1] >= test.fold.map(cuts)).astype(int) if cuts else p.argmax(1)
    test = test.assign(predicted=np.array(classes)[called], confidence=p[np.arange(len(p)), called])
    test = test.assign(right=test.predicted == test.label)
    return test.sort_values(["confidence", "case_id"], ascending=[False, True])


def shown(run: Context, plan: Plan, chosen: pd.DataFrame, kind: str) -> list[dict[str, object]]:
    """Save the images of judged cases in the arm's folder ``kind``, and return a row for each; a table has none."""
    rows: list[dict[str, object]] = []
    if run.data.kind == "table":
        return rows
    at = run.data.cases.rows(chosen.case_id.tolist())
    for row, case in zip(at, chosen.to_dict("records"), strict=True):
        file = f"{kind}/{len(rows)}.png"
        write_atomic(run.arm_folder(plan) / file, png(run.data.X[row]))
        kept = {name: case[name] for name in ("case_id", "label", "predicted", "right")}
        rows.append({"file": file, **kept, "confidence": round(float(case["confidence"]), 4)})
    return rows
