"""Fitting a classical model: its choice among candidates inside the training rows, then the model itself."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from seimbang.balance.base import Balance, Floats, Ints, Recipe
from seimbang.classical.base import Estimator
from seimbang.errors import DataError, StudyError
from seimbang.splits.base import grouped_folds
from seimbang.threads import threads

Rows = npt.NDArray[np.float32]
BLOCK = 256
"""Rows a block, where cases are made or predicted."""
PLENTY = 20
"""So many times the neighbours that are looked at are left of a class however it is divided."""
FOLDS = 5
"""Parts of the training rows in which probabilities are calibrated."""
MANY = 1_000_000
"""Numbers in the rows from which on a forest grows in several threads; with fewer, starting them takes longer."""
ONLY_NETWORKS = ("loss", "mix", "adjust_logits", "head_rows")


@dataclass(frozen=True)
class Fitted:
    """A classical model that was fitted; a ``Classifier``.

    Attributes:
        pipeline: scikit-learn's: scaling, principal components, classifier.
        classes: Number of classes, also of those that were not among the training rows.
        search: One row a candidate: the values of the grid, ``mean`` and ``sd`` over the inner folds of the figure that
            it was compared ``by``, and whether it was ``chosen``. Of a single candidate the row has no figures.
    """

    pipeline: Any
    classes: int
    search: pd.DataFrame

    def probabilities(self, X: npt.NDArray[Any], rows: Ints | None = None) -> Floats:
        """Return the probabilities ``float64[n, classes]`` of images ``[n, h, w, c]`` or of rows ``[n, f]``."""
        which = np.arange(len(X)) if rows is None else rows
        p = np.zeros((len(which), self.classes))
        for start in range(0, len(which), BLOCK):
            part = slice(start, start + BLOCK)
            p[part, self.pipeline.classes_] = self.pipeline.predict_proba(_flat(X[which[part]]))
        return p

    @property
    def engine(self) -> str:
        """The library that fitted the classifier, with its version; what is saved needs scikit-learn alone."""
        from importlib.metadata import version

        classifier = self.pipeline[-1]
        fitted = getattr(classifier, "estimator", classifier)
        name = "scikit-learn-intelex" if type(fitted).__module__.startswith("sklearnex") else "scikit-learn"
        return f"{name} {version(name)}"

    @property
    def network(self) -> None:
        """There is none."""
        return None


def fit(
    model: Estimator,
    recipe: Recipe,
    X: npt.NDArray[Any],
    y: Ints,
    groups: npt.NDArray[Any],
    balance: Balance,
    seed: int,
) -> Fitted:
    """Search the grid of ``model`` inside the training rows and fit the best candidate to all of them.

    Candidates are compared without calibration, which would only cost time, and forests by smaller ones.

    Args:
        model: What to fit.
        recipe: The training rows, as rows of ``X``.
        X: Images ``uint8[n, h, w, c]`` or rows ``float32[n, f]``, which are not changed.
        y: Labels of all rows of ``X``.
        groups: Which rows belong together, such as a patient's, for all rows of ``X``.
        balance: Made anew in each inner training part; with scope ``all`` the inner folds divide the recipe's own rows,
            synthetic ones too, as was published.
        seed: With equal seeds the model is the same.

    Raises:
        StudyError: BALANCE_NETWORK: the method needs a network.
        DataError: FOLD_ROWS: a class is too rare to be divided. KNN_NEIGHBOURS; and what ``balance`` raises.
    """
    classes = int(y.max()) + 1
    _require_rows_only(model, balance)
    candidates = model.candidates()
    search = _search(model, candidates, _Inner(model, recipe, X, y, groups, balance, seed))
    best = candidates[int(np.argmax(search.chosen))]
    rows = _made(recipe, X)
    prepare, rows = _prepared(best, rows, seed)
    classifier = best.classifier(rows, seed)
    if best.calibrate != "none":
        classifier = _calibrated(classifier, best.calibrate, recipe.y, _groups(recipe, groups), seed)
    _train(best, classifier, rows, recipe.y, _weights(balance, recipe.y, classes))
    return Fitted(_joined(prepare, classifier), classes, search)


@dataclass(frozen=True)
class _Inner:
    """What inner folds are made of; see ``fit``."""

    model: Estimator
    recipe: Recipe
    X: npt.NDArray[Any]
    y: Ints
    groups: npt.NDArray[Any]
    balance: Balance
    seed: int

    def parts(self) -> Iterator[tuple[Recipe, Rows, Ints]]:
        """Yield of each inner fold what is trained on, and the rows left out with their labels."""
        search, everything = self.model.search, self.balance.scope == "all"
        rows = np.arange(len(self.recipe)) if everything else np.unique(self.recipe.real)
        y, groups = (self.recipe.y, rows) if everything else (self.y[rows], self.groups[rows])
        for repeat in range(search.repeats):
            for train, left in inner_folds(y, groups, search.folds, self.seed + repeat):
                if everything:
                    yield _only(self.recipe, train), _made(_only(self.recipe, left), self.X), y[left]
                else:
                    made = self.balance.recipe(self.X, y[train], self.seed, rows[train])
                    yield made, _made(Recipe.of_real(rows[left], y[left]), self.X), y[left]


def _search(model: Estimator, candidates: list[Estimator], inner: _Inner) -> pd.DataFrame:
    """Return how each candidate did, on average over the inner folds."""
    table = pd.DataFrame([{name: getattr(candidate, name) for name in model.grid} for candidate in candidates])
    scores = np.full((1, 1), np.nan) if len(candidates) == 1 else np.array(list(_scores(candidates, inner)))
    table["mean"], table["sd"] = scores.mean(0), scores.std(0, ddof=1) if len(scores) > 1 else np.nan
    table["by"] = model.search.by
    table["chosen"] = (np.arange(len(candidates)) == scores.mean(0).argmax()).astype(int)
    return table


def _scores(candidates: list[Estimator], inner: _Inner) -> Iterator[list[float]]:
    """Yield of each inner fold the score of every candidate; what does not depend on them is made once."""
    first = candidates[0]
    for recipe, left, truth in inner.parts():
        prepare, rows = _prepared(first, _made(recipe, inner.X), inner.seed)
        left = prepare.transform(left)
        weights = _weights(inner.balance, recipe.y, int(inner.y.max()) + 1)
        scores = []
        for candidate in candidates:
            classifier = candidate.sketch().classifier(rows, inner.seed)
            _train(candidate, classifier, rows, recipe.y, weights)
            scores.append(_score(classifier.predict(left), truth, first.search.by))
        yield scores


def _score(predicted: Ints, truth: Ints, by: str) -> float:
    if by == "accuracy":
        return float((predicted == truth).mean())
    return float(np.mean([(predicted[truth == label] == label).mean() for label in np.unique(truth)]))


def inner_folds(y: Ints, groups: npt.NDArray[Any], folds: int, seed: int) -> list[tuple[Ints, Ints]]:
    """Divide rows, groups kept together and classes in proportion; fewer folds where a class has fewer groups.

    Raises:
        DataError: FOLD_ROWS: a class has one group, or those of a class all came into one part.
    """
    each = {int(label): len(np.unique(groups[y == label])) for label in np.unique(y)}
    rarest = min(each, key=lambda label: each[label])
    count = min(folds, each[rarest])
    parts = grouped_folds(y, groups, count, seed) if count > 1 else []
    if not parts or any(len(np.unique(y[train])) < len(each) for train, _ in parts):
        noun = "case or group" if each[rarest] == 1 else "cases or groups"
        found = f"{each[rarest]} {noun} of class {rarest} among the {len(y)} training rows"
        fix = 'leave out that class, or set calibrate = "none" and no grid'
        raise DataError(
            "FOLD_ROWS", found, "at least 2 of each, which can be divided, to choose or calibrate inside of them", fix
        )
    return parts


def require(
    model: Estimator, balance: Balance, shape: tuple[int, ...], y: Ints, groups: npt.NDArray[Any], seed: int
) -> None:
    """Check what can be told of ``fit`` without the values: the labels of every inner fold, for every candidate.

    Args:
        model: What is to be fitted.
        balance: How the rows are balanced.
        shape: Of one row.
        y: Labels of the training rows.
        groups: Which of them belong together.
        seed: That of ``fit``.

    Raises:
        StudyError, DataError: What ``fit`` would raise.
    """
    _require_rows_only(model, balance)
    balance.require(shape, y)
    candidates, rows = model.candidates(), balance.fewest(y)
    rarest = min(len(np.unique(groups[y == label])) for label in np.unique(y))
    most = max(getattr(settings, "k", 1) for settings in (balance, *candidates))
    if balance.scope == "all" or rarest >= PLENTY * most:
        return
    for repeat in range(model.search.repeats if len(candidates) > 1 else 0):
        for train, _ in inner_folds(y, groups, model.search.folds, seed + repeat):
            balance.require(shape, y[train])
            _require_rows(candidates, balance.fewest(y[train]))
    if model.calibrate != "none":
        fewest = min(len(train) for train, _ in inner_folds(y, groups, FOLDS, seed))
        rows = rows * fewest // len(y)
    _require_rows(candidates, rows)


def _require_rows(candidates: Sequence[Estimator], rows: int) -> None:
    for candidate in candidates:
        candidate.require(rows)


def _groups(recipe: Recipe, groups: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the group of each row of the recipe, of a synthetic one that of its first parent."""
    of_rows: npt.NDArray[Any] = groups[np.concatenate([recipe.real, recipe.i])]
    return of_rows


