"""Small data sets for the tests of the audit."""

import numpy as np
import pandas as pd

from seimbang.checks import audit
from seimbang.datasets.base import CaseTable, Column, Dataset
from seimbang.splits.base import Fold

N = 90
PARTS = [("train", "validation", "test")[k % 3] for k in range(N)]


def images(n=N, seed=0):
    """Return mutually dissimilar images."""
    return np.random.default_rng(seed).integers(0, 256, (n, 40, 36, 1), dtype=np.uint8)


def dataset(X=None, n=N, kind="image", left_out=(), classes=None, prefix="c", **columns):
    """Return ``n`` cases of two classes in turn of three; every third is in the test set."""
    rows = {"case_id": [f"{prefix}{k:03}" for k in range(n)], "label": ["well" if k % 2 else "sick" for k in range(n)]}
    cases = CaseTable.build(pd.DataFrame(rows | columns), classes=classes)
    X = images(n) if X is None else X
    numbers = tuple(Column(f"v{k}", "number") for k in range(X.shape[1])) if kind == "table" else ()
    return Dataset(cases, X, "made up", kind, left_out=tuple(left_out), columns=numbers)


def fold(name="", n=N, shift=0):
    """Return the split of ``PARTS``, rolled by ``shift``."""
    part = np.roll(np.array([("train", "validation", "test")[k % 3] for k in range(n)]), shift)
    return Fold(name, *(np.flatnonzero(part == name) for name in ("train", "validation", "test")))


def finding_of(code, data, folds=None, external=None):
    """Return the finding with this code, or None."""
    findings = audit(data, [fold()] if folds is None else folds, external or {})
    return next((finding for finding in findings if finding.code == code), None)
