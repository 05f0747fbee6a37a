"""What steps write into a run folder in English, word for word, and the report says in the reader's language."""

from __future__ import annotations

PATTERNS: tuple[str, ...] = ()
"""``{name}`` stands for what varies: a number, a name, or another recorded text."""
