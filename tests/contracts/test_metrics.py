"""What every metric in METRICS promises; one that is added there is tested here without a new test."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from imblearn.metrics import geometric_mean_score
from sklearn import metrics as sk

from run_folder import fake_run
from seimbang.errors import StudyError
from seimbang.evaluation import compare, evaluate, figures, paired, table
from seimbang.evaluation.metric import Metric, Needs
from seimbang.evaluation.metrics import Weighted
from seimbang.evaluation.table import METRICS
from seimbang.record.read import read
from seimbang.reports.tables import compared, latex, metrics_csv
from seimbang.study.schema import parse

OF_POSITIVE = {"average_precision"}
"""What says something else of the other class when there are two."""
NAMES = ("a", "b", "c", "d")


def each_class(score, y, predicted, classes):
    return [score(y == k, predicted == k, zero_division=np.nan) for k in range(classes)]


def precision_recall(y, p):
    if p.shape[1] == 2:
        return sk.average_precision_score(y, p[:, 1])
    return sk.average_precision_score(np.eye(p.shape[1])[y], p)


def area(y, p):
    return sk.roc_auc_score(y, p[:, 1]) if p.shape[1] == 2 else sk.roc_auc_score(y, p, multi_class="ovo")


def brier(y, p):
    return sk.brier_score_loss(y, p[:, 1]) if p.shape[1] == 2 else ((p - np.eye(p.shape[1])[y]) ** 2).sum(1).mean()


def gaps_of_bins(y, p):
    """Calibration error, bin by bin."""
    two = p.shape[1] == 2
    said, right = (p[:, 1], y == 1) if two else (p.max(1), p.argmax(1) == y)
    bins = pd.DataFrame({"bin": np.minimum(np.floor(said * 10), 9), "said": said, "right": right}).groupby("bin")
    return ((bins.said.mean() - bins.right.mean()).abs() * bins.size()).sum() / len(y)


EXPECTED = {
    "accuracy": lambda y, p, predicted: sk.accuracy_score(y, predicted),
    "balanced_accuracy": lambda y, p, predicted: sk.balanced_accuracy_score(y, predicted),
    "precision": lambda y, p, predicted: each_class(sk.precision_score, y, predicted, p.shape[1]),
    "recall": lambda y, p, predicted: each_class(sk.recall_score, y, predicted, p.shape[1]),
    "specificity": lambda y, p, predicted: [sk.recall_score(y != k, predicted != k) for k in range(p.shape[1])],
    "f1": lambda y, p, predicted: each_class(sk.f1_score, y, predicted, p.shape[1]),
    "kappa": lambda y, p, predicted: sk.cohen_kappa_score(y, predicted),
    "mcc": lambda y, p, predicted: sk.matthews_corrcoef(y, predicted),
    "g_mean": lambda y, p, predicted: geometric_mean_score(y, predicted),
    "auc": lambda y, p, predicted: area(y, p),
    "average_precision": lambda y, p, predicted: precision_recall(y, p),
    "log_loss": lambda y, p, predicted: sk.log_loss(y, p),
    "brier": lambda y, p, predicted: brier(y, p),
    "calibration_error": lambda y, p, predicted: gaps_of_bins(y, p),
}
"""Scikit-learn's and imbalanced-learn's numbers; the multi-class Brier score and the calibration error written out."""


@pytest.fixture(params=METRICS, ids=str)
def metric(request):
    return request.param


@pytest.fixture(params=[2, 3, 4])
def classes(request, metric):
    if not metric.suits(request.param):
        pytest.skip(f"not for {request.param} classes")
    return request.param


def drawn(classes, n=200, seed=0, strength=1.0):
    """Return true classes, the later ones rarer, and probabilities that know something of them."""
    rng = np.random.default_rng(seed)
    y = np.r_[np.arange(classes), rng.choice(classes, n - classes, p=shares(classes))]
    logit = rng.normal(0, 1, (n, classes)) + strength * np.eye(classes)[y]
    return y, np.exp(logit) / np.exp(logit).sum(1, keepdims=True)


def shares(classes):
    return np.arange(classes, 0, -1) / np.arange(classes, 0, -1).sum()


def numbers(metric, y, p, predicted=None, w=None):
    """Return the metric for each weighting, one column a class where it is of each class."""
    w = np.ones((1, len(y))) if w is None else w
    cases = Weighted(w, y, p, p.argmax(1) if predicted is None else predicted)
    found = metric.of(cases)
    assert found.shape == ((len(w),) if metric.needs.per == "set" else (len(w), p.shape[1]))
    return found.reshape(len(w), -1)


def sure(predicted, classes):
    return np.eye(classes)[predicted]


def test_perfect_predictions_have_the_best_value(metric, classes):
    y, _ = drawn(classes)
    np.testing.assert_allclose(numbers(metric, y, sure(y, classes)), metric.best, atol=1e-12)


def test_more_errors_are_worse(metric, classes):
    y, _ = drawn(classes)
    rng = np.random.default_rng(1)
    order, wrong = rng.permutation(len(y)), (y + rng.integers(1, classes, len(y))) % classes
    values = []
    for share in (0, 0.2, 0.4, 0.6):
        predicted = np.where(np.isin(np.arange(len(y)), order[: int(share * len(y))]), wrong, y)
        values.append(numbers(metric, y, sure(predicted, classes))[0])
    change = np.diff(values, axis=0)
    assert ((change < 0) if metric.better == "higher" else (change > 0)).all()


def ignorant(classes, n, rng):
    """Yield probabilities and decisions that know nothing of a case, only how frequent the classes are."""
    frequent = np.tile(shares(classes), (n, 1))
    yield frequent, frequent.argmax(1)
    anyhow = rng.dirichlet(np.ones(classes), n)
    yield anyhow, rng.integers(0, classes, n)
    for k in range(classes):
        yield sure(np.full(n, k), classes), np.full(n, k)


def test_chance_is_the_best_of_predictions_that_know_nothing(metric, classes):
    """Where there is none, such predictions can have the best value."""
    n, rng = 20_000, np.random.default_rng(2)
    y = rng.choice(classes, n, p=shares(classes))
    reached = np.array([numbers(metric, y, p, predicted)[0] for p, predicted in ignorant(classes, n, rng)])
    best = np.nanmax(reached, 0) if metric.better == "higher" else np.nanmin(reached, 0)
    chance = metric.at_chance(np.bincount(y) / n)
    np.testing.assert_allclose(best, metric.best if chance is None else np.broadcast_to(chance, best.shape), atol=0.02)


def test_equals_the_libraries_also_where_cases_weigh(metric, classes):
    assert metric.key in EXPECTED, "give its value by a library, or written out, in EXPECTED"
    y, p = drawn(classes, seed=3)
    counts = np.random.default_rng(4).integers(1, 4, len(y))
    w = np.array([np.ones(len(y)), counts])
    rows = [np.arange(len(y)), np.repeat(np.arange(len(y)), counts)]
    expected = [np.atleast_1d(EXPECTED[metric.key](y[r], p[r], p[r].argmax(1))) for r in rows]
    np.testing.assert_allclose(numbers(metric, y, p, w=w), expected, rtol=1e-9)


def test_a_common_factor_of_the_weights_and_the_order_of_cases_change_nothing(metric, classes):
    y, p = drawn(classes, seed=5)
    w = np.random.default_rng(6).integers(0, 4, (3, len(y))).astype(float)
    before = numbers(metric, y, p, w=w)
    np.testing.assert_allclose(numbers(metric, y, p, w=2 * w), before, rtol=1e-12)
    order = np.random.default_rng(7).permutation(len(y))
    np.testing.assert_allclose(numbers(metric, y[order], p[order], w=w[:, order]), before, rtol=1e-9)


def test_the_order_of_classes_changes_nothing(metric, classes):
    if classes == 2 and metric.key in OF_POSITIVE:
        pytest.skip("is of the positive class")
    y, p = drawn(classes, seed=8)
    order = np.roll(np.arange(classes), 1)
    other = numbers(metric, np.argsort(order)[y], p[:, order])
    before = numbers(metric, y, p)
    np.testing.assert_allclose(other, before[:, order] if metric.needs.per == "class" else before, rtol=1e-9)


def test_without_cases_it_is_not_a_number_and_it_is_never_infinite(metric, classes):
    y, p = drawn(classes, seed=9)
    one_class = (y == 0).astype(float)
    values = numbers(metric, y, p, w=np.array([np.zeros(len(y)), np.ones(len(y)), one_class]))
    assert np.isnan(values[0]).all()
    assert np.isfinite(values[1]).all()
    assert not np.isinf(values[2]).any()


def frame(y, p, name="test", fold=""):
    classes = p.shape[1]
    facts = {"group": "", "fold": fold, "seed": "0", "set": name, "label": np.array(NAMES)[y]}
    columns = {f"p_{NAMES[k]}": p[:, k] for k in range(classes)}
    return pd.DataFrame({"case_id": [f"{name}{k}" for k in range(len(y))], **facts, **columns})


def of_metric(measured, metric):
    if metric.needs.per == "set":
        return [measured["metrics"][metric.key]]
    kinds = [measured[kind] for kind in figures.AVERAGES] if metric.averaged else []
    return [found[metric.key] for found in [*measured["per_class"].values(), *kinds]]


def test_the_interval_holds_the_value_or_a_reason_says_why_there_is_none(metric, classes):
    y, p = drawn(classes, n=60, seed=10)
    whole, alone = frame(y, p), frame(np.zeros(30, int), p[:30], "external:alone")
    perfect = frame(y, sure(y, classes), "external:perfect")
    sets = evaluate(pd.concat([whole, alone, perfect]), NAMES[:classes], resamples=60)["sets"]
    for value in of_metric(sets["test"]["default"], metric):
        assert value["low"] <= value["value"] <= value["high"]
        assert value["low"] < value["high"]
        assert value["interval"]
    for value in of_metric(sets["external:alone"]["default"], metric):
        assert value["why"] if value["value"] is None else value["low"] <= value["value"] <= value["high"]
    for value in of_metric(sets["external:perfect"]["default"], metric):
        assert value["value"] == pytest.approx(metric.best, abs=1e-12)
        assert (
            value["low"] < 1 if metric.better == "higher" else value["why"].startswith("no interval: no error was seen")
        )


def test_with_four_cases_of_a_class_only_shares_of_cases_have_an_interval(metric, classes):
    y, p = drawn(classes, n=60, seed=10)
    y[y == classes - 1] = 0
    y[:4] = classes - 1
    for value in of_metric(evaluate(frame(y, p), NAMES[:classes], resamples=60)["sets"]["test"]["default"], metric):
        if value["interval"] == "Wilson":
            assert value["low"] < value["high"]
        elif value["value"] is not None:
            assert (value["low"], value["why"]) == (None, f"no interval: fewer than 5 cases of {NAMES[classes - 1]}")


def test_the_share_is_the_value(metric, classes):
    assert (metric.share is not None) == (metric.interval == "proportion")
    if metric.share is None:
        return
    y, p = drawn(classes, seed=11)
    for k, value in enumerate(numbers(metric, y, p)[0]):
        counted, hit = metric.share(y, p.argmax(1), k)
        assert hit[counted].mean() == pytest.approx(value)


def test_a_way_to_an_interval_is_of_what_the_metric_needs(metric):
    of_decisions, of_probabilities = {"proportion", "posterior"}, {"delong", "jackknife", "bins"}
    assert metric.interval in (of_decisions if metric.needs.of == "decisions" else of_probabilities)


def test_what_is_exchanged_between_arms_is_the_metric(metric, classes):
    if metric.paired not in ("cases", "classes"):
        return
    y, p = drawn(classes, seed=13)
    first, second = p.argmax(1), np.roll(p, 1, 1).argmax(1)
    made = paired.gains(metric.sign * ((first == y) * 1.0 - (second == y)), metric.part(y), np.arange(len(y)))
    difference = (numbers(metric, y, p, first) - numbers(metric, y, p, second))[0, 0]
    assert made.gain.sum() == pytest.approx(difference)


def test_entries_do_not_contradict_themselves(metric):
    assert len({one.key for one in METRICS}) == len(METRICS)
    if metric.needs.per == "class":
        assert not any([metric.main, metric.paired])
        assert metric.averaged or not (metric.over_folds or metric.headline in ("more", "any"))
    else:
        assert not any([metric.averaged, metric.positive, metric.undefined])


def misses(cases):
    """Share of the cases that are predicted wrong."""
    return 1 - cases.hit.sum(1) / cases.total


def lift(cases):
    """Precision over the class's share."""
    return cases.hit / cases.called / (cases.true / cases.true.sum(1, keepdims=True))


