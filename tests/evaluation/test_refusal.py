"""Conformal limits and the gate: against their definitions, and by how often they hold."""

import numpy as np
import pandas as pd
import pytest
from crepes import ConformalClassifier
from sklearn.neighbors import NearestNeighbors

from seimbang.evaluation.conformal import answers, least, upper_limit
from seimbang.evaluation.gate import FEWEST, Gate, pass_limit
from seimbang.evaluation.refusal import answered, served


@pytest.mark.parametrize("n", [19, 20, 57, 200])
def test_with_one_case_a_patient_the_limit_is_that_of_split_conformal_prediction(n):
    scores = np.random.default_rng(n).normal(size=n)
    rank = int(np.ceil(0.95 * (n + 1)))  # Vovk, Gammerman & Shafer 2005; Angelopoulos & Bates 2023, section 1
    assert upper_limit(scores, np.arange(n), 0.95) == np.sort(scores)[rank - 1]


@pytest.mark.parametrize(("n", "level"), [(57, 0.95), (200, 0.9), (331, 0.8)])
def test_with_one_case_a_patient_the_possible_classes_are_those_of_crepes(n, level):
    rng = np.random.default_rng(n)
    y, truth = rng.integers(0, 3, (2, n))
    p, new = (rng.dirichlet([1, 1, 1], n) + 2 * np.eye(3)[each] for each in (y, truth))
    p, new = p / p.sum(1, keepdims=True), new / new.sum(1, keepdims=True)
    possible = new >= least(p, y, np.arange(n), level)
    for k in range(3):
        oracle = ConformalClassifier().fit(1 - p[y == k, k])
        expected = oracle.predict_set(1 - new[:, [k]], confidence=level, smoothing=False)[:, 0]
        assert np.array_equal(possible[:, k], expected)
    assert 0 < possible.mean() < 1


def test_too_few_patients_have_no_limit_however_many_cases():
    assert upper_limit(np.arange(18.0), np.arange(18), 0.95) == np.inf
    assert upper_limit(np.arange(900.0), np.repeat(np.arange(18), 50), 0.95) == np.inf
    assert upper_limit(np.array([]), np.array([], int), 0.95) == np.inf


def test_a_patient_counts_once_however_many_cases():
    scores, group = np.r_[np.arange(39.0), np.full(61, 100.0)], np.r_[np.arange(39), np.full(61, 39)]
    assert upper_limit(scores, group, 0.95) == 38.0  # of 40 patients the one with high scores is the fortieth
    assert upper_limit(scores, np.arange(100), 0.95) == 100.0


def test_new_patients_are_covered_at_the_level_where_their_cases_are_alike():
    rng = np.random.default_rng(0)
    hits = []
    for _ in range(400):
        patient = rng.normal(size=61)
        cases = rng.integers(1, 9, 60)
        group = np.repeat(np.arange(60), cases)
        limit = upper_limit(patient[group] + 0.3 * rng.normal(size=len(group)), group, 0.9)
        hits.append(patient[60] + 0.3 * rng.normal() <= limit)
    assert 0.86 < np.mean(hits) < 0.95


def test_each_class_has_its_own_limit_and_each_class_is_covered():
    rng = np.random.default_rng(1)

    def cases(n):
        y = (rng.random(n) < 0.15).astype(int)
        positive = 1 / (1 + np.exp(-(2.0 * y - 2.5 + rng.normal(size=n))))
        return np.c_[1 - positive, positive], y

    p, y = cases(4000)
    smallest = least(p, y, np.arange(4000), 0.9)
    assert smallest[1] < 0.2 < smallest[0]  # the rare class would be lost with one limit for both
    p, y = cases(4000)
    kept = answers(p, smallest, p.argmax(1))
    for k in (0, 1):
        assert kept[y == k, k].mean() > 0.87


def test_a_case_of_which_no_class_is_probable_enough_could_be_any():
    smallest = np.array([0.9, 0.8])
    kept = answers(np.array([[0.95, 0.05], [0.6, 0.4], [0.1, 0.9]]), smallest, np.array([0, 0, 1]))
    assert kept.tolist() == [[True, False], [True, True], [False, True]]
    # what the threshold of the arm predicts is always possible
    assert answers(np.array([[0.95, 0.05]]), smallest, np.array([1])).tolist() == [[True, True]]


