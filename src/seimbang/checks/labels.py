"""Cases that are one and the same, with different labels."""

import numpy as np

from seimbang.checks.base import CheckResult, plural_verb
from seimbang.checks.evidence import Evidence
from seimbang.imaging.similarity import NEAR_IDENTICAL, near_identical
from seimbang.splits.base import Rows


def conflicting(evidence: Evidence) -> CheckResult | None:
    """Identical cases with different labels, or images that are nearly identical or changed copies."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs = _identical(evidence)
    if evidence.data.kind == "image":
        copies = evidence.copies
        pairs = np.concatenate([pairs, _nearly_identical(evidence), np.stack([copies.first, copies.second], axis=1)])
    y = evidence.cases.y
    pairs = pairs[y[pairs[:, 0]] != y[pairs[:, 1]]]
    if not len(pairs):
        return None
    edges = coo_array((np.ones(len(pairs), np.bool_), pairs.T), shape=(len(y), len(y)))
    group = connected_components(edges, directed=False)[1]
    rows = np.unique(pairs)
    rows = rows[np.argsort(group[rows], kind="stable")]
    count, labels = len(np.unique(group[rows])), ", ".join(sorted(set(evidence.cases.frame.label.iloc[rows])))
    start = plural_verb(count, evidence.noun, ("has", "have"))
    sentence = f"{start} copies with different labels ({labels}); at most one label can be right."
    return CheckResult(sentence, evidence.ids(rows), count)


def _identical(evidence: Evidence) -> Rows:
    """Return pairs of rows with equal digests, each row with the first of every other label: shape ``(m, 2)``."""
    first: dict[tuple[str, int], int] = {}
    for row, key in enumerate(zip(evidence.digests.tolist(), evidence.cases.y.tolist(), strict=True)):
        first.setdefault(key, row)
    labels = range(len(evidence.cases.classes))
    digests = evidence.digests.tolist()
    pairs = [(first[digest, k], row) for row, digest in enumerate(digests) for k in labels if (digest, k) in first]
    return np.array(pairs, np.int64).reshape(-1, 2)


def _nearly_identical(evidence: Evidence) -> Rows:
    """Return pairs of rows of different classes whose thumbnails are nearly identical, shape ``(m, 2)``."""
    y, small, pairs = evidence.cases.y, evidence.thumbnails, [np.empty((0, 2), np.int64)]
    for k in range(1, len(evidence.cases.classes)):
        a, b = np.flatnonzero(y == k), np.flatnonzero(y < k)
        in_a, in_b = near_identical(small[a], small[b])
        near = np.argwhere(small[a[in_a]] @ small[b[in_b]].T > NEAR_IDENTICAL)
        pairs.append(np.stack([a[in_a][near[:, 0]], b[in_b][near[:, 1]]], axis=1))
    return np.concatenate(pairs)
