"""Operating points are chosen on validation; predictive values follow Bayes' rule."""

import numpy as np
import pandas as pd
import pytest

from seimbang.evaluation import clinical
from seimbang.evaluation.base import EvaluationSettings
from seimbang.evaluation.operating import cut_at

CLASSES = ["healthy", "ill"]


@pytest.mark.parametrize("target", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("of", ["specificity", "sensitivity"])
def test_the_rate_is_reached_and_the_other_as_high_as_it_can_be(of, target):
    rng = np.random.default_rng(0)
    positive = rng.uniform(size=300) < 0.3
    score = np.round(rng.beta(2 + 2 * positive, 4), 2)

    def rates(cut):
        called = score >= cut
        return {"sensitivity": called[positive].mean(), "specificity": (~called)[~positive].mean()}

    reached, other = rates(cut_at(score, positive, of, target)), {"specificity": "sensitivity"}.get(of, "specificity")
    assert reached[of] >= target
    assert reached[other] == max(r[other] for cut in np.linspace(0, 1.005, 202) if (r := rates(cut))[of] >= target)


def test_probabilities_of_0_and_1_leave_a_threshold():
    score, positive = np.array([0.0, 1.0, 0.0, 1.0]), np.array([True, True, False, False])
    assert cut_at(score, positive, "sensitivity", 0.99) == 0
    assert cut_at(score, positive, "specificity", 0.99) > 1


def table(test_labels):
    """Return a validation part of 20 negatives and 10 positives, and a test part with these labels and scores."""
    validation = [("validation", "healthy", k / 40) for k in range(20)] + [
        ("validation", "ill", 0.4 + k / 20) for k in range(10)
    ]
    rows = pd.DataFrame(validation + [("test", *row) for row in test_labels], columns=["set", "label", "p_ill"])
    case = [f"{k:03}" for k in range(len(rows))]
    return rows.assign(case_id=case, group="", fold="", seed="0", p_healthy=1 - rows.p_ill)


def test_figures_are_those_of_the_test_part_by_hand():
    test = [("ill", 0.9)] * 8 + [("ill", 0.1)] * 2 + [("healthy", 0.9)] * 6 + [("healthy", 0.1)] * 24
    made = clinical(table(test), CLASSES, "ill", EvaluationSettings(prevalence=0.02))["sets"]["test"]["operating"]
    assert [(point["at"], point["target"]) for point in made[:2]] == [("specificity", 0.9), ("specificity", 0.95)]
    assert made[0]["thresholds"] == [pytest.approx(17.5 / 40)]
    point = made[0]
    assert point["sensitivity"]["value"] == pytest.approx(0.8)
    assert point["specificity"]["value"] == pytest.approx(0.8)
    own, stated = point["predictive"]
    assert (own["prevalence"], stated["prevalence"]) == (pytest.approx(0.25), 0.02)
    assert own["ppv"]["value"] == pytest.approx(8 / 14)
    assert own["npv"]["value"] == pytest.approx(24 / 26)
    assert stated["ppv"]["value"] == pytest.approx(0.8 * 0.02 / (0.8 * 0.02 + 0.2 * 0.98))
    assert stated["ppv"]["low"] < stated["ppv"]["value"] < stated["ppv"]["high"] < 0.3
    assert stated["npv"]["low"] > 0.97


def test_without_validation_nothing_is_chosen():
    test = table([("ill", 0.9)] * 8 + [("healthy", 0.1)] * 8)
    assert clinical(test[test.set == "test"], CLASSES, "ill")["sets"]["test"]["operating"] == []