def _only(recipe: Recipe, which: Ints) -> Recipe:
    """Return the recipe of ``which`` of its rows, in ascending order."""
    real, made = which[which < len(recipe.real)], which[which >= len(recipe.real)] - len(recipe.real)
    seeds = recipe.seeds[made] if len(recipe.seeds) else recipe.seeds
    return replace(
        recipe,
        real=recipe.real[real],
        i=recipe.i[made],
        j=recipe.j[made],
        delta=recipe.delta[made],
        y=recipe.y[which],
        seeds=seeds,
        donors=recipe.donors[made] if len(recipe.donors) else recipe.donors,
    )


def _made(recipe: Recipe, X: npt.NDArray[Any]) -> Rows:
    """Return the rows of the recipe, flat, made a block at a time: the whole is in memory only once."""
    rows = np.empty((len(recipe), int(np.prod(X.shape[1:]))), np.float32)
    for start in range(0, len(rows), BLOCK):
        which = np.arange(start, min(start + BLOCK, len(rows)))
        rows[which] = _flat(recipe.draw(X, which))
    return rows


def _flat(X: npt.NDArray[Any]) -> Rows:
    """Return images as rows of pixels in [0, 1], and rows as they are."""
    rows: Rows = X.reshape(len(X), -1).astype(np.float32)
    if X.ndim == 4:
        rows /= 255
    return rows


