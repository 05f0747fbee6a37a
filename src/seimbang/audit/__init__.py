"""Dataset (and splits) -> findings."""
