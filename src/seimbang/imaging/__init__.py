"""Bytes -> trusted array."""
