"""Figures of patients: what is combined, how, and that all that follows is of them."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from seimbang.errors import DataError
from seimbang.evaluation import compare, evaluate
from seimbang.evaluation.base import EvaluationSettings
from seimbang.evaluation.predictions import checked
from seimbang.evaluation.threshold import best_threshold, by_training
from seimbang.evaluation.units import by_patient

CLASSES = ("well", "ill")
WAYS = {
    "mean": lambda p: p.mean(),
    "max": lambda p: p.max(),
    "noisy-or": lambda p: 1 - np.prod(1 - p),
}


def rows(patients, name="test", fold="", seed="0", classes=CLASSES):
    """Return predictions from a label and the probabilities of the last class by patient."""
    table = [
        (f"{patient}-{k}", patient, fold, seed, name, label, 1 - p, p)
        for patient, (label, values) in patients.items()
        for k, p in enumerate(values)
    ]
    columns = ["case_id", "group", "fold", "seed", "set", "label", *(f"p_{one}" for one in classes)]
    return pd.DataFrame(table, columns=columns)


def drawn(count=80, seed=0, strength=1.5, **more):
    rng = np.random.default_rng(seed)
    patients = {}
    for k in range(count):
        ill = k % 3 == 0
        logit = strength * (ill - 0.5) + rng.normal(0, 1) + rng.normal(0, 0.7, 1 + k % 4)
        patients[f"P{k:03d}"] = (CLASSES[int(ill)], (1 / (1 + np.exp(-logit))).round(6))
    return rows(patients, **more)


def settings(unit="patient", combine="mean"):
    return EvaluationSettings(unit=unit, combine=combine)


@pytest.mark.parametrize(
    ("combine", "expected"), [("mean", 0.4), ("max", 0.8), ("noisy-or", 1 - 0.9 * 0.7 * 0.2)], ids=WAYS
)
def test_a_patients_probability_by_hand(combine, expected):
    table = checked(rows({"A": ("ill", [0.1, 0.3, 0.8]), "B": ("well", [0.25])}), CLASSES)
    patients = by_patient(table, CLASSES, combine)
    assert list(patients.case_id) == list(patients.group) == ["A", "B"]
    assert patients.p_ill.to_list() == pytest.approx([expected, 0.25])
    assert patients.p_well.to_list() == pytest.approx([1 - expected, 0.75])
    assert list(patients.label) == ["ill", "well"]


def test_a_case_that_is_certain_decides_the_noisy_or_and_none_is_infinite():
    table = checked(rows({"A": ("ill", [1.0, 0.0]), "B": ("well", [0.0, 0.0])}), CLASSES)
    assert by_patient(table, CLASSES, "noisy-or").p_ill.to_list() == [1.0, 0.0]


def test_a_patient_with_a_positive_case_is_positive_and_a_case_without_a_patient_is_its_own():
    table = pd.concat([rows({"A": ("well", [0.2])}), rows({"B": ("ill", [0.6]), "": ("well", [0.1, 0.3])})])
    mixed = table.assign(group=table.group.replace({"B": "A"}))
    patients = by_patient(checked(mixed, CLASSES), CLASSES, "mean").set_index("case_id")
    assert patients.label.to_dict() == {"A": "ill", "case:-0": "well", "case:-1": "well"}
    assert patients.p_ill.to_dict() == pytest.approx({"A": 0.4, "case:-0": 0.1, "case:-1": 0.3})


def test_cases_of_several_of_more_than_two_classes_are_no_patient_and_are_not_guessed_at():
    table = rows({"A": ("a", [0.2]), "B": ("b", [0.3, 0.4])}, classes=("b", "c")).assign(p_a=0.0)
    table.loc[2, "label"] = "c"
    with pytest.raises(DataError, match=r"EVALUATION_CLASSES: found 1 patients .* such as 'B'"):
        evaluate(table, ("a", "b", "c"), settings=settings())
    assert evaluate(table, ("a", "b", "c"), resamples=20)["sets"]["test"].get("other") is None


@pytest.mark.parametrize("combine", WAYS)
def test_every_figure_is_scikit_learns_of_the_patients(combine):
    table = drawn()
    out = evaluate(table, CLASSES, resamples=50, settings=settings(combine=combine))
    own = table.groupby("group").agg(y=("label", lambda one: one.iloc[0] == "ill"), p=("p_ill", WAYS[combine]))
    test = out["sets"]["test"]
    value = {key: number["value"] for key, number in test["default"]["metrics"].items()}
    assert (out["unit"], out["combine"], test["n"], test["groups"]) == ("patient", combine, 80, 80)
    assert test["default"]["confusion"] == sk.confusion_matrix(own.y, own.p > 0.5).tolist()
    assert value["auc"] == pytest.approx(sk.roc_auc_score(own.y, own.p))
    assert value["average_precision"] == pytest.approx(sk.average_precision_score(own.y, own.p))
    assert value["brier"] == pytest.approx(sk.brier_score_loss(own.y, own.p))
    assert value["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(own.y, own.p > 0.5))
    fpr, tpr, _ = sk.roc_curve(own.y, own.p, drop_intermediate=False)
    assert test["default"]["roc"] == pytest.approx(np.c_[fpr, tpr], abs=1e-6)
    assert test["default"]["metrics"]["accuracy"]["interval"] == "Wilson"


def test_both_units_are_there_and_each_is_what_the_other_setting_gives():
    table = pd.concat([drawn(), drawn(60, seed=1, name="validation")])
    by_unit = {unit: evaluate(table, CLASSES, resamples=50, settings=settings(unit)) for unit in ("case", "patient")}
    of_cases, of_patients = (by_unit[unit]["sets"]["test"] for unit in ("case", "patient"))
    assert (of_cases["n"], of_cases["groups"], of_cases["other"]["n"]) == (200, 80, 80)
    assert (of_patients["n"], of_patients["other"]["n"]) == (80, 200)
    for own, other in ((of_cases, of_patients), (of_patients, of_cases)):
        for rule in ("default", "tuned"):
            numbers, others = own[rule]["metrics"], other["other"][rule]["metrics"]
            assert {key: number["value"] for key, number in numbers.items()} == {
                key: number["value"] for key, number in others.items()
            }
    assert "other" not in by_unit["case"]["sets"]["validation"]


def test_with_one_case_a_patient_there_is_one_unit():
    patients = drawn().drop_duplicates("group")
    out = {unit: evaluate(patients, CLASSES, resamples=50, settings=settings(unit)) for unit in ("case", "patient")}
    assert all("other" not in one["sets"]["test"] for one in out.values())
    assert out["case"]["sets"] == out["patient"]["sets"]


def test_the_threshold_is_that_of_the_validation_patients():
    validation = drawn(90, seed=3, name="validation")
    table = pd.concat([drawn(), validation], ignore_index=True)
    out = evaluate(table, CLASSES, resamples=20, settings=settings(combine="noisy-or"))
    own = validation.groupby("group").agg(y=("label", lambda one: one.iloc[0] == "ill"), p=("p_ill", WAYS["noisy-or"]))
    cut = best_threshold(own.p.to_numpy(), own.y.to_numpy())
    assert out["threshold"]["value"] == pytest.approx(cut)
    assert cut != pytest.approx(by_training(checked(table, CLASSES), CLASSES)["", "0"])
    test = drawn().groupby("group").agg(y=("label", lambda one: one.iloc[0] == "ill"), p=("p_ill", WAYS["noisy-or"]))
    assert out["sets"]["test"]["tuned"]["confusion"] == sk.confusion_matrix(test.y, test.p >= cut).tolist()


def test_with_folds_and_seeds_patients_are_combined_in_each_and_the_ensemble_from_its_own_probabilities():
    parts = [
        drawn(40, seed=k, fold=fold).assign(seed=str(k % 2)).replace(r"^P", f"{fold}P", regex=True)
        for k, fold in enumerate("1122")
    ]
    table = pd.concat(parts, ignore_index=True)
    out = evaluate(table, CLASSES, resamples=20, settings=settings(combine="max"))["sets"]["test"]
    own = table.groupby(["seed", "group"]).agg(ill=("label", lambda one: one.iloc[0] == "ill"), p=("p_ill", "max"))
    of_seeds = [sk.roc_auc_score(one.ill, one.p) for _, one in own.groupby("seed")]
    assert (out["n"], out["seeds"]) == (80, 2)
    assert out["default"]["metrics"]["auc"]["value"] == pytest.approx(np.mean(of_seeds))
    mean = table.groupby("case_id").agg(ill=("label", "first"), group=("group", "first"), p=("p_ill", "mean"))
    of_patient = mean.groupby("group").agg(ill=("ill", lambda one: one.iloc[0] == "ill"), p=("p", "max"))
    assert out["ensemble"]["metrics"]["auc"]["value"] == pytest.approx(sk.roc_auc_score(of_patient.ill, of_patient.p))


def test_arms_are_compared_by_patient():
    arms = {"a": drawn(seed=1), "b": drawn(seed=1).assign(p_ill=drawn(seed=2).p_ill)}
    arms["b"]["p_well"] = 1 - arms["b"].p_ill
    tables = {arm: by_patient(checked(table, CLASSES), CLASSES, "mean") for arm, table in arms.items()}
    compared = compare(tables, CLASSES)["sets"]["test"]
    assert (compared["n"], compared["groups"]) == (80, 80)
    right = {
        arm: (table.groupby("group").p_ill.mean() > 0.5) == (table.groupby("group").label.first() == "ill")
        for arm, table in arms.items()
    }
    assert compared["pairs"][0]["only_first"] == (right["a"] & ~right["b"]).sum()
    assert compared["pairs"][0]["only_second"] == (right["b"] & ~right["a"]).sum()
    assert compared["pairs"][0]["mcnemar"]["method"].startswith("McNemar, ")
    assert "by patient" not in compared["pairs"][0]["mcnemar"]["method"]
