"""The first steps of a run: what the data are, how they are divided, what each arm trains on, and what leaks."""

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from seimbang import splits
from seimbang.balance.base import Balance, Recipe
from seimbang.checks import audit, audit_recipe, leaks, said_once, to_json
from seimbang.checks.base import Finding
from seimbang.datasets.pseudo_patients import strip
from seimbang.errors import DataError, IntegrityError
from seimbang.imaging.cache import release
from seimbang.imaging.files import write_atomic
from seimbang.runs.context import Context
from seimbang.runs.pictures import png
from seimbang.runs.quick import thin
from seimbang.splits.base import Fold, Rows
from seimbang.study.load import to_dict, to_toml
from seimbang.study.schema import Plan, Protocol

SAID = "The study says so; the audit did not find a test case in training, which it cannot where patients are unknown."
"""What is told of an arm that is meant to leak where no leak was seen."""


def describe(run: Context) -> None:
    """Refuse data that changed since the run began, divide the cases, and write what both look like."""
    _unchanged(run)
    run.folds = {one.name: _divide(run, one) for one in run.study.protocols}
    study = to_dict(run.study)
    run.folder.json("study.json", study)
    write_atomic(run.folder.path / "study.toml", to_toml(study))
    tables = [
        splits.to_frame(run.data_of(one).cases, run.folds[one.name]).assign(protocol=one.name)
        for one in run.study.protocols
    ]
    write_atomic(run.folder.path / "splits.csv", pd.concat(tables).to_csv(index=False))
    run.folder.json("data.json", _facts(run))


def _divide(run: Context, protocol: Protocol) -> list[Fold]:
    cases = run.data_of(protocol).cases
    folds = splits.split(cases, protocol.split)
    return [thin(cases, fold, len(folds)) for fold in folds] if run.quick else folds


def _unchanged(run: Context) -> None:
    """Compare the digest of every file with the one it had when the run began."""
    sets = {"": run.data, **{f"external:{name}/": one for name, one in run.external.items()}}
    frames = [one.cases.frame[["case_id", "digest"]].assign(set=name) for name, one in sets.items()]
    now = pd.concat(frames, ignore_index=True)
    file = run.folder.path / "cases.csv"
    if not file.is_file():
        write_atomic(file, now.to_csv(index=False))
        return
    before = pd.read_csv(file, dtype=str, keep_default_na=False)
    both = before.merge(now, on=["set", "case_id"], how="outer", suffixes=("_before", "_now")).fillna("missing")
    changed = both[both.digest_before != both.digest_now]
    if len(changed):
        names = ", ".join((changed.set + changed.case_id).head(5))
        found = f"{len(changed)} file(s) not as they were when the run began, such as {names}"
        fix = "restore the files, or start a new run with --out"
        raise IntegrityError("DATA_CHANGED", found, "the files that the run began with", fix)


def _facts(run: Context) -> dict[str, object]:
    cases = run.data.cases
    first = next((one for one in run.study.protocols if not one.balance), run.study.protocols[0])
    return {
        "name": run.data.name,
        "kind": run.data.kind,
        "synthetic": run.data.synthetic,
        "classes": list(cases.classes),
        "positive": cases.classes[-1],
        "facts": run.data.facts,
        "size": list(run.study.image.size),
        "channels": run.study.image.channels,
        "groups": len(np.unique(cases.groups)) if cases.has_groups else 0,
        "clusters": _clusters(run),
        "counts": _counts(run, first),
        "columns": [asdict(column) for column in run.data.columns],
        "protocols": [_protocol(run, one) for one in run.study.protocols],
        "external": {name: run.counts(one.cases.y) for name, one in run.external.items()},
        "unreadable": [asdict(one) for one in run.data.unreadable],
        "samples": _samples(run, first),
    }


def _counts(run: Context, protocol: Protocol) -> dict[str, dict[str, int]]:
    y, fold = run.data_of(protocol).cases.y, run.folds[protocol.name][0]
    return {part: run.counts(y[rows]) for part, rows in fold.parts().items()}


def _protocol(run: Context, protocol: Protocol) -> dict[str, object]:
    folds = run.folds[protocol.name]
    cases = run.data_of(protocol).cases
    return {
        "name": protocol.name,
        "leaky": protocol.leaky,
        "split": protocol.split.model_dump(mode="json"),
        "folds": len(folds),
        "groups": len(np.unique(cases.groups)) if cases.has_groups else 0,
        "counts": _counts(run, protocol),
    }


def _clusters(run: Context) -> str:
    """Save a few pseudo-patients for a reader to judge; return the file's name, or ``""`` where there are none."""
    auto = next((one for one in run.study.protocols if one.group == "auto"), None)
    pixels = strip(run.data_of(auto)) if auto else np.empty(0)
    if not len(pixels):
        return ""
    write_atomic(run.folder.path / "clusters.png", png(pixels))
    return "clusters.png"


