"""When the models of an arm should not answer: fitted on training cases, limited on validation, tested on the rest."""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from seimbang.datasets.base import Dataset
from seimbang.evaluation.conformal import LEVEL
from seimbang.evaluation.gate import MOST, Gate, Rows, pass_limit
from seimbang.evaluation.predictions import is_tested
from seimbang.evaluation.refusal import answered, served, share, smallest_probabilities
from seimbang.imaging.cache import features as cached
from seimbang.imaging.descriptor import CHANGES, VERSION, describe
from seimbang.record.arrays import pack
from seimbang.record.base import dump
from seimbang.record.folder import Files
from seimbang.record.metrics import Metrics, Value
from seimbang.record.refusal import TOGETHER, Answered, Kind, Refusal
from seimbang.runs.model_input import ModelInput
from seimbang.runs.stages import Set, parts_of
from seimbang.splits.base import Fold

CHANGED = 500
"""Test images that are changed, at most."""


def refusal_files(
    cases: Dataset,
    external: Mapping[str, Dataset],
    fold: Fold,
    model_input: ModelInput,
    closed: bool,
    predictions: pd.DataFrame,
    metrics: Metrics,
) -> Files:
    """Return when the served models, those of the first fold, should not answer, and what cases are compared with."""
    sets = parts_of(cases, fold, external, closed)
    gate = Gate.of(_some(_described(sets[0], model_input)))
    arrays = pack(gate.arrays())
    distances = {one[0]: _distances(gate, one, model_input) for one in sets[1:]}
    kind = _kind(gate, distances, cases, fold, arrays)
    passed = {name: of_set <= kind.limit for name, of_set in distances.items()} if kind else {}
    classes = cases.cases.classes
    together = served(predictions, classes)
    tables = {TOGETHER: together} | {seed: served(predictions, classes, seed) for seed in predictions.seed.unique()}
    measured = answered(together, classes, metrics.threshold.decides, passed)
    refusal = Refusal(
        kind=kind,
        level=LEVEL,
        least={seed: _least(table, classes) for seed, table in tables.items()},
        patients=_patients(cases, fold),
        at_chance=_at_chance(metrics),
        sets={name: Answered.model_validate(of_set) for name, of_set in measured.items()},
        changed=_changed(gate, kind, sets),
    )
    return {"refusal.json": dump(refusal)} | ({"gate.npz": arrays} if kind else {})


def _described(one: Set, model_input: ModelInput) -> Rows:
    """Return what describes the cases of a set: of a table its rows as the model sees them."""
    _, data, rows = one
    if model_input.preparer is not None:
        return np.asarray(model_input.of(data)[rows], np.float32)
    frame, settings = data.cases.frame.iloc[rows], model_input.image
    kept = settings.model_dump_json(exclude={"augment", "flip_test"})
    return cached(["descriptor", str(VERSION), kept, *frame.case_id, *frame.digest], lambda: describe(data.X[rows]))


def _some(described: Rows) -> Rows:
    if len(described) <= MOST:
        return described
    return described[np.sort(np.random.default_rng(0).choice(len(described), MOST, replace=False))]


def _distances(gate: Gate, one: Set, model_input: ModelInput) -> "pd.Series[float]":
    _, data, rows = one
    ids = data.cases.frame.case_id.iloc[rows].to_numpy(str)
    return pd.Series(gate.distances(_described(one, model_input)), ids)


def _least(table: pd.DataFrame, classes: Sequence[str]) -> dict[str, float]:
    return dict(zip(classes, smallest_probabilities(table, classes).tolist(), strict=True))


def _kind(
    gate: Gate, distances: Mapping[str, "pd.Series[float]"], cases: Dataset, fold: Fold, arrays: bytes
) -> Kind | None:
    if "validation" not in distances:
        return None
    groups = np.unique(cases.cases.groups[fold.validation], return_inverse=True)[1]
    limited = pass_limit(np.asarray(distances["validation"], np.float64), groups)
    if limited is None:
        return None
    numbers = {"training": len(gate.rows), "patients": len(np.unique(groups))}
    return Kind(limit=limited[0], passes=limited[1], arrays=hashlib.sha256(arrays).hexdigest(), **numbers)


def _patients(cases: Dataset, fold: Fold) -> dict[str, int]:
    y, groups = cases.cases.y[fold.validation], cases.cases.groups[fold.validation]
    return {name: len(np.unique(groups[y == k])) for k, name in enumerate(cases.cases.classes)}


def _at_chance(metrics: Metrics) -> dict[str, Value]:
    """Return the tested sets on which balanced accuracy is not shown to be above that of guessing."""
    values = {name: of_set.served.metrics["balanced_accuracy"] for name, of_set in metrics.sets.items()}
    level = 1 / len(metrics.classes)
    known = {name: value for name, value in values.items() if is_tested(name) and value.low is not None}
    return {name: value for name, value in known.items() if value.side_of(level) <= 0}


def _changed(gate: Gate, kind: Kind | None, sets: Sequence[Set]) -> dict[str, Value]:
    """Return the share refused of test images that were changed, and of noise; nothing for a table."""
    tested = {name: (data, rows) for name, data, rows in sets if name == "test"}
    if kind is None or not tested:
        return {}
    data, rows = tested["test"]
    if data.kind == "table":
        return {}
    rows = rows if len(rows) <= CHANGED else np.sort(np.random.default_rng(0).choice(rows, CHANGED, replace=False))
    X, groups = data.X[rows], np.unique(data.cases.groups[rows], return_inverse=True)[1]
    changed = {name: change(X) for name, change in CHANGES.items()}
    changed["noise"] = np.random.default_rng(0).integers(0, 256, X.shape, np.uint8)
    return {
        name: Value.model_validate(share(gate.distances(describe(images)) > kind.limit, groups))
        for name, images in changed.items()
    }