def _prepared(model: Estimator, rows: Rows, seed: int) -> tuple[Any, Rows]:
    """Fit scaling and principal components to rows, which are overwritten, and return both."""
    from sklearn.decomposition import PCA
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    steps: list[tuple[str, Any]] = []
    if model.scale:
        scaler = StandardScaler(copy=False)
        for start in range(0, len(rows), BLOCK):  # at once it would need twice the memory of the rows
            scaler.partial_fit(rows[start : start + BLOCK])
        rows = scaler.transform(rows)
        steps.append(("scale", scaler.set_params(copy=True)))
    if model.pca:
        kept = min(int(model.pca), *rows.shape) if model.pca >= 1 else model.pca
        pca = PCA(kept, copy=False, random_state=seed)
        rows = pca.fit_transform(rows)
        steps.append(("pca", pca.set_params(copy=True)))
    return Pipeline(steps or [("scale", "passthrough")]), rows


def _calibrated(classifier: Any, method: str, y: Ints, groups: npt.NDArray[Any], seed: int) -> Any:
    """Return a classifier whose probabilities are learned from rows it was not fitted to, and then fitted to all."""
    from sklearn.calibration import CalibratedClassifierCV

    return CalibratedClassifierCV(classifier, method=method, cv=inner_folds(y, groups, FOLDS, seed), ensemble=False)


def _train(model: Estimator, classifier: Any, rows: Rows, y: Ints, weights: Floats | None) -> None:
    """Fit a classifier; one that has not quite converged after its last step is taken as it is."""
    from joblib import parallel_config
    from sklearn import config_context
    from sklearn.exceptions import ConvergenceWarning

    extra = {} if weights is None else {"sample_weight": weights}
    workers = threads() if model.threads and rows.size >= MANY else 1
    parallel = parallel_config("threading", n_jobs=workers) if workers > 1 else nullcontext()
    with warnings.catch_warnings(), parallel, config_context(skip_parameter_validation=True):
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit(rows, y, **extra)


def _weights(balance: Balance, y: Ints, classes: int) -> Floats | None:
    """Return the weight of each row, if classes weigh differently."""
    weights = balance.class_weights(np.bincount(y, minlength=classes).astype(np.int64))
    return None if weights is None else weights[y]


def _joined(prepare: Any, classifier: Any) -> Any:
    """Return one pipeline of both."""
    from sklearn.pipeline import Pipeline

    if hasattr(classifier, "cv"):
        classifier.cv = None  # the rows of the folds are of no use any more
    return Pipeline([*prepare.steps, ("classifier", classifier)])


def _require_rows_only(model: Estimator, balance: Balance) -> None:
    """Check that a method does nothing but choose, make and weigh rows.

    Raises:
        StudyError: BALANCE_NETWORK.
    """
    hooks = [name for name in ONLY_NETWORKS if getattr(type(balance), name) is not getattr(Balance, name)]
    weighs = type(balance).class_weights is not Balance.class_weights
    if hooks or (weighs and not model.weighable):
        why = "which acts while a network is trained" if hooks else "which cannot weigh cases"
        found = f"{balance.title} for {model.title}, {why}"
        fix = "use oversample, undersample, smote or one of its kind" + (", or class_weights" if hooks else "")
        raise StudyError("BALANCE_NETWORK", found, "a method that suits the model", fix)
