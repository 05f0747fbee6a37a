"""Honest comparison of ways to classify imbalanced medical images."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seimbang.api import Run, audit, load, review, run

__all__ = ["Run", "audit", "load", "review", "run"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Load what is behind a name when it is first asked for, so that ``import seimbang`` stays light."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("seimbang.api"), name)


def __dir__() -> list[str]:
    """Name what users call, although it is loaded late, and nothing else."""
    return sorted([*__all__, "__version__"])
