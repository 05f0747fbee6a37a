"""Predictions -> numbers with intervals, thresholds, calibration; arms compared."""

from seimbang.evaluation.balancing import against_none
from seimbang.evaluation.clinical import clinical
from seimbang.evaluation.compare import compare
from seimbang.evaluation.evaluate import evaluate
from seimbang.evaluation.predictions import read
from seimbang.evaluation.sample_size import sample_size

__all__ = ["against_none", "clinical", "compare", "evaluate", "read", "sample_size"]
