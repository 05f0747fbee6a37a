"""Paired tests against textbook tables, formulas written out anew, their error under the null, and their power."""

import io
import json
import sys
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from seimbang.errors import IntegrityError
from seimbang.evaluation import paired, seeds
from seimbang.evaluation.compare import compare, outcomes
from seimbang.evaluation.intervals import area_freedom, area_variance
from seimbang.evaluation.predictions import KEYS

CLASSES = ("a", "b")
FOLDS = "folds_balanced_accuracy"


def alone(test):
    """Return a test of paired as one of one pair."""
    return lambda *arguments: paired.simultaneous([test(*arguments)])[0]


mcnemar, delong = alone(paired.mcnemar), alone(paired.delong)
corrected_t = alone(paired.corrected_t)


def discordant(both, only_first, only_second, neither):
    """Return who is right in a fourfold table, and a patient a case."""
    counts = (both, only_first, only_second, neither)
    first, second = (np.repeat(bits, counts).astype(bool) for bits in ([1, 1, 0, 0], [1, 0, 1, 0]))
    return first, second, np.arange(sum(counts))


def frame(y, p, name="test", group=None, fold=""):
    table = pd.DataFrame({"case_id": [f"{name}{k}" for k in range(len(y))], "group": "" if group is None else group})
    return table.assign(fold=fold, seed="0", set=name, label=np.array(CLASSES)[y], p_a=1 - p, p_b=p)


def scores(y, strength, rng):
    return 1 / (1 + np.exp(-strength * (2 * y - 1) - rng.normal(0, 1, len(y))))


def arms(strengths, n=200, seed=0, **columns):
    rng = np.random.default_rng(seed)
    y = (np.arange(n) % 4 == 0).astype(int)
    return {f"arm {k}": frame(y, scores(y, strength, rng), **columns) for k, strength in enumerate(strengths)}


def only(out, test, part="test"):
    (pair,) = out["sets"][part]["pairs"]
    return pair[test]


# McNemar


def test_mcnemar_mid_p_of_a_published_table():
    # Fagerland et al. 2013, airway hyper-responsiveness before and after transplantation: 1, 1, 7, 12.
    out = mcnemar(*discordant(1, 1, 7, 12))
    assert out["method"] == "McNemar, exact mid-p"
    assert out["p"] == pytest.approx(2 * stats.binom.cdf(1, 8, 0.5) - stats.binom.pmf(1, 8, 0.5))
    assert round(out["p"], 3) == 0.039
    assert out["difference"] == pytest.approx(-6 / 21)


def test_mcnemar_chi_square_of_a_textbook_table():
    # Agresti, approval of the prime minister: 794, 150, 86, 570; with Edwards' correction 63 ** 2 / 236.
    out = mcnemar(*discordant(794, 150, 86, 570))
    assert out["method"] == "McNemar, chi-square with continuity correction"
    assert out["p"] == pytest.approx(stats.chi2.sf(63**2 / 236, 1))


def test_mcnemar_counts_patients_not_cases():
    first, second, cases = discordant(4, 3, 1, 4)
    once = mcnemar(first, second, cases)
    thrice = mcnemar(np.repeat(first, 3), np.repeat(second, 3), np.repeat(cases, 3))
    assert thrice["p"] == pytest.approx(once["p"])
    assert thrice["method"] == "McNemar, exact mid-p, by patient"


def test_mcnemar_by_patient_equals_all_turns_of_signs():
    first, second = (np.random.default_rng(k).random(40) < 0.6 for k in (1, 2))
    group = np.arange(40) // 4
    d = np.array([(first[group == g].astype(int) - second[group == g]).sum() for g in range(10)])
    sums = np.array([abs(np.dot(signs, d)) for signs in product((-1, 1), repeat=10)])
    expected = (sums > abs(d.sum())).mean() + (sums == abs(d.sum())).mean() / 2
    assert mcnemar(first, second, group)["p"] == pytest.approx(expected)


def test_mcnemar_by_patient_equals_obuchowskis_formula():
    first, second = (np.random.default_rng(k).random(300) < 0.6 for k in (3, 4))
    group = np.arange(300) // 3
    d = np.array([first[group == g].sum() - second[group == g].sum() for g in range(100)])
    chi2 = (abs(d.sum()) - 1) ** 2 / (d**2).sum()
    assert mcnemar(first, second, group)["p"] == pytest.approx(stats.chi2.sf(chi2, 1))


