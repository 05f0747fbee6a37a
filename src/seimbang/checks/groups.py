"""Patients with cases in several sets, or also in an external set."""

from collections.abc import Sequence

import numpy as np

from seimbang.checks.base import CheckResult, merge, plural, plural_verb
from seimbang.checks.evidence import ADJECTIVE, Evidence
from seimbang.imaging.pseudo_patients import PREFIX
from seimbang.imaging.similarity import Mask
from seimbang.splits.base import Rows


def shared(evidence: Evidence, pairs: Sequence[tuple[str, str]]) -> CheckResult | None:
    """Known patients with cases in both sets of a pair."""
    return merge(_shared(evidence, first, second) for first, second in pairs)


def external(evidence: Evidence) -> CheckResult | None:
    """Patient identifiers that occur in the internal data and in an external set."""
    return merge(_external(evidence, name) for name in evidence.external)


def unknown(evidence: Evidence) -> CheckResult | None:
    """Cases without a patient identifier: whether patients are in several sets is then unknown."""
    rows = np.flatnonzero((evidence.cases.frame.group == "").to_numpy())
    if not len(rows):
        return None
    some = f"{plural_verb(len(rows), evidence.noun, ('has', 'have'))} no"
    start = f"No {evidence.noun} has a" if len(rows) == len(evidence.cases) else some
    sentence = f"{start} patient identifier; {evidence.noun}s of one patient may be in several sets."
    return CheckResult(sentence, evidence.ids(rows), len(rows))


def _shared(evidence: Evidence, first: str, second: str) -> CheckResult | None:
    patient = evidence.cases.frame.group.to_numpy().astype(str)

    def match(a: Rows, b: Rows) -> tuple[Mask, Mask]:
        both = np.setdiff1d(np.intersect1d(patient[a], patient[b]), [""])
        return np.isin(patient[a], both), np.isin(patient[b], both)

    a, b, folds = evidence.matches(first, second, match)
    if not len(a):
        return None
    rows = np.unique(np.concatenate([a, b]))
    count = len(np.unique(patient[rows]))
    where = f"in both the {ADJECTIVE[first]} and the {second} set{evidence.in_folds(folds)}"
    pseudo = "pseudo-" * all(name.startswith(PREFIX) for name in patient[rows])
    sentence = f"{plural_verb(count, f'{pseudo}patient')} {where}, with {plural(len(rows), evidence.noun)}."
    return CheckResult(sentence, evidence.ids(rows[np.argsort(patient[rows], kind="stable")]), count)


def _external(evidence: Evidence, name: str) -> CheckResult | None:
    internal, frame = evidence.cases.frame.group.to_numpy().astype(str), evidence.external[name].cases.frame
    both = np.setdiff1d(np.intersect1d(internal, frame.group.to_numpy().astype(str)), [""])
    if not len(both):
        return None
    start = plural_verb(len(both), "patient identifier", of=f" of the external set {name}")
    sentence = f"{start} also in the internal data; check that the patients differ."
    return CheckResult(sentence, list(frame.case_id[frame.group.isin(both)]), len(both))
