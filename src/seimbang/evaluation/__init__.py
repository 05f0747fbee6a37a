"""Predictions -> numbers with intervals, thresholds, calibration."""

from seimbang.evaluation.evaluate import evaluate

__all__ = ["evaluate"]
