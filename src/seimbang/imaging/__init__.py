"""Bytes -> validated array."""