ERROR_RATE = Metric(
    "error_rate",
    "error rate",
    misses,
    interval="posterior",
    better="lower",
    chance=lambda shares: float(1 - shares.max()),
    needs=Needs("decisions"),
    headline="any",
    main=True,
    over_folds=True,
    paired="cases",
)
LIFT = Metric(
    "lift",
    "lift",
    lift,
    interval="posterior",
    better="higher",
    chance=1.0,
    needs=Needs("decisions", "class"),
    averaged=True,
    headline="any",
    over_folds=True,
)
ONLY_TWO = Metric(
    "only_two",
    "only two",
    misses,
    interval="posterior",
    better="lower",
    chance=None,
    needs=Needs("decisions", classes="two"),
    main=True,
)


@pytest.fixture
def more(monkeypatch):
    monkeypatch.setattr(table, "METRICS", (*METRICS, ERROR_RATE, LIFT, ONLY_TWO))


def test_one_entry_is_enough_for_metrics_json_and_comparisons(more):
    y, p = drawn(2, seed=12)
    parts = [frame(y, p, fold="1"), frame(y, p, fold="2").assign(case_id=lambda t: "again " + t.case_id)]
    parts += [frame(y, p, "train", fold=fold) for fold in "12"] + [frame(y, p[::-1], "external:X", fold="1")]
    whole = pd.concat(parts)
    out = evaluate(whole, NAMES[:2], resamples=40)
    measured = out["sets"]["test"]["default"]
    assert measured["metrics"]["error_rate"]["value"] == pytest.approx((p.argmax(1) != y).mean())
    assert measured["metrics"]["error_rate"]["low"] < measured["metrics"]["error_rate"]["high"]
    assert measured["per_class"]["b"]["lift"]["value"] > 1
    assert measured["macro"]["lift"]["value"] == pytest.approx(
        np.mean([measured["per_class"][name]["lift"]["value"] for name in "ab"])
    )
    assert {"error_rate", "macro_lift"} <= set(out["folds"]["test"]["mean"])
    assert out["gaps"]["external:X"]["error_rate"]["value"] > 0
    other = whole.assign(p_a=whole.p_b, p_b=whole.p_a)
    (pair,) = compare({"one": whole, "other": other}, NAMES[:2])["sets"]["test"]["pairs"]
    assert pair["error_rate"]["p"] < 0.05
    assert pair["folds_error_rate"]["difference"] < 0


