"""One patient in two parts, or in the external set too."""

from collections.abc import Sequence

import numpy as np

from seimbang.checks.base import Found, plural
from seimbang.checks.evidence import ADJECTIVE, Evidence, be, join
from seimbang.imaging.pseudo_patients import PREFIX
from seimbang.imaging.similarity import Mask
from seimbang.splits.base import Rows


def shared(evidence: Evidence, pairs: Sequence[tuple[str, str]]) -> Found | None:
    """Known patients with cases in both parts of a pair."""
    return join(_shared(evidence, first, second) for first, second in pairs)


def external(evidence: Evidence) -> Found | None:
    """Patient ids that occur in the data set and in an external one."""
    return join(_external(evidence, name) for name in evidence.external)


def unknown(evidence: Evidence) -> Found | None:
    """Cases whose patient is not known, so that nobody can tell whether patients are in two parts."""
    rows = np.flatnonzero((evidence.cases.frame.group == "").to_numpy())
    if not len(rows):
        return None
    everyone = len(rows) == len(evidence.cases)
    who = f"No {evidence.noun} names a" if everyone else f"{plural(len(rows), evidence.noun)} without a known"
    sentence = f"{who} patient; cases of one patient may be in two parts."
    return Found(sentence, evidence.ids(rows), len(rows))


def _shared(evidence: Evidence, first: str, second: str) -> Found | None:
    patient = evidence.cases.frame.group.to_numpy().astype(str)

    def twins(a: Rows, b: Rows) -> tuple[Mask, Mask]:
        both = np.setdiff1d(np.intersect1d(patient[a], patient[b]), [""])
        return np.isin(patient[a], both), np.isin(patient[b], both)

    a, b, hit = evidence.crossing(first, second, twins)
    if not len(a):
        return None
    rows = np.unique(np.concatenate([a, b]))
    count = len(np.unique(patient[rows]))
    where = f"in both the {ADJECTIVE[first]} and the {second} part{evidence.in_fold(hit)}"
    guessed = "pseudo-" * all(name.startswith(PREFIX) for name in patient[rows])
    sentence = f"{be(count, f'{guessed}patient')} {where}, with {plural(len(rows), evidence.noun)}."
    return Found(sentence, evidence.ids(rows[np.argsort(patient[rows], kind="stable")]), count)


def _external(evidence: Evidence, name: str) -> Found | None:
    patient = evidence.cases.frame.group.to_numpy().astype(str)
    there = evidence.external[name].cases.frame
    both = np.setdiff1d(np.intersect1d(patient, there.group.to_numpy().astype(str)), [""])
    if not len(both):
        return None
    ids, verb = plural(len(both), "patient id"), "occurs" if len(both) == 1 else "occur"
    sentence = f"{ids} of the external set {name} also {verb} in the data set; make sure that they are other people."
    return Found(sentence, list(there.case_id[there.group.isin(both)]), len(both))
