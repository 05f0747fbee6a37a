"""Predictions -> numbers with intervals, thresholds, calibration; arms compared."""

from seimbang.evaluation.compare import compare
from seimbang.evaluation.evaluate import evaluate
from seimbang.evaluation.predictions import read

__all__ = ["compare", "evaluate", "read"]
