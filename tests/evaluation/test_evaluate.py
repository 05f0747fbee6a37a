"""Numbers against scikit-learn and the paper's own matrix; intervals against other formulas and their coverage."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn import metrics as sk

from seimbang.errors import IntegrityError
from seimbang.evaluation import evaluate, intervals
from seimbang.evaluation.measured import Measured
from seimbang.evaluation.predictions import Scored
from seimbang.evaluation.threshold import best_threshold

FOLDS = [("validation", "1"), ("test", "1"), ("validation", "2"), ("test", "2")]


def table(y, p, name="test", classes=("a", "b"), group=None, fold=""):
    frame = pd.DataFrame(
        {"case_id": [f"{name}{k}" for k in range(len(y))], "group": group if group is not None else ""}
    )
    frame = frame.assign(fold=fold, seed="0", set=name, label=np.array(classes)[y])
    return frame.assign(**{f"p_{klass}": p[:, k] for k, klass in enumerate(classes)})


def draw(n=200, seed=0, classes=2, strength=1.0):
    rng = np.random.default_rng(seed)
    y = np.r_[np.arange(classes), rng.integers(0, classes, n - classes)]
    logit = rng.normal(0, 1, (n, classes)) + strength * np.eye(classes)[y]
    return y, np.exp(logit) / np.exp(logit).sum(1, keepdims=True)


def paper():
    """TN 168, FP 66, FN 109, TP 281."""
    y = np.r_[np.zeros(234, int), np.ones(390, int)]
    called = np.r_[np.zeros(168), np.ones(66), np.zeros(109), np.ones(281)]
    return y, np.c_[0.9 - 0.8 * called, 0.1 + 0.8 * called]


@pytest.mark.parametrize(("classes", "seed"), [(2, 0), (2, 1), (3, 2), (4, 3)])
def test_agrees_with_scikit_learn(classes, seed):
    names = tuple("abcd"[:classes])
    y, p = draw(classes=classes, seed=seed)
    predicted = p.argmax(1)
    out = evaluate(table(y, p, classes=names), names, resamples=50)["sets"]["test"]["default"]
    value = {name: one["value"] for name, one in out["metrics"].items()}
    assert out["confusion"] == sk.confusion_matrix(y, predicted).tolist()
    assert value["accuracy"] == pytest.approx(sk.accuracy_score(y, predicted))
    assert value["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(y, predicted))
    assert value["kappa"] == pytest.approx(sk.cohen_kappa_score(y, predicted))
    assert value["mcc"] == pytest.approx(sk.matthews_corrcoef(y, predicted))
    assert value["log_loss"] == pytest.approx(sk.log_loss(y, p))
    one_hot = np.eye(classes)[y]
    scores, truth = (p[:, 1], y) if classes == 2 else (p, one_hot)
    pairs = {} if classes == 2 else {"multi_class": "ovo", "average": "macro"}
    assert value["auc"] == pytest.approx(sk.roc_auc_score(y, scores, **pairs))
    assert value["average_precision"] == pytest.approx(sk.average_precision_score(truth, scores))
    expected = sk.brier_score_loss(y, p[:, 1]) if classes == 2 else ((p - one_hot) ** 2).sum(1).mean()
    assert value["brier"] == pytest.approx(expected)
    for k, name in enumerate(names):
        of_class = out["per_class"][name]
        assert of_class["precision"]["value"] == pytest.approx(sk.precision_score(y == k, predicted == k))
        assert of_class["recall"]["value"] == pytest.approx(sk.recall_score(y == k, predicted == k))
        assert of_class["specificity"]["value"] == pytest.approx(sk.recall_score(y != k, predicted != k))
        assert of_class["f1"]["value"] == pytest.approx(sk.f1_score(y == k, predicted == k))
    for kind in ("macro", "weighted"):
        assert out[kind]["f1"]["value"] == pytest.approx(sk.f1_score(y, predicted, average=kind))
        assert out[kind]["precision"]["value"] == pytest.approx(sk.precision_score(y, predicted, average=kind))


def test_the_papers_matrix_gives_the_papers_figures():
    y, p = paper()
    out = evaluate(table(y, p, classes=("NORMAL", "PNEUMONIA")), ("NORMAL", "PNEUMONIA"), resamples=100)
    test = out["sets"]["test"]["default"]
    assert round(test["metrics"]["accuracy"]["value"], 4) == 0.7196
    rounded = {
        name: [round(one[key]["value"], 2) for key in ("precision", "recall", "f1")]
        for name, one in test["per_class"].items()
    }
    assert rounded == {"NORMAL": [0.61, 0.72, 0.66], "PNEUMONIA": [0.81, 0.72, 0.76]}
    assert [round(test["macro"][key]["value"], 2) for key in ("precision", "recall", "f1")] == [0.71, 0.72, 0.71]
    expected = (281 * 168 - 66 * 109) / np.sqrt((281 + 66) * (281 + 109) * (168 + 66) * (168 + 109))
    assert test["metrics"]["mcc"]["value"] == pytest.approx(expected)


def test_every_estimate_lies_in_its_interval_and_json_has_no_nan():
    y, p = draw(seed=4)
    out = evaluate(pd.concat([table(y, p), table(*draw(seed=5), name="validation")]), ("a", "b"), resamples=200)
    json.dumps(out, allow_nan=False)
    for rule in ("default", "tuned"):
        for one in out["sets"]["test"][rule]["metrics"].values():
            assert one["low"] <= one["value"] <= one["high"]
            assert one["low"] < one["high"]


def test_wilson_is_the_score_interval():
    low, high = intervals.wilson(81, 263)  # Newcombe 1998, table I, method 3
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert intervals.wilson(0, 20)[0] == 0
    # Brown, Cai and DasGupta 2001: half a quantile of chi-square, by n, where one is hit or missed
    assert intervals.wilson(1, 40)[0] == pytest.approx(stats.chi2.ppf(0.05, 2) / 2 / 40)
    assert intervals.wilson(38, 40)[1] == pytest.approx(1 - stats.chi2.ppf(0.05, 4) / 2 / 40)


def test_delong_equals_the_brute_force_formula():
    y, p = draw(120, seed=6)
    score = p[:, 1]
    psi = (score[y == 1][:, None] > score[y == 0][None]) + 0.5 * (score[y == 1][:, None] == score[y == 0][None])
    area = psi.mean()
    variance = psi.mean(1).var(ddof=1) / psi.shape[0] + psi.mean(0).var(ddof=1) / psi.shape[1]
    half = 1.959964 * np.sqrt(variance) / (area * (1 - area))
    middle = np.log(area / (1 - area))
    low, high, kind = intervals.delong(y == 1, score, np.arange(120))
    assert kind == "logit-DeLong"
    np.testing.assert_allclose([low, high], 1 / (1 + np.exp(-np.array([middle - half, middle + half]))), rtol=1e-2)


def mean_of(x):
    return lambda w: {"mean": (w @ x) / w.sum(1)}


def test_the_jackknife_of_a_mean_has_its_variance_and_students_freedom():
    rng = np.random.default_rng(7)
    x = rng.exponential(1, 80)
    one = Scored(np.zeros(80, np.int64), np.ones((80, 1)), np.arange(80))
    spread = intervals.jackknife(one, mean_of(x))["mean"]
    assert spread.variance == pytest.approx(x.var(ddof=1) / 80, rel=0.03)
    assert spread.freedom == pytest.approx(79)
    log = np.log(intervals.on_log_scale(x.mean(), spread)[:2])
    assert log.mean() == pytest.approx(np.log(x.mean()))
    assert np.diff(log)[0] == pytest.approx(2 * stats.t.ppf(0.975, 79) * np.sqrt(spread.variance) / x.mean())


def test_the_jackknife_knows_of_classes_and_blocks():
    rng = np.random.default_rng(8)
    y = (np.arange(3000) < 12).astype(np.int64)
    x = rng.normal(0, 1, 3000) + 20 * y * rng.exponential(1, 3000)  # nearly all variance is that of 12 cases
    spread = intervals.jackknife(Scored(y, np.ones((3000, 2)), np.arange(3000)), mean_of(x))["mean"]
    rare = x[y == 1].var(ddof=1) * 12 / 3000**2
    assert spread.variance == pytest.approx(x.var() / 3000, rel=0.1)
    assert spread.freedom == pytest.approx(11 * (spread.variance / rare) ** 2, rel=0.05)


def test_the_posterior_of_a_recall_is_jeffreys():
    y, p = np.repeat([0, 1], [180, 20]), np.repeat([0.2, 0.7, 0.2], [180, 5, 15])
    of_arm = Measured(Scored(y, np.c_[1 - p, p], np.arange(200)), (p > 0.5).astype(int), ("a", "b"), 40_000, 0)
    expected = stats.beta.ppf([0.025, 0.975], 5.5, 15.5)
    assert intervals.percentiles(of_arm.draws["1.recall"]) == pytest.approx(expected, abs=0.005)


def test_draws_of_few_patients_vary_as_students_t_has_it():
    rng = np.random.default_rng(9)
    group, of_patient = np.repeat(np.arange(12), 20), rng.normal(0, 1, 12)
    cases = Scored(np.zeros(240, np.int64), np.ones((240, 1)), group)
    draws = intervals.resample(cases, mean_of(of_patient[group]), 20_000, 0)["mean"]
    classical = of_patient.std(ddof=1) / np.sqrt(12) * stats.t.ppf(0.975, 11) / stats.t.ppf(0.975, 239)
    assert draws.std() == pytest.approx(classical, rel=0.03)


def test_few_patients_widen_wilson():
    hit, group = np.repeat([True, False, True, True], 5), np.repeat(np.arange(4), 5)
    low, high, _ = intervals.proportion(hit, group)
    worth = (stats.t.ppf(0.975, 19) / stats.t.ppf(0.975, 3)) ** 2
    size = 0.75 * 0.25 / (4 / 3 * (3 * 1.25**2 + 3.75**2) / 20**2) * worth
    assert (low, high) == pytest.approx(intervals.wilson(0.75 * size, size))


def test_a_class_that_is_never_predicted_has_an_interval_and_a_correlation_of_0():
    y, p = np.repeat([0, 1], [190, 10]), np.full(200, 0.1)
    found = evaluate(table(y, np.c_[1 - p, p]), ("a", "b"))["sets"]["test"]["default"]
    assert found["metrics"]["mcc"]["value"] == 0
    for name in ("balanced_accuracy", "kappa", "mcc", "g_mean"):
        one = found["metrics"][name]
        assert one["low"] <= one["value"] < one["high"] - 0.05, name
    assert found["per_class"]["b"]["f1"]["high"] > 0.1
    assert found["metrics"]["balanced_accuracy"]["high"] == pytest.approx(
        0.5 + stats.beta.ppf(0.975, 0.5, 10.5) / 2, abs=0.02
    )


def test_the_weighted_recall_is_the_accuracy_and_so_is_its_interval():
    y, p = draw(300, seed=30, strength=0.5)
    found = evaluate(table(y, p), ("a", "b"))["sets"]["test"]["default"]
    one, other = found["metrics"]["accuracy"], found["weighted"]["recall"]
    for key in ("value", "low", "high"):
        assert one[key] == pytest.approx(other[key], abs=0.006)


@pytest.mark.parametrize(("exponent", "calibrated"), [(1, True), (3, False)])
def test_calibration_may_be_perfect_where_it_is(exponent, calibrated):
    rng = np.random.default_rng(11)
    p = rng.random(400)
    y = (rng.random(400) < p).astype(int)
    odds = (p / (1 - p)) ** exponent
    found = evaluate(table(y, np.c_[1 / (1 + odds), odds / (1 + odds)]), ("a", "b"))
    one = found["sets"]["test"]["default"]["metrics"]["calibration_error"]
    assert (one["low"] == 0) == calibrated
    assert one["low"] <= one["value"] <= one["high"]


def test_patients_with_several_images_widen_the_interval():
    y, p = draw(60, seed=8)
    many = table(np.repeat(y, 5), np.repeat(p, 5, 0), group=np.repeat([f"p{k}" for k in range(60)], 5))
    alone = evaluate(many.assign(group=""), ("a", "b"), resamples=200)["sets"]["test"]
    grouped = evaluate(many, ("a", "b"), resamples=200)["sets"]["test"]
    assert (alone["groups"], grouped["groups"], grouped["n"]) == (300, 60, 300)
    for name in ("accuracy", "auc", "balanced_accuracy", "brier"):
        wide, narrow = grouped["default"]["metrics"][name], alone["default"]["metrics"][name]
        assert wide["high"] - wide["low"] > 1.7 * (narrow["high"] - narrow["low"]), name
    assert grouped["default"]["metrics"]["accuracy"]["interval"] == "Wilson (patients)"


def test_the_threshold_comes_from_validation_alone():
    validation, (y, p) = table(*draw(seed=9), name="validation"), draw(seed=10)
    one = evaluate(pd.concat([validation, table(y, p)]), ("a", "b"), resamples=20)
    other = evaluate(pd.concat([validation, table(1 - y, p[::-1])]), ("a", "b"), resamples=20)
    assert one["threshold"] == other["threshold"]
    assert evaluate(table(y, p), ("a", "b"), resamples=20)["threshold"]["value"] is None


def test_a_folds_threshold_comes_from_its_own_validation_alone():
    """What validates in one fold is tested in the other, so one threshold for both would know the test labels."""
    parts = [table(*draw(80, seed=k), name=name, fold=fold) for k, (name, fold) in enumerate(FOLDS)]
    parts[2].case_id = "other " + parts[2].case_id
    for here, there in ((0, 3), (2, 1)):  # validation of one fold, the same cases as test of the other
        parts[there].case_id = parts[here].case_id
    whole = evaluate(pd.concat(parts), ("a", "b"), resamples=20)
    turned = [
        part.assign(label=part.label.map({"a": "b", "b": "a"})) if k == 3 else part for k, part in enumerate(parts)
    ]
    other = evaluate(pd.concat(turned), ("a", "b"), resamples=20)
    assert other["threshold"] == whole["threshold"]
    assert len(set(whole["threshold"]["folds"].values())) == 2
    assert whole["threshold"]["value"] == whole["threshold"]["folds"]["1"]
    test = pd.concat([parts[1], parts[3]])
    called = np.where(test.p_b >= test.fold.map(whole["threshold"]["folds"]), "b", "a")
    accuracy = whole["sets"]["test"]["tuned"]["metrics"]["accuracy"]["value"]
    assert accuracy == pytest.approx((called == test.label).mean())


def test_the_threshold_maximises_balanced_accuracy():
    y, p = draw(300, seed=11)
    chosen = best_threshold(p[:, 1], y == 1)
    every = [sk.balanced_accuracy_score(y, p[:, 1] >= t) for t in np.linspace(0, 1, 2001)]
    assert sk.balanced_accuracy_score(y, p[:, 1] >= chosen) >= max(every) - 1e-12


def test_an_external_set_without_a_class():
    y, p = draw(seed=12)
    outside = table(np.ones(50, int), draw(50, seed=13)[1], name="external:X")
    out = evaluate(pd.concat([table(y, p), outside]), ("a", "b"), resamples=100)
    found = out["sets"]["external:X"]["default"]
    assert found["metrics"]["auc"]["value"] is None
    assert found["metrics"]["auc"]["why"] == "the set has no case of a"
    assert found["per_class"]["b"]["recall"]["value"] is not None
    assert out["gaps"]["external:X"]["auc"]["why"] == "the set has no case of a"
    assert out["gaps"]["external:X"]["accuracy"]["low"] < out["gaps"]["external:X"]["accuracy"]["high"]


def test_the_drop_outside_has_an_interval_around_it():
    good, bad = draw(400, seed=14, strength=2.0), draw(400, seed=15, strength=0.2)
    out = evaluate(pd.concat([table(*good), table(*bad, name="external:X")]), ("a", "b"), resamples=300)
    gap = out["gaps"]["external:X"]["auc"]
    sets = [out["sets"][name]["default"]["metrics"]["auc"]["value"] for name in ("external:X", "test")]
    assert gap["value"] == pytest.approx(sets[0] - sets[1])
    assert gap["low"] < gap["value"] < gap["high"] < 0


def test_repeated_folds_count_a_case_once():
    y, p = draw(seed=16)
    twice = pd.concat([table(y, p, fold="1"), table(y, p[:, ::-1], fold="2")])
    out = evaluate(twice, ("a", "b"), resamples=20)["sets"]["test"]
    assert out["n"] == 200
    assert out["default"]["metrics"]["brier"]["value"] == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda t: t.drop(columns="p_b"), "PREDICTIONS_COLUMNS"),
        (lambda t: t.assign(p_a=0.7), "PREDICTIONS_VALUES"),
        (lambda t: t.assign(p_a=np.nan), "PREDICTIONS_VALUES"),
        (lambda t: t.assign(label="c"), "PREDICTIONS_VALUES"),
        (lambda t: pd.concat([t, t]), "PREDICTIONS_DUPLICATE"),
        (lambda t: t.iloc[:0], "PREDICTIONS_VALUES"),
    ],
)
def test_refuses_a_damaged_table(spoil, code):
    with pytest.raises(IntegrityError) as caught:
        evaluate(spoil(table(*draw())), ("a", "b"))
    assert caught.value.code == code


def test_an_arm_that_answers_by_its_threshold_is_measured_by_it_alone():
    y, p = draw(300, 5)
    p = p / (p + 2 * np.eye(2)[0])  # leans away from b, so that 0.5 is a poor threshold
    p /= p.sum(1, keepdims=True)
    both = pd.concat([table(y, p, "validation"), table(y, p)])
    plain, own = (evaluate(both, ("a", "b"), resamples=50, tuned=tuned) for tuned in (False, True))
    assert own["sets"]["test"]["default"] == plain["sets"]["test"]["tuned"]
    assert own["sets"]["test"]["tuned"] is None
    assert own["sets"]["test"]["default"]["confusion"] != plain["sets"]["test"]["default"]["confusion"]


def test_a_model_without_errors_still_has_an_interval():
    y = np.r_[np.zeros(60, int), np.ones(20, int)]
    p = np.c_[1 - y, y].astype(float)
    found = evaluate(table(y, p, group=[f"p{k // 2}" for k in range(80)]), ("a", "b"), resamples=50)
    metrics = found["sets"]["test"]["default"]["metrics"]
    for name in ("auc", "average_precision"):
        assert (metrics[name]["value"], metrics[name]["interval"]) == (1, "Wilson (smallest class)")
        assert metrics[name]["low"] == pytest.approx(intervals.wilson(10, 10)[0])  # the smallest class has 10 patients
    for name in ("balanced_accuracy", "kappa", "g_mean"):
        assert 0.7 < metrics[name]["low"] < 0.95
        assert metrics[name]["high"] == 1
    for name in ("brier", "log_loss", "calibration_error"):
        assert (metrics[name]["value"], metrics[name]["low"]) == (0, None)


def seeded(count, name="test", fold=""):
    """Return the same 60 cases as each of ``count`` seeds predicts them."""
    y = draw(60)[0]
    return [table(y, draw(60, seed=20 + k)[1], name, fold=fold).assign(seed=str(k)) for k in range(count)]


def of_three_seeds():
    parts = [(name, fold) for fold in "12" for name in ("train", "validation", "test")] + [("external:X", "1")]
    seeds = [pd.concat([seeded(3, name=name, fold=fold)[k] for name, fold in parts]) for k in range(3)]
    for one in seeds:
        one.case_id = one.fold + one.case_id
    return seeds


def test_the_figures_of_several_seeds_are_their_means():
    seeds, options = of_three_seeds(), {"resamples": 30, "tuned": True}
    mixed = evaluate(pd.concat(seeds).sample(frac=1, random_state=0), ("a", "b"), **options)
    singly = [evaluate(one, ("a", "b"), **options) for one in seeds]
    for part in ("test", "external:X"):
        assert (mixed["sets"][part]["n"], mixed["sets"][part]["seeds"]) == (singly[0]["sets"][part]["n"], 3)
        ours, each = mixed["sets"][part]["default"], [one["sets"][part]["default"] for one in singly]
        for metric in ("accuracy", "balanced_accuracy", "auc", "average_precision", "log_loss", "brier"):
            mean = np.mean([one["metrics"][metric]["value"] for one in each])
            assert ours["metrics"][metric]["value"] == pytest.approx(mean), metric
        assert ours["confusion"] == pytest.approx(np.mean([one["confusion"] for one in each], 0), abs=1e-3)
        assert ours["per_class"]["b"]["support"] == each[0]["per_class"]["b"]["support"]
        assert ours["roc"][-1] == [1, 1]
    means = {key: [one["folds"]["test"]["mean"][key] for one in singly] for key in ("accuracy", "auc")}
    for key, values in means.items():
        assert mixed["folds"]["test"]["mean"][key] == pytest.approx(np.mean(values))


def test_the_ensemble_of_several_seeds_is_a_row_of_its_own():
    """Its figures and the threshold that is served are those of a table that holds the mean probabilities."""
    seeds, options = of_three_seeds(), {"resamples": 30, "tuned": True}
    mean = seeds[0].assign(**{p: np.mean([one[p] for one in seeds], 0) for p in ("p_a", "p_b")})
    mixed, together = (evaluate(table, ("a", "b"), **options) for table in (pd.concat(seeds), mean))
    for part in ("test", "external:X"):
        assert rounded(mixed["sets"][part]["ensemble"]["metrics"]["auc"]) == rounded(
            together["sets"][part]["default"]["metrics"]["auc"]
        )
        assert mixed["sets"][part]["ensemble"]["confusion"] == together["sets"][part]["default"]["confusion"]
    of_each = [cut for one in seeds for cut in evaluate(one, ("a", "b"), **options)["threshold"]["folds"].values()]
    assert sorted(mixed["threshold"].pop("trainings")) == pytest.approx(sorted(of_each))
    assert together["threshold"].pop("trainings") == []
    assert rounded(mixed["threshold"]) == rounded(together["threshold"])
    assert "ensemble" not in together["sets"]["test"]


def test_the_ensemble_is_measured_by_its_threshold_too():
    seeds = of_three_seeds()
    mean = seeds[0].assign(**{p: np.mean([one[p] for one in seeds], 0) for p in ("p_a", "p_b")})
    mixed, together = (evaluate(table, ("a", "b"), resamples=30) for table in (pd.concat(seeds), mean))
    for ours, theirs in (("ensemble", "default"), ("ensemble_tuned", "tuned")):
        assert mixed["sets"]["test"][ours]["confusion"] == together["sets"]["test"][theirs]["confusion"]
    assert mixed["sets"]["test"]["ensemble_tuned"]["confusion"] != mixed["sets"]["test"]["ensemble"]["confusion"]


def test_an_interval_knows_of_the_seeds():
    (one,) = seeded(1)
    other = table(draw(60)[0], draw(60, strength=3.0)[1]).assign(seed="1")
    alone = evaluate(one, ("a", "b"), resamples=200)["sets"]["test"]["default"]["metrics"]
    same = evaluate(pd.concat([one, one.assign(seed="1")]), ("a", "b"), resamples=200)["sets"]["test"]["default"]
    both = evaluate(pd.concat([one, other]), ("a", "b"), resamples=200)["sets"]["test"]["default"]["metrics"]
    for metric in ("accuracy", "balanced_accuracy", "auc"):
        equal, ours = same["metrics"][metric], both[metric]
        assert equal["of_seeds"] == 0
        assert (equal["low"], equal["high"]) == pytest.approx((alone[metric]["low"], alone[metric]["high"]), abs=0.02)
        assert ours["of_seeds"] > 0.5
        assert ours["high"] - ours["low"] > alone[metric]["high"] - alone[metric]["low"]
    assert "of_seeds" not in alone["auc"]


def test_seeds_that_did_not_predict_the_same_cases_are_refused():
    first, second = seeded(2)
    with pytest.raises(IntegrityError, match="PREDICTIONS_SEEDS"):
        evaluate(pd.concat([first, second.iloc[1:]]), ("a", "b"))


def rounded(value):
    """Forget what the order of summing makes of the last bits."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in sorted(value.items())}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    return round(value, 9) if isinstance(value, float) else value


def test_a_case_twice_with_one_seed_is_refused_and_with_two_is_not():
    first, second = seeded(2)
    assert evaluate(pd.concat([first, second]), ("a", "b"), resamples=20)["sets"]["test"]["n"] == 60
    with pytest.raises(IntegrityError, match="PREDICTIONS_DUPLICATE"):
        evaluate(pd.concat([first, second.assign(seed="0")]), ("a", "b"))


def test_a_table_without_seeds_is_refused():
    with pytest.raises(IntegrityError, match="PREDICTIONS_COLUMNS") as caught:
        evaluate(seeded(1)[0].drop(columns="seed"), ("a", "b"))
    assert caught.value.found == "no column seed"
