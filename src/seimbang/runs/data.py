"""The first steps of a run: what the data are, how they are divided, what each arm trains on, and what leaks."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from seimbang import audit, splits
from seimbang.audit.base import Finding
from seimbang.balance.base import Recipe
from seimbang.datasets.base import Dataset
from seimbang.errors import DataError, IntegrityError
from seimbang.imaging.files import write_atomic
from seimbang.runs.context import Context
from seimbang.runs.pictures import png
from seimbang.runs.quick import thin
from seimbang.splits.base import Fold
from seimbang.study.load import to_dict, to_toml
from seimbang.study.schema import Plan


def describe(run: Context) -> None:
    """Refuse data that changed since the run began, divide the cases, and write what both look like."""
    _unchanged(run)
    run.folds = splits.split(run.data.cases, run.study.split)
    if run.quick:
        run.folds = [thin(run.data.cases, fold) for fold in run.folds]
    study = to_dict(run.study)
    run.folder.json("study.json", study)
    write_atomic(run.folder.path / "study.toml", to_toml(study))
    splits.write(run.folder.path / "splits.csv", run.data.cases, run.folds)
    run.folder.json("data.json", _facts(run))


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
        mend = "restore the files, or start a new run with --out"
        raise IntegrityError("DATA_CHANGED", found, "the files that the run began with", mend)


def _facts(run: Context) -> dict[str, object]:
    cases = run.data.cases
    parts = run.folds[0].parts()
    return {
        "name": run.data.name,
        "synthetic": run.data.synthetic,
        "classes": list(cases.classes),
        "positive": cases.classes[-1],
        "facts": run.data.facts,
        "size": list(run.study.image.size),
        "channels": run.study.image.channels,
        "groups": len(np.unique(cases.groups)) if cases.has_groups else 0,
        "counts": {part: run.counts(cases.y[rows]) for part, rows in parts.items()},
        "external": {name: run.counts(one.cases.y) for name, one in run.external.items()},
        "unreadable": [asdict(one) for one in run.data.unreadable],
        "samples": _samples(run.data, run.folds[0], run.folder.path),
    }


def _samples(data: Dataset, fold: Fold, folder: Path, number: int = 4) -> list[dict[str, str]]:
    """Save a few training images of each class."""
    rows = []
    for label, name in enumerate(data.cases.classes):
        some = fold.train[data.cases.y[fold.train] == label]
        for k, row in enumerate(some[np.linspace(0, len(some) - 1, min(number, len(some))).astype(int)]):
            file = f"samples/{label}_{k}.png"
            write_atomic(folder / file, png(data.X[row]))
            rows.append({"file": file, "label": name, "case_id": str(data.cases.frame.case_id[row])})
    return rows


def check(run: Context) -> None:
    """Make the recipes, look for leaks, write ``audit.json``.

    Raises:
        DataError: AUDIT_LEAK when something leaks that no arm leaks on purpose; AUDIT_ERROR for what cannot work.
    """
    of_data = audit.audit(run.data, run.folds, run.external)
    findings = list(of_data)
    for plan in run.plans:
        of_arm = _first_of_each([found for fold in run.folds for found in _recipe(run, plan, fold)])
        run.leaks[plan.arm.slug] = [found.sentence for found in audit.leaks([*of_data, *of_arm])]
        findings += of_arm
    write_atomic(run.folder.path / "audit.json", audit.to_json(findings))
    _stop(run, findings)


def _recipe(run: Context, plan: Plan, fold: Fold) -> list[Finding]:
    cases, seed = run.data.cases, plan.training.seed
    if plan.balance.scope == "all":
        recipe = _from_all(run, plan, fold)
    else:
        recipe = plan.balance.recipe(run.data.X, cases.y[fold.train], seed, fold.train)
    run.recipes[plan.arm.slug, fold.name] = recipe
    return audit.audit_recipe(recipe, cases, fold, np.arange(len(cases)), plan.arm.name)


def _from_all(run: Context, plan: Plan, fold: Fold) -> Recipe:
    """Balance all cases, test included, as done before a split; then train on the made rows and the real training ones.

    The test part stays what it is, so that the figures of all arms are of the same cases.
    """
    y = run.data.cases.y
    every = np.sort(np.concatenate(list(fold.parts().values())))
    made = plan.balance.recipe(run.data.X, y[every], plan.training.seed, every)
    kept = np.isin(made.real, fold.train)
    labels = np.concatenate([made.y[: len(made.real)][kept], made.y[len(made.real) :]])
    return Recipe(made.real[kept], made.i, made.j, made.delta, labels)


def _first_of_each(findings: list[Finding]) -> list[Finding]:
    """Return the first finding of each code; the folds of an arm repeat the others."""
    return list({found.code: found for found in reversed(findings)}.values())


def _stop(run: Context, findings: list[Finding]) -> None:
    broken = [found for found in findings if found.severity == "error"]
    if broken:
        raise DataError("AUDIT_ERROR", broken[0].sentence, "data that can support the study", "see seimbang audit")
    meant = {plan.arm.name for plan in run.plans if plan.arm.leaky or plan.balance.scope == "all"}
    open_to_all = all(plan.arm.leaky for plan in run.plans)
    bad = [one for one in audit.leaks(findings) if not (one.arm in meant or (not one.arm and open_to_all))]
    if bad:
        mend = "mend the data or the split, or mark an arm that leaks on purpose with leaky = true"
        sentences = " ".join(found.sentence for found in bad)
        raise DataError("AUDIT_LEAK", sentences, "no case of the test part in training", mend)
