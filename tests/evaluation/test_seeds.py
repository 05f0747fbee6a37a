"""Intervals and tests over patients and seeds: right where the truth is known."""

import numpy as np
import pytest
from scipy import stats

from seimbang.evaluation import intervals, paired, seeds
from seimbang.evaluation.paired import PairTest


def difference(first, second, noise=0.0):
    return seeds.difference(seeds.Trainings(first, noise), seeds.Trainings(second, noise))


def test_without_a_difference_between_seeds_nothing_changes():
    between = seeds.spread(np.full(3, 0.8))
    assert seeds.widened(0.8, 0.7, 0.9, between, (0, 1)) == (0.7, 0.9, 0.0)
    test = PairTest(0.1, 0.03, "some")
    assert paired.with_seeds(test, between) is test


def test_where_patients_vary_little_it_is_the_t_interval_of_the_seeds():
    values = np.array([0.70, 0.75, 0.83])
    low, high, share = seeds.widened(values.mean(), values.mean(), values.mean(), seeds.spread(values), (0, 1))
    expected = stats.t.interval(0.95, 2, values.mean(), stats.sem(values))
    assert (low, high) == pytest.approx(expected)
    assert share == 1


def test_a_tests_p_of_patients_that_are_certain_is_welchs():
    first, second = np.array([0.70, 0.75, 0.83]), np.array([0.60, 0.61, 0.66, 0.70])
    d = first.mean() - second.mean()
    sure = PairTest(d, 1e-300, "sure", edges=lambda pairs: (d - 1e-9, d + 1e-9))
    test = paired.with_seeds(sure, difference(first, second))
    assert test.p == pytest.approx(stats.ttest_ind(first, second, equal_var=False).pvalue, rel=1e-2)


def test_a_difference_near_0_has_the_error_of_its_interval_and_no_interval_beyond_1():
    """Over a p near 1 a difference near 0 is any number: the demo's intervals reached from -1.85 to 1.86."""
    almost = PairTest(0.0004, 0.9995, "some", edges=lambda pairs: (-0.0588, 0.0596))
    first, second = np.array([0.85, 0.88, 0.91]), np.array([0.86, 0.88, 0.90])
    test = paired.with_seeds(almost, difference(first, second))
    low, high = test.edges(1)
    assert -0.12 < low < -0.0588
    assert 0.0596 < high < 0.12
    assert test.p > 0.95
    wide = paired.with_seeds(almost, difference(np.array([0.1, 0.9]), np.array([0.2, 0.7])))
    assert wide.edges(6) == (-1, 1)


@pytest.mark.parametrize("pairs", [1, 6])
def test_0_is_outside_exactly_where_the_corrected_p_is_below_5_percent(pairs):
    rng = np.random.default_rng(pairs)
    sides = []
    for _ in range(300):
        d, error = rng.normal(0, 0.05), 0.02
        p = 2 * stats.norm.sf(abs(d) / error)

        def edges(m, d=d, error=error):
            half = stats.norm.isf(0.025 / m) * error
            return d - half, d + half

        values = rng.normal(0, 0.02, (2, 3))
        test = paired.with_seeds(PairTest(d, p, "z", edges=edges), difference(*values))
        low, high = test.edges(pairs)
        assert (low > 0 or high < 0) == (test.p * pairs < 0.05)
        sides.append(low > 0 or high < 0)
    assert 0.1 < np.mean(sides) < 0.9


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("seed_sd", [0.0, 0.3, 1.0, 3.0])
def test_the_error_of_equal_methods_is_at_most_5_percent(count, seed_sd):
    """Of patients with sd 1 of the mean, and seeds with ``seed_sd``: the same method twice, other seeds."""
    rng = np.random.default_rng(count)
    wrong, n = 0, 3000
    for _ in range(n):
        patients = rng.normal()
        first, second = rng.normal(0, seed_sd, (2, count))
        d = patients + first.mean() - second.mean()
        between = difference(first, second)
        wrong += (seeds.p_value(d, 1.0, between) if between.variance else 2 * stats.norm.sf(abs(d))) < 0.05
    assert wrong / n < 0.05 + 3 * np.sqrt(0.05 * 0.95 / n)


@pytest.mark.parametrize(("count", "seed_sd"), [(3, 0.0), (3, 1.0), (5, 3.0)])
def test_intervals_hold_the_truth_in_95_percent(count, seed_sd):
    rng = np.random.default_rng(10 * count)
    held, n = 0, 3000
    for _ in range(n):
        patients, of_seeds = rng.normal(), rng.normal(0, seed_sd, count)
        value = patients + of_seeds.mean()
        low, high, _ = seeds.widened(value, value - intervals.Z, value + intervals.Z, seeds.spread(of_seeds), (-99, 99))
        held += low < 0 < high
    assert 0.935 < held / n < 0.985


def test_outperformance_needs_two_seeds():
    draws = np.zeros((10, 1))
    assert seeds.outperformance(draws, np.zeros((10, 3)), 0) is None


def test_the_interaction_is_that_of_a_two_way_table_without_repetition():
    """Of one part and a case a patient its variance is the mean square of patients x seeds, over the patients."""
    table = np.random.default_rng(1).normal(0, 1, (3, 40))
    left = table - table.mean(0) - table.mean(1, keepdims=True) + table.mean()
    expected = (left**2).sum() / (2 * 39) / 40
    assert seeds.noise(table, np.zeros(40, int), np.arange(40), 1.0) == pytest.approx(expected)
    assert seeds.noise(table[:1], np.zeros(40, int), np.arange(40), 1.0) == 0


def crossed(rng, count, between, n=80):
    """Return accuracies of an arm and who is right: patients of all difficulty, seeds of quality ``between``."""
    difficulty, quality = rng.normal(0, 1, n), rng.normal(0, between, (count, 1))
    return rng.normal(0, 1, (count, n)) < 0.7 + 0.5 * difficulty + quality


@pytest.mark.parametrize("between", [0.0, 0.4])
def test_what_patients_explain_is_counted_once(between):
    """The variance of the mean over patients and seeds is that over patients and what is left between seeds."""
    rng, part, own = np.random.default_rng(3), np.zeros(80, int), np.arange(80)
    right = np.array([crossed(rng, 5, between) for _ in range(800)], float)
    known = right.mean((1, 2)).var(ddof=1)
    patients = right.mean(1).var(1, ddof=1).mean() / 80
    values, noises = right.mean(2), [seeds.noise(table, part, own, 1.0) for table in right]
    left = (values.var(1, ddof=1) - noises).mean() / 5
    assert patients + left == pytest.approx(known, rel=0.12)
    twice = patients + values.var(1, ddof=1).mean() / 5
    assert twice > known * (1.3 if between == 0 else 1.1)


def test_where_patients_explain_all_between_seeds_only_its_uncertainty_counts():
    values, d, error = np.array([0.80, 0.81, 0.83]), 0.05, 0.02
    raw = 2 * values.var(ddof=1) / 3
    noisy = seeds.Trainings(values, 2 * float(values.var(ddof=1)))
    p = seeds.p_value(d, error**2, seeds.difference(noisy, noisy))
    assert p == pytest.approx(2 * stats.t.sf(d / error, error**4 / (raw**2 / 4)), rel=1e-2)
