"""Predictions -> numbers with intervals."""
