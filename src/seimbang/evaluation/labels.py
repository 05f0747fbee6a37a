"""Labels that look wrong: cases whose label the models of all arms, none of which was trained on it, disagree with."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from seimbang.evaluation import figures
from seimbang.evaluation.base import DEFAULT, EvaluationSettings
from seimbang.evaluation.metrics import Weighted
from seimbang.evaluation.predictions import Floats, checked, ensemble, scored
from seimbang.evaluation.units import of_unit

HELD_OUT = ("validation", "test")
COLUMNS = ["case_id", "group", "set", "label", "suggested", "label_probability", "suggested_probability"]


@dataclass(frozen=True)
class Suspects:
    """What was looked at, and which labels look wrong.

    Attributes:
        looked: Number of cases that were looked at, by set.
        wrong: Number of these of which the models say otherwise than the label.
        table: One row a suspicious label, the most suspicious first, with COLUMNS; the probabilities are means, of the
            class given and of the most probable one.
    """

    looked: dict[str, int]
    wrong: int
    table: pd.DataFrame


def suspicious(predictions: Mapping[str, pd.DataFrame], classes: Sequence[str]) -> Suspects:
    """Find labels that look wrong by confident learning (Northcutt et al. 2021), as cleanlab does it.

    What counts is the mean probability over arms, seeds and folds, of cases that no model was trained on: under folds
    the test parts, which together are all cases, else the validation and the test part. A class's threshold is the mean
    probability of the class among the cases labelled as it; a case above the threshold of another class counts for the
    estimate of how many of each class are labelled as each other; so many are returned, those with the largest margin
    (prune by noise rate).

    Args:
        predictions: What ``evaluate`` takes, by arm; of arms without a leak.
        classes: Class names; the positive one of two is the last.
    """
    columns = [f"p_{name}" for name in classes]
    tables = [ensemble(checked(table, classes), classes) for table in predictions.values()]
    rows = pd.concat(tables)
    sets = ("test",) if len(set(rows.fold)) > 1 and (rows.set == "test").any() else HELD_OUT
    of_case = rows[rows.set.isin(sets)].groupby(["case_id", "set"], sort=True)
    cases = of_case[["label", "group"]].first().join(of_case[columns].mean()).reset_index()
    p = cases[columns].to_numpy(np.float64)
    p = p / p.sum(1, keepdims=True)
    y = pd.Categorical(cases.label, categories=list(classes)).codes.astype(np.int64)
    first, place = p.argmax(1), np.arange(len(p))
    table = cases.assign(
        suggested=np.array(classes)[first], label_probability=p[place, y], suggested_probability=p[place, first]
    )
    looked = {name: int((cases.set == name).sum()) for name in HELD_OUT if (cases.set == name).any()}
    return Suspects(looked, int((first != y).sum()), table.iloc[_issues(y, p)][COLUMNS].reset_index(drop=True))


def _issues(y: npt.NDArray[np.int64], p: Floats) -> npt.NDArray[np.int64]:
    """Return the places of the labels that look wrong; none where a class has no case, so no threshold."""
    if len(np.unique(y)) < p.shape[1]:
        return np.zeros(0, np.int64)
    from cleanlab.filter import find_label_issues

    ranked = find_label_issues(
        y, p, filter_by="prune_by_noise_rate", return_indices_ranked_by="normalized_margin", n_jobs=1
    )
    return np.asarray(ranked, np.int64)


def without(
    predictions: Mapping[str, pd.DataFrame],
    classes: Sequence[str],
    tuned: Collection[str],
    left_out: Collection[str],
    settings: EvaluationSettings = DEFAULT,
) -> dict[str, dict[str, tuple[float, float]]]:
    """Return the main figures of each arm on the test part, with all cases and without some.

    Args:
        predictions: What ``evaluate`` takes, by arm.
        classes: Class names; the positive one of two is the last.
        tuned: Arms whose own rule is their threshold.
        left_out: Ids of the cases.
        settings: Of what figures are.

    Returns:
        By arm and metric both figures; a metric is left out where one of them cannot be estimated.
    """
    both = {}
    for arm, table in predictions.items():
        whole = checked(table, classes)
        fewer = whole[(whole.set != "test") | ~whole.case_id.isin(list(left_out))]
        if (fewer.set == "test").any():
            given, left = (_figures(of_unit(part, classes, settings), classes, arm in tuned) for part in (whole, fewer))
            both[arm] = {key: (given[key], left[key]) for key in given if np.isfinite([given[key], left[key]]).all()}
    return both


def _figures(table: pd.DataFrame, classes: Sequence[str], tuned: bool) -> dict[str, float]:
    cases = scored(table, classes)["test"]
    whole = Weighted(np.ones((1, len(cases.y))), cases.y, cases.p, cases.decisions(tuned), cases.seeds)
    values = figures.values(whole)
    return {metric.key: float(values[metric.key][0]) for metric in figures.main(len(classes))}
