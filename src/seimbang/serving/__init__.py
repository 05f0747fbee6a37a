"""Model package -> predictions."""
