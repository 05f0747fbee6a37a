"""Predictions of several arms -> ``comparisons.json``: every pair of arms, tested on the same cases."""

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from seimbang.errors import IntegrityError
from seimbang.evaluation import figures, intervals, paired, seeds
from seimbang.evaluation.folds import Folds, measure
from seimbang.evaluation.metric import Metric
from seimbang.evaluation.metrics import Weighted
from seimbang.evaluation.paired import PairTest
from seimbang.evaluation.predictions import Floats, Scored, aligned, checked, is_tested, scored
from seimbang.evaluation.table import PRIMARY

ONLY_TEST = "only for the test set"
RESAMPLES, PER_PAIR = 2000, 400
DRAWS = 500
"""Of patients, for the probability of outperformance."""
KEYS, FACTS = ["set", "fold", "case_id"], ["label", "group"]


def outcomes(classes: int) -> list[str]:
    """Return the keys of the outcomes of a pair: of the metrics that are tested, of who is right, and over folds."""
    exchanged = [metric.key for metric in figures.exchanged(classes)]
    ranked = [metric.key for metric in figures.ranked(classes)]
    return [*exchanged, "mcnemar", *ranked, *figures.fold_outcomes(classes)]


def compare(
    predictions: Mapping[str, pd.DataFrame],
    classes: Sequence[str],
    seed: int = 0,
    tuned: Collection[str] = (),
    against: str | None = None,
) -> dict[str, Any]:
    """Test every pair of arms on the test set and on each external set.

    A case that was predicted in several folds counts once, with its mean probabilities; in the test over folds once a
    fold. With several seeds the difference is that of the means over them, and its error knows of both patients and
    seeds. Arms may have different numbers of seeds.

    Args:
        predictions: What ``evaluate`` takes, by arm; all of the same cases, divided alike. The same table under two
            names, one of them ``tuned``, is the same model read in two ways.
        classes: Class names; the positive one of two is the last.
        seed: Seed of the exchanges of arms.
        tuned: Arms whose answer is by their threshold chosen on validation.
        against: The arm that every other one is tested against, and only that; None tests every pair.

    Returns:
        ``arms`` and ``sets``; a set has ``n``, ``groups``, ``by_folds``, whether the tests over folds lead, since the
        others do not know of the folds, and ``pairs``; a pair has ``first``, ``second``, how many cases only one of
        them has right (of several seeds their mean), the probability that a training of the first does better than one
        of the second (None with one seed), and the outcome of each of ``outcomes``: first minus second, interval, p,
        and p corrected, as ``paired.simultaneous`` makes them of all pairs of that test and set; None with the reason
        where a test cannot be made.

    Raises:
        IntegrityError: A table is not what a run writes; COMPARE_CASES: an arm lacks cases that another has, or says
            otherwise what they are.
    """
    tables = {arm: checked(frame, classes) for arm, frame in predictions.items()}
    _same_cases(tables)
    sets = {arm: scored(table, classes) for arm, table in tables.items()}
    folds = {arm: measure(table, classes, arm in tuned) for arm, table in tables.items()}
    compared = {}
    for number, name in enumerate(name for name in next(iter(sets.values())) if is_tested(name)):
        cases = {arm: of_arm[name] for arm, of_arm in sets.items()}
        pairs = [pair for pair in combinations(cases, 2) if against in (None, *pair)]
        compared[name] = _Set(cases, pairs, tuned, classes, seed + number).table(folds if name == "test" else {})
    return {"arms": list(predictions), "sets": compared}


