"""Grids of every kind and size: whatever `check` passes, `run` finishes, or names a fault of the data."""

import itertools

import numpy as np
import pandas as pd
import pytest

from seimbang import balance
from seimbang.classical import CLASSICAL
from seimbang.classical.base import Estimator
from seimbang.errors import DataError
from seimbang.imaging.base import ImageSettings
from seimbang.record.arm import Candidate
from seimbang.record.choice import find_arm
from seimbang.record.read import read, read_search
from seimbang.runs import run as runs
from seimbang.runs.results import search_files
from seimbang.runs.stages import Result
from seimbang.study.models import make
from seimbang.study.schema import parse
from seimbang.training.base import SEARCH, Task, TrainingSettings
from trained import train

VALUES = {
    "svm": {"kernel": ["rbf", "linear"], "C": [1.0, 2.0], "gamma": ["scale", 0.5]},
    "knn": {"k": [1, 3], "metric": ["euclidean", "cosine"], "weights": ["uniform", "distance"]},
    "forest": {"trees": [2, 3], "max_features": ["all", 1], "min_leaf": [1, 2], "search_trees": [2]},
    "logistic": {"C": [1.0, 0.1]},
    "boosting": {"trees": [2, 3], "learning_rate": [0.1, 0.5], "leaves": [2, 3], "min_leaf": [1, 2]},
    "mlp": {"units": [[2], [2, 2]], "alpha": [0.0, 0.1], "epochs": [2, 3]},
    "naive_bayes": {"smoothing": [1e-9, 0.1]},
    "tree": {"depth": [0, 1], "min_leaf": [1, 2]},
}
"""Values of every key of every model that a grid may have."""


def grids(model):
    """Return grids of one candidate and of several, over one key and over all that the model has."""
    keys = VALUES[model]
    alone = [{key: values[:many]} for key, values in keys.items() for many in range(1, len(values) + 1)]
    return [*alone, {key: values[:1] for key, values in keys.items()}, {key: [v[0], v[0]] for key, v in keys.items()}]


Y = np.arange(12) % 2
X = (np.random.default_rng(0).normal(size=(12, 3)) + Y[:, None]).astype(np.float32)
ROWS = np.arange(12)
NONE = balance.make({"method": "none"})


def searched(folder, model, grid, **search):
    """Return what a reader of the run folder is told of the search of one job."""
    settings = make({"name": model, "grid": grid, "search": search} | ({} if model == "svm" else {"calibrate": "none"}))
    recipe = NONE.recipe(X, Y, 0, ROWS)
    task = Task(
        settings, TrainingSettings(), NONE, recipe, X, Y, ROWS, ROWS[:0], (1, 3, 1), 2, ImageSettings(), "t", False
    )
    learned = train(task)[0]
    (folder / SEARCH).write_bytes(learned.files[SEARCH])
    for name, content in search_files([Result(None, folder, "", {SEARCH: ""})] * 2).items():
        (folder / name).write_text(content)
    return read_search(folder)


def test_every_key_of_every_model_is_tried_and_none_is_called_as_a_column_of_the_search():
    own = {name: set(kind.model_fields) - set(Estimator.model_fields) for name, kind in CLASSICAL.items()}
    assert own == {name: set(values) for name, values in VALUES.items()}
    assert not set().union(*own.values()) & set(Candidate.model_fields)


@pytest.mark.parametrize("model", VALUES)
def test_what_was_searched_can_be_read(model, tmp_path):
    sizes = itertools.cycle(itertools.product((2, 3), (1, 2), ("balanced_accuracy", "accuracy")))
    for number, (grid, (folds, repeats, by)) in enumerate(zip(grids(model), sizes, strict=False)):
        folder = tmp_path / str(number)
        folder.mkdir()
        read = searched(folder, model, grid, folds=folds, repeats=repeats, by=by)
        different = {key: list(dict.fromkeys(map(str, values))) for key, values in grid.items()}
        if all(len(values) == 1 for values in grid.values()):
            assert read == []
            continue
        assert {key: {c.settings[key] for c in read} for key in grid} == {k: {*v} for k, v in different.items()}
        assert sum(candidate.chosen for candidate in read) == 2
        assert {candidate.by for candidate in read} == {by}
        assert all(0 <= candidate.mean <= 1 for candidate in read)


ARMS = [
    {"name": "one candidate", "model": {"name": "svm", "grid": {"C": [1.0]}}},
    {"name": "a list", "model": {"name": "mlp", "grid": {"units": [[2], [2, 2]], "epochs": [3]}}},
    {"name": "metric", "model": {"name": "knn", "k": 1, "grid": {"metric": ["euclidean", "cosine"]}}},
]


def study(folder, sick, search, **split):
    """Return a study of a small table that it writes."""
    rng, label = np.random.default_rng(sick), ["sick"] * sick + ["well"] * 11
    rows = {"a": rng.normal(size=len(label)) + 2 * np.equal(label, "sick"), "b": rng.normal(size=len(label))}
    pd.DataFrame(rows | {"label": label}).to_csv(folder / "t.csv", index=False)
    data = {"source": "csv", "path": "t.csv", "features": "all", "id_column": "", "positive": "sick"}
    model = {"name": "tree", "search": search}
    return parse({"title": "t", "data": data, "split": split, "model": model, "arm": ARMS})


@pytest.mark.parametrize(
    ("sick", "search", "split"),
    [
        (2, {"folds": 2}, {"folds": 2, "validation": 0.0}),
        (3, {"folds": 5}, {"validation": 0.0}),
        (5, {"folds": 3, "repeats": 2}, {"folds": 2, "validation": 0.2}),
        (6, {"folds": 2, "by": "accuracy"}, {"folds": 3, "repeats": 2, "validation": 0.0}),
    ],
    ids=str,
)
def test_a_run_finishes_or_names_a_fault_of_the_data(sick, search, split, tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "AFTER", runs.AFTER[:-1])  # the figures of a report take longer than all they show
    refused: DataError | None = None
    try:
        runs.run(study(tmp_path, sick, search, **split), tmp_path, tmp_path / "run")
    except DataError as error:
        refused = error
    if refused:
        assert "class 'sick'" in refused.found
        return
    whole = read(tmp_path / "run")
    assert whole.unfinished == []
    assert [len(arm.search) for arm in whole.arms] == [0, 2, 2]
    assert find_arm(tmp_path / "run", None) in {"one-candidate", "a-list", "metric"}
