"""The self-test for leaks: with labels that mean nothing, the whole pipeline must do no better than chance."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from seimbang.checks.base import Finding
from seimbang.datasets.base import Dataset
from seimbang.datasets.pseudo_patients import with_pseudo_patients
from seimbang.evaluation import evaluate, read
from seimbang.record.folder import RunFolder
from seimbang.record.openings import Opening
from seimbang.runs.auditing import require_no_leak
from seimbang.runs.describe import divide
from seimbang.runs.engine import do
from seimbang.runs.executors import Options, execute
from seimbang.runs.openings import opening_of
from seimbang.runs.parts import PARTS, Scope
from seimbang.runs.prepare import prepare
from seimbang.runs.quick import Cut, cut_down
from seimbang.runs.quick import quick as quickened
from seimbang.runs.stages import Prepared, jobs_of
from seimbang.runs.steps import BEFORE, EACH_ARM
from seimbang.study.schema import Plan, Study

TITLE = "Score with shuffled labels"
TIMES = 2
"""Above chance counts only when it is found in this many shuffles: one interval in forty lies above it by chance."""


def shuffled_labels(study: Study, root: Path, quick: bool) -> list[Finding]:
    """Run a study with the labels permuted among patients, and say which arms do better than chance.

    Patients that are not known are pseudo-patients, so that a copy of a test image in training carries its label along:
    an arm that scores has seen test cases. Nothing of the runs is kept, but that the test part was opened.

    Args:
        study: The study.
        root: Folder that its data paths are relative to.
        quick: Cut everything down; a network trained that briefly may miss a leak.

    Raises:
        SeimbangError: What the stages raise, such as ``AUDIT_LEAK`` for a leak that needs no shuffling to be found.
    """
    asked, study = study, quickened(study) if quick else study
    prepared = replace(prepare(study, root, quick), external={})
    opening = opening_of(asked, divide(prepared), ("--shuffle-labels",), quick)  # a shuffle may divide otherwise
    suspects = study.plans()
    findings: dict[str, Finding] = {}
    for seed in range(TIMES):
        for plan, auc in _scores(prepared, suspects, seed, opening):
            findings[plan.name] = _finding(plan, auc)
        suspects = [plan for plan in suspects if findings[plan.name].severity == "leak"]
    return list(findings.values())


def _scores(prepared: Prepared, plans: list[Plan], seed: int, opening: Opening) -> Iterator[tuple[Plan, Any]]:
    """Yield the AUC of each arm on the test part, with its interval over what was permuted."""
    data = prepared.data
    grouped = with_pseudo_patients(data) if data.kind == "image" else data
    shuffled = _permuted(data, grouped.cases.groups, np.random.default_rng(seed))
    unit = pd.Series(grouped.cases.groups, index=grouped.cases.frame.case_id)
    divided = divide(replace(prepared, data=shuffled))
    divided = cut_down(divided, Cut()) if prepared.quick else divided
    with TemporaryDirectory() as folder:
        scope = Scope(divided, RunFolder(Path(folder)), 1, opening=opening)
        steps = {step.name: step for step in (*BEFORE, *EACH_ARM)}
        do(steps["audit"], scope)
        require_no_leak(PARTS["findings"].value(scope), plans)
        for plan in plans:
            list(execute(scope, jobs_of(divided, plan), Options(workers=1)))
            do(steps["predictions"], scope.of(plan))
            predictions = read(scope.of(plan).path)
            test = predictions[predictions.set == "test"]
            metrics = evaluate(test.assign(group=test.case_id.map(unit)), prepared.classes)
            yield plan, metrics["sets"]["test"]["default"]["metrics"]["auc"]


def _permuted(known: Dataset, groups: np.ndarray, rng: np.random.Generator) -> Dataset:
    """Return the data set with the label of each group given to another one; a group then has one label."""
    _, first, group = np.unique(groups, return_index=True, return_inverse=True)
    label = known.cases.frame.label.to_numpy()[first][rng.permutation(len(first))]
    cases = replace(known.cases, frame=known.cases.frame.assign(label=label[group]))
    return replace(known, cases=cases)


def _finding(plan: Plan, auc: dict[str, Any]) -> Finding:
    if auc["value"] is None:
        sentence = f"“{plan.name}” could not be scored with shuffled labels: {auc['why']}."
        return Finding("SHUFFLED_LABELS", "warning", TITLE, sentence, arm=plan.name)
    reads = f"With labels shuffled among patients “{plan.name}” has AUC {auc['value']:.2f}"
    interval = f"({auc['low']:.2f} to {auc['high']:.2f}) on the test part"
    if auc["low"] > 0.5:
        sentence = f"{reads} {interval}: better than chance, so test cases are known to it from training."
        return Finding("SHUFFLED_LABELS", "leak", TITLE, sentence, arm=plan.name)
    return Finding("SHUFFLED_LABELS", "info", TITLE, f"{reads} {interval}: no better than chance.", arm=plan.name)
