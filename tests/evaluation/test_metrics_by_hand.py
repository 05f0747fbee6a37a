"""Multi-class AUC, kappa and macro F1 against numbers worked out on paper, their intervals against the delta method."""

import numpy as np
import pandas as pd
import pytest

from seimbang.evaluation import evaluate

ABC = ("a", "b", "c")
COHEN = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
"""The proportions of Cohen 1960, table 1, as counts of 200 cases; kappa is .492 there."""


def cases(y, p, classes=ABC, name="test"):
    facts = {"group": "", "fold": "", "seed": "0", "set": name}
    table = pd.DataFrame({"case_id": [f"{name}{k}" for k in range(len(y))], **facts})
    return table.assign(label=np.array(classes)[y], **{f"p_{klass}": p[:, k] for k, klass in enumerate(classes)})


def of_matrix(matrix):
    """Return true classes and probabilities of cases that are called as the matrix says."""
    y, called = (np.repeat(side.ravel(), matrix.ravel()) for side in np.indices(matrix.shape))
    return y, 0.1 + 0.7 * np.eye(len(matrix))[called]


def read(y, p, **options):
    return evaluate(cases(y, p), ABC, **options)["sets"]["test"]["default"]


def test_hand_and_till_by_hand():
    y = np.array([0, 0, 1, 1, 2])
    p = np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.3, 0.3, 0.4], [0.1, 0.7, 0.2], [0.5, 0.1, 0.4]])
    # Each A(i|j) counts the pairs in which the case of class i has the higher probability of i; ties count half.
    ab = (3 / 4 + (0.5 + 0 + 1 + 1) / 4) / 2  # p_a: .6 .2 against .3 .1; p_b: .3 .7 against .3 .5
    ac = (1 / 2 + 2 / 2) / 2  # p_a: .6 .2 against .5; p_c: .4 against .1 .3
    bc = (2 / 2 + 1.5 / 2) / 2  # p_b: .3 .7 against .1; p_c: .4 against .4 .2
    assert read(y, p, resamples=20)["metrics"]["auc"]["value"] == pytest.approx((ab + ac + bc) / 3)


def test_hand_and_till_does_not_depend_on_how_frequent_the_classes_are():
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    p = rng.dirichlet(np.ones(3), 90) + 0.4 * np.eye(3)[y]
    p /= p.sum(1, keepdims=True)
    often = np.r_[np.arange(90), np.repeat(np.flatnonzero(y == 0), 5)]
    auc = [read(y[rows], p[rows], resamples=20)["metrics"]["auc"]["value"] for rows in (np.arange(90), often)]
    assert auc[0] == pytest.approx(auc[1])


def test_the_interval_of_hand_and_till_is_of_patients_and_never_empty():
    rng = np.random.default_rng(1)
    y = np.arange(120) % 3
    p = rng.dirichlet(np.ones(3), 120) + 0.3 * np.eye(3)[y]
    found = read(y, p / p.sum(1, keepdims=True), resamples=200)["metrics"]["auc"]
    assert found["interval"] == "logit-jackknife"
    assert found["low"] < found["value"] < found["high"] < 1
    sure = 0.2 * np.eye(3)[y] + np.array(
        [0.1, 0.1, 0.6]
    )  # everything is called c, but each class scores its own higher
    perfect = read(y, sure / sure.sum(1, keepdims=True), resamples=50)["metrics"]["auc"]
    assert (perfect["value"], perfect["interval"]) == (1, "Wilson (smallest class)")
    assert perfect["low"] < 0.95


def test_without_a_class_there_is_no_multiclass_auc():
    y, p = of_matrix(np.array([[9, 1, 0], [2, 8, 0], [0, 0, 0]]))
    found = read(y, p, resamples=20)["metrics"]["auc"]
    assert (found["value"], found["why"]) == (None, "the set has no case of c")


def test_kappa_is_that_of_cohens_example():
    found = read(*of_matrix(COHEN), resamples=20)
    assert found["confusion"] == COHEN.tolist()
    # agreement .70; by chance .60 * .50 + .30 * .30 + .10 * .20 = .41
    assert found["metrics"]["kappa"]["value"] == pytest.approx((0.70 - 0.41) / (1 - 0.41))


def test_macro_f1_by_hand():
    expected = (2 * 88 / (120 + 100) + 2 * 40 / (60 + 60) + 2 * 12 / (20 + 40)) / 3
    assert read(*of_matrix(COHEN), resamples=20)["macro"]["f1"]["value"] == pytest.approx(expected)


