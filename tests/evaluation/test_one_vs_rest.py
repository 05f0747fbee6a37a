"""ROC curves of one class against the rest, against scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics as sk
from test_evaluate import draw, table

from seimbang.evaluation import evaluate


def test_curves_and_areas_of_each_class_are_scikit_learns():
    names = ("a", "b", "c")
    y, p = draw(150, classes=3)
    out = evaluate(table(y, p, classes=names), names, resamples=20)["sets"]["test"]["default"]
    assert out["roc"] == []
    for k, name in enumerate(names):
        found = out["one_vs_rest"][name]
        assert found["auc"]["value"] == pytest.approx(sk.roc_auc_score(y == k, p[:, k]))
        assert found["auc"]["low"] < found["auc"]["value"] < found["auc"]["high"]
        curve = np.array(found["curve"])
        assert np.trapezoid(curve[:, 1], curve[:, 0]) == pytest.approx(found["auc"]["value"], abs=1e-4)


def test_a_class_without_cases_has_no_curve_and_says_why():
    names = ("a", "b", "c")
    y, p = draw(60, classes=2)
    p = np.c_[0.8 * p, np.full(60, 0.2)]
    found = evaluate(table(y, p, classes=names), names, resamples=20)["sets"]["test"]["default"]["one_vs_rest"]["c"]
    assert found["curve"] == []
    assert found["auc"]["why"] == "the set has no case of c"


def test_two_classes_have_the_one_curve():
    y, p = draw(80)
    out = evaluate(table(y, p), ("a", "b"), resamples=20)["sets"]["test"]["default"]
    assert out["one_vs_rest"] == {}
    curve = np.array(out["roc"])
    assert np.trapezoid(curve[:, 1], curve[:, 0]) == pytest.approx(sk.roc_auc_score(y, p[:, 1]), abs=1e-4)