class _Set:
    """All arms on one set."""

    def __init__(
        self,
        cases: Mapping[str, Scored],
        pairs: Sequence[tuple[str, str]],
        tuned: Collection[str],
        classes: Sequence[str],
        seed: int,
    ) -> None:
        self.seeds = {arm: of_arm.seeds for arm, of_arm in cases.items()}
        self.cases, self.classes, self.pairs, self.seed = aligned(cases), classes, pairs, seed
        self.first = next(iter(self.cases.values()))
        self.predicted = {arm: of_arm.decisions(arm in tuned) for arm, of_arm in self.cases.items()}
        self.of_seeds = self._of_seeds(np.ones((1, len(self.first.y))))
        several = max(self.seeds.values()) > 1
        self.draws = intervals.resample(self.first, self._of_seeds, DRAWS, seed) if several else {}
        # So many that of each pair's exchanges some lie beyond the ends of its interval, however many pairs there are.
        self.resamples = max(RESAMPLES, PER_PAIR * len(pairs))

    def table(self, folds: Mapping[str, Folds]) -> dict[str, Any]:
        """Return the set as ``comparisons.json`` holds it."""
        tests = [self._tests(first, second, folds) for first, second in self.pairs]
        of_test = {name: paired.simultaneous([one[name] for one in tests]) for name in outcomes(len(self.classes))}
        rows = [
            self._right(first, second) | {name: of_pairs[k] for name, of_pairs in of_test.items()}
            for k, (first, second) in enumerate(self.pairs)
        ]
        by_folds = any(len(of_arm.names) > 1 for of_arm in folds.values())
        return {"n": self.first.n, "groups": self.first.groups, "by_folds": by_folds, "pairs": rows}

    def _of_seeds(self, w: Floats) -> dict[str, Floats]:
        """Return each metric that is tested, by its key and the arm, of each seed of the arm, shape ``(r, s)``."""
        count = len(self.classes)
        values = {}
        for arm, own in self.seeds.items():
            cases = Weighted(w, self.first.y, self.cases[arm].p, self.predicted[arm], self.first.seeds)
            for metric in (*figures.exchanged(count), *figures.ranked(count)):
                values[f"{metric} {arm}"] = np.stack([metric.of(each) for each in cases.of_each_seed()[:own]], 1)
        return values

    def _between(self, first: str, second: str, metric: Metric) -> intervals.Spread:
        """Return the variance between seeds of a difference; of one arm read in two ways, of the same trainings."""
        trainings, other = (self._trainings(arm, metric) for arm in (first, second))
        if not np.array_equal(self.cases[first].p, self.cases[second].p):
            return seeds.difference(trainings, other)
        added = self._added(first, metric) - self._added(second, metric)
        return seeds.spread(trainings.values - other.values, self._noise(added, metric))

    def _trainings(self, arm: str, metric: Metric) -> seeds.Trainings:
        return seeds.Trainings(self.of_seeds[f"{metric} {arm}"][0], self._noise(self._added(arm, metric), metric))

    def _added(self, arm: str, metric: Metric) -> Floats:
        """Return what each case adds to the figure of each seed of the arm, shape ``(s, n)``."""
        y, own = self.first.y[: self.first.n], self.seeds[arm]
        if metric.paired != "delong":
            rows = self.predicted[arm].reshape(-1, self.first.n)[:own]
            return np.asarray(metric.sign * (rows == y), np.float64)
        scores = self.cases[arm].p[:, 1].reshape(-1, self.first.n)[:own]
        placed = np.empty(scores.shape)
        for row, score in zip(placed, scores, strict=True):
            row[y == 1], row[y == 0] = intervals.placements(y == 1, score)
        return placed

    def _noise(self, added: Floats, metric: Metric) -> float:
        y, group = self.first.y[: self.first.n], self.first.group[: self.first.n]
        part = np.unique(metric.part(y), return_inverse=True)[1]
        weight = 1.0 if metric.paired == "delong" else 1 / (int(part.max()) + 1)
        return seeds.noise(added, part, group, weight)

    def _outperformance(self, first: str, second: str) -> dict[str, Any] | None:
        """Return the probability that a training of the first arm has the higher ``PRIMARY``; None with one seed."""
        if not self.draws:
            return None
        of_first, of_second = (self.draws[f"{PRIMARY} {arm}"] for arm in (first, second))
        result = seeds.outperformance(of_first, of_second, self.seed)
        return None if result is None else dict(zip(("value", "low", "high"), result, strict=True))

    def _right(self, first: str, second: str) -> dict[str, Any]:
        right, other = (self.predicted[arm] == self.first.y for arm in (first, second))
        counts = {"only_first": (right & ~other).sum(), "only_second": (other & ~right).sum()}
        alone = {name: round(float(count) / self.first.seeds, 3) for name, count in counts.items()}
        return {"first": first, "second": second, **alone, "outperformance": self._outperformance(first, second)}

    def _tests(self, first: str, second: str, folds: Mapping[str, Folds]) -> dict[str, PairTest]:
        """Return every test of a pair, by the names of ``outcomes``."""
        right, other = (self.predicted[arm] == self.first.y for arm in (first, second))
        over_folds = {
            test: self._over_folds(metric, folds[first], folds[second]) if folds else paired.undefined(ONLY_TEST)
            for test, metric in figures.fold_outcomes(len(self.classes)).items()
        }
        exchanged, ranked = (choose(len(self.classes)) for choose in (figures.exchanged, figures.ranked))
        accuracy = next(metric for metric in exchanged if metric.paired == "cases")
        over_patients = [
            *((metric.key, metric, self._exchange(metric, first, second)) for metric in exchanged),
            ("mcnemar", accuracy, paired.mcnemar(right, other, self.first.group, self.first.seeds)),
            *((metric.key, metric, self._delong(first, second)) for metric in ranked),
        ]
        knowing = {name: self._with_seeds(test, metric, first, second) for name, metric, test in over_patients}
        return knowing | over_folds

    def _with_seeds(self, test: PairTest, metric: Metric, first: str, second: str) -> PairTest:
        return test if test.p is None else paired.with_seeds(test, self._between(first, second, metric))

    def _exchange(self, metric: Metric, first: str, second: str) -> PairTest:
        y, group = self.first.y, self.first.group
        if self._lacks(metric):
            return paired.undefined(self._absent())
        if (self.predicted[first] == self.predicted[second]).all():
            return paired.undefined("the two arms decide alike on every case", difference=0.0)
        right, other = (metric.sign * (self.predicted[arm] == y) for arm in (first, second))
        part = metric.part(y)
        fewest = min(len(np.unique(group[part == k])) for k in np.unique(part))
        return paired.exchange(paired.gains(right - other, part, group), fewest, self.resamples, self.seed)

    def _over_folds(self, metric: Metric, first: Folds, second: Folds) -> PairTest:
        if self._lacks(metric):
            return paired.undefined(self._absent())
        differences = first.values[metric.key] - second.values[metric.key]
        if np.isnan(differences).any():
            differences = first.share[metric.key] - second.share[metric.key]
        if np.isnan(first.ratio):
            return paired.undefined("the predictions hold no training part, whose size the correction needs")
        return paired.corrected_t(differences, first.ratio, first.repeats)

    def _lacks(self, metric: Metric) -> bool:
        return metric.paired == "classes" and len(np.unique(self.first.y)) < len(self.classes)

    def _delong(self, first: str, second: str) -> PairTest:
        if len(self.classes) != 2:
            return paired.undefined("DeLong's test is for two classes")
        if len(np.unique(self.first.y)) < 2:
            return paired.undefined(self._absent())
        scores = [self.cases[arm].p[:, 1] for arm in (first, second)]
        return paired.delong(self.first.y == 1, scores[0], scores[1], self.first.group, self.first.seeds)

    def _absent(self) -> str:
        absent = [name for k, name in enumerate(self.classes) if not (self.first.y == k).any()]
        return f"the set has no case of {', '.join(absent)}"


