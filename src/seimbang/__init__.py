"""Honest comparison of ways to classify imbalanced medical images."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seimbang.api import Findings, Run, load, run
    from seimbang.study.schema import Study

__all__ = ["Run", "audit", "load", "run"]
__version__ = "0.1.0"


class AuditPackage(ModuleType):
    """The package ``seimbang.audit``, which is also the function of that name.

    Python keeps one thing under a name: as soon as anything imports the package, ``seimbang.audit`` is the package. So
    that users can call what they see, it takes this class, and hands the call to the front door of the house.
    """

    def __call__(self, what: str | Path | Study, data: str | Path | None = None) -> Findings:
        """Look for leaks and faults: see `seimbang.api.audit`."""
        from seimbang import api

        return api.audit(what, data)


if TYPE_CHECKING:
    audit: AuditPackage
else:

    def __getattr__(name: str) -> Any:
        """Load what is behind a name when it is first asked for, so that ``import seimbang`` stays light."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return import_module("seimbang.audit") if name == "audit" else getattr(import_module("seimbang.api"), name)