def test_distances_are_those_to_the_fifth_nearest_training_case():
    rng = np.random.default_rng(2)
    train, new = rng.normal(size=(80, 7)).astype(np.float32), rng.normal(size=(30, 7)).astype(np.float32)
    gate = Gate.of(train)
    scaled = train / train.std(0)
    by_hand = [np.sort(np.linalg.norm(scaled - one / train.std(0), axis=1))[4] for one in new]
    np.testing.assert_allclose(gate.distances(new), by_hand, rtol=1e-4)
    again = Gate.from_arrays(gate.arrays())
    np.testing.assert_array_equal(again.distances(new), gate.distances(new))


def test_a_number_that_never_varied_does_not_decide_alone():
    train = np.random.default_rng(3).normal(size=(200, 10)).astype(np.float32)
    train[:, 0] = 0
    new = train[:1].copy()
    new[0, 0] = 0.05  # a speck
    assert Gate.of(train).distances(new)[0] < 2 * Gate.of(train).distances(train[:1])[0]


def test_the_limit_lets_the_wanted_share_of_new_patients_pass():
    rng = np.random.default_rng(4)
    limit, level = pass_limit(rng.exponential(size=600), np.arange(600))
    assert level == 0.98
    assert 0.96 < (rng.exponential(size=4000) <= limit).mean() < 0.995
    assert pass_limit(rng.random(12), np.arange(12))[1] == pytest.approx(12 / 13)
    assert pass_limit(rng.random(90), np.arange(90) % (FEWEST - 1)) is None


TEST = (("a", 0.05), ("a", 0.5), ("b", 0.95), ("b", 0.02))


def table(seeds=("0",)):
    """Validation of 40 cases a class, and a test set of four whose probabilities are chosen."""
    rows = []
    for seed in seeds:
        shift = 0.01 * int(seed)
        for k in range(40):
            rows += [(f"v{k}", seed, "validation", "a", 0.1 + shift), (f"w{k}", seed, "validation", "b", 0.9 - shift)]
        rows += [(f"t{k}", seed, "test", label, p) for k, (label, p) in enumerate(TEST)]
    frame = pd.DataFrame(rows, columns=["case_id", "seed", "set", "label", "p_b"])
    return frame.assign(group="", fold="", p_a=1 - frame.p_b)


def test_cases_are_refused_referred_and_answered():
    passed = {"test": pd.Series([True, True, True, False], [f"t{k}" for k in range(4)])}
    found = answered(served(table(), "ab"), "ab", False, passed)["test"]
    assert (found["n"], found["refused"]["value"], found["referred"]["value"]) == (4, 0.25, pytest.approx(1 / 3))
    assert (found["answered"], found["accuracy"]["value"]) == (2, 1.0)
    assert found["coverage"]["a"]["value"] == 1.0
    assert found["coverage"]["b"]["value"] == 0.5  # the refused case counts: its answer would have been wrong
    assert found["accuracy"]["low"] < 1


def test_what_is_not_known_is_not_given_as_a_share():
    without = table().query("set == 'test'")
    found = answered(served(without, "ab"), "ab", False, {})["test"]
    assert found["refused"]["value"] is None
    assert found["referred"]["value"] is None
    assert (found["answered"], found["accuracy"]["value"]) == (4, 0.75)


def test_the_models_of_all_seeds_answer_by_their_mean_and_one_by_its_own():
    predictions = table(("0", "1"))
    assert served(predictions, "ab").query("case_id == 'v0'").p_b.tolist() == pytest.approx([0.105])
    assert served(predictions, "ab", "1").query("case_id == 'v0'").p_b.tolist() == pytest.approx([0.11])
    folds = pd.concat([predictions.assign(fold="1"), predictions.assign(fold="2", p_b=0.5, p_a=0.5)])
    assert served(folds, "ab").query("case_id == 'v0'").p_b.tolist() == pytest.approx([0.105])


def test_the_distance_is_that_to_the_fifth_neighbour_of_scikit_learn():
    rng = np.random.default_rng(0)
    train, new = (rng.normal(size=(n, 12)).astype(np.float32) * np.arange(1, 13, dtype=np.float32) for n in (700, 900))
    scale = train.std(0)
    oracle = NearestNeighbors(n_neighbors=5).fit(train / scale).kneighbors(new / scale)[0][:, 4]
    assert Gate.of(train).distances(new) == pytest.approx(oracle, rel=1e-4)
