"""A run folder -> one page to read, and tables for a paper."""