def _same_cases(tables: Mapping[str, pd.DataFrame]) -> None:
    """Check that every arm has the rows of the first, with the same labels and patients."""
    (first, known), *others = ((arm, _cases(table)) for arm, table in tables.items())
    for arm, cases in others:
        for has, lacks, gone in (
            (first, arm, known.index.difference(cases.index)),
            (arm, first, cases.index.difference(known.index)),
        ):
            if len(gone):
                raise _differ(f"{lacks!r} lacks {len(gone)} row(s) that {has!r} has", gone[0])
        differ = (cases.reindex(known.index) != known).any(axis=1)
        if differ.any():
            raise _differ(
                f"{differ.sum()} row(s) with another label or patient in {arm!r} than in {first!r}", differ.idxmax()
            )


def _cases(table: pd.DataFrame) -> pd.DataFrame:
    tested = table.loc[table.set.map(is_tested), KEYS + FACTS].drop_duplicates(KEYS)
    return tested.astype(str).set_index(KEYS)


def _differ(found: str, row: Any) -> IntegrityError:
    example = ", ".join(f"{key} {value!r}" for key, value in zip(KEYS, row, strict=True) if value)
    expected = "the same cases in every arm, with the same labels and patients"
    fix = "run the study again without changing the data; compare arms of one protocol only"
    return IntegrityError("COMPARE_CASES", f"{found}, such as {example}", expected, fix)
