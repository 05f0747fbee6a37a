"""What a table says beside its measurements: which values are missing, where a case is from, and whose it is."""

import numpy as np
import numpy.typing as npt

from seimbang.checks.base import CheckResult, merge, plural, plural_verb
from seimbang.checks.evidence import Evidence
from seimbang.checks.separation import best_separated
from seimbang.checks.shortcuts import ADVICE, MIN_HEADER_AUC
from seimbang.datasets.roles import PLACES, known_as

FEWEST, SHARE = 10, 0.1
"""A column names patients if it has so many values, and at least one for so many of ten cases."""

_SITES = 30
"""Of more places, the most frequent are told apart."""


def gaps(evidence: Evidence) -> CheckResult | None:
    """The class that missing values, whatever the others are, separate best from the others."""
    if evidence.data.kind != "table":
        return None
    rows = evidence.development
    missing = np.isnan(evidence.data.X[rows])
    missing = missing[:, missing.any(axis=0) & ~missing.all(axis=0)]
    best = best_separated(evidence, np.column_stack([missing, missing.sum(axis=1)]).astype(float), MIN_HEADER_AUC)
    if best is None:
        return None
    of_class = evidence.cases.y[rows] == evidence.cases.classes.index(best.name)
    name, shares = _most_unequal(evidence, rows, of_class)
    sentence = (
        f"In the training and validation cases, which values are missing separates {best}, most of all {name} (missing "
        f"in {shares[0]:.0%} of {best.name}, in {shares[1]:.0%} of the others). Imputed values show where a gap was: "
        "find out why the classes differ, and leave such columns out of data.features if new cases will not."
    )
    return CheckResult(sentence, (), len(rows))


def places(evidence: Evidence) -> CheckResult | None:
    """Columns with the hospital or the like that separate a class from the others."""
    return merge(_place(evidence, name, texts) for name, texts in _places(evidence).items())


def patients(evidence: Evidence) -> CheckResult | None:
    """Columns that name patients with several cases, though the study has no group."""
    return merge(_patients(evidence, name, texts) for name, texts in _people(evidence).items())


def patients_divided(evidence: Evidence) -> CheckResult | None:
    """The same, where such patients are in the test part and in another."""
    return merge(_divided(evidence, name, texts) for name, texts in _people(evidence).items())


def _most_unequal(
    evidence: Evidence, rows: npt.NDArray[np.int64], of_class: npt.NDArray[np.bool_]
) -> tuple[str, tuple[float, float]]:
    """Return the column whose gaps differ most between a class and the others, and the shares missing in both."""
    missing = np.isnan(evidence.data.X[rows])
    inside, outside = missing[of_class].mean(axis=0), missing[~of_class].mean(axis=0)
    k = int(np.abs(inside - outside).argmax())
    return evidence.data.columns[k].name, (float(inside[k]), float(outside[k]))


def _texts(evidence: Evidence) -> dict[str, npt.NDArray[np.str_]]:
    """Return the columns that tell by their names whose or where a case is, in the table's order."""
    if evidence.data.origins is None:
        return {}
    texts = evidence.data.origins.reindex(evidence.cases.frame.case_id).fillna("")
    return {str(name): texts[name].to_numpy().astype(str) for name in texts}


def _places(evidence: Evidence) -> dict[str, npt.NDArray[np.str_]]:
    texts = _texts(evidence)
    named = {name: values for name, values in texts.items() if known_as([name], PLACES)}
    site = evidence.cases.frame.site.to_numpy().astype(str)
    return ({"site": site} if evidence.data.kind == "table" else {}) | named


def _place(evidence: Evidence, name: str, texts: npt.NDArray[np.str_]) -> CheckResult | None:
    rows = evidence.development
    kinds, counts = np.unique(texts[rows], return_counts=True)
    kinds = kinds[np.argsort(-counts, kind="stable")][:_SITES]
    values = (texts[rows][:, None] == kinds).astype(float)
    best = best_separated(evidence, values, MIN_HEADER_AUC) if len(kinds) > 1 else None
    if best is None:
        return None
    sentence = f"In the training and validation cases, the column {name} alone separates {best}. {ADVICE}"
    return CheckResult(sentence.replace("images", f"{evidence.noun}s"), (), len(rows))


def _people(evidence: Evidence) -> dict[str, npt.NDArray[np.str_]]:
    """Return columns that name patients, some with several cases, where the study names none."""
    if evidence.cases.has_groups:
        return {}
    named = {name: values for name, values in _texts(evidence).items() if not known_as([name], PLACES)}
    return {name: values for name, values in named.items() if _repeats(values)}


def _repeats(values: npt.NDArray[np.str_]) -> bool:
    known = values[values != ""]
    different = len(np.unique(known))
    return max(FEWEST, SHARE * len(values)) <= different < len(known)


def _patients(evidence: Evidence, name: str, texts: npt.NDArray[np.str_]) -> CheckResult | None:
    people, counts = np.unique(texts[texts != ""], return_counts=True)
    several = people[counts > 1]
    start = plural_verb(len(several), "value", ("stands", "stand"), of=f" of the column {name}")
    fix = f'group = {{ column = "{name}" }} in [data]'
    sentence = (
        f"{start} in several cases: if these are patients, they may be in several sets. Say so with {fix}, which keeps "
        "them together."
    )
    return CheckResult(sentence, evidence.ids(np.flatnonzero(np.isin(texts, several))), len(several))


def _divided(evidence: Evidence, name: str, texts: npt.NDArray[np.str_]) -> CheckResult | None:
    both: set[str] = set()
    for fold in evidence.folds:
        both |= set(texts[fold.test]) & set(texts[np.concatenate([fold.train, fold.validation])]) - {""}
    if not both:
        return None
    rows = np.flatnonzero(np.isin(texts, sorted(both)))
    sentence = (
        f"{plural_verb(len(both), 'value', of=f' of the column {name}')} in the test set and in another, with "
        f"{plural(len(rows), evidence.noun)}: the patients of the cases, which the study does not name."
    )
    return CheckResult(sentence, evidence.ids(rows), len(both))
