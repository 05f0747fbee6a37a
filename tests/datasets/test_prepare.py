"""Preparation learns from training rows alone, by the rule it names, and survives JSON."""

import numpy as np
import pytest
from scipy.stats import skew

from seimbang.datasets.base import Column
from seimbang.datasets.prepare import TablePreparer, skewness
from seimbang.errors import DataError

NAN = np.nan
AGE, SEX, DOSE = (
    Column("age", "number", "years"),
    Column("sex", "category", categories=("F", "M")),
    Column("d", "number"),
)


def rows(*values):
    return np.array(values, np.float32)


def test_a_gap_is_the_mean_where_near_normal_and_the_median_where_skewed():
    X = np.stack([[1, 2, 3, NAN], [1, 1, 1, 97]], axis=1).astype(np.float32)
    made = TablePreparer.fit(X, (AGE, DOSE))
    assert made.by == ("mean", "median")
    assert made.fill == (2, 1)
    assert (made.columns[0].low, made.columns[0].high) == (1, 3)


def test_skewness_is_the_third_standardised_moment():
    values = np.random.default_rng(0).gamma(2, size=200)
    assert skewness(values) == pytest.approx(skew(values))
    assert skewness(np.full(5, 3.3)) == 0


def test_training_rows_have_mean_0_and_deviation_1_and_other_rows_use_theirs():
    X = np.random.default_rng(0).gamma(2, 9, (50, 2)).astype(np.float32)
    X[::7, 1] = NAN
    made = TablePreparer.fit(X, (AGE, DOSE))
    Z = made.transform(X)
    assert Z.dtype == np.float32
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(Z.std(axis=0, ddof=1), 1, atol=1e-6)
    new = made.transform(rows([1000, NAN]))
    assert new[0, 0] == pytest.approx((1000 - X[:, 0].astype(float).mean()) / X[:, 0].astype(float).std(ddof=1))
    assert new[0, 1] == pytest.approx((made.fill[1] - made.centre[1]) / made.scale[1])


def test_words_become_one_column_each_and_a_gap_the_most_frequent():
    made = TablePreparer.fit(rows([1, 0], [2, 1], [3, 1]), (AGE, SEX))
    assert made.names == ("age", "sex = F", "sex = M")
    assert made.blocks == ((1, 3),)
    np.testing.assert_array_equal(made.transform(rows([2, 0], [2, 1], [2, NAN]))[:, 1:], [[1, 0], [0, 1], [0, 1]])


def test_a_constant_column_is_0():
    np.testing.assert_array_equal(TablePreparer.fit(rows([3, 1], [3, 2]), (AGE, DOSE)).transform(rows([3, 1]))[:, 0], 0)


def test_an_unknown_word_and_a_column_without_a_value_are_named():
    made = TablePreparer.fit(rows([1, 0], [2, 1]), (AGE, SEX))
    with pytest.raises(DataError, match=r"DATA_CATEGORY.*'sex'.*F, M"):
        made.transform(rows([1, 2]))
    with pytest.raises(DataError, match=r"DATA_ALL_MISSING.*'age'"):
        TablePreparer.fit(rows([NAN, 0], [NAN, 1]), (AGE, SEX))
