"""Numbers -> report."""
