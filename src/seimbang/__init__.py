"""Honest comparison of ways to classify imbalanced medical images."""

__version__ = "0.1.0"