@pytest.mark.parametrize("n", [30, 400])
def test_mcnemar_errs_as_often_as_it_says(n):
    rng = np.random.default_rng(5)
    p = [mcnemar(*(rng.random((2, n)) < 0.7), np.arange(n))["p"] for _ in range(1500)]
    assert 0.03 <= (np.array(p) < 0.05).mean() <= 0.065


# DeLong


def steadied(variance, areas, of_each, positives, negatives):
    """Return the variance mixed with Hanley and McNeil's, with Newcombe's mean size, as two patients of the rarer."""
    rarer, middle = min(positives, negatives), (positives + negatives) / 2 - 1
    expected = []
    for area in ((rarer * value + 0.5) / (rarer + 1) for value in areas):
        factor = 1 + middle * ((1 - area) / (2 - area) + area / (1 + area))
        expected.append(area * (1 - area) * factor / (positives * negatives))
    correlation = (sum(of_each) - variance) / (2 * np.sqrt(np.prod(of_each)))
    sum_of_both = sum(expected) - 2 * correlation * np.sqrt(np.prod(expected))
    return (rarer * variance + 2 * sum_of_both) / (rarer + 2)


def test_delong_equals_the_covariance_of_structural_components():
    rng = np.random.default_rng(6)
    y = np.arange(120) % 3 == 0
    both = [np.round(scores(y, strength, rng), 2) for strength in (0.3, 0.8)]
    psi = [(s[y][:, None] > s[~y][None]) + 0.5 * (s[y][:, None] == s[~y][None]) for s in both]
    s10, s01 = np.cov([one.mean(1) for one in psi]), np.cov([one.mean(0) for one in psi])
    contrast = np.array([1, -1])
    variance = contrast @ (s10 / y.sum() + s01 / (~y).sum()) @ contrast
    out = delong(y, *both, np.arange(120))
    difference = psi[0].mean() - psi[1].mean()
    assert out["difference"] == pytest.approx(difference)
    parts = [contrast @ s10 @ contrast / y.sum(), contrast @ s01 @ contrast / (~y).sum()]
    freedom = variance**2 / (parts[0] ** 2 / (y.sum() - 1) + parts[1] ** 2 / ((~y).sum() - 1))
    # Obuchowski's factor n/(n-1) of the cross term, 0 here, leaves DeLong's variance as it is.
    sizes = y.sum(), (~y).sum()
    variance = steadied(variance, [one.mean() for one in psi], np.diag(s10 / sizes[0] + s01 / sizes[1]), *sizes)
    assert out["p"] == pytest.approx(2 * stats.t.sf(abs(difference) / np.sqrt(variance), freedom), rel=1e-9)
    assert out["high"] - out["low"] == pytest.approx(2 * stats.t.ppf(0.975, freedom) * np.sqrt(variance), rel=1e-6)


def test_delong_by_patient_equals_obuchowskis_sums():
    rng = np.random.default_rng(7)
    y, group = rng.random(90) < 0.4, np.arange(90) // 3
    psi = np.subtract(*((s[y][:, None] > s[~y][None]).astype(float) for s in (scores(y, 0.5, rng) for _ in range(2))))
    v10, v01, m, n = psi.mean(1) - psi.mean(), psi.mean(0) - psi.mean(), y.sum(), (~y).sum()
    a = np.array([v10[group[y] == g].sum() for g in range(30)])
    b = np.array([v01[group[~y] == g].sum() for g in range(30)])
    i10, i01 = len(set(group[y])), len(set(group[~y]))
    s10, s01 = i10 / ((i10 - 1) * m) * (a**2).sum(), i01 / ((i01 - 1) * n) * (b**2).sum()
    s11 = 30 / 29 * (a * b).sum()
    variance = s10 / m + s01 / n + 2 * s11 / (m * n)
    assert area_variance(psi.mean(1), psi.mean(0), y, group) == pytest.approx(variance)
    parts = ((s10 / m) ** 2 / (i10 - 1), (s01 / n) ** 2 / (i01 - 1))
    assert area_freedom(psi.mean(1), psi.mean(0), y, group) == pytest.approx((s10 / m + s01 / n) ** 2 / sum(parts))
    assert delong(y, y + 0.0, rng.random(90), group)["method"] == "DeLong, by patient"


