"""The same image twice: within a part, across parts, in an external set; identical or nearly so."""

from collections.abc import Sequence

import numpy as np

from seimbang.checks.base import Found, plural
from seimbang.checks.evidence import ADJECTIVE, Evidence, Twins, be, join
from seimbang.imaging.similarity import Mask, alike, thumbnails
from seimbang.splits.base import Rows


def within(evidence: Evidence) -> Found | None:
    """Identical cases in one part (in the whole set where there are no parts)."""
    pools = [rows for fold in evidence.folds for rows in fold.parts().values()] or [np.arange(len(evidence.cases))]
    member = np.zeros(len(evidence.cases), np.bool_)
    for rows in pools:
        _, group, size = np.unique(evidence.digests[rows], return_inverse=True, return_counts=True)
        member[rows[size[group] > 1]] = True
    rows = np.flatnonzero(member)
    if not len(rows):
        return None
    groups = len(np.unique(evidence.digests[rows]))
    where = "lies" if groups == 1 else "lie"
    where += " within one part" if evidence.folds else " in the data"
    start = f"{plural(groups, 'group')} of identical {evidence.noun}s {where}"
    sentence = f"{start} ({len(rows):,} {evidence.noun}s in all)."
    return Found(sentence, _by_twin(evidence, rows), groups)


def identical(evidence: Evidence, pairs: Sequence[tuple[str, str]]) -> Found | None:
    """Cases of one part that are, value by value, also in another."""
    return join(_identical(evidence, first, second) for first, second in pairs)


def nearly(evidence: Evidence, pairs: Sequence[tuple[str, str]]) -> Found | None:
    """Images of one part that are almost, but not quite, also in another."""
    if evidence.data.kind != "image":
        return None
    return join(_nearly(evidence, first, second) for first, second in pairs)


def external_identical(evidence: Evidence) -> Found | None:
    """External cases that are also in the training or validation part."""
    known = evidence.digests[evidence.learning]
    return join(_external(evidence, name, np.isin(other, known), "also in") for name, other in evidence.others.items())


def external_nearly(evidence: Evidence) -> Found | None:
    """External images that are almost those of the training or validation part."""
    if evidence.data.kind != "image" or not evidence.external:
        return None
    known, seen = evidence.thumbnails[evidence.learning], evidence.digests[evidence.learning]

    def near(name: str) -> Mask:
        close, _ = alike(thumbnails(evidence.external[name].X), known)
        return close & ~np.isin(evidence.others[name], seen)

    return join(_external(evidence, name, near(name), "nearly identical to images of") for name in evidence.external)


def _identical(evidence: Evidence, first: str, second: str) -> Found | None:
    a, b, hit = evidence.crossing(first, second, _same(evidence))
    if not len(a):
        return None
    sentence = f"{be(len(a), f'{ADJECTIVE[first]} {evidence.noun}')} also in the {second} part{evidence.in_fold(hit)}."
    return Found(sentence, _by_twin(evidence, np.concatenate([a, b])), len(a))


def _nearly(evidence: Evidence, first: str, second: str) -> Found | None:
    same = _same(evidence)

    def twins(a: Rows, b: Rows) -> tuple[Mask, Mask]:
        close, also = alike(evidence.thumbnails[a], evidence.thumbnails[b]), same(a, b)
        return close[0] & ~also[0], close[1] & ~also[1]

    a, b, hit = evidence.crossing(first, second, twins)
    if not len(a):
        return None
    start = be(len(a), f"{ADJECTIVE[first]} {evidence.noun}")
    sentence = f"{start} nearly identical to {evidence.noun}s of the {second} part{evidence.in_fold(hit)}."
    return Found(sentence, evidence.ids(np.unique(np.concatenate([a, b]))), len(a))


def _same(evidence: Evidence) -> Twins:
    def twins(a: Rows, b: Rows) -> tuple[Mask, Mask]:
        first, second = evidence.digests[a], evidence.digests[b]
        return np.isin(first, second), np.isin(second, first)

    return twins


def _external(evidence: Evidence, name: str, hits: Mask, relation: str) -> Found | None:
    count = int(hits.sum())
    if not count:
        return None
    part = "the training or validation part" if evidence.folds else "the data set"
    sentence = f"{be(count, evidence.noun, f' of the external set {name}')} {relation} {part}."
    ids = evidence.external[name].cases.frame.case_id.iloc[np.flatnonzero(hits)]
    return Found(sentence, list(ids), count)


def _by_twin(evidence: Evidence, rows: Rows) -> list[str]:
    """Return ids with twins side by side."""
    rows = np.unique(rows)
    return evidence.ids(rows[np.argsort(evidence.digests[rows], kind="stable")])
