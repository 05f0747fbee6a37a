"""Labels that look wrong: flipped ones are found, and nothing that a model was trained on is looked at."""

import numpy as np
import pandas as pd
import pytest
from cleanlab.filter import find_label_issues

from seimbang.evaluation import evaluate
from seimbang.evaluation.labels import suspicious, without

CLASSES = ["no", "yes"]
FLIPPED = [3, 57, 110, 150, 188]


def predictions(n=200, fold="", seed="0", part="test", flipped=FLIPPED, noise=0):
    """Return a table of cases of which a fourth are positive, some with the wrong label."""
    rng = np.random.default_rng(noise)
    truth = np.arange(n) % 4 == 3
    label = truth.copy()
    label[flipped] = ~truth[flipped]
    p = np.clip(np.where(truth, 0.85, 0.15) + rng.normal(0, 0.04, n), 0.01, 0.99)
    p[flipped] = np.where(truth[flipped], 0.97, 0.03) - 0.001 * np.arange(len(flipped))
    ids = [f"{part}{k}" for k in range(n)]
    columns = {"case_id": ids, "group": ids, "fold": fold, "seed": seed, "set": part}
    return pd.DataFrame({**columns, "label": np.where(label, "yes", "no"), "p_no": 1 - p, "p_yes": p})


def test_flipped_labels_are_found_as_cleanlab_finds_them():
    arms = {"a": predictions(noise=1), "b": predictions(noise=2)}
    suspects = suspicious(arms, CLASSES)
    assert set(suspects.table.case_id) == {f"test{k}" for k in FLIPPED}
    assert (suspects.looked, suspects.wrong) == ({"test": 200}, 5)
    mean = (arms["a"][["p_no", "p_yes"]].to_numpy() + arms["b"][["p_no", "p_yes"]].to_numpy()) / 2
    y = (arms["a"].label == "yes").to_numpy().astype(int)
    own = find_label_issues(y, mean, return_indices_ranked_by="normalized_margin", n_jobs=1)
    assert suspects.table.case_id.tolist() == [f"test{k}" for k in own]
    row = suspects.table.iloc[0]
    assert row.label_probability == pytest.approx(mean[own[0], y[own[0]]])
    assert row.suggested_probability == pytest.approx(1 - row.label_probability)


def test_seeds_of_a_case_count_together():
    seeds = [predictions(seed=str(seed), noise=seed) for seed in range(3)]
    suspects = suspicious({"a": pd.concat(seeds)}, CLASSES)
    assert suspects.looked == {"test": 200}
    assert suspects.table.case_id.is_unique
    assert len(suspects.table) == 5


def test_without_folds_validation_and_test_are_looked_at_and_nothing_else():
    parts = [predictions(part=part) for part in ("train", "validation", "test", "external:far")]
    suspects = suspicious({"a": pd.concat(parts)}, CLASSES)
    assert suspects.looked == {"test": 200, "validation": 200}
    assert set(suspects.table.set) == {"test", "validation"}


def test_under_folds_only_test_parts_are_looked_at():
    """They are all cases, each once."""
    whole = predictions()
    folds = [
        pd.concat([whole[k::2].assign(fold=str(k)), whole[1 - k :: 2].assign(fold=str(k), set="validation")])
        for k in (0, 1)
    ]
    assert suspicious({"a": pd.concat(folds)}, CLASSES).looked == {"test": 200}


def test_right_labels_of_a_good_model_are_not_suspected_nor_any_where_a_class_is_missing():
    assert len(suspicious({"a": predictions(flipped=[])}, CLASSES).table) == 0
    one_class = predictions(flipped=[])
    assert len(suspicious({"a": one_class[one_class.label == "no"]}, CLASSES).table) == 0


def test_figures_without_them_are_those_of_the_other_cases():
    table = predictions()
    left_out = [f"test{k}" for k in FLIPPED]
    given, left = without({"a": table}, CLASSES, [], left_out)["a"]["accuracy"]
    assert (given, left) == (pytest.approx(0.975), 1.0)
    whole = evaluate(table, CLASSES, resamples=50)["sets"]["test"]["default"]["metrics"]
    assert without({"a": table}, CLASSES, [], left_out)["a"]["auc"][0] == pytest.approx(whole["auc"]["value"])


def test_leaving_out_a_whole_class_gives_only_what_can_be_estimated():
    table = predictions(n=40, flipped=[])
    positives = table.case_id[table.label == "yes"].tolist()
    assert "auc" not in without({"a": table}, CLASSES, [], positives)["a"]
    assert without({"a": table}, CLASSES, [], table.case_id.tolist()) == {}