@pytest.mark.parametrize("images", [1, 4])
def test_delong_errs_as_often_as_it_says(images):
    rng = np.random.default_rng(8)
    y, group, rejected = np.repeat(np.arange(80) % 4 == 0, images), np.repeat(np.arange(80), images), []
    for _ in range(600):
        of_patient = rng.normal(0, 1, (2, 80))[:, group] + y
        rejected.append(delong(y, *(of_patient + rng.normal(0, 0.3, of_patient.shape)), group)["p"] < 0.05)
    assert 0.03 <= np.mean(rejected) <= 0.08


# Exchange of arms


def exchange(right, other, y=None, group=None, resamples=4000):
    """Return the test of the mean over the classes of ``y``, or over all cases, of the share that is right."""
    part, group = np.zeros(len(right), int) if y is None else y, np.arange(len(right)) if group is None else group
    fewest = min(len(set(group[part == k])) for k in set(part))
    made = paired.exchange(paired.gains(right.astype(float) - other, part, group), fewest, resamples, 0)
    return paired.simultaneous([made])[0]


def by_hand(gain, y, group, signs):
    """Return the studentised mean over two classes, case by case, with each patient's gains turned as said."""
    turned = gain * np.asarray(signs)[group]
    means = np.array([turned[y == k].mean() for k in (0, 1)])
    patients = len(signs)
    smallest = min(len(set(group[y == k])) for k in (0, 1))
    weight = 1 / (2 * np.bincount(y)[y])
    about_mean, about_0 = (
        sum(((weight * (turned - middle))[group == g].sum()) ** 2 for g in range(patients)) for middle in (means[y], 0)
    )
    mixed = smallest / (smallest + 2)
    return means.mean() / np.sqrt(patients / (patients - 1) * (mixed * about_mean + (1 - mixed) * about_0))


def test_few_patients_that_differ_are_exchanged_in_every_way():
    rng = np.random.default_rng(2)
    y, group = np.repeat(np.arange(9) % 3 == 0, 2).astype(int), np.repeat(np.arange(9), 2)
    right, other = rng.random((2, 18)) < [[0.8], [0.5]]
    gain = right.astype(float) - other
    own = by_hand(gain, y, group, np.ones(9))
    every = np.abs([by_hand(gain, y, group, signs) for signs in product((-1, 1), repeat=9)])
    above, equal = every > abs(own) + 1e-9, np.isclose(every, abs(own))
    out = exchange(right, other, y, group)
    assert out["method"] == "exchange of arms, exact mid-p"
    assert out["p"] == pytest.approx(above.mean() + equal.mean() / 2)
    assert out["difference"] == pytest.approx(np.mean([gain[y == k].mean() for k in (0, 1)]))


def test_seven_cases_that_differ_are_counted_not_drawn():
    """Of 7 the first arm has 6: the binomial mid-p, as McNemar's."""
    right, other = np.ones(200, bool), np.ones(200, bool)
    other[:6], right[6] = False, False
    out = exchange(right, other)
    assert out["p"] == pytest.approx(2 * (1 / 128 + 7 / 256))
    assert out["p"] == pytest.approx(mcnemar(right, other, np.arange(200))["p"])
    assert out["low"] <= 0 < out["high"]


def test_exchanges_at_random_give_what_all_would():
    rng = np.random.default_rng(3)
    right, other = rng.random((2, 60)) < [[0.75], [0.6]]
    assert (right != other).sum() > paired.ENUMERATED
    p = stats.binomtest(int((right & ~other).sum()), int((right != other).sum())).pvalue
    assert exchange(right, other)["p"] == pytest.approx(p, abs=0.02)


def test_thresholds_that_move_both_classes_are_told_apart_with_the_error_about_their_means():
    """As many positives won as negatives lost make no balanced difference, and one twice as large has a fair width."""
    y, right, other = np.repeat([0, 1], [150, 50]), np.ones(200, bool), np.ones(200, bool)
    right[:30], other[150:180] = False, False  # loses .2 of the negatives, gains .6 of the positives
    out = exchange(right, other, y)
    error = np.sqrt((0.2 * 0.8 / 150 + 0.6 * 0.4 / 50) / 4)
    assert out["difference"] == pytest.approx(0.2)
    assert out["high"] - out["low"] == pytest.approx(2 * 1.96 * error, rel=0.1)