def test_a_metric_of_two_classes_is_left_out_where_there_are_more(more):
    two, three = (evaluate(frame(*drawn(n)), NAMES[:n], resamples=20)["sets"]["test"]["default"] for n in (2, 3))
    assert "only_two" in two["metrics"]
    assert "only_two" not in three["metrics"]
    assert "error_rate" in three["metrics"]


def study(**published):
    arm = {"name": "none"}
    return {"title": "T", "data": {"source": "phantom"}, "arm": [arm], "published": [{"arm": "none"} | published]}


def test_one_entry_is_enough_for_published_figures(more):
    assert parse(study(error_rate=0.2, lift={"a": 1.5}, macro_lift=1.2)).published[0].figures["error_rate"] == 0.2


def test_a_figure_of_no_metric_is_refused():
    with pytest.raises(StudyError, match="STUDY_INVALID"):
        parse(study(error_rate=0.2))


def test_one_entry_is_enough_for_the_tables_of_a_report(more, tmp_path):
    run = read(fake_run(tmp_path / "run", arms=2))
    row = compared(run)[0]
    accuracy = row.arm.test.default.metrics["accuracy"].value
    assert row.values["error_rate"].value == pytest.approx(1 - accuracy)
    assert row.values["lift"] == row.arm.test.default.per_class["PNEUMONIA"].metrics["lift"]
    assert "Error rate & Lift" in latex(run)
    rows = list(csv.DictReader(io.StringIO(metrics_csv(run))))
    written = {(one["set"], one["class"], one["metric"]) for one in rows if one["arm"] == "none"}
    wanted = {("test", "", "error_rate"), ("test", "NORMAL", "lift"), ("test", "macro", "lift")}
    assert wanted | {("external:NIH", "", "gap_error_rate")} <= written
