"""Figures by the values of a column, such as sex or scanner, and whether the largest gap between two may be chance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from seimbang.evaluation import figures, intervals, paired, seeds
from seimbang.evaluation.base import EvaluationSettings
from seimbang.evaluation.measured import Measured
from seimbang.evaluation.metrics import Weighted
from seimbang.evaluation.predictions import Floats, Ints, Scored, checked, is_tested, patients, scored
from seimbang.evaluation.units import of_unit

FEWEST = 20
"""Patients below which no figure of a subgroup is shown."""
LEVELS = 5
"""Numbers with more different values than this are cut into bands."""
PERMUTATIONS, DRAWS = 2000, 1000
MISSING, SEVERAL = "not stated", "several values"
Flags = npt.NDArray[np.bool_]


def by_subgroup(
    predictions: pd.DataFrame,
    columns: Mapping[str, pd.DataFrame],
    classes: Sequence[str],
    tuned: bool,
    settings: EvaluationSettings,
    seed: int = 0,
) -> dict[str, list[dict[str, Any]]]:
    """Return the figures by each column, of the test set and each external set that has the columns.

    Args:
        predictions: What ``evaluate`` takes: of cases.
        columns: Texts by ``case_id``, a column each: under ``""`` of the internal data, under ``external:<name>`` of
            an external set.
        classes: Class names; the positive one of two is the last.
        tuned: Whether the arm's own answer is by the threshold chosen on validation.
        settings: Of what figures are, and the columns.
        seed: Seed of draws and permutations.

    Returns:
        By set what ``record.metrics.Subgroups`` holds, one a column.
    """
    if not settings.subgroups:
        return {}
    cases = checked(predictions, classes)
    training = cases.case_id[cases.set == "train"].unique()
    internal = columns[""].reindex(training) if len(training) else columns[""]
    cuts = {name: quartiles(internal[name].fillna("")) for name in dict.fromkeys(settings.subgroups)}
    tables = {}
    for name, units in scored(of_unit(cases, classes, settings), classes).items():
        own = columns.get("" if name == "test" else name)
        if own is not None and is_tested(name):
            rows = cases[cases.set == name].drop_duplicates("case_id")
            by = patients(rows) if settings.unit == "patient" else rows.case_id
            decided = Decided(units, units.decisions(tuned), classes, seed)
            tables[name] = _corrected(
                [_column(own[column], rows.case_id, by, cuts[column], decided) for column in cuts]
            )
    return tables


@dataclass(frozen=True)
class Decided:
    """The units of one set, and what was decided of them."""

    units: Scored
    predicted: Ints
    classes: Sequence[str]
    seed: int

    def only(self, rows: Flags) -> "Decided":
        """Return some of the rows, the same units of each seed."""
        units = self.units
        group = np.unique(units.group[rows], return_inverse=True)[1].astype(np.int64)
        some = Scored(units.y[rows], units.p[rows], group, None, units.seeds)
        return Decided(some, self.predicted[rows], self.classes, self.seed)


def quartiles(texts: "pd.Series[str]") -> Floats:
    """Return the three numbers at which a column is cut into bands; none where it holds words, or few numbers."""
    stated = texts[texts != ""]
    numbers = pd.to_numeric(stated, errors="coerce").to_numpy(np.float64)
    if len(np.unique(numbers)) <= LEVELS or not np.isfinite(numbers).all():
        return np.zeros(0)
    return np.unique(np.quantile(numbers, [0.25, 0.5, 0.75]))


def banded(texts: "pd.Series[str]", cuts: Floats) -> tuple[list[str], list[str]]:
    """Return the value or band of each text, and all of them in order."""
    if not len(cuts):
        return [text or MISSING for text in texts], sorted({text for text in texts if text})
    ends = [f"{cut:g}" for cut in cuts]
    names = [f"up to {ends[0]}", *(f"over {low}, up to {high}" for low, high in pairwise(ends))]
    names.append(f"over {ends[-1]}")
    numbers = pd.to_numeric(texts, errors="coerce").to_numpy(np.float64)
    band = np.digitize(numbers, cuts, right=True)
    return [names[k] if known else MISSING for k, known in zip(band, np.isfinite(numbers), strict=True)], names


def _column(
    own: "pd.Series[str]", ids: "pd.Series[str]", by: "pd.Series[str]", cuts: Floats, decided: Decided
) -> dict[str, Any]:
    """Return the figures by one column, and its largest gap before correction."""
    values, names = banded(own.reindex(ids.to_numpy()).fillna(""), cuts)
    level = pd.Series(values, by.index).groupby(by).agg(_together).sort_index()  # the order of ``scored``
    names = [name for name in (*names, MISSING, SEVERAL) if (level == name).any()]
    code = np.tile(pd.Categorical(level, categories=names).codes.astype(np.int64), decided.units.seeds)
    rows = [_level(name, decided.only(code == k)) for k, name in enumerate(names)]
    primary = figures.primary().key
    comparable = [
        k
        for k, row in enumerate(rows)
        if row["name"] not in (MISSING, SEVERAL) and row["values"] and row["values"][primary]["low"] is not None
    ]
    largest = gap(decided, code, comparable)
    ends = {end: "" if largest is None else names[largest[0][k]] for k, end in enumerate(("highest", "lowest"))}
    why = f"fewer than two values of which the {figures.primary().title} has an interval" if largest is None else ""
    test = {"difference": None, "p": None} if largest is None else {"difference": largest[1], "p": largest[2]}
    return {"column": str(own.name), "bands": bool(len(cuts)), "levels": rows, "gap": {**ends, **test, "why": why}}


def _together(values: "pd.Series[str]") -> str:
    """Return the one value that the cases of a unit state, if it is one."""
    stated = sorted(set(values) - {MISSING})
    return SEVERAL if len(stated) > 1 else (stated or [MISSING])[0]


def _level(name: str, decided: Decided) -> dict[str, Any]:
    units, classes = decided.units, decided.classes
    support = {label: int((units.y == k).sum()) // units.seeds for k, label in enumerate(classes)}
    facts: dict[str, Any] = {"name": name, "n": units.n, "groups": units.groups, "support": support}
    if units.groups < FEWEST:
        return facts | {"values": {}, "why": f"fewer than {FEWEST} patients"}
    measured = Measured(units, decided.predicted, classes, DRAWS, decided.seed)
    values = {key: measured.number(metric, of) for key, (metric, of) in figures.headline(len(classes)).items()}
    return facts | {"values": values, "why": ""}


def gap(decided: Decided, code: Ints, comparable: Sequence[int]) -> tuple[tuple[int, int], float, float] | None:
    """Test the largest difference of balanced accuracy between two levels by giving each patient another's level.

    If it depends on the class of a patient alone how often they are predicted right, levels may be exchanged among the
    patients of a class (of the rarest class that they have). The largest gap of all levels is compared with the largest
    of each of 2,000 permutations, which corrects for the number of levels; the variance of the gap between seeds is
    added as in ``paired.with_seeds``. Patients whose cases have several levels take no part.

    Args:
        decided: The set.
        code: Level of each row.
        comparable: The levels that are compared.

    Returns:
        The levels with the highest and the lowest, their difference, and p; None where there are fewer than two.
    """
    if len(comparable) < 2:
        return None
    group = decided.units.group
    lowest, highest = np.full(decided.units.groups, len(code)), np.full(decided.units.groups, -1)
    np.minimum.at(lowest, group, code)
    np.maximum.at(highest, group, code)
    kept = np.isin(code, comparable) & (lowest == highest)[group]
    some = decided.only(kept)
    of_patient = np.zeros(some.units.groups, np.int64)
    of_patient[some.units.group] = code[kept]
    own = _by_level(some, of_patient[None], comparable)[0]
    first, last = int(np.nanargmax(own)), int(np.nanargmin(own))
    difference = float(own[first] - own[last])
    drawn = _by_level(some, _permuted(some.units, of_patient, decided.seed), comparable)
    exceeding = int((np.nanmax(drawn, 1) - np.nanmin(drawn, 1) >= difference - 1e-12).sum())
    test = paired.PairTest(difference, (1 + exceeding) / (1 + PERMUTATIONS), "permutation")
    between = seeds.spread(
        _of_seeds(some, of_patient, comparable[first]) - _of_seeds(some, of_patient, comparable[last])
    )
    return (comparable[first], comparable[last]), difference, float(paired.with_seeds(test, between).p or 0.0)


def _permuted(units: Scored, of_patient: Ints, seed: int) -> Ints:
    """Return the level of each patient in each permutation, shape ``(r, patients)``."""
    rng, permuted = np.random.default_rng(seed), np.tile(of_patient, (PERMUTATIONS, 1))
    for members in intervals.strata(units):
        permuted[:, members] = rng.permuted(permuted[:, members], axis=1)
    return permuted


def _by_level(decided: Decided, of_patient: Ints, comparable: Sequence[int]) -> Floats:
    """Return the balanced accuracy of each level for levels of patients of shape ``(r, patients)``: ``(r, levels)``."""
    units, metric, size = decided.units, figures.primary(), max(1, intervals.CELLS // len(decided.units.y))
    parts = []
    for start in range(0, len(of_patient), size):
        of_row = of_patient[start : start + size][:, units.group]
        weights = ((of_row == level).astype(np.float64) for level in comparable)
        values = [metric.of(Weighted(w, units.y, units.p, decided.predicted, units.seeds)) for w in weights]
        parts.append(np.stack(values, axis=1))
    return np.concatenate(parts)


def _of_seeds(decided: Decided, of_patient: Ints, level: int) -> Floats:
    units = decided.units
    w = (of_patient[units.group] == level).astype(np.float64)[None]
    whole = Weighted(w, units.y, units.p, decided.predicted, units.seeds)
    return np.concatenate([figures.primary().of(each) for each in whole.of_each_seed()])


def _corrected(columns: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the columns with p of their gaps corrected for the number of columns."""
    corrected = paired.holm([column["gap"]["p"] for column in columns])
    return [column | {"gap": column["gap"] | {"corrected": p}} for column, p in zip(columns, corrected, strict=True)]