@pytest.mark.parametrize("images", [1, 4])
def test_the_exchange_errs_as_often_as_it_says(images):
    rng, p = np.random.default_rng(9), []
    y, group = np.repeat((np.arange(60) % 6 == 0).astype(int), images), np.repeat(np.arange(60), images)
    for _ in range(400):
        right, other = 0.7 * rng.normal(0, 1, (2, 60))[:, group] + 0.7 * rng.normal(0, 1, (2, 60 * images)) < 0.5
        p.append(exchange(right, other, y, group, 400)["p"])
    assert 0.02 <= np.mean(np.array(p) < 0.05) <= 0.075
    assert 0.4 <= np.median(p) <= 0.6


# Nadeau-Bengio, and several pairs at once


def test_corrected_t_is_the_formula():
    d = np.array([0.03, -0.01, 0.05, 0.02, 0.04, 0.00, 0.01, 0.06, -0.02, 0.03])
    t = d.mean() / np.sqrt((1 / 10 + 1 / 9) * d.var(ddof=1))
    out = corrected_t(d, 1 / 9)
    assert out["p"] == pytest.approx(2 * stats.t.sf(t, 9))
    plain = corrected_t(d, 0.0)
    assert plain["p"] == pytest.approx(stats.ttest_1samp(d, 0).pvalue)
    interval = stats.ttest_1samp(d, 0).confidence_interval()
    assert (plain["low"], plain["high"]) == pytest.approx(tuple(interval))


def repeated_folds(rng, n=60, repeats=5, folds=5):
    """Return the differences in accuracy of two equally good arms, one feature each, cut half-way between means."""
    y = np.arange(n) % 2
    x = rng.normal(0, 1, (2, n)) + 0.8 * y
    out = []
    for _ in range(repeats):
        part = rng.permutation(np.arange(n) % folds)
        for k in range(folds):
            train, test = part != k, part == k
            cut = (x[:, train & (y == 0)].mean(1) + x[:, train & (y == 1)].mean(1)) / 2
            right = (x[:, test] > cut[:, None]) == y[test]
            out.append(right[0].mean() - right[1].mean())
    return np.array(out)


def test_corrected_t_errs_about_as_often_as_it_says_where_the_plain_one_does_not():
    rng = np.random.default_rng(10)
    found = [repeated_folds(rng) for _ in range(300)]
    corrected = np.mean([corrected_t(d, 1 / 4, 5)["p"] < 0.05 for d in found])
    plain = np.mean([corrected_t(d, 0.0)["p"] < 0.05 for d in found])
    assert corrected <= 0.05
    assert plain >= 2 * corrected


def test_repeats_add_no_cases():
    """The same folds ten times say no more than once."""
    d = np.array([0.03, -0.01, 0.05, 0.02, 0.04])
    out = corrected_t(np.tile(d, 10), 1 / 4, 10)
    t = d.mean() / np.sqrt((1 / 5 + 1 / 4) * d.var(ddof=1))
    assert out["p"] == pytest.approx(2 * stats.t.sf(t, 49))
    assert out["method"] == "t over 10 × 5 folds, corrected for a test part of 0.25 of the training part"


def test_holm_by_hand():
    assert paired.holm([0.01, 0.04, None, 0.03, 0.005]) == pytest.approx([0.03, 0.06, None, 0.06, 0.02])
    assert paired.holm([0.6, 0.7]) == [1.0, 1.0]
    assert paired.holm([]) == []


# All of it


def test_a_better_arm_is_found_and_equal_ones_are_not_told_apart():
    out = compare(arms((1.6, 0.2, 0.2), n=300), CLASSES)
    pairs = {(pair["first"], pair["second"]): pair for pair in out["sets"]["test"]["pairs"]}
    for test in ("balanced_accuracy", "accuracy", "mcnemar", "auc"):
        assert pairs["arm 0", "arm 1"][test]["corrected"] < 0.05, test
        assert pairs["arm 0", "arm 2"][test]["difference"] > 0.1, test
        assert pairs["arm 1", "arm 2"][test]["corrected"] > 0.05, test


