"""Prior shift: how frequent the positive class is in a set without labels, and what answers follow from that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from seimbang.evaluation import intervals
from seimbang.evaluation.operating import PLACE, rate
from seimbang.evaluation.predictions import Floats, Scored, patients
from seimbang.evaluation.probabilities import expit, log_odds, logistic
from seimbang.evaluation.value import number_of

STEPS, CLOSE = 1000, 1e-7
DRAWS = 200


def estimated(w: Floats, ratio: Floats, start: Floats) -> Floats:
    """Return the share of the positive class for each weighting, by EM (Saerens, Latinne and Decaestecker 2002).

    It assumes that the classes look as they did where probabilities were calibrated, and only their shares differ.

    Args:
        w: Weights, shape ``(r, n)``.
        ratio: Log of the likelihood ratio, the log odds less those of the share there, shape ``(r, n)``.
        start: Share to begin with, shape ``(r,)``.
    """
    share = start
    for _ in range(STEPS):
        before, share = share, (w * expit(ratio + log_odds(share)[:, None])).sum(1) / w.sum(1)
        if np.abs(share - before).max() < CLOSE:
            break
    return share


@dataclass(frozen=True)
class Calibrated:
    """Predictions calibrated on validation (Platt 1999), as they are and in each draw of patients.

    Attributes:
        w: Weights of the patients of each row, ones first, shape ``(1 + r, rows)``.
        ratio: Log likelihood ratio of each row, shape ``(1 + r, rows)``.
        prior: Share of the positive class in the validation parts, shape ``(1 + r,)``.
    """

    w: Floats
    ratio: Floats
    prior: Floats


def shifts(
    table: pd.DataFrame, sets: Mapping[str, Scored], classes: Sequence[str], seed: int = 0
) -> dict[str, dict[str, Any] | None]:
    """Return the estimated share of the positive class in each set, and the figures at it and at that of validation.

    The labels of a set are not used but to measure what comes out. Each training's probabilities are first calibrated
    on its validation part, since balancing makes others of them than EM takes them for.

    Args:
        table: What ``predictions.checked`` returns.
        sets: The sets by name, of two classes, as ``predictions.scored`` orders them.
        classes: Names of the two sides; the last is that of a column ``p_<class>``.
        seed: Of the draws of patients.

    Returns:
        None of a set that lacks a class; of every set where a training has no validation part to calibrate on.
    """
    rows = table[table.set != "train"].reset_index(drop=True)
    calibrated = _calibrated(rows, classes[-1], seed)
    if calibrated is None:
        return dict.fromkeys(sets)
    return {
        name: _shift(cases, rows[rows.set == name], calibrated) if len(np.unique(cases.y)) == 2 else None
        for name, cases in sets.items()
    }


def _calibrated(rows: pd.DataFrame, positive: str, seed: int) -> Calibrated | None:
    people, number = np.unique(patients(rows), return_inverse=True)
    drawn = np.random.default_rng(seed).standard_exponential((DRAWS, len(people)))
    w = np.concatenate([np.ones((1, len(people))), drawn])[:, number]
    score, label = log_odds(rows[f"p_{positive}"].to_numpy(np.float64)), (rows.label == positive).to_numpy()
    ratio, priors = np.empty_like(w), []
    for _, training in rows.groupby(PLACE, sort=False):
        own, known = training.index.to_numpy(), training.index[training.set == "validation"].to_numpy()
        if not label[known].any() or label[known].all():
            return None
        beta = logistic(w[:, known], label[known] * 1.0, np.c_[np.ones(len(known)), score[known]])
        if not np.isfinite(beta[0]).all():
            return None
        priors.append((w[:, known] * label[known]).sum(1) / w[:, known].sum(1))
        ratio[:, own] = beta[:, :1] + beta[:, 1:] * score[own] - log_odds(priors[-1])[:, None]
    return Calibrated(w, ratio, np.mean(priors, 0))


def _shift(cases: Scored, rows: pd.DataFrame, calibrated: Calibrated) -> dict[str, Any]:
    """Return the shift of one set; where several folds predicted a case, its ratio is their mean."""
    number = rows.groupby(["seed", "case_id"], sort=True).ngroup().to_numpy()
    order = np.argsort(number, kind="stable")
    first = np.flatnonzero(np.diff(number[order], prepend=-1))
    own, prior = rows.index.to_numpy()[order], calibrated.prior
    ratio = np.add.reduceat(calibrated.ratio[:, own], first, axis=1) / np.diff(np.r_[first, len(own)])
    w, parts = calibrated.w[:, own[first]][:, : cases.n], np.split(ratio, cases.seeds, axis=1)
    shares = np.array([estimated(w, part, prior) for part in parts])
    value, draws = float(shares[:, 0].mean()), shares[:, 1:].mean(0)
    low, high = intervals.percentiles(draws[np.isfinite(draws)])
    at_estimated = ratio[0] + np.repeat(log_odds(shares[:, 0]), cases.n)
    return {
        "validation": float(prior[0]),
        "estimated": number_of(value, (min(low, value), max(high, value), "Bayesian bootstrap"), shares[:, 0]),
        "actual": float(cases.y.mean()),
        "at_validation": _figures(cases, ratio[0] + log_odds(prior)[0]),
        "at_estimated": _figures(cases, at_estimated),
    }


def _figures(cases: Scored, odds: Floats) -> dict[str, Any]:
    decided = (odds >= 0).astype(np.int64)
    of_sides = {"sensitivity": rate(cases, decided, 1), "specificity": rate(cases, decided, 0)}
    return {"accuracy": rate(cases, decided), **of_sides}
