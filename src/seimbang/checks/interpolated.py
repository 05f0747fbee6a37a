"""Rows that were made from others before the table was saved, as SMOTE and its siblings do: they lie on lines."""

import numpy as np
import numpy.typing as npt

from seimbang.checks.base import CheckResult, merge, plural
from seimbang.checks.evidence import Evidence
from seimbang.checks.near_rows import FEWEST_COLUMNS, FEWEST_ROWS, Floats, filled, measured
from seimbang.splits.base import Rows

CHANCE = 1e-5
"""Probability, at most, that a class of rows that were not made has so many on lines."""

LOOKED_AT, COMPARED = 500, 20_000
"""So many rows of a class are looked at, among so many of them."""

_NEIGHBOURS, _CLOUDS, _MOVED = 30, 5, 0.3


def on_lines(evidence: Evidence) -> CheckResult | None:
    """Cases that lie on a line between two others of their class, more exactly than in clouds of the same form."""
    if evidence.data.kind != "table":
        return None
    return merge(_on_lines(evidence, name) for name in evidence.cases.classes)


def _on_lines(evidence: Evidence, name: str) -> CheckResult | None:
    rows = np.flatnonzero(evidence.cases.frame.label == name)
    made, looked_at = between(evidence.data.X[rows])
    if not len(made):
        return None
    noun = plural(looked_at, "case", f"{evidence.noun}s")
    sentence = (
        f"{len(made):,} of {noun} of {name} that were looked at lie on lines between two others of {name}, as SMOTE "
        "makes them: the table was balanced before it was saved, so tests are made on synthetic cases and train on "
        "cases made from tested ones. Use the table as it was before."
    )
    return CheckResult(sentence, evidence.ids(rows[made]), len(made))


def between(X: npt.NDArray[np.floating]) -> tuple[Rows, int]:
    """Return which rows of a class lie between two others, and how many were looked at.

    For each row the angle is taken at which it sees the two of its neighbours that are most opposite. It counts if it
    is nearer to half a turn than that of any row in five clouds that were made by moving each row at random by some of
    the distance to the nearest other. Rows that nobody made are the nearest with a probability of a sixth each.

    Args:
        X: Columns of the cases of one class, shape ``(n, f)``, NaN where a value is missing.
    """
    from sklearn.neighbors import NearestNeighbors

    columns = measured(X.astype(np.float64))
    none, rng = np.empty(0, np.int64), np.random.RandomState(0)
    if len(columns) < FEWEST_COLUMNS:
        return none, 0
    Z = filled(X[:, columns].astype(np.float64))
    different = np.sort(rng.permutation(np.unique(Z, axis=0, return_index=True)[1])[:COMPARED])
    if len(different) < FEWEST_ROWS:
        return none, 0
    Z = Z[different] / Z[different].std(axis=0)
    looked_at = rng.permutation(len(Z))[:LOOKED_AT]
    nearest = NearestNeighbors(n_neighbors=2).fit(Z).kneighbors(Z)[0][:, 1]
    own = _opening(Z, looked_at)
    least = min(_opening(_moved(Z, nearest, rng), looked_at).min() for _ in range(_CLOUDS))
    made = different[looked_at[own < least]]
    return (np.sort(made) if (1 + _CLOUDS) ** -len(made) <= CHANCE else none), len(looked_at)


def _opening(Z: Floats, looked_at: Rows) -> Floats:
    """Return by how much the most opposite neighbours of rows miss half a turn: 1 plus the cosine, one a row."""
    from sklearn.neighbors import NearestNeighbors

    count = min(_NEIGHBOURS + 1, len(Z))
    near = NearestNeighbors(n_neighbors=count).fit(Z).kneighbors(Z[looked_at], return_distance=False)
    steps = Z[near] - Z[looked_at, None]
    steps /= np.maximum(np.linalg.norm(steps, axis=2, keepdims=True), 1e-12)
    return np.asarray(1 + (steps @ steps.transpose(0, 2, 1)).min(axis=(1, 2)))


def _moved(Z: Floats, nearest: Floats, rng: np.random.RandomState) -> Floats:
    """Return rows moved in random directions by a share of the distance to their nearest."""
    steps = rng.normal(size=Z.shape)
    return np.asarray(Z + _MOVED * nearest[:, None] * steps / np.linalg.norm(steps, axis=1, keepdims=True))