def test_numbers_are_those_of_the_set_and_are_corrected_for_its_pairs():
    tables = arms((0.4, 0.5, 0.6))
    out = compare(tables, CLASSES)["sets"]["test"]
    called = {arm: np.where(table.p_b > 0.5, "b", "a") for arm, table in tables.items()}
    y = tables["arm 0"].label.to_numpy()
    recall = {arm: np.mean([(c[y == k] == k).mean() for k in CLASSES]) for arm, c in called.items()}
    for pair in out["pairs"]:
        first, second = pair["first"], pair["second"]
        assert pair["balanced_accuracy"]["difference"] == pytest.approx(recall[first] - recall[second])
        assert pair["only_first"] == ((called[first] == y) & (called[second] != y)).sum()
        assert pair["mcnemar"]["difference"] == pytest.approx((pair["only_first"] - pair["only_second"]) / 200)
    for test in outcomes(2):
        known = [pair[test] for pair in out["pairs"] if pair[test]["p"] is not None]
        assert [one["corrected"] for one in known] == pytest.approx([min(1, len(known) * one["p"]) for one in known])
    json.dumps(out, allow_nan=False)


def test_only_cases_that_differ_count():
    tables = arms((0.5, 0.5))
    sure = tables["arm 0"].assign(p_b=lambda t: np.round(t.p_b), p_a=lambda t: 1 - t.p_b)
    sure.loc[3, ["p_a", "p_b"]] = sure.loc[3, ["p_b", "p_a"]].to_numpy()
    out = only(compare({"arm": tables["arm 0"], "one case else": sure}, CLASSES), "accuracy")
    # Arms drawn apart would spread as the accuracies do, some 0.06 either way.
    assert max(abs(out["low"]), abs(out["high"])) <= 5 / 200
    assert out["p"] == 0.5  # the mid-p of one case, which may as well be the other way round


def test_so_many_pairs_can_still_be_told_apart():
    tables = arms((3.0, *[0.0] * 8), n=120)
    pairs = compare(tables, CLASSES)["sets"]["test"]["pairs"]
    assert len(pairs) == 36
    assert all(pair["balanced_accuracy"]["corrected"] < 0.05 for pair in pairs if pair["first"] == "arm 0")


def test_folds_are_compared_with_the_size_of_their_training_part():
    y = np.arange(200) % 2
    rng, tables = np.random.default_rng(11), {}
    for arm, strength in (("one", 0.9), ("other", 0.5)):
        table = frame(y, scores(y, strength, rng), fold=(np.arange(200) % 7 % 4).astype(str))
        train = [table.assign(set="train", fold=str(k)).iloc[:150] for k in range(4)]
        tables[arm] = pd.concat([table, *train, frame(y, scores(y, 0.1, rng), "external:X")])
    out = compare(tables, CLASSES)
    by_fold = []
    for k in "0123":
        one, other = (t[(t.set == "test") & (t.fold == k)] for t in tables.values())
        per_arm = [((t.p_b > 0.5) == (t.label == "b")).groupby(t.label).mean().mean() for t in (one, other)]
        by_fold.append(per_arm[0] - per_arm[1])
    assert only(out, FOLDS) == corrected_t(np.array(by_fold), 200 / 600)
    assert only(out, FOLDS)["method"] == "t over 4 folds, corrected for a test part of 0.33 of the training part"
    assert only(out, FOLDS, "external:X")["why"] == "only for the test set"


def test_repeated_folds_are_all_compared_even_where_a_fold_lacks_a_class():
    rng, tables = np.random.default_rng(14), {}
    y = (np.arange(60) < 6).astype(int)
    for arm, strength in (("one", 1.2), ("other", 0.3)):
        parts = []
        for repeat in range(3):
            part = np.random.default_rng(repeat).permutation(60) % 10  # the same folds for both arms
            whole = frame(y, scores(y, strength, rng))
            for k in range(10):
                name = f"{repeat + 1}.{k + 1}"
                parts += [whole[part == k].assign(fold=name), whole[part != k].assign(fold=name, set="train")]
        tables[arm] = pd.concat(parts)
    out = compare(tables, CLASSES)
    right = {
        arm: t[t.set == "test"].assign(right=lambda t: (t.p_b > 0.5) == (t.label == "b")) for arm, t in tables.items()
    }
    d = (right["one"].groupby("fold").right.mean() - right["other"].groupby("fold").right.mean()).to_numpy()
    s2 = d.reshape(3, 10).var(1, ddof=1).mean()
    t = d.mean() / np.sqrt((1 / 10 + 6 / 54) * s2)
    assert only(out, "folds_accuracy")["p"] == pytest.approx(2 * stats.t.sf(abs(t), 29))
    assert out["sets"]["test"]["by_folds"]
    # A fold without a class has its part of each repeat's balanced accuracy, whose mean over repeats is tested.
    of_repeat = [
        t.assign(repeat=t.fold.str[0]).groupby(["repeat", "label"]).right.mean().groupby("repeat").mean()
        for t in (right["one"], right["other"])
    ]
    assert only(out, FOLDS)["difference"] == pytest.approx((of_repeat[0] - of_repeat[1]).mean())
    assert only(out, FOLDS)["p"] is not None


