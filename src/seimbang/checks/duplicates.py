"""Duplicates: within a set, across sets, in an external set; identical or near-identical."""

from collections.abc import Sequence

import numpy as np

from seimbang.checks.base import CheckResult, merge, plural_verb
from seimbang.checks.evidence import ADJECTIVE, Evidence, Match
from seimbang.imaging.similarity import Mask, near_identical, thumbnails
from seimbang.splits.base import Rows


def within_set(evidence: Evidence) -> CheckResult | None:
    """Identical cases in one set (in the whole data where there are no sets)."""
    parts = [rows for fold in evidence.folds for rows in fold.parts().values()] or [np.arange(len(evidence.cases))]
    duplicated = np.zeros(len(evidence.cases), np.bool_)
    for rows in parts:
        _, group, size = np.unique(evidence.digests[rows], return_inverse=True, return_counts=True)
        duplicated[rows[size[group] > 1]] = True
    rows = np.flatnonzero(duplicated)
    if not len(rows):
        return None
    groups = len(np.unique(evidence.digests[rows]))
    start = plural_verb(groups, "group", of=f" of identical {evidence.noun}s")
    where = "within one set" if evidence.folds else "in the data"
    sentence = f"{start} {where} ({len(rows):,} {evidence.noun}s in all)."
    return CheckResult(sentence, _ids_by_digest(evidence, rows), groups)


def identical(evidence: Evidence, pairs: Sequence[tuple[str, str]]) -> CheckResult | None:
    """Cases of one set that are, value by value, also in another."""
    return merge(_identical(evidence, first, second) for first, second in pairs)


def nearly_identical(evidence: Evidence, pairs: Sequence[tuple[str, str]]) -> CheckResult | None:
    """Images of one set that are nearly, but not exactly, identical to one of another."""
    if evidence.data.kind != "image":
        return None
    return merge(_nearly_identical(evidence, first, second) for first, second in pairs)


def external_identical(evidence: Evidence) -> CheckResult | None:
    """External cases that are also in the training or validation set."""
    internal = evidence.digests[evidence.development]
    return merge(
        _external(evidence, name, np.isin(digests, internal), "also in")
        for name, digests in evidence.external_digests.items()
    )


def external_nearly_identical(evidence: Evidence) -> CheckResult | None:
    """External images nearly identical to those of the training or validation set."""
    if evidence.data.kind != "image" or not evidence.external:
        return None
    internal, digests = evidence.thumbnails[evidence.development], evidence.digests[evidence.development]

    def near(name: str) -> Mask:
        close, _ = near_identical(thumbnails(evidence.external[name].X), internal)
        return close & ~np.isin(evidence.external_digests[name], digests)

    return merge(_external(evidence, name, near(name), "nearly identical to images of") for name in evidence.external)


def _identical(evidence: Evidence, first: str, second: str) -> CheckResult | None:
    a, b, folds = evidence.matches(first, second, _match_digests(evidence))
    if not len(a):
        return None
    start = plural_verb(len(a), f"{ADJECTIVE[first]} {evidence.noun}")
    sentence = f"{start} also in the {second} set{evidence.in_folds(folds)}."
    return CheckResult(sentence, _ids_by_digest(evidence, np.concatenate([a, b])), len(a))


def _nearly_identical(evidence: Evidence, first: str, second: str) -> CheckResult | None:
    match_digests = _match_digests(evidence)

    def match(a: Rows, b: Rows) -> tuple[Mask, Mask]:
        near, same = near_identical(evidence.thumbnails[a], evidence.thumbnails[b]), match_digests(a, b)
        return near[0] & ~same[0], near[1] & ~same[1]

    a, b, folds = evidence.matches(first, second, match)
    if not len(a):
        return None
    start = plural_verb(len(a), f"{ADJECTIVE[first]} {evidence.noun}")
    sentence = f"{start} nearly identical to {evidence.noun}s of the {second} set{evidence.in_folds(folds)}."
    return CheckResult(sentence, evidence.ids(np.unique(np.concatenate([a, b]))), len(a))


def _match_digests(evidence: Evidence) -> Match:
    def match(a: Rows, b: Rows) -> tuple[Mask, Mask]:
        first, second = evidence.digests[a], evidence.digests[b]
        return np.isin(first, second), np.isin(second, first)

    return match


def _external(evidence: Evidence, name: str, duplicated: Mask, relation: str) -> CheckResult | None:
    count = int(duplicated.sum())
    if not count:
        return None
    internal = "the training or validation set" if evidence.folds else "the internal data"
    start = plural_verb(count, evidence.noun, of=f" of the external set {name}")
    ids = evidence.external[name].cases.frame.case_id.iloc[np.flatnonzero(duplicated)]
    return CheckResult(f"{start} {relation} {internal}.", list(ids), count)


def _ids_by_digest(evidence: Evidence, rows: Rows) -> list[str]:
    """Return ids with duplicates side by side."""
    rows = np.unique(rows)
    return evidence.ids(rows[np.argsort(evidence.digests[rows], kind="stable")])