def kappa_slopes(m):
    """Return how kappa changes with each cell, the row totals fixed."""
    n, true = m.sum(), m.sum(1)
    agreed, chance = m.trace() / n, (true * m.sum(0)).sum() / n**2
    return (np.eye(len(m)) / n * (1 - chance) - true / n**2 * (1 - agreed)) / (1 - chance) ** 2


def macro_f1_slopes(m):
    total = m.sum(1) + m.sum(0)
    return (np.eye(len(m)) * 2 / total - 2 * np.diag(m) / total**2) / len(m)


@pytest.mark.parametrize(("metric", "slopes"), [("kappa", kappa_slopes), ("f1", macro_f1_slopes)])
def test_intervals_agree_with_the_delta_method_of_classes_drawn_apart(metric, slopes):
    matrix, g = 3 * COHEN, slopes(3.0 * COHEN)
    share = matrix / matrix.sum(1, keepdims=True)
    variance = (matrix.sum(1) * ((share * g**2).sum(1) - (share * g).sum(1) ** 2)).sum()
    found = read(*of_matrix(matrix), resamples=2000)
    one = found["metrics"]["kappa"] if metric == "kappa" else found["macro"]["f1"]
    half = 1.96 * np.sqrt(variance)
    assert one["high"] - one["low"] == pytest.approx(2 * half, rel=0.08)
    assert one["low"] == pytest.approx(one["value"] - half, abs=0.012)


def folded(repeats, k, seed=0):
    """Return test predictions of three classes, every case once in each repeat."""
    rng, parts = np.random.default_rng(seed), []
    y = np.r_[np.zeros(60, int), np.ones(30, int), np.full(6, 2)]
    for repeat in range(repeats):
        p = rng.dirichlet(np.ones(3), 96) + 0.5 * np.eye(3)[y]
        names = [f"{repeat + 1}.{part + 1}" for part in rng.permutation(96) % k]
        parts.append(cases(y, p / p.sum(1, keepdims=True)).assign(fold=names))
    return pd.concat(parts, ignore_index=True)


def test_each_fold_stands_beside_the_pooled_figures():
    table = folded(repeats=3, k=4)
    found = evaluate(table, ABC, resamples=20)
    each = found["folds"]["test"]["each"]
    called = table[["p_a", "p_b", "p_c"]].to_numpy().argmax(1)
    right = (np.array(ABC)[called] == table.label).groupby(table.fold).mean()
    assert {row["fold"]: row["accuracy"] for row in each} == pytest.approx(right.to_dict())
    assert (len(each), sum(row["n"] for row in each)) == (12, 3 * 96)
    assert found["folds"]["test"]["mean"]["accuracy"] == pytest.approx(right.mean())
    assert found["folds"]["test"]["sd"]["accuracy"] == pytest.approx(right.std())
    assert found["sets"]["test"]["n"] == 96
    assert found["sets"]["test"]["default"]["metrics"]["accuracy"]["value"] > right.mean()  # of mean probabilities


def test_a_fold_equals_its_own_evaluation():
    table = folded(repeats=1, k=3)
    of_fold = table[table.fold == "1.2"]
    alone = evaluate(of_fold, ABC, resamples=20)["sets"]["test"]["default"]
    (row,) = (row for row in evaluate(table, ABC, resamples=20)["folds"]["test"]["each"] if row["fold"] == "1.2")
    for metric in ("accuracy", "balanced_accuracy", "kappa", "auc"):
        assert row[metric] == pytest.approx(alone["metrics"][metric]["value"])
    assert row["macro_f1"] == pytest.approx(alone["macro"]["f1"]["value"])


def test_a_fold_without_a_class_has_no_balanced_accuracy_and_does_not_count_in_its_mean():
    found = evaluate(folded(repeats=2, k=12), ABC, resamples=20)["folds"]["test"]
    known = [row["balanced_accuracy"] for row in found["each"] if row["balanced_accuracy"] is not None]
    assert 0 < len(known) < 24
    assert (found["measured"]["balanced_accuracy"], found["measured"]["accuracy"]) == (len(known), 24)
    assert found["mean"]["balanced_accuracy"] == pytest.approx(np.mean(known))


def test_one_split_has_no_folds():
    assert evaluate(cases(*of_matrix(COHEN)), ABC, resamples=20)["folds"] == {}