def test_what_cannot_be_tested_says_why():
    y = np.ones(30, int)
    rng = np.random.default_rng(12)
    outside = {arm: frame(y, scores(y, 0.3, rng), "external:X") for arm in ("one", "other")}
    same = arms((0.5,))["arm 0"]
    out = compare({arm: pd.concat([same, table]) for arm, table in outside.items()}, CLASSES)
    assert only(out, "balanced_accuracy")["why"] == "the two arms decide alike on every case"
    assert only(out, "balanced_accuracy")["difference"] == 0
    assert only(out, "auc")["why"] == "the difference does not vary between patients"
    assert only(out, "mcnemar")["why"] == "for no patient is one arm right more often than the other"
    assert only(out, FOLDS)["why"] == "the predictions hold no training part, whose size the correction needs"
    assert only(out, "auc", "external:X")["why"] == "the set has no case of a"
    assert only(out, "balanced_accuracy", "external:X")["why"] == "the set has no case of a"
    assert only(out, "accuracy", "external:X")["p"] is not None
    for part, test in product(out["sets"], outcomes(2)):
        outcome = only(out, test, part)
        assert (outcome["p"] is None) == (outcome["corrected"] is None) == bool(outcome["why"])
    json.dumps(out, allow_nan=False)


def test_three_classes_and_one_arm():
    y = np.arange(90) % 3
    rng, tables = np.random.default_rng(13), {}
    for arm in ("one", "other"):
        p = rng.dirichlet(np.ones(3), 90) + 0.3 * np.eye(3)[y]
        table = frame(y % 2, p[:, 0]).assign(label=np.array(["a", "b", "c"])[y])
        tables[arm] = table.assign(**{f"p_{name}": p[:, k] / p.sum(1) for k, name in enumerate("abc")})
    out = compare(tables, ("a", "b", "c"))
    assert only(out, "balanced_accuracy")["p"] > 0
    assert only(out, "auc")["why"] == "DeLong's test is for two classes"
    assert compare({"one": tables["one"]}, ("a", "b", "c"))["sets"]["test"]["pairs"] == []


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda t: t.iloc[:-2], "'arm 1' lacks 2 row(s) that 'arm 0' has, such as set 'test', case_id 'test198'"),
        (lambda t: pd.concat([t, frame(np.ones(1, int), np.ones(1), "external:X")]), "'arm 0' lacks 1 row(s)"),
        (lambda t: t.assign(label=t.label.where(t.index != 7, "b")), "1 row(s) with another label or patient"),
        (lambda t: t.assign(group="p"), "200 row(s) with another label or patient in 'arm 1' than in 'arm 0'"),
        (lambda t: t.assign(fold="1"), "lacks 200 row(s)"),
    ],
)
def test_refuses_arms_of_other_cases(spoil, found):
    tables = arms((0.5, 0.5))
    with pytest.raises(IntegrityError, match="COMPARE_CASES") as caught:
        compare({**tables, "arm 1": spoil(tables["arm 1"])}, CLASSES)
    assert found in caught.value.found


def test_missing_values_of_a_file_read_back_are_no_difference():
    tables = arms((0.5, 0.9))
    kinds = dict.fromkeys(KEYS, str)
    read = {arm: pd.read_csv(io.StringIO(table.to_csv(index=False)), dtype=kinds) for arm, table in tables.items()}
    assert read["arm 0"].fold.isna().all()
    assert compare(read, CLASSES) == compare(tables, CLASSES)


def test_an_arm_that_answers_by_its_threshold_is_compared_by_it():
    rng = np.random.default_rng(4)
    y = (np.arange(400) % 4 == 0).astype(int)
    p = scores(y, 1.0, rng) ** 3  # leans away from b
    both = pd.concat([frame(y, p, "validation"), frame(y, p)])
    found = compare({"none": both, "threshold": both}, CLASSES, tuned=["threshold"])
    assert only(found, "balanced_accuracy")["difference"] < -0.1
    assert only(compare({"none": both, "same": both}, CLASSES), "balanced_accuracy")["difference"] == 0


