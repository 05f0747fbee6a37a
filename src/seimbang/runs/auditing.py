"""The audit of a run: the cases as each protocol divides them, and what each arm trains on."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from seimbang.checks import WeightsEvidence, audit, audit_recipe, audit_weights, deduplicate, leaks
from seimbang.checks.base import Finding
from seimbang.datasets.base import Dataset
from seimbang.errors import DataError
from seimbang.imaging.cache import release
from seimbang.record.base import dump
from seimbang.record.data import Audit
from seimbang.record.folder import Files
from seimbang.runs.foresight import obstacles
from seimbang.runs.stages import Divided
from seimbang.runs.trained_on import learned
from seimbang.study.schema import Plan, Protocol

SAID = "The study says so; the audit did not find a test case in training, which it cannot where patients are unknown."
"""What is told of an arm that is meant to leak where no leak was found."""

COLUMNS_MENDED = (
    "columns that do not give the class away",
    "list the other columns in data.features, or name in data.meant what is known before the class",
)
MENDED = {
    "LABEL_COPY": COLUMNS_MENDED,
    "LABEL_PROXY": COLUMNS_MENDED,
    "PATIENT_COLUMN_TEST": ("the patients of all cases", 'name their column: group = { column = "..." } in [data]'),
    "MADE_ROWS": (
        "a table of cases that were measured",
        'give the table as it was before it was balanced, and balance in the arm: balance = { method = "smote" }',
    ),
    "WEIGHTS_TEST": (
        "weights that were not trained on what the arm is tested on",
        "name other weights, or mark the arm with leaky = true if that is the point",
    ),
    "DEPTH_SHORTCUT": ("images that are all read alike", 'set normalise = "minmax" in [image]'),
}
"""What was expected instead of a leak, and how to fix it, where it is not the division that leaks."""
DIVISION_MENDED = (
    "no case of the test part in training",
    "correct the data or the split, or mark the arm or protocol that leaks on purpose with leaky = true",
)


def audit_files(divided: Divided, external: Mapping[str, Dataset], plans: Sequence[Plan]) -> Files:
    """Look for leaks in the cases and in what each arm that can be trained trains on, and return ``audit.json``."""
    possible = [plan for plan in plans if not obstacles(divided, [plan])]
    findings = [
        finding for protocol in divided.prepared.study.protocols for finding in _audit(divided, protocol, possible)
    ]
    release(divided.prepared.data.X)
    return {"audit.json": dump(Audit(findings=deduplicate(findings, len(divided.prepared.study.protocols))))}


def _audit(divided: Divided, protocol: Protocol, plans: Sequence[Plan]) -> list[Finding]:
    findings = audit_division(divided, protocol)
    for plan in plans:
        if plan.protocol.name == protocol.name:
            folds = divided.folds_of(plan)
            findings += _first_of_each([found for k in range(len(folds)) for found in _audit_recipe(divided, plan, k)])
            findings += _audit_weights(divided, plan)
    return [replace(finding, protocol=protocol.name) for finding in findings]


def audit_division(divided: Divided, protocol: Protocol) -> list[Finding]:
    """Look for leaks in the data as a protocol makes and divides them."""
    folds, prepared = divided.folds[protocol.name], divided.prepared
    larger = None if prepared.alike is None else prepared.alike.X
    findings = audit(divided.sets[protocol.name], folds, prepared.external, larger)
    if not protocol.balance:
        return findings
    table = divided.prebalanced[protocol.name]
    return findings + _first_of_each([finding for fold in folds for finding in table.leaks(fold)])


def _audit_recipe(divided: Divided, plan: Plan, number: int) -> list[Finding]:
    fold, cases = divided.folds_of(plan)[number], divided.cases(plan).cases
    recipe = divided.recipe(plan, fold, plan.training.seed)
    return audit_recipe(recipe, cases, fold, np.arange(len(cases)), plan.name)


def _audit_weights(divided: Divided, plan: Plan) -> list[Finding]:
    """Look for tested cases among those that the weights an arm begins with were trained on."""
    data, external = divided.cases(plan), divided.prepared.external.values()
    tested = np.unique(np.concatenate([fold.test for fold in divided.folds_of(plan)]))
    sets = [(data, tested), *((one, np.arange(len(one.cases))) for one in external)]
    return [
        finding
        for file in plan.model.reads()
        if file.is_file()  # the training says what is missing, and how to get it
        for finding in audit_weights(WeightsEvidence(file, learned(file), sets), plan.name)
    ]


def _first_of_each(findings: list[Finding]) -> list[Finding]:
    """Return the first finding of each code; the folds of an arm repeat the others."""
    return list({finding.code: finding for finding in reversed(findings)}.values())


def require_no_leak(findings: Sequence[Finding], plans: Sequence[Plan]) -> None:
    """Stop a run whose data cannot support it, or that leaks where the study does not say so.

    Args:
        findings: What the audit found.
        plans: The arms to run.

    Raises:
        DataError: AUDIT_LEAK when something leaks that no arm leaks on purpose; AUDIT_ERROR for what cannot work.
    """
    broken = [finding for finding in findings if finding.severity == "error"]
    if broken:
        raise DataError("AUDIT_ERROR", broken[0].sentence, "data that can support the study", "see seimbang audit")
    unmeant = [finding for finding in leaks(findings) if not _meant(finding, plans)]
    if unmeant:
        sentences = " ".join(dict.fromkeys(finding.sentence for finding in unmeant))
        expected, fixes = zip(*dict.fromkeys(MENDED.get(found.code, DIVISION_MENDED) for found in unmeant), strict=True)
        raise DataError("AUDIT_LEAK", sentences, "; ".join(expected), "; ".join(fixes))


def _meant(leak: Finding, plans: Sequence[Plan]) -> bool:
    """Whether the study says so of the arm that leaks, or, where the data do, of every arm under the protocol."""
    under = [plan for plan in plans if leak.protocol in ("", plan.protocol.name)]
    if leak.arm:
        mine = [plan for plan in under if plan.name == leak.arm]
        return all(plan.leaky for plan in mine)
    return all(plan.arm.leaky or plan.protocol.leaky for plan in under)


def leaks_of(plan: Plan, findings: Sequence[Finding]) -> list[str]:
    """Return the sentences of the leaks of an arm, or that the study calls it leaky."""
    own = [
        finding.sentence
        for finding in leaks(findings)
        if finding.arm in ("", plan.name) and finding.protocol in ("", plan.protocol.name)
    ]
    return own or [SAID] * plan.leaky