def _samples(run: Context, protocol: Protocol, number: int = 4) -> list[dict[str, str]]:
    """Save a few training images of each class; a table has none."""
    data, fold, rows = run.data, run.folds[protocol.name][0], list[dict[str, str]]()
    if data.kind == "table":
        return rows
    for label, name in enumerate(data.cases.classes):
        some = fold.train[data.cases.y[fold.train] == label]
        for k, row in enumerate(some[np.linspace(0, len(some) - 1, min(number, len(some))).astype(int)]):
            file = f"samples/{label}_{k}.png"
            write_atomic(run.folder.path / file, png(data.X[row]))
            rows.append({"file": file, "label": name, "case_id": str(data.cases.frame.case_id[row])})
    return rows


def check(run: Context) -> None:
    """Make the recipes, look for leaks, write ``audit.json``.

    Raises:
        DataError: AUDIT_LEAK when something leaks that no arm leaks on purpose; AUDIT_ERROR for what cannot work.
    """
    findings = [finding for protocol in run.study.protocols for finding in _look(run, protocol)]
    release(run.data.X)
    write_atomic(run.folder.path / "audit.json", to_json(said_once(findings, len(run.study.protocols))))
    _stop(run, findings)


def _look(run: Context, protocol: Protocol) -> list[Finding]:
    """Look for leaks in one way of dividing the cases, and in what each arm trains on under it."""
    of_data = of_division(run, protocol, run.folds[protocol.name])
    findings = list(of_data)
    for plan in run.plans_of(protocol):
        of_arm = _first_of_each([found for fold in run.folds_of(plan) for found in _recipe(run, plan, fold)])
        seen = [found.sentence for found in leaks([*of_data, *of_arm])]
        run.leaks[plan.slug] = seen or [SAID] * plan.leaky
        findings += of_arm
    return [replace(found, protocol=protocol.name) for found in findings]


def of_division(run: Context, protocol: Protocol, folds: list[Fold]) -> list[Finding]:
    """Look for leaks in the data as a protocol makes and divides them."""
    found = audit(run.data_of(protocol), folds, run.external)
    if not protocol.balance:
        return found
    return found + _first_of_each([one for fold in folds for one in run.prebalanced[protocol.name].leaks(fold)])


def _recipe(run: Context, plan: Plan, fold: Fold) -> list[Finding]:
    data, seed = run.data_of(plan.protocol), plan.training.seed
    model_input, cases = run.model_input(plan, fold), data.cases
    X, balance = model_input.of(data), model_input.balance(plan.balance)
    if plan.balance.scope == "all":
        recipe = _from_all(balance, X, cases.y, fold, seed)
    else:
        recipe = balance.recipe(X, cases.y[fold.train], seed, fold.train)
    run.recipes[plan.slug, fold.name] = recipe
    return audit_recipe(recipe, cases, fold, np.arange(len(cases)), plan.name)


def _from_all(balance: Balance, X: npt.NDArray[Any], y: Rows, fold: Fold, seed: int) -> Recipe:
    """Balance all cases, test included, as done before a split; then train on the made rows and the real training ones.

    The test part stays what it is, so that the figures of all arms are of the same cases.
    """
    every = np.sort(np.concatenate(list(fold.parts().values())))
    made = balance.recipe(X, y[every], seed, every)
    kept = np.isin(made.real, fold.train)
    labels = np.concatenate([made.y[: len(made.real)][kept], made.y[len(made.real) :]])
    return replace(made, real=made.real[kept], y=labels)


def _first_of_each(findings: list[Finding]) -> list[Finding]:
    """Return the first finding of each code; the folds of an arm repeat the others."""
    return list({found.code: found for found in reversed(findings)}.values())


def _stop(run: Context, findings: list[Finding]) -> None:
    broken = [found for found in findings if found.severity == "error"]
    if broken:
        raise DataError("AUDIT_ERROR", broken[0].sentence, "data that can support the study", "see seimbang audit")
    bad = [found for found in leaks(findings) if not _meant(run, found)]
    if bad:
        fix = "fix the data or the split, or mark the arm or protocol that leaks on purpose with leaky = true"
        sentences = " ".join(dict.fromkeys(found.sentence for found in bad))
        raise DataError("AUDIT_LEAK", sentences, "no case of the test part in training", fix)


def _meant(run: Context, leak: Finding) -> bool:
    """Whether the study says so of the arm that leaks, or, where the data do, of every arm under the protocol."""
    plans = [plan for plan in run.plans if plan.protocol.name == leak.protocol]
    if leak.arm:
        return any(plan.leaky for plan in plans if plan.name == leak.arm)
    return all(plan.arm.leaky or plan.protocol.leaky for plan in plans)