def test_arms_may_have_different_numbers_of_seeds():
    rng = np.random.default_rng(15)
    y = (np.arange(120) % 4 == 0).astype(int)
    folds = (np.arange(120) % 3).astype(str)
    seeds = [frame(y, scores(y, 0.6, rng), fold=folds).assign(seed=str(k)) for k in range(3)]
    train = [table.assign(set="train", fold=np.roll(folds, 1)) for table in seeds]
    alone, three = pd.concat([seeds[0], train[0]]), pd.concat(seeds + train)
    mixed = compare({"one": alone, "three": three}, CLASSES)
    singly = [compare({"one": alone, "other": pd.concat(pair)}, CLASSES) for pair in zip(seeds, train, strict=True)]
    for test in ("balanced_accuracy", "accuracy", "auc", "mcnemar", "folds_accuracy"):
        mean = np.mean([only(of_seed, test)["difference"] for of_seed in singly])
        assert only(mixed, test)["difference"] == pytest.approx(mean, abs=1e-9), test
    assert compare({"three": three, "one": alone}, CLASSES)["sets"]["test"]["n"] == 120
    assert only(mixed, "outperformance") is None


def test_the_probability_of_outperformance_is_over_pairs_of_trainings():
    rng = np.random.default_rng(16)
    y = (np.arange(200) % 4 == 0).astype(int)
    weak, strong = (
        pd.concat([frame(y, scores(y, strength, rng)).assign(seed=str(k)) for k in range(4)]) for strength in (0.2, 2.5)
    )
    row = only(compare({"strong": strong, "weak": weak}, CLASSES), "outperformance")
    assert row["value"] > 0.99
    assert only(compare({"weak": weak, "strong": strong}, CLASSES), "outperformance")["value"] < 0.01
    assert only(compare({"weak": weak, "same": weak}, CLASSES), "outperformance")["value"] == pytest.approx(0.5)


def test_two_readings_of_the_same_trainings_are_paired_by_seed():
    """Each seed gains as much by its threshold, whatever it is worth: seeds that differ widely hide nothing."""
    rng = np.random.default_rng(17)
    y = (np.arange(1600) % 4 == 0).astype(int)
    trainings = [
        pd.concat([frame(y, scores(y, strength, rng) ** 3, part) for part in ("validation", "test")]).assign(
            seed=str(k)
        )
        for k, strength in enumerate((0.8, 1.6, 2.6))
    ]
    both = pd.concat(trainings)
    same = only(compare({"none": both, "tuned": both}, CLASSES, tuned=["tuned"]), "balanced_accuracy")
    other = pd.concat([table.assign(seed=str((k + 1) % 3)) for k, table in enumerate(trainings)])
    other = other.assign(p_a=other.p_a * (1 - 1e-9), p_b=1 - other.p_a * (1 - 1e-9))
    apart = only(compare({"none": both, "tuned": other}, CLASSES, tuned=["tuned"]), "balanced_accuracy")
    assert same["difference"] == pytest.approx(apart["difference"], abs=1e-6)
    assert same["p"] < apart["p"] / 2


def test_trainings_that_differ_on_single_patients_alone_are_not_said_to_differ(monkeypatch):
    """Without a difference between trainings their figures vary as much as patients x seeds explains, in each test."""
    known, comparing = [], sys.modules[compare.__module__]
    monkeypatch.setattr(comparing, "RESAMPLES", 50)
    monkeypatch.setattr(comparing, "DRAWS", 10)
    monkeypatch.setattr(
        seeds, "difference", lambda *arms: known.append([(a.values.var(ddof=1), a.noise) for a in arms]) or seeds.NONE
    )
    y = (np.arange(120) % 4 == 0).astype(int)
    for k in range(8):
        rng = np.random.default_rng(k)
        compare(
            {arm: pd.concat([frame(y, scores(y, 0.8, rng)).assign(seed=str(s)) for s in range(8)]) for arm in "ab"},
            CLASSES,
        )
    of_test = np.array(known).reshape(8, 4, 2, 2).mean((0, 2))  # accuracy, balanced accuracy, McNemar, AUC
    assert of_test.shape == (4, 2)
    assert of_test[:, 1] == pytest.approx(of_test[:, 0], rel=0.4)
