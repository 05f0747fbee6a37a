"""Case table -> folds."""
