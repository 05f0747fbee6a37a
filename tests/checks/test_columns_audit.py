"""Tables in the audit: gaps and outliers by column, identical rows; what is for images is left out."""

from dataclasses import replace

import numpy as np
import pytest
from audit_cases import N, dataset, finding_of, fold

from seimbang.checks import audit
from seimbang.checks.columns import beyond_fences, beyond_z
from seimbang.datasets.base import Column

COLUMNS = (Column("age", "number"), Column("sex", "category", categories=("F", "M")), Column("dose", "number"))


def rows(seed=0):
    rng = np.random.default_rng(seed)
    return np.stack([rng.uniform(20, 40, N), rng.integers(0, 2, N), rng.uniform(0, 1, N)], 1).astype(np.float32)


def table(X):
    return replace(dataset(X, kind="table"), columns=COLUMNS)


def test_a_clean_table_says_nothing_of_gaps_outliers_or_pictures():
    codes = {finding.code for finding in audit(table(rows()), [fold()], {"other": table(rows(1))})}
    assert not codes & {"TABLE_GAPS", "TABLE_OUTLIERS", "NEAR_TEST", "QUALITY_OUTLIERS", "SOURCE_PROBE"}
    assert {"CLASS_COUNTS", "PATIENT_UNKNOWN"} <= codes


def test_gaps_are_counted_by_column_the_largest_first():
    X = rows()
    X[:2, 0], X[1:4, 1] = np.nan, np.nan
    finding = finding_of("TABLE_GAPS", table(X))
    assert finding.sentence.startswith("4 cases have missing values: sex 3 (3.3%), age 2 (2.2%).")
    assert finding.cases == ("c000", "c001", "c002", "c003")


def test_outliers_are_counted_by_both_rules_and_categories_have_none():
    X = rows()
    X[5, 0], X[:, 1] = 500, 0
    X[7, 1] = 1
    finding = finding_of("TABLE_OUTLIERS", table(X))
    assert "age 1 and 1." in finding.sentence
    assert "sex" not in finding.sentence
    assert finding.cases == ("c005",)
    assert finding.severity == "info"


def test_fences_and_robust_z_by_hand():
    X = np.array([[1.0], [2], [3], [4], [5], [np.nan], [8.1], [100]])
    # quartiles of the seven numbers 2.5 and 6.55: fences -3.575 and 12.625; median 4, median distance 2
    assert beyond_fences(X)[:, 0].tolist() == [False] * 7 + [True]
    assert beyond_z(np.where(X == 100, 4 + 3.5 * 1.4826 * 2 + 0.01, X))[:, 0].tolist() == [False] * 7 + [True]
    assert not beyond_z(np.where(X == 100, 4 + 3.5 * 1.4826 * 2 - 0.01, X)).any()
    assert not beyond_z(np.array([[1.0], [1], [1], [9]])).any()


@pytest.mark.parametrize(("a", "b", "code"), [(0, 2, "DUPLICATE_TEST"), (0, 1, "DUPLICATE_VALIDATION")])
def test_identical_rows_in_two_parts_are_found(a, b, code):
    X = rows()
    X[a, 2] = np.nan
    X[b] = X[a]
    finding = finding_of(code, table(X))
    assert finding.cases == (f"c{a:03}", f"c{b:03}")
    assert "image" not in finding.title + finding.sentence
