"""What a run says of errors by image quality, and which errors were the most confident."""

import pandas as pd

from seimbang.datasets.base import Dataset
from seimbang.evaluation.by_quality import by_quality
from seimbang.imaging.quality import measure
from seimbang.record.base import dump
from seimbang.record.cases import Quality, QualityRow
from seimbang.record.folder import Files
from seimbang.record.metrics import Metrics
from seimbang.runs.pictures import show, tested

WORST = 12


def measure_files(data: Dataset) -> Files:
    """Return the measures of quality of every image; a table has none."""
    if data.kind == "table":
        return {}
    measures = measure(data.X)
    measures.insert(0, "case_id", data.cases.frame.case_id.to_numpy())
    return {"quality.csv": measures.to_csv(index=False, float_format="%.6g")}


def quality_files(data: Dataset, measures: pd.DataFrame | None, predictions: pd.DataFrame, metrics: Metrics) -> Files:
    """Return error rates by image quality, and the most confident errors with their images."""
    if measures is None:
        return {}
    test = tested(predictions, metrics)
    rates = by_quality(predictions, measures, data.cases.classes, metrics.threshold.decides)
    rows = [QualityRow.model_validate(rate) for rate in rates]
    worst, pictures = show(data, test[~test.right].head(WORST), "worst")
    return {
        "quality.json": dump(Quality(measures=rows, worst=worst)),
        **pictures,
    }
