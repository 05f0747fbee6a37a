"""Training rows -> recipe."""
