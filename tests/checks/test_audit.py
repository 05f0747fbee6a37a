"""The table of checks, the recipe of an arm, and findings as JSON."""

import numpy as np
import pytest
from audit_cases import dataset, fold, images

from seimbang.balance.base import Recipe
from seimbang.checks import CHECKS, RECIPE_CHECKS, WEIGHTS_CHECKS, audit, audit_recipe, leaks


def test_codes_are_unique_and_titles_are_there():
    codes = [check.code for check in (*CHECKS, *RECIPE_CHECKS, *WEIGHTS_CHECKS)]
    assert len(codes) == len(set(codes))
    assert all(check.title for check in (*CHECKS, *RECIPE_CHECKS, *WEIGHTS_CHECKS))


def recipe(real, i=(), j=()):
    rows = [np.array(part, np.int64) for part in (real, i, j)]
    return Recipe(*rows, np.full(len(i), 0.5), np.zeros(len(real) + len(i), np.int64))


def by_code(findings):
    return {finding.code: finding for finding in findings}


def test_an_arm_that_trains_on_training_cases_alone_gives_no_finding():
    plan = fold()
    smote = recipe(range(len(plan.train)), [0, 1, 2], [3, 4, 5])
    assert audit_recipe(smote, dataset().cases, plan, plan.train, "SMOTE") == []


def test_synthetic_cases_from_test_cases_are_a_leak():
    plan, rows = fold(), np.arange(90)[::-1]  # recipe row 87 is case 2, of the test set
    findings = by_code(
        audit_recipe(recipe(rows[plan.train], [89, 87, 86], [87, 87, 83]), dataset().cases, plan, rows, "A")
    )
    assert set(findings) == {"SYNTHETIC_TEST"}
    leak = findings["SYNTHETIC_TEST"]
    assert (leak.severity, leak.arm, leak.count, leak.cases) == ("leak", "A", 2, ("c002",))
    assert leak.sentence == "2 of 3 synthetic training cases were generated from test cases."


def test_synthetic_cases_from_validation_cases_are_a_warning():
    plan = fold()
    (finding,) = audit_recipe(recipe(plan.train, [0], [1]), dataset().cases, plan, np.arange(90), "A")
    assert (finding.code, finding.severity) == ("SYNTHETIC_VALIDATION", "warning")
    assert finding.sentence == "1 of 1 synthetic training case was generated from validation cases."


def test_training_on_test_cases_is_a_leak():
    plan = fold()
    findings = by_code(audit_recipe(recipe([*plan.train, 1, 2, 2]), dataset().cases, plan, np.arange(90), "A"))
    assert findings["RECIPE_TEST"].sentence == "1 test case is also used for training."
    assert [finding.code for finding in leaks(findings.values())] == ["RECIPE_TEST"]
    assert findings["RECIPE_VALIDATION"].severity == "warning"


@pytest.mark.parametrize("folds", [[], [fold()]])
def test_a_finding_names_at_most_20_cases(folds):
    X = images()
    X[3:60] = X[0]
    assert max(len(finding.cases) for finding in audit(dataset(X), folds)) == 20
