"""Learning curves of the arms, and which lever is the largest."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from seimbang.evaluation.base import EvaluationSettings
from seimbang.evaluation.levers import levers
from seimbang.evaluation.predictions import checked
from seimbang.evaluation.units import of_unit
from seimbang.record.base import dump
from seimbang.record.folder import Files
from seimbang.record.levers import Levers
from seimbang.runs.foresight import impossible_shares
from seimbang.runs.results import frames_of
from seimbang.runs.stages import Divided, Result, curve_of, jobs_of
from seimbang.study.schema import Plan


def lever_files(
    divided: Divided,
    predicted: Mapping[str, Mapping[str, pd.DataFrame]],
    finished_arms: Sequence[Plan],
    curves: Mapping[str, Sequence[Result]],
    classes: Sequence[str],
    tuned: Sequence[str],
    evaluation: EvaluationSettings,
) -> Files:
    """Return the learning curves by protocol; nothing unless the study asks for them."""
    if not evaluation.learning_curve:
        return {}
    made = []
    for protocol, of_protocol in predicted.items():
        plans = [plan for plan in finished_arms if plan.name in of_protocol and not plan.leaky]
        tables = {plan.name: _tables(divided, curves[plan.name], classes, evaluation) for plan in plans}
        whole = {name: of_protocol[name][of_protocol[name].set == "validation"] for name in tables}
        known = {name: {**shares, 100: whole[name]} for name, shares in tables.items() if 50 in shares}
        if known:
            made.append(_record(divided, protocol, plans, levers(known, classes, tuned)))
    return {"levers.json": dump(made)}


def _tables(
    divided: Divided, results: Sequence[Result], classes: Sequence[str], evaluation: EvaluationSettings
) -> dict[int, pd.DataFrame]:
    """Return what the jobs of an arm predict of the validation part, by per cent of the training patients."""
    frames: dict[int, list[pd.DataFrame]] = {}
    for result in results:
        validation = ("validation", divided.cases(result.job.plan), result.job.fold.validation)
        frames.setdefault(result.job.percent, []).extend(frames_of(result, [validation]))
    return {
        percent: of_unit(checked(pd.concat(parts), classes), classes, evaluation) for percent, parts in frames.items()
    }


def _record(divided: Divided, protocol: str, plans: Sequence[Plan], result: Mapping[str, Any]) -> Levers:
    by_name = {plan.name: plan for plan in plans}
    for curve in result["curves"]:
        patients = _patients(divided, by_name[curve["arm"]])
        for point in curve["points"]:
            point["patients"] = patients[point["percent"]]
    left_out = [f"{plan.name}, {why}" for plan in plans for why in impossible_shares(divided, plan).values()]
    return Levers.model_validate({"protocol": protocol, "left_out": left_out, **result})


def _patients(divided: Divided, plan: Plan) -> dict[int, int]:
    """Return how many patients an arm is trained on, by per cent, on average over its jobs."""
    groups = divided.cases(plan).cases.groups
    counts: dict[int, list[int]] = {}
    for job in (*curve_of(divided, plan), *jobs_of(divided, plan)):
        counts.setdefault(job.percent, []).append(len(np.unique(groups[job.fold.train])))
    return {percent: round(float(np.mean(of_jobs))) for percent, of_jobs in counts.items()}
