"""What a run says of errors by image quality, and which errors were the surest."""

import json

import pandas as pd

from seimbang.evaluation import read
from seimbang.evaluation.by_quality import by_quality
from seimbang.imaging.files import write_atomic
from seimbang.imaging.quality import measure
from seimbang.record.folder import digest
from seimbang.runs.context import Context
from seimbang.runs.pictures import judged, shown
from seimbang.study.schema import Plan

WORST = 12


def assess(run: Context, plan: Plan) -> None:
    """Write ``quality.json`` of an arm: error rates by image quality, and the surest errors with their images."""
    step, inputs, folder = f"{plan.slug}.quality", run.inputs(plan), run.arm_folder(plan)
    if run.data.kind == "table" or run.folder.done(step, inputs):
        return
    predictions = read(folder)
    rule = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["threshold"]
    measures = by_quality(predictions, _measures(run), run.data.cases.classes, rule["decides"])
    test = judged(run, predictions, rule["folds"] if rule["decides"] else {})
    worst = shown(run, plan, test[~test.right].head(WORST), "worst")
    run.folder.json(f"arms/{plan.slug}/quality.json", {"measures": measures, "worst": worst})
    run.folder.finish(step, inputs, [folder / "quality.json", *(folder / str(one["file"]) for one in worst)])


def _measures(run: Context) -> pd.DataFrame:
    """Return ``quality.csv``, by case; it is made once a data set."""
    file = run.folder.path / "quality.csv"
    inputs = digest([run.data_digest, run.study.image.model_dump(mode="json")])
    if not run.folder.done("quality", inputs):
        measures = measure(run.data.X)
        measures.insert(0, "case_id", run.data.cases.frame.case_id.to_numpy())
        write_atomic(file, measures.to_csv(index=False, float_format="%.6g"))
        run.folder.finish("quality", inputs, [file])
    return pd.read_csv(file, dtype={"case_id": str}, keep_default_na=False).set_index("case_id")
