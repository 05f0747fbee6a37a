"""Duplicates: within a set, across sets, in an external set; identical, near-identical or changed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from seimbang.checks.base import CheckResult, merge, plural_verb
from seimbang.checks.evidence import ADJECTIVE, Evidence, Match
from seimbang.imaging.similarity import Mask, near_identical, thumbnails
from seimbang.splits.base import Rows

MAX_CHANGES = 6
"""At most this many kinds of changes are listed in a sentence."""


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
    """Cases of one set that are nearly, but not exactly, identical to one of another."""
    return merge(_nearly_identical(evidence, first, second) for first, second in pairs)


def nearly_within(evidence: Evidence) -> CheckResult | None:
    """Rows of a table that are twice in one set, once with noise or rounded (in the whole data without sets)."""
    if evidence.data.kind == "image":
        return None
    first, second = evidence.near_rows
    together = _in_one_set(evidence, first, second) & (evidence.cases.groups[first] != evidence.cases.groups[second])
    count = int(together.sum())
    if not count:
        return None
    where = "within one set" if evidence.folds else "in the data"
    sentence = (
        f"{plural_verb(count, 'pair', of=' of cases')} nearly identical {where}, as one row is that was rounded, or "
        "repeated with a little noise."
    )
    return CheckResult(sentence, evidence.ids(np.stack([first, second], axis=1)[together].ravel()), count)


def changed(evidence: Evidence, pairs: Sequence[tuple[str, str]]) -> CheckResult | None:
    """Pictures of one set that are, turned, mirrored, cropped or the like, also in another."""
    if evidence.data.kind != "image":
        return None
    return merge(_changed(evidence, first, second) for first, second in pairs)


def changed_within(evidence: Evidence) -> CheckResult | None:
    """Pictures that are twice in one set, once changed (in the whole data where there are no sets)."""
    if evidence.data.kind != "image":
        return None
    copies = evidence.copies.where(~evidence.copies.alike)
    together = _in_one_set(evidence, copies.first, copies.second)
    count = int(together.sum())
    if not count:
        return None
    where = "within one set" if evidence.folds else "in the data"
    start = plural_verb(count, "pair", of=" of images")
    sentence = f"{start} one picture, changed, {where} ({_listing(copies.changes, together)})."
    rows = np.stack([copies.first, copies.second], axis=1)[together].ravel()
    return CheckResult(sentence, evidence.ids(rows), count)


def external_changed(evidence: Evidence) -> CheckResult | None:
    """External images that are changed copies of images of the training or validation set."""
    if evidence.data.kind != "image":
        return None
    return merge(_external_changed(evidence, name) for name in evidence.external)


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
        copies = evidence.external_copies[name]
        alike = copies.second[copies.alike & np.isin(copies.first, evidence.development)]
        close[alike] = True
        return close & ~np.isin(evidence.external_digests[name], digests)

    return merge(_external(evidence, name, near(name), "nearly identical to images of") for name in evidence.external)


def _identical(evidence: Evidence, first: str, second: str) -> CheckResult | None:
    a, b, folds = evidence.matches(first, second, _match_digests(evidence))
    if not len(a):
        return None
    start = plural_verb(len(a), f"{ADJECTIVE[first]} {evidence.noun}")
    sentence = f"{start} also in the {second} set{evidence.in_folds(folds)}."
    return CheckResult(sentence, _ids_by_digest(evidence, np.concatenate([a, b])), len(a))


def _in_one_set(evidence: Evidence, first: Rows, second: Rows) -> Mask:
    """Tell of each pair whether both are in one set; all are where there are no sets."""
    together = np.full(len(first), not evidence.folds)
    for fold in evidence.folds:
        for rows in fold.parts().values():
            together |= np.isin(first, rows) & np.isin(second, rows)
    return together


def _match_near(evidence: Evidence) -> Match:
    if evidence.data.kind == "table":
        return _match_pairs(*evidence.near_rows)
    copies = evidence.copies.where(evidence.copies.alike)
    match_digests, match_alike = _match_digests(evidence), _match_pairs(copies.first, copies.second)

    def match(a: Rows, b: Rows) -> tuple[Mask, Mask]:
        near, same = near_identical(evidence.thumbnails[a], evidence.thumbnails[b]), match_digests(a, b)
        alike = match_alike(a, b)
        return (near[0] | alike[0]) & ~same[0], (near[1] | alike[1]) & ~same[1]

    return match


def _nearly_identical(evidence: Evidence, first: str, second: str) -> CheckResult | None:
    a, b, folds = evidence.matches(first, second, _match_near(evidence))
    if not len(a):
        return None
    start = plural_verb(len(a), f"{ADJECTIVE[first]} {evidence.noun}")
    sentence = f"{start} nearly identical to {evidence.noun}s of the {second} set{evidence.in_folds(folds)}."
    return CheckResult(sentence, evidence.ids(np.unique(np.concatenate([a, b]))), len(a))


def _changed(evidence: Evidence, first: str, second: str) -> CheckResult | None:
    copies = evidence.copies.where(~evidence.copies.alike)
    a, b, folds = evidence.matches(first, second, _match_pairs(copies.first, copies.second))
    if not len(a):
        return None
    across = (np.isin(copies.first, a) & np.isin(copies.second, b)) | (
        np.isin(copies.first, b) & np.isin(copies.second, a)
    )
    start = plural_verb(len(a), f"{ADJECTIVE[first]} {evidence.noun}")
    sentence = (
        f"{start} also in the {second} set, changed{evidence.in_folds(folds)}: {_listing(copies.changes, across)}."
    )
    return CheckResult(sentence, evidence.ids(np.stack([copies.first, copies.second], axis=1)[across].ravel()), len(a))


def _external_changed(evidence: Evidence, name: str) -> CheckResult | None:
    copies = evidence.external_copies[name]
    copies = copies.where(~copies.alike)
    chosen = np.isin(copies.first, evidence.development)
    copied = np.isin(np.arange(len(evidence.external[name].cases)), copies.second[chosen])
    result = _external(evidence, name, copied, "changed copies of images of")
    return result and replace(result, sentence=f"{result.sentence[:-1]} ({_listing(copies.changes, chosen)}).")


def _listing(changes: Sequence[str], chosen: Mask) -> str:
    """Return the most frequent changes with their counts, such as ``2 mirrored, 1 turned by 5°``."""
    counts = Counter(change for change, is_chosen in zip(changes, chosen, strict=True) if is_chosen).most_common()
    more = sum(count for _, count in counts[MAX_CHANGES:])
    return ", ".join(f"{count} {change}" for change, count in counts[:MAX_CHANGES]) + f", {more} otherwise" * bool(more)


def _match_digests(evidence: Evidence) -> Match:
    def match(a: Rows, b: Rows) -> tuple[Mask, Mask]:
        first, second = evidence.digests[a], evidence.digests[b]
        return np.isin(first, second), np.isin(second, first)

    return match


def _match_pairs(first: Rows, second: Rows) -> Match:
    def match(a: Rows, b: Rows) -> tuple[Mask, Mask]:
        ends = np.concatenate([first, second]), np.concatenate([second, first])
        across = np.isin(ends[0], a) & np.isin(ends[1], b)
        return np.isin(a, ends[0][across]), np.isin(b, ends[1][across])

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
