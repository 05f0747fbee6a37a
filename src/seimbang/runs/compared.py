"""The paired tests of the arms of each protocol."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from seimbang.evaluation import compare
from seimbang.record.base import dump
from seimbang.record.folder import Files


def comparison_files(
    predicted: Mapping[str, Mapping[str, pd.DataFrame]], classes: Sequence[str], tuned: Sequence[str]
) -> Files:
    """Return the tests of every pair of finished arms, by protocol."""
    nothing: dict[str, Any] = {"arms": [], "sets": {}}
    tests = {
        protocol: compare(tables, classes, tuned=[name for name in tuned if name in tables]) if tables else nothing
        for protocol, tables in predicted.items()
    }
    return {"comparisons.json": dump(tests)}
