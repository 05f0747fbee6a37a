"""Whether errors depend on how good an image is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from seimbang.evaluation.intervals import proportion
from seimbang.evaluation.paired import holm
from seimbang.evaluation.predictions import Ints, Scored, checked, ensemble, scored

Flags = npt.NDArray[np.bool_]


def by_quality(
    predictions: pd.DataFrame, measures: pd.DataFrame, classes: Sequence[str], tuned: bool = False
) -> list[dict[str, Any]]:
    """Return the error rate on the test set, of the models of all seeds together, by quarter of each quality measure.

    Args:
        predictions: The table of ``evaluate``.
        measures: One row a case, by ``case_id``, and one column a measure.
        classes: Class names; the positive one of two is the last.
        tuned: Whether the arm's own answer is by the threshold chosen on validation.

    Returns:
        One a measure: ``measure``; ``quarters``, from low to high, fewer where many images measure the same, each
        with ``low, high, n, errors`` and ``rate``; ``p`` of ``dependence`` and ``holm``, p after Holm's correction
        for the number of measures. Nothing without a test set.

    Raises:
        IntegrityError: The table is not what a run writes.
    """
    table = ensemble(checked(predictions, classes), classes)
    cases = scored(table, classes).get("test")
    if cases is None:
        return []
    ids = np.unique(table.case_id[table.set == "test"].to_numpy(str))  # the order of ``scored``
    wrong = cases.decisions(tuned) != cases.y
    rows = [_measure(str(name), values.to_numpy(float), wrong, cases) for name, values in measures.loc[ids].items()]
    corrected = holm([row["p"] for row in rows])
    return [row | {"holm": p} for row, p in zip(rows, corrected, strict=True)]


def _measure(name: str, values: npt.NDArray[np.float64], wrong: Flags, cases: Scored) -> dict[str, Any]:
    quarter = pd.qcut(values, 4, labels=False, duplicates="drop") if np.ptp(values) else np.zeros(len(values), int)
    quarter = np.unique(quarter, return_inverse=True)[1]
    parts = [_part(values, wrong, cases.group, quarter == k) for k in range(quarter.max() + 1)]
    return {"measure": name, "quarters": parts, "p": dependence(quarter, wrong, cases)}


def _part(values: npt.NDArray[np.float64], wrong: Flags, group: Ints, inside: Flags) -> dict[str, Any]:
    low, high, kind = proportion(wrong[inside], group[inside])
    rate = {"value": float(wrong[inside].mean()), "low": low, "high": high, "interval": kind}
    numbers = {"n": int(inside.sum()), "errors": int(wrong[inside].sum())}
    return {"low": float(values[inside].min()), "high": float(values[inside].max()), **numbers, "rate": rate}


def dependence(quarter: Ints, wrong: Flags, cases: Scored) -> float | None:
    """Return p of the hypothesis that images of one class are wrong equally often in every quarter.

    The test of general association within classes (Landis et al. 1978, Int Stat Rev 46:237), so that a quarter is not
    to blame for holding more of a difficult class: with ``x`` the quarter and ``e`` the error of an image, each less
    the mean of its class, ``U = sum x e`` and ``V = sum_class (sum e^2) (sum x x') / (n - 1)``, ``U' V^- U`` against
    chi-square. Where patients have several images it is divided by the mean design effect (Rao and Scott 1984, Ann
    Stat 12:46): ``tr V^- C / tr V^- I``, with ``C`` the sum over patients and ``I`` over images of the products of
    their parts of ``U``; never by less than 1.

    Args:
        quarter: Quarter of each case, shape ``(n,)``.
        wrong: Whether its answer is wrong, shape ``(n,)``.
        cases: Their classes and patients.

    Returns:
        None where no class has both right and wrong answers in several quarters.
    """
    from scipy.stats import chi2

    x, e = np.eye(quarter.max() + 1)[quarter], wrong.astype(float)[:, None]
    V = np.zeros((x.shape[1],) * 2)
    for label in np.unique(cases.y):
        own = cases.y == label
        x[own] -= x[own].mean(0)
        e[own] -= e[own].mean()
        V += (e[own] ** 2).sum() * x[own].T @ x[own] / max(own.sum() - 1, 1)
    freedom, inverse = int(np.linalg.matrix_rank(V, hermitian=True)), np.linalg.pinv(V, hermitian=True)
    if not freedom:
        return None
    of_image = x * e
    of_patient = np.zeros((cases.groups, x.shape[1]))
    np.add.at(of_patient, cases.group, of_image)
    effect = np.trace(inverse @ of_patient.T @ of_patient) / np.trace(inverse @ of_image.T @ of_image)
    total = of_image.sum(0)
    return float(chi2.sf(total @ inverse @ total / max(1.0, effect), freedom))
