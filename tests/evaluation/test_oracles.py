"""What the product prints against statsmodels and scikit-learn, which reckon it on their own."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from sklearn import metrics as sk
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from seimbang.evaluation import clinical, compare, evaluate, paired
from seimbang.evaluation.base import EvaluationSettings
from seimbang.evaluation.probabilities import expit

CLASSES = ["healthy", "ill"]
N = 240


def table(seed, part="test", strength=1.6, n=N):
    """Return predictions of cases that are the same for each seed, as another model makes them."""
    y = (np.random.default_rng(99).uniform(size=n) < 0.35).astype(int)
    p = expit(strength * (y - 0.4) + np.random.default_rng(seed).normal(0, 1, n))
    facts = {"case_id": [f"{part}{k}" for k in range(n)], "group": "", "fold": "", "seed": "0", "set": part}
    return pd.DataFrame(facts).assign(label=np.array(CLASSES)[y], p_healthy=1 - p, p_ill=p)


def sides(rows):
    return (rows.label == "ill").to_numpy(), rows.p_ill.to_numpy()


@pytest.fixture(scope="module")
def printed():
    rows = pd.concat([table(1), table(2, "validation")])
    settings = EvaluationSettings(prevalence=0.03)
    metrics = evaluate(rows, CLASSES, resamples=100)["sets"]["test"]
    return metrics, clinical(rows, CLASSES, "ill", settings)["sets"]["test"]


def test_shares_have_wilsons_interval_of_statsmodels(printed):
    ill, p = sides(table(1))
    called = p >= 0.5
    of = printed[0]["default"]
    shares = {
        "accuracy": (of["metrics"]["accuracy"], (called == ill)),
        "sensitivity": (of["per_class"]["ill"]["recall"], called[ill]),
        "specificity": (of["per_class"]["ill"]["specificity"], ~called[~ill]),
        "precision": (of["per_class"]["ill"]["precision"], ill[called]),
    }
    for name, (number, hits) in shares.items():
        low, high = proportion_confint(hits.sum(), len(hits), method="wilson")
        assert (number["value"], number["low"], number["high"]) == pytest.approx((hits.mean(), low, high)), name


def test_operating_points_have_wilsons_interval_and_bayes_values(printed):
    ill, p = sides(table(1))
    for point in printed[1]["operating"]:
        called = p >= point["thresholds"][0]
        hits = called[ill]
        ends = proportion_confint(hits.sum(), len(hits), method="wilson")
        if 3 < hits.sum() < len(hits) - 3:
            assert (point["sensitivity"]["low"], point["sensitivity"]["high"]) == pytest.approx(ends)
        own, stated = point["predictive"]
        assert own["ppv"]["value"] == pytest.approx(sk.precision_score(ill, called))
        assert own["npv"]["value"] == pytest.approx(sk.precision_score(~ill, ~called))
        true, false = sk.recall_score(ill, called), 1 - sk.recall_score(~ill, ~called)
        assert stated["ppv"]["value"] == pytest.approx(0.03 * true / (0.03 * true + 0.97 * false))
        assert stated["npv"]["value"] == pytest.approx(0.97 * (1 - false) / (0.97 * (1 - false) + 0.03 * (1 - true)))


def test_calibration_is_statsmodels_logistic_regression(printed):
    ill, p = sides(table(1))
    odds = np.log(p / (1 - p))
    fitted = sm.Logit(ill.astype(float), sm.add_constant(odds)).fit(disp=0)
    shifted = sm.GLM(ill.astype(float), np.ones(N), family=sm.families.Binomial(), offset=odds).fit()
    slope, intercept = (printed[1]["calibration"][key] for key in ("slope", "intercept"))
    assert slope["value"] == pytest.approx(fitted.params[1], abs=1e-6)
    assert intercept["value"] == pytest.approx(shifted.params[0], abs=1e-6)
    # Its Wald intervals are of the same width as the jackknife's, but for the error of either.
    assert [slope["low"], slope["high"]] == pytest.approx(fitted.conf_int()[1], abs=0.1)
    assert [intercept["low"], intercept["high"]] == pytest.approx(shifted.conf_int()[0], abs=0.1)


def test_curves_and_brier_are_scikit_learns(printed):
    ill, p = sides(table(1))
    default, bands = printed[0]["default"], printed[0]["bands"]["ill"]
    false, true, _ = sk.roc_curve(ill, p, drop_intermediate=False)
    kept = np.array(default["roc"])
    assert all(np.isclose(np.c_[false, true], point, atol=1e-6).all(1).any() for point in kept)
    assert np.trapezoid(bands["roc"]["value"], bands["roc"]["x"]) == pytest.approx(sk.roc_auc_score(ill, p), abs=0.01)
    mean = np.mean(bands["precision_recall"]["value"])
    assert mean == pytest.approx(sk.average_precision_score(ill, p), abs=0.03)
    assert default["metrics"]["brier"]["value"] == pytest.approx(sk.brier_score_loss(ill, p))
    assert default["metrics"]["log_loss"]["value"] == pytest.approx(sk.log_loss(ill, p))


def test_mcnemar_is_that_of_statsmodels():
    rows = {"a": table(1), "b": table(5, strength=1.0)}
    (pair,) = compare(rows, CLASSES)["sets"]["test"]["pairs"]
    right = [(p >= 0.5) == ill for ill, p in map(sides, rows.values())]
    crossed = pd.crosstab(*right)
    expected = mcnemar(crossed, exact=False, correction=True).pvalue
    assert pair["mcnemar"]["p"] == pytest.approx(expected)
    assert pair["only_first"] == crossed.loc[True, False]


def test_corrections_are_those_of_statsmodels():
    rows = {
        name: table(k, strength=strength) for k, (name, strength) in enumerate(zip("abcd", (0.6, 1, 2, 3), strict=True))
    }
    pairs = compare(rows, CLASSES)["sets"]["test"]["pairs"]
    for test in ("balanced_accuracy", "mcnemar", "auc"):
        p = [pair[test]["p"] for pair in pairs]
        assert [pair[test]["corrected"] for pair in pairs] == pytest.approx(multipletests(p, method="bonferroni")[1])
        assert paired.holm(p) == pytest.approx(multipletests(p, method="holm")[1])
